# frozen_string_literal: true

# Storm's daemons, and what `sparse submit` needs for Python workers.

ports = node['fintank']['ports']
heap_mb = node['fintank']['heap_mb']
host = node['fintank']['host']
version = node['fintank']['storm']['version']

fintank_archive 'storm' do
  version version
  remote_path "storm/apache-storm-#{version}/apache-storm-#{version}.tar.gz"
  hosts node['fintank']['apache']
  checksum_hosts node['fintank']['apache_checksums']
  sha512 node['fintank']['storm']['sha512']
end

fintank_account 'storm' do
  folders ['/var/lib/storm', '/var/log/storm']
end

# `sparse` logs in as this user to create the workers' virtualenvs and to read their logs.
package %w[python3-venv virtualenv]

group 'storm' do
  members [node['fintank']['user']]
  append true
  action :modify
end

directory '/var/log/storm/streamparse' do
  owner 'storm'
  group 'storm'
  mode '2770'
end

directory '/data' do
  mode '0755'
end

directory '/data/virtualenvs' do
  owner node['fintank']['user']
  group 'storm'
  mode '0755'
end

template '/opt/storm/conf/storm.yaml' do
  source 'storm.yaml.erb'
  mode '0644'
  variables(host: host, ports: ports, heap_mb: heap_mb, data: '/var/lib/storm', logs: '/var/log/storm')
end

influxdb = { 'FINTANK_INFLUX_USER' => 'fintank' }
%w[nimbus supervisor ui logviewer drpc].each_with_index do |daemon, number|
  fintank_daemon "storm-#{daemon}" do
    command "/opt/storm/bin/storm #{daemon}"
    user 'storm'
    home '/var/lib/storm'
    configuration ['/opt/storm/conf/storm.yaml']
    priority 30 + number
    # The workers and their bolts inherit these from the Supervisor.
    if daemon == 'supervisor'
      environment(lazy do
        influxdb.merge('FINTANK_HOST' => host,
                       'FINTANK_INFLUX_PASSWORD' => Fintank::Credentials.password('influxdb_fintank'))
      end)
    end
  end
end
