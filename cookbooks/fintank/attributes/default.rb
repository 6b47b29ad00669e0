# frozen_string_literal: true

require 'json'

# The machine's name and address, as in its hosts file. Services listen there and on localhost, nowhere else.
default['fintank']['host'] = 'streamparse-box'
default['fintank']['address'] = '192.168.50.50'
default['fintank']['network'] = '192.168.50.0/24'

# The project's folder, as Vagrant shares it, and the user as whom `sparse submit` logs in.
default['fintank']['project'] = '/vagrant'
default['fintank']['user'] = 'vagrant'

# The project's own table of ports.
ports = "#{node['fintank']['project']}/src/fintank/ports.json"
raise "#{ports} is missing: Vagrant did not share the project's folder" unless File.exist?(ports)

default['fintank']['ports'] = JSON.parse(File.read(ports))

# The maximum heap of each JVM in MiB; `worker` is per Storm worker.
default['fintank']['heap_mb'] = {
  'zookeeper' => 256, 'nimbus' => 384, 'supervisor' => 256, 'ui' => 256, 'logviewer' => 128, 'drpc' => 128,
  'worker' => 768, 'kafka' => 1024, 'kafdrop' => 256
}

# Apache's hosts, tried in turn: the first one has only the latest releases, the archive has all.
default['fintank']['apache'] = ['https://dlcdn.apache.org', 'https://archive.apache.org/dist']
default['fintank']['apache_checksums'] = ['https://downloads.apache.org', 'https://archive.apache.org/dist']

# With `sha512` nil, the archive is checked against the .sha512 file that Apache publishes next to it.
default['fintank']['zookeeper']['version'] = '3.9.5'
default['fintank']['zookeeper']['sha512'] = nil

default['fintank']['storm']['version'] = '2.8.9'
default['fintank']['storm']['sha512'] = nil

# As published in kafka_2.13-4.1.2.tgz.sha512.
default['fintank']['kafka']['version'] = '4.1.2'
default['fintank']['kafka']['scala'] = '2.13'
default['fintank']['kafka']['sha512'] =
  '78ac6e488b1071122f9608dfdb363f6fe50e1dbbc492347002c0398dfbf77e0d' \
  '8caa5bf794c5937379721004dfe92025937d238b0faf4eb715529417fd43b491'
default['fintank']['kafka']['cluster_id'] = 'ZmludGFuay1jbHVzdGVyMA'

# The topics, with their partitions and Kafka settings.
kept = { 'message.timestamp.type' => 'LogAppendTime', 'cleanup.policy' => 'delete' }
days30 = { 'retention.ms' => 2_592_000_000, 'retention.bytes' => -1 }
default['fintank']['kafka']['topics'] = {
  'ticks' => { 'partitions' => 4, 'settings' => kept.merge(
    'retention.ms' => -1, 'retention.bytes' => 1_073_741_824, 'segment.bytes' => 67_108_864
  ) },
  'orders' => { 'partitions' => 4, 'settings' => kept.merge(days30) },
  'executions' => { 'partitions' => 4, 'settings' => kept.merge(days30) },
  'fills' => { 'partitions' => 4, 'settings' => kept.merge(days30) },
  'timeline' => { 'partitions' => 4, 'settings' => kept.merge(
    'retention.ms' => -1, 'retention.bytes' => 1_073_741_824
  ) },
  'rejects' => { 'partitions' => 1, 'settings' => kept.merge(days30, 'retention.bytes' => 1_073_741_824) },
  'journal' => { 'partitions' => 4, 'settings' => {
    'message.timestamp.type' => 'LogAppendTime', 'cleanup.policy' => 'compact', 'segment.bytes' => 16_777_216,
    'segment.ms' => 3_600_000, 'min.cleanable.dirty.ratio' => 0.2
  } }
}

# Kafdrop is only on GitHub, and its project publishes no checksum: put the SHA-512 you trust here. Without it,
# the SHA-512 of the first download is logged, and only https protects that download.
default['fintank']['kafdrop']['version'] = '4.2.0'
default['fintank']['kafdrop']['releases'] = 'https://github.com/obsidiandynamics/kafdrop/releases/download'
default['fintank']['kafdrop']['sha512'] = nil
# Kafdrop shows the cluster's name only in its URL.
default['fintank']['kafdrop']['path'] = '/clusters/kafka_development'

default['fintank']['influxdb']['database'] = 'prices_development'

# The newest release of this series.
default['fintank']['grafana']['series'] = '12'
default['fintank']['grafana']['repository'] = 'https://apt.grafana.com'
