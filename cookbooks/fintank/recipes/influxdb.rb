# frozen_string_literal: true

# Debian's InfluxDB 1.x with authentication, and the database.

package %w[influxdb influxdb-client]

# The package's service; supervisord runs the server instead.
service 'influxdb' do
  action %i[stop disable]
end

template '/etc/fintank/influxdb.conf' do
  source 'influxdb.conf.erb'
  mode '0644'
  variables(
    address: node['fintank']['address'], port: node['fintank']['ports']['influxdb'], data: '/var/lib/influxdb'
  )
end

fintank_daemon 'influxdb' do
  command '/usr/bin/influxd -config /etc/fintank/influxdb.conf'
  user 'influxdb'
  home '/var/lib/influxdb'
  configuration ['/etc/fintank/influxdb.conf']
  priority 20
end

fintank_influxdb node['fintank']['influxdb']['database'] do
  host node['fintank']['host']
  port node['fintank']['ports']['influxdb']
end
