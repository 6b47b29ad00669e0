# frozen_string_literal: true

# A database of an InfluxDB 1.x with authentication, and its users: admin, one with all privileges on the database,
# and one that can only read it.

unified_mode true
provides :fintank_influxdb

property :database, String, name_property: true
property :host, String, required: true
property :port, Integer, required: true

default_action :create

START_SECONDS_MAX = 60

action :create do
  admin = connect('admin', 'influxdb_admin')
  admin.wait(START_SECONDS_MAX)

  unless admin.accepts_account?
    converge_by 'create the user admin' do
      # Without any users, InfluxDB accepts this one query from anyone.
      admin.query("CREATE USER admin WITH PASSWORD '#{password('influxdb_admin')}' WITH ALL PRIVILEGES")
    end
  end

  unless admin.query('SHOW DATABASES').flatten.include?(new_resource.database)
    converge_by "create the database #{new_resource.database}" do
      admin.query(%(CREATE DATABASE "#{new_resource.database}"))
    end
  end

  { 'fintank' => 'ALL PRIVILEGES', 'grafana' => 'READ' }.each do |account, right|
    unless admin.query('SHOW USERS').map(&:first).include?(account)
      converge_by "create the user #{account}" do
        admin.query("CREATE USER #{account} WITH PASSWORD '#{password("influxdb_#{account}")}'")
      end
    end

    next if admin.query("SHOW GRANTS FOR #{account}").include?([new_resource.database, right])

    converge_by "grant #{account} #{right} on #{new_resource.database}" do
      admin.query(%(GRANT #{right.split.first} ON "#{new_resource.database}" TO #{account}))
    end
  end
end

action_class do
  def password(account)
    Fintank::Credentials.password(account)
  end

  def connect(account, credential)
    Fintank::Influxdb.new(new_resource.host, new_resource.port, account, password(credential))
  end
end
