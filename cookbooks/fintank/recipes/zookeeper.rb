# frozen_string_literal: true

# ZooKeeper, where Storm keeps its state; on localhost only.

version = node['fintank']['zookeeper']['version']

fintank_archive 'zookeeper' do
  version version
  remote_path "zookeeper/zookeeper-#{version}/apache-zookeeper-#{version}-bin.tar.gz"
  hosts node['fintank']['apache']
  checksum_hosts node['fintank']['apache_checksums']
  sha512 node['fintank']['zookeeper']['sha512']
end

fintank_account 'zookeeper' do
  folders ['/var/lib/zookeeper']
end

template '/etc/fintank/zoo.cfg' do
  source 'zoo.cfg.erb'
  mode '0644'
  variables(port: node['fintank']['ports']['zookeeper'], data: '/var/lib/zookeeper')
end

fintank_daemon 'zookeeper' do
  command "/usr/bin/java -Xmx#{node['fintank']['heap_mb']['zookeeper']}m -XX:+UseSerialGC " \
          '-cp /opt/zookeeper/lib/*:/opt/zookeeper/conf ' \
          'org.apache.zookeeper.server.quorum.QuorumPeerMain /etc/fintank/zoo.cfg'
  user 'zookeeper'
  home '/var/lib/zookeeper'
  configuration ['/etc/fintank/zoo.cfg']
  priority 10
end
