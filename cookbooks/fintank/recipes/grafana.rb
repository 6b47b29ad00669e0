# frozen_string_literal: true

# Grafana, with the project's dashboards.

grafana = node['fintank']['grafana']

directory '/etc/apt/keyrings' do
  mode '0755'
end

# The second URL is the key's former name.
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

# The project's own provisioning files; they take what differs here from the environment.
project = node['fintank']['project']
folder = '/etc/fintank/grafana'
drawn = %w[operations order-flow].map { |name| "#{project}/dashboards/#{name}.json" }
provisioned = Dir["#{project}/dashboards/provisioning/*/*.yaml"].to_h do |path|
  [path, path.sub("#{project}/dashboards/provisioning", folder)]
end

[folder, *%w[alerting dashboards datasources json plugins].map { |part| "#{folder}/#{part}" }].each do |path|
  directory path do
    mode '0755'
  end
end

drawn.to_h { |path| [path, "#{folder}/json/#{File.basename(path)}"] }.merge(provisioned).each do |from, to|
  file to do
    content(lazy { File.read(from) })
    mode '0644'
  end
end

fintank_daemon 'grafana' do
  command '/usr/share/grafana/bin/grafana server --homepath=/usr/share/grafana --config=/etc/fintank/grafana.ini'
  user 'grafana'
  home '/usr/share/grafana'
  configuration ['/etc/fintank/grafana.ini', *provisioned.values]
  environment(lazy do
    {
      'FINTANK_DASHBOARDS' => "#{folder}/json",
      'FINTANK_INFLUX' => "#{node['fintank']['host']}:#{node['fintank']['ports']['influxdb']}",
      'FINTANK_INFLUX_USER' => 'grafana',
      'FINTANK_INFLUX_PASSWORD' => Fintank::Credentials.password('influxdb_grafana'),
      'GF_SECURITY_ADMIN_PASSWORD' => Fintank::Credentials.password('grafana_admin'),
      'GOMEMLIMIT' => '256MiB'
    }
  end)
  priority 60
end
