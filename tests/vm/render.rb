# frozen_string_literal: true

# Render the cookbook: ruby tests/vm/render.rb COOKBOOK FOLDER [ATTRIBUTES.json]
# Its files go below FOLDER as they would below /; the list of all resources goes to stdout as JSON.

require_relative 'chef_double'

cookbook, folder, attributes = ARGV
run = ChefRun.new(cookbook, folder, attributes ? JSON.parse(File.read(attributes)) : {})
begin
  run.recipe('fintank')
rescue CookbookError => e
  abort e.message
end
puts JSON.pretty_generate('node' => run.node, 'resources' => run.inventory)
