# frozen_string_literal: true

# A daemon's own user and group, without a shell, and the folders it writes to.

unified_mode true
provides :fintank_account

property :account, String, name_property: true
property :folders, Array, required: true, description: 'The first one is the home'

default_action :create

action :create do
  group new_resource.account do
    system true
    # Keep members that others have added.
    append true
  end

  user new_resource.account do
    system true
    gid new_resource.account
    home new_resource.folders.first
    manage_home false
    shell '/usr/sbin/nologin'
  end

  new_resource.folders.each do |folder|
    directory folder do
      owner new_resource.account
      group new_resource.account
      mode '0750'
    end
  end
end
