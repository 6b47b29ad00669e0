# frozen_string_literal: true

# All fintank services on this machine.

include_recipe 'fintank::machine'
include_recipe 'fintank::zookeeper'
include_recipe 'fintank::kafka'
include_recipe 'fintank::kafdrop'
include_recipe 'fintank::influxdb'
include_recipe 'fintank::storm'
include_recipe 'fintank::grafana'
