# frozen_string_literal: true

require 'digest'

module Fintank
  # SHA-512 checksums of downloaded files.
  module Checksum
    FORM = /\A[0-9a-f]{128}\z/

    # Read a published .sha512 file, of the form `sum  name`, or `name: SUM` in blocks over several lines.
    def self.published(text, name)
      sum = text.sub(name, '').gsub(/[^0-9A-Fa-f]/, '').downcase
      raise "No SHA-512 of #{name} in: #{text[0, 200]}" unless sum.match?(FORM)

      sum
    end

    # Return the checksum of a file.
    def self.of(path)
      Digest::SHA512.file(path).hexdigest
    end

    # Return true if a file has the checksum, else raise.
    def self.verify(path, expected, name)
      found = of(path)
      raise "#{name} has the SHA-512 #{found} instead of #{expected}" unless found == expected

      true
    end
  end
end
