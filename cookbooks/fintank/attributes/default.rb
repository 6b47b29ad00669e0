# frozen_string_literal: true

# Where the machine is. Its hosts file maps `host` to `address`; nothing listens anywhere else but on localhost.
default['fintank']['host'] = 'streamparse-box'
default['fintank']['address'] = '192.168.50.50'
default['fintank']['network'] = '192.168.50.0/24'

# The folder of the project, as Vagrant shares it, and whose account `sparse submit` logs in to.
default['fintank']['project'] = '/vagrant'
default['fintank']['user'] = 'vagrant'

default['fintank']['ports'] = {
  'zookeeper' => 2181, 'nimbus' => 6627, 'drpc' => 3772, 'drpc_invocations' => 3773,
  'ui' => 8080, 'logviewer' => 8000, 'supervisor' => 6628, 'slots' => [6700, 6701],
  'kafka' => 9092, 'kafka_controller' => 9093, 'kafdrop' => 9000, 'influxdb' => 8086, 'grafana' => 3000
}

# The largest heap of each JVM, in MiB; a worker of Storm has one of its own.
default['fintank']['heap_mb'] = {
  'zookeeper' => 256, 'nimbus' => 384, 'supervisor' => 256, 'ui' => 256, 'logviewer' => 128, 'drpc' => 128,
  'worker' => 768, 'kafka' => 1024, 'kafdrop' => 256
}

# From Apache, tried in turn: the first host has the newest releases only, the archive has all.
default['fintank']['apache'] = ['https://dlcdn.apache.org', 'https://archive.apache.org/dist']
default['fintank']['apache_checksums'] = ['https://downloads.apache.org', 'https://archive.apache.org/dist']

# `sha512` nil: the .sha512 file that Apache publishes beside the archive is fetched and held against it.
default['fintank']['zookeeper']['version'] = '3.9.5'
default['fintank']['zookeeper']['sha512'] = nil

default['fintank']['storm']['version'] = '2.8.8'
default['fintank']['storm']['sha512'] = nil

# As published in kafka_2.13-4.1.2.tgz.sha512.
default['fintank']['kafka']['version'] = '4.1.2'
default['fintank']['kafka']['scala'] = '2.13'
default['fintank']['kafka']['sha512'] =
  '78ac6e488b1071122f9608dfdb363f6fe50e1dbbc492347002c0398dfbf77e0d' \
  '8caa5bf794c5937379721004dfe92025937d238b0faf4eb715529417fd43b491'
default['fintank']['kafka']['cluster_id'] = 'ZmludGFuay1jbHVzdGVyMA'

# The topics, with their partitions and Kafka's own settings.
kept = { 'message.timestamp.type' => 'LogAppendTime', 'cleanup.policy' => 'delete' }
days30 = { 'retention.ms' => 2_592_000_000, 'retention.bytes' => -1 }
default['fintank']['kafka']['topics'] = {
  'ticks' => { 'partitions' => 4, 'settings' => kept.merge(
    'retention.ms' => -1, 'retention.bytes' => 1_073_741_824, 'segment.bytes' => 67_108_864
  ) },
  'orders' => { 'partitions' => 4, 'settings' => kept.merge(days30) },
  'executions' => { 'partitions' => 4, 'settings' => kept.merge(days30) },
  'fills' => { 'partitions' => 4, 'settings' => kept.merge(days30) },
  'rejects' => { 'partitions' => 1, 'settings' => kept.merge(days30, 'retention.bytes' => 1_073_741_824) },
  'journal' => { 'partitions' => 4, 'settings' => {
    'message.timestamp.type' => 'LogAppendTime', 'cleanup.policy' => 'compact', 'segment.bytes' => 16_777_216,
    'segment.ms' => 3_600_000, 'min.cleanable.dirty.ratio' => 0.2
  } }
}

# Kafdrop is on none of the other hosts. Its project publishes no checksum: put the SHA-512 that you trust here,
# else the one of the first download is logged, and only https vouches for that.
default['fintank']['kafdrop']['version'] = '4.2.0'
default['fintank']['kafdrop']['releases'] = 'https://github.com/obsidiandynamics/kafdrop/releases/download'
default['fintank']['kafdrop']['sha512'] = nil
# Kafdrop shows no name of its cluster but this one, in its address.
default['fintank']['kafdrop']['path'] = '/clusters/kafka_development'

default['fintank']['influxdb']['database'] = 'prices_development'

# The newest release of this series.
default['fintank']['grafana']['series'] = '12'
default['fintank']['grafana']['repository'] = 'https://apt.grafana.com'
