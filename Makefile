# Every target but help, clean and fresh installs first what is missing.
.PHONY: help setup tools demo unit test soak bench mutants check check-vm fresh presentation clean
.DEFAULT_GOAL := help

help: ## Show the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

setup: ## Install what is missing: Java, Leiningen, .venv, jars, InfluxDB (offline when nothing is)
	@scripts/setup

tools: # What the tests and the checks need on top
	@scripts/setup test

demo: setup ## Run everything with ticks and orders, and prove what came of them (= invoke demo)
	@.venv/bin/invoke demo

unit: tools ## Run the unit tests, scenarios and properties: a minute
	@.venv/bin/pytest -n 2 tests/unit tests/scenarios tests/properties

test: tools ## Run all tests: unit, clj, integration, each with its time and its budget
	@scripts/test

soak: ## Run the tests that take minutes each
	@scripts/setup soak
	@.venv/bin/pytest tests/properties --hypothesis-profile=soak
	@.venv/bin/pytest tests/integration -m soak

bench: tools ## Measure speed, with the machine and the versions said
	@.venv/bin/python bench/trading_core.py
	@.venv/bin/python bench/pipeline.py

mutants: tools ## Mutate the trading core and write docs/mutants.md; takes half an hour
	@.venv/bin/python scripts/mutants.py

check: tools ## Run the linters, the type checker and the house rules; changes nothing
	@scripts/check

check-vm: tools ## Check the Vagrantfile and the cookbook, and start daemons from its files (installs vagrant, ruby, rubocop)
	@scripts/check-vm

presentation: tools ## Draw the pictures and build the slides (needs Graphviz and pandoc)
	@scripts/presentation

fresh: ## Prove that all works on a machine with nothing installed (RELEASE=bookworm or trixie; as root)
	@scripts/fresh

clean: ## Delete what was built and installed here, but not the services' data
	rm -rf .venv .fintank/opt _build _resources .mypy_cache .pytest_cache .ruff_cache
