# frozen_string_literal: true

# Kafdrop, Kafka's web UI.

kafdrop = node['fintank']['kafdrop']
folder = "/opt/kafdrop-#{kafdrop['version']}"
jar = "#{folder}/kafdrop.jar"

fintank_account 'kafdrop' do
  folders ['/var/lib/kafdrop']
end

directory folder do
  mode '0755'
end

remote_file jar do
  source "#{kafdrop['releases']}/#{kafdrop['version']}/kafdrop-#{kafdrop['version']}.jar"
  mode '0644'
  retries 2
  verify { |path| Fintank::Checksum.verify(path, kafdrop['sha512'], 'kafdrop.jar') } if kafdrop['sha512']
  # A release never changes, so it is downloaded only once.
  action :create_if_missing
  notifies :write, 'log[the SHA-512 of Kafdrop]', :immediately
end

log 'the SHA-512 of Kafdrop' do
  message(lazy { "kafdrop #{kafdrop['version']} has the SHA-512 #{Fintank::Checksum.of(jar)}" })
  level :warn
  action :nothing
end

link '/opt/kafdrop' do
  to folder
end

fintank_daemon 'kafdrop' do
  command "/usr/bin/java -Xmx#{node['fintank']['heap_mb']['kafdrop']}m -XX:+UseSerialGC " \
          '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED -jar /opt/kafdrop/kafdrop.jar ' \
          "--kafka.brokerConnect=#{node['fintank']['host']}:#{node['fintank']['ports']['kafka']} " \
          "--server.address=#{node['fintank']['address']} --server.port=#{node['fintank']['ports']['kafdrop']} " \
          "--management.server.port=#{node['fintank']['ports']['kafdrop']} " \
          "--server.servlet.context-path=#{kafdrop['path']}"
  user 'kafdrop'
  home '/var/lib/kafdrop'
  configuration [jar]
  priority 50
end
