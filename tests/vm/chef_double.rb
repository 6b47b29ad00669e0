# frozen_string_literal: true

# A small stand-in for Chef: it evaluates a cookbook's attributes, libraries, recipes and custom resources, renders
# its templates, and writes files into a folder instead of the machine. It knows the resources of
# chef_resources.json and no others, so a name that is not in Chef's documentation is an error. It runs nothing.

require 'erb'
require 'fileutils'
require 'json'
require 'pathname'

# What is wrong in the cookbook.
class CookbookError < StandardError; end

# A value that is asked for when the resource runs.
Lazy = Struct.new(:block)

# The machine's files as the cookbook's code sees them: those that it has written, and else none.
module WrittenFiles
  class << self
    attr_accessor :root
  end

  def self.inside(path)
    WrittenFiles.root && path.to_s.start_with?('/etc/', '/var/', '/opt/') ? "#{WrittenFiles.root}#{path}" : path
  end

  def read(path, *rest)
    super(WrittenFiles.inside(path), *rest)
  end

  def exist?(path)
    super(WrittenFiles.inside(path))
  end
end
File.singleton_class.prepend(WrittenFiles)

# Chef's own settings, as far as the cookbook asks for them.
class Chef
  # The one setting that is asked for.
  class Config
    def self.[](name)
      { file_cache_path: '/var/chef/cache' }.fetch(name)
    end
  end
end

# What a resource block sets, each name held against the documentation.
class ResourceDouble
  CHECKS = %w[verify not_if only_if].freeze
  attr_reader :values, :type, :title

  def initialize(type, title, scope, known, &block)
    @type = type
    @title = title
    @scope = scope
    @values = {}
    # As methods, because Ruby has some of the names itself, as `system`.
    (known - ['notifies']).each do |name|
      define_singleton_method(name) { |*value, &taken| @values[name] = taken ? Lazy.new(taken) : value.first }
    end
    instance_exec(&block) if block
  end

  def node
    @scope.node
  end

  def new_resource
    @scope.new_resource
  end

  def lazy(&block)
    Lazy.new(block)
  end

  def notifies(action, target, timer = :delayed)
    (@values['notifies'] ||= []) << { 'action' => action, 'target' => target, 'timer' => timer }
  end

  def method_missing(name, *arguments)
    return @scope.public_send(name, *arguments) if @scope.helper?(name)

    raise CookbookError, "#{@type} has no property #{name} in Chef's documentation"
  end

  def respond_to_missing?(name, all = false)
    @scope.helper?(name) || super
  end

  # The values as they are when the resource runs; what is a check of Chef's (a block) stays out.
  def now
    @values.except(*CHECKS).transform_values { |value| value.is_a?(Lazy) ? value.block.call : value }
  end
end

# A custom resource: its properties with their types, and its actions.
class CustomResource
  Property = Struct.new(:type, :options)
  attr_reader :properties, :actions, :helpers, :name

  def initialize(path)
    @name = nil
    @properties = {}
    @actions = {}
    @helpers = []
    @unified = false
    @default = nil
    instance_eval(File.read(path), path.to_s)
    raise CookbookError, "#{path} has no unified_mode true" unless @unified
  end

  def unified_mode(value)
    @unified = value
  end

  def provides(name)
    @name = name
  end

  def property(name, type, **options)
    @properties[name.to_s] = Property.new(type, options)
  end

  def default_action(name)
    @default = name
  end

  def action(name, &block)
    @actions[name] = block
  end

  def action_class(&block)
    @helpers << block
  end

  def default
    @default || @actions.keys.first
  end

  # All properties of one use, checked; the first property is its name where it says so.
  def checked(title, values)
    @properties.to_h do |name, property|
      value = values.fetch(name) { property.options[:name_property] ? title : property.options[:default] }
      check(name, property, value)
      [name, value]
    end
  end

  private

  def check(name, property, value)
    raise CookbookError, "#{@name} needs #{name}" if property.options[:required] && value.nil?
    return if value.nil? && (Array(property.type).include?(nil) || !property.options[:required])

    types = Array(property.type).compact
    raise CookbookError, "#{@name}: #{name} is a #{value.class}" if types.none? { |type| value.is_a?(type) }

    regex = property.options[:regex]
    raise CookbookError, "#{@name}: #{name} is #{value}" if regex && !value.match?(regex)
  end
end

# Where resources are declared: a recipe, or the action of a custom resource.
class Scope
  attr_reader :node, :place

  def initialize(run, place, values = nil)
    @run = run
    @place = place
    @node = run.node
    @values = values
  end

  def new_resource
    Struct.new(*@values.keys.map(&:to_sym)).new(*@values.values)
  end

  # Whether the custom resource's action_class has it.
  def helper?(name)
    singleton_methods.include?(name)
  end

  def include_recipe(name)
    @run.recipe(name)
  end

  def lazy(&block)
    Lazy.new(block)
  end

  def method_missing(type, title = nil, &block)
    @run.declare(type.to_s, title, self, &block)
  end

  def respond_to_missing?(*)
    true
  end
end

# One run of the cookbook. `inventory` lists all resources in their order, as plain data.
class ChefRun
  attr_reader :node, :inventory

  def initialize(cookbook, root, overrides)
    @cookbook = Pathname(cookbook)
    @root = Pathname(root)
    @inventory = []
    @documented = JSON.parse(File.read("#{__dir__}/chef_resources.json"))
    WrittenFiles.root = @root.to_s
    Pathname.glob("#{@cookbook}/libraries/*.rb").sort.each { |path| require path.realpath.to_s }
    @custom = Pathname.glob("#{@cookbook}/resources/*.rb").to_h do |path|
      resource = CustomResource.new(path)
      [resource.name.to_s, resource]
    end
    @node = merge(attributes(overrides), overrides)
  end

  def recipe(name)
    cookbook, _, file = name.partition('::')
    path = @cookbook + "recipes/#{file.empty? ? 'default' : file}.rb"
    raise CookbookError, "there is no recipe #{name}" unless cookbook == 'fintank' && path.exist?

    Scope.new(self, name).instance_eval(path.read, path.to_s)
  end

  def declare(type, title, scope, &block)
    custom = @custom[type]
    documented = @documented['resources'][type]
    unless custom || documented
      raise CookbookError, "#{scope.place}: there is no resource #{type} in Chef's documentation"
    end

    known = @documented['common'] + (custom ? custom.properties.keys : documented['properties'])
    resource = ResourceDouble.new(type, title, scope, known, &block)
    custom ? run_custom(custom, resource, scope.place) : run_documented(documented, resource, scope.place)
  end

  private

  # The cookbook's attributes, which may read those given to the run.
  def attributes(given)
    tree = ->(hash, key) { hash[key] = Hash.new(&tree) }
    defaults = Hash.new(&tree)
    Pathname.glob("#{@cookbook}/attributes/*.rb").sort.each do |path|
      scope = Object.new
      scope.define_singleton_method(:default) { defaults }
      scope.define_singleton_method(:node) { given }
      scope.instance_eval(path.read, path.to_s)
    end
    JSON.parse(JSON.generate(defaults))
  end

  def merge(one, other)
    one.merge(other) { |_, old, new| old.is_a?(Hash) && new.is_a?(Hash) ? merge(old, new) : new }
  end

  def run_custom(custom, resource, place)
    values = custom.checked(resource.title, resource.now)
    note(resource, place, values, [custom.default])
    return if resource.type == 'fintank_influxdb' # speaks to a server: done for real elsewhere

    scope = Scope.new(self, "#{place} #{resource.type}[#{resource.title}]", values)
    custom.helpers.each { |helper| scope.singleton_class.class_eval(&helper) }
    scope.instance_exec(&custom.actions.fetch(custom.default))
  end

  def run_documented(documented, resource, place)
    actions = Array(resource.values['action']).map(&:to_s)
    values = actions == ['nothing'] ? resource.values.except(*ResourceDouble::CHECKS) : resource.now
    values.delete('action')
    unknown = actions - documented['actions']
    raise CookbookError, "#{resource.type} has no action #{unknown.first}" unless unknown.empty?

    note(resource, place, values, actions)
    write(resource, values) if (actions & %w[delete nothing]).empty?
  end

  def note(resource, place, values, actions)
    @inventory << {
      'place' => place, 'type' => resource.type, 'name' => Array(resource.title).join(' '),
      'actions' => actions, 'properties' => values, 'checks' => resource.values.keys & ResourceDouble::CHECKS
    }
  end

  def write(resource, values)
    content =
      case resource.type
      when 'template' then render(values.fetch('source'), values.fetch('variables', {}))
      when 'cookbook_file' then File.read("#{@cookbook}/files/#{values.fetch('source')}")
      when 'file' then values.fetch('content', '')
      when 'remote_file' then "#{'0' * 128}\n"
      else return
      end
    path = Pathname("#{@root}#{resource.title}")
    path.dirname.mkpath
    path.write(content)
    path.chmod(values.fetch('mode', '644').to_i(8))
  end

  def render(source, variables)
    template = File.read("#{@cookbook}/templates/#{source}")
    wanted = template.scan(/<%.*?%>/m).join.scan(/@([a-z_]+)/).flatten.uniq
    given = variables.keys.map(&:to_s)
    if wanted.sort != given.sort
      raise CookbookError, "#{source} wants #{wanted - given}, and is given #{given - wanted} for nothing"
    end

    scope = Object.new
    variables.each { |name, value| scope.instance_variable_set("@#{name}", value) }
    ERB.new(template, trim_mode: '-').result(scope.instance_eval { binding })
  end
end
