# frozen_string_literal: true

name 'fintank'
maintainer 'The fintank authors'
license 'Apache-2.0'
description 'All services of fintank on one Debian machine'
version '0.1.0'
chef_version '>= 18.0'
supports 'debian', '>= 12.0'
