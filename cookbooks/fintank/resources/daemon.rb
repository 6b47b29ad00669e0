# frozen_string_literal: true

# A program that supervisord runs. It is restarted when its command, environment or configuration changes.

unified_mode true
provides :fintank_daemon

property :daemon, String, name_property: true
property :command, String, required: true
property :user, String, required: true
property :home, String, required: true, description: 'The working directory'
property :environment, Hash, default: {}, sensitive: true
property :configuration, Array, default: [], description: 'Files whose change restarts it'
property :priority, Integer, default: 999, description: 'Lower starts earlier'

default_action :run

action :run do
  execute "supervisorctl update #{new_resource.daemon}" do
    command ['supervisorctl', 'update', new_resource.daemon]
    retries 5
    retry_delay 2
    action :nothing
  end

  # supervisord restarts a program when this file changes; the digest makes it depend on the configuration too.
  digest = Digest::SHA256.hexdigest(new_resource.configuration.map { |path| ::File.read(path) }.join)
  template "/etc/supervisor/conf.d/#{new_resource.daemon}.conf" do
    source 'program.conf.erb'
    mode '0600'
    sensitive true
    variables(
      daemon: new_resource.daemon, command: new_resource.command, user: new_resource.user,
      home: new_resource.home, priority: new_resource.priority,
      environment: new_resource.environment.merge('FINTANK_CONFIGURATION' => digest)
    )
    notifies :run, "execute[supervisorctl update #{new_resource.daemon}]", :immediately
  end
end
