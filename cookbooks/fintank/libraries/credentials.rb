# frozen_string_literal: true

require 'json'
require 'securerandom'

module Fintank
  # The passwords of this machine: generated once and kept in a file that only root can read.
  module Credentials
    PATH = '/etc/fintank/credentials.json'
    ACCOUNTS = %w[grafana_admin influxdb_admin influxdb_fintank influxdb_grafana].freeze
    CHARACTERS = 32

    # Return new passwords as JSON. They are alphanumeric, so they never need quoting.
    def self.generate
      "#{JSON.pretty_generate(ACCOUNTS.to_h { |account| [account, SecureRandom.alphanumeric(CHARACTERS)] })}\n"
    end

    # Return the password of an account.
    def self.password(account)
      JSON.parse(File.read(PATH)).fetch(account)
    end
  end
end
