# frozen_string_literal: true

# One Kafka broker that is its own controller (KRaft), and the topics.

ports = node['fintank']['ports']
version = node['fintank']['kafka']['version']
scala = node['fintank']['kafka']['scala']

fintank_archive 'kafka' do
  version version
  remote_path "kafka/#{version}/kafka_#{scala}-#{version}.tgz"
  hosts node['fintank']['apache']
  checksum_hosts node['fintank']['apache_checksums']
  sha512 node['fintank']['kafka']['sha512']
end

fintank_account 'kafka' do
  folders ['/var/lib/kafka']
end

template '/etc/fintank/server.properties' do
  source 'server.properties.erb'
  mode '0644'
  variables(
    address: node['fintank']['address'], host: node['fintank']['host'],
    port: ports['kafka'], controller_port: ports['kafka_controller'], data: '/var/lib/kafka/data'
  )
end

template '/etc/fintank/kafka-log4j2.properties' do
  source 'kafka-log4j2.properties.erb'
  mode '0644'
end

execute "format Kafka's data folder" do
  command [
    '/usr/bin/java', '-cp', '/opt/kafka/libs/*', 'kafka.tools.StorageTool', 'format', '--ignore-formatted',
    '--cluster-id', node['fintank']['kafka']['cluster_id'], '--config', '/etc/fintank/server.properties'
  ]
  user 'kafka'
  group 'kafka'
  cwd '/var/lib/kafka'
  creates '/var/lib/kafka/data/meta.properties'
end

fintank_daemon 'kafka' do
  command "/usr/bin/java -Xms256m -Xmx#{node['fintank']['heap_mb']['kafka']}m " \
          '-Dlog4j2.configurationFile=/etc/fintank/kafka-log4j2.properties -cp /opt/kafka/libs/* ' \
          'kafka.Kafka /etc/fintank/server.properties'
  user 'kafka'
  home '/var/lib/kafka'
  configuration ['/etc/fintank/server.properties', '/etc/fintank/kafka-log4j2.properties']
  priority 20
end

node['fintank']['kafka']['topics'].each do |name, topic|
  fintank_topic name do
    broker "#{node['fintank']['host']}:#{ports['kafka']}"
    partitions topic['partitions']
    settings topic['settings'].to_h
  end
end
