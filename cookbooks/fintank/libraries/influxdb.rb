# frozen_string_literal: true

require 'json'
require 'net/http'
require 'uri'

module Fintank
  # A client of InfluxDB 1.x over HTTP.
  class Influxdb
    # InfluxDB refused a query.
    class Refused < StandardError; end

    # Use an account; this does not connect yet.
    def initialize(host, port, account, password)
      @uri = URI("http://#{host}:#{port}")
      @account = account
      @password = password
    end

    # Wait until InfluxDB answers; raise after some seconds.
    def wait(seconds)
      deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + seconds
      begin
        Net::HTTP.get_response(URI.join(@uri, '/ping'))
      rescue SystemCallError, IOError, Timeout::Error
        raise "InfluxDB does not answer at #{@uri}" if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline

        sleep 0.5
        retry
      end
    end

    # Run a query and return the rows of its first series.
    def query(text)
      request = Net::HTTP::Post.new('/query')
      request.basic_auth(@account, @password)
      request.set_form_data('q' => text)
      answer = Net::HTTP.start(@uri.host, @uri.port) { |http| http.request(request) }
      result = JSON.parse(answer.body)
      error = result['error'] || result.dig('results', 0, 'error')
      raise Refused, error if error

      result.dig('results', 0, 'series', 0, 'values') || []
    end

    # Return whether InfluxDB accepts this account.
    def accepts_account?
      query('SHOW DATABASES')
      true
    rescue Refused
      false
    end
  end
end
