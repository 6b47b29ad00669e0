# frozen_string_literal: true

# A Kafka topic; an existing one is left as it is.

unified_mode true
provides :fintank_topic

property :topic, String, name_property: true
property :broker, String, required: true, description: 'host:port'
property :partitions, Integer, required: true
property :settings, Hash, default: {}

default_action :create

action :create do
  settings = new_resource.settings.flat_map { |key, value| ['--config', "#{key}=#{value}"] }
  execute "create the topic #{new_resource.topic}" do
    command [
      '/opt/kafka/bin/kafka-topics.sh', '--bootstrap-server', new_resource.broker, '--create', '--if-not-exists',
      '--topic', new_resource.topic, '--partitions', new_resource.partitions.to_s, *settings
    ]
    user 'kafka'
    group 'kafka'
    environment 'LOG_DIR' => '/var/lib/kafka/log', 'KAFKA_HEAP_OPTS' => '-Xmx128m'
    # The broker may still be starting.
    retries 10
    retry_delay 3
    # The only broker has every partition.
    not_if { ::Dir.exist?("/var/lib/kafka/data/#{new_resource.topic}-0") }
  end
end
