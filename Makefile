# All targets except help, clean and fresh first install what is missing.
.PHONY: help setup tools demo unit test faults soak bench mutants check check-vm fresh presentation clean
.DEFAULT_GOAL := help

help: ## List the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 19

setup: ## Install what is missing: Java, Leiningen, .venv, jars, InfluxDB (needs no network if nothing is)
	@scripts/setup

tools: # What tests and checks need in addition
	@scripts/setup test

demo: export FINTANK_SINK := $(or $(SINK),$(FINTANK_SINK))

demo: setup ## Start everything, send ticks and orders, and check the result (= invoke demo; SINK=questdb or postgres)
	@.venv/bin/invoke demo

unit: tools ## Run the unit tests, scenarios and properties (a minute)
	@.venv/bin/pytest -n 2 -m "not soak" tests/unit tests/scenarios tests/properties

test: tools ## Run the tests that do not take minutes each (unit, clj, integration) and print the time and budget of each tier
	@scripts/test

faults: tools ## Inject seeded faults into a cluster with traffic: make faults REPEAT=10 SEED=1 (4 minutes each)
	@.venv/bin/pytest -s tests/faults -m soak

soak: ## Run the slow tests, which take minutes each
	@scripts/setup soak
	@.venv/bin/pytest tests/properties --hypothesis-profile=soak
	@.venv/bin/pytest tests/integration -m soak
	@.venv/bin/pytest -s tests/faults -m soak

bench: tools ## Measure speed, write bench/results/ (SINK=questdb, postgres or each; PEERS=1: beside other frameworks)
	@.venv/bin/invoke bench --sink $(or $(SINK),influxdb) $(if $(PEERS),--peers)

mutants: tools ## Mutate the trading core and write docs/mutants.md (half an hour)
	@.venv/bin/python scripts/mutants.py

check: tools ## Run the linters, the type checker and the house rules, without changing files
	@scripts/check

check-vm: tools ## Test the Vagrantfile and the cookbook, and start daemons from its files (installs vagrant, ruby, rubocop)
	@scripts/check-vm

presentation: tools ## Draw the pictures and build the slides (needs Graphviz and pandoc)
	@scripts/presentation

fresh: ## Run make test and make demo on a bare Debian (RELEASE=bookworm or trixie; as root)
	@scripts/fresh

clean: ## Delete everything built and installed here, but not the services' data
	rm -rf .venv .fintank/opt .fintank/jar .fintank/test _build _resources .mypy_cache .pytest_cache .ruff_cache
