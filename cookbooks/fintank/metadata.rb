# frozen_string_literal: true

name 'fintank'
maintainer 'The fintank authors'
license 'Apache-2.0'
description 'All services of fintank on one Debian machine'
version '0.1.0'
# From 18.10 on, apt_repository has signed_by.
chef_version '>= 18.10'
# Debian 13 has no OpenJDK 17.
supports 'debian', '~> 12.0'
