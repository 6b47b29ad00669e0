# frozen_string_literal: true

# An Apache archive, checked by its SHA-512 and unpacked to /opt/NAME-VERSION, with a link /opt/NAME.

unified_mode true
provides :fintank_archive

property :archive, String, name_property: true, description: 'Its name under /opt'
property :version, String, required: true
property :remote_path, String, required: true, description: 'The path on each host'
property :hosts, Array, required: true, description: 'Where to download it, tried in turn'
property :checksum_hosts, Array, required: true, description: 'Where to download its .sha512 file, tried in turn'
property :sha512, [String, nil], regex: Fintank::Checksum::FORM, description: 'nil: from the published .sha512 file'

default_action :install

action :install do
  folder = "/opt/#{new_resource.archive}-#{new_resource.version}"
  complete = "#{folder}/.complete"
  unless ::File.exist?(complete)
    fetch
    archive_file download do
      destination folder
      strip_components 1
      overwrite true
    end
    file complete do
      content "#{new_resource.remote_path}\n"
      mode '0644'
    end
    file download do
      action :delete
    end
  end
  link "/opt/#{new_resource.archive}" do
    to folder
  end
end

action_class do
  def download
    ::File.join(Chef::Config[:file_cache_path], ::File.basename(new_resource.remote_path))
  end

  def fetch
    expected = new_resource.sha512 || published
    remote_file download do
      source(new_resource.hosts.map { |host| "#{host}/#{new_resource.remote_path}" })
      mode '0644'
      retries 2
      show_progress true
      verify { |path| Fintank::Checksum.verify(path, expected, new_resource.remote_path) }
    end
  end

  def published
    sums = "#{download}.sha512"
    remote_file sums do
      source(new_resource.checksum_hosts.map { |host| "#{host}/#{new_resource.remote_path}.sha512" })
      mode '0644'
      retries 2
    end
    Fintank::Checksum.published(::File.read(sums), ::File.basename(new_resource.remote_path))
  end
end
