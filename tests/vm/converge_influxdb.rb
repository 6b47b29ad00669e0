# frozen_string_literal: true

# Do for real what the resource fintank_influxdb does: ruby tests/vm/converge_influxdb.rb COOKBOOK FOLDER HOST PORT
# FOLDER has the rendered files. Prints what it changed, a line each.

require_relative 'chef_double'

# The action's own language, beside that of its action_class.
class Converge
  attr_reader :new_resource

  def initialize(new_resource)
    @new_resource = new_resource
  end

  def converge_by(what)
    yield
    puts what
  end
end

cookbook, folder, host, port = ARGV
WrittenFiles.root = folder
Dir["#{cookbook}/libraries/*.rb"].each { |path| require File.realpath(path) }
resource = CustomResource.new("#{cookbook}/resources/influxdb.rb")
values = resource.checked('prices_development', 'host' => host, 'port' => Integer(port))
converge = Converge.new(Struct.new(*values.keys.map(&:to_sym)).new(*values.values))
resource.helpers.each { |helper| converge.singleton_class.class_eval(&helper) }
converge.instance_exec(&resource.actions.fetch(:create))
