# frozen_string_literal: true

# What every service needs: host names, Java, the firewall, supervisord, and the passwords.

apt_update 'package lists' do
  frequency 86_400
  action :periodic
end

package %w[ca-certificates nftables openjdk-17-jre-headless python3 supervisor]

template '/etc/hosts' do
  source 'hosts.erb'
  mode '0644'
  variables(address: node['fintank']['address'], host: node['fintank']['host'])
end

# For every login, including that of `sparse submit`.
file '/etc/environment' do
  content "FINTANK_HOST=#{node['fintank']['host']}\n"
  mode '0644'
end

# Storm's daemons and workers listen on all addresses, so a firewall protects them.
service 'nftables' do
  action %i[enable start]
end

template '/etc/nftables.conf' do
  source 'nftables.conf.erb'
  mode '0755'
  variables(network: node['fintank']['network'])
  notifies :reload, 'service[nftables]', :immediately
end

directory '/etc/fintank' do
  mode '0755'
end

file Fintank::Credentials::PATH do
  content(lazy { Fintank::Credentials.generate })
  mode '0600'
  sensitive true
  action :create_if_missing
end

cookbook_file '/usr/local/sbin/fintank-credentials' do
  source 'fintank-credentials'
  mode '0755'
end

directory '/var/log/fintank' do
  mode '0755'
end

# Kafka and InfluxDB need more open files than Debian's default of 1024.
directory '/etc/systemd/system/supervisor.service.d' do
  mode '0755'
end

execute 'systemctl daemon-reload' do
  command %w[systemctl daemon-reload]
  action :nothing
end

file '/etc/systemd/system/supervisor.service.d/fintank.conf' do
  content "[Service]\nLimitNOFILE=65536\n"
  mode '0644'
  notifies :run, 'execute[systemctl daemon-reload]', :immediately
  notifies :restart, 'service[supervisor]', :immediately
end

service 'supervisor' do
  action %i[enable start]
end
