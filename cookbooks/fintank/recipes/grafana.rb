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
