# frozen_string_literal: true

# Grafana, with the project's dashboards.

grafana = node['fintank']['grafana']

directory '/etc/apt/keyrings' do
  mode '0755'
end

# The second is the name that the key had before.
remote_file '/etc/apt/keyrings/grafana.asc' do
  source ["#{grafana['repository']}/gpg-full.key", "#{grafana['repository']}/gpg.key"]
  mode '0644'
  retries 2
end

apt_repository 'grafana' do
  uri grafana['repository']
  distribution 'stable'
  components ['main']
  signed_by '/etc/apt/keyrings/grafana.asc'
end

apt_preference 'grafana' do
  pin "version #{grafana['series']}.*"
  pin_priority '1001'
end

package 'grafana'

service 'grafana-server' do
  action %i[stop disable]
end

template '/etc/fintank/grafana.ini' do
  source 'grafana.ini.erb'
  mode '0644'
  variables(
    address: node['fintank']['address'], host: node['fintank']['host'], port: node['fintank']['ports']['grafana']
  )
end

dashboards = '/etc/fintank/grafana/dashboards'
provisioning = %w[alerting dashboards datasources plugins].map { |part| "/etc/fintank/grafana/#{part}" }
['/etc/fintank/grafana', *provisioning].each do |folder|
  directory folder do
    mode '0755'
  end
end

template '/etc/fintank/grafana/datasources/fintank.yaml' do
  source 'grafana-datasource.yaml.erb'
  mode '0644'
  variables(
    host: node['fintank']['host'], port: node['fintank']['ports']['influxdb'],
    database: node['fintank']['influxdb']['database']
  )
end

template "#{dashboards}/fintank.yaml" do
  source 'grafana-dashboards.yaml.erb'
  mode '0644'
  variables(folder: dashboards)
end

project = node['fintank']['project']
raise "#{project} is not the project's folder: Vagrant did not share it" unless File.exist?("#{project}/project.clj")

Dir["#{project}/dashboards/*.json"].each do |path|
  file "#{dashboards}/#{File.basename(path)}" do
    content(lazy { File.read(path) })
    mode '0644'
  end
end

fintank_daemon 'grafana' do
  command '/usr/share/grafana/bin/grafana server --homepath=/usr/share/grafana --config=/etc/fintank/grafana.ini'
  user 'grafana'
  home '/usr/share/grafana'
  configuration [
    '/etc/fintank/grafana.ini', '/etc/fintank/grafana/datasources/fintank.yaml', "#{dashboards}/fintank.yaml"
  ]
  environment(lazy do
    {
      'GF_SECURITY_ADMIN_PASSWORD' => Fintank::Credentials.password('grafana_admin'),
      'FINTANK_INFLUX_PASSWORD' => Fintank::Credentials.password('influxdb_grafana'),
      'GOMEMLIMIT' => '256MiB'
    }
  end)
  priority 60
end
