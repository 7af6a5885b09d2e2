PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed

.DEFAULT_GOAL := help

# Coverage costs CPU time: 35 % by sys.monitoring (Python 3.12 and newer), 75 to 95 % by the C tracer. So only CI measures it.
ifeq ($(CI),true)
REPORT := --cov --cov-report=term --junitxml=junit-report.xml
MEASURE = COVERAGE_CORE=$$($(BIN)/python -c 'import sys; print("sysmon" if sys.version_info >= (3, 12) else "ctrace")')
endif

.PHONY: help demo test flakes check lint types imports golden bench lines wheel migrate run

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "FlakeGuard needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable '.[demo,dev]'
	@touch $(STAMP)

demo: $(STAMP) ## Try it: a Slack, a GitHub and the bot on this machine, no account needed
	$(BIN)/flakeguard demo

test: $(STAMP) ## Run every test; with CI=true also print coverage and write junit-report.xml
	$(MEASURE) $(BIN)/python -m pytest -n auto --dist loadfile $(REPORT)

flakes: $(STAMP) ## Run the tests five times in random order; FlakeGuard judges the reports, and nothing may be flaky
	$(BIN)/python -m tests.flakes

lint: $(STAMP) ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP) ## Check the types
	$(BIN)/mypy

imports: $(STAMP) ## Check the layers
	$(BIN)/lint-imports

check: ## Run exactly what CI runs
	bash .ci/run

golden: $(STAMP) ## Rewrite the golden files of the messages; review the difference
	FLAKEGUARD_GOLDEN=write $(BIN)/python -m pytest -q tests/unit/test_messages.py tests/unit/test_connect_views.py \
		tests/unit/test_channel_views.py

bench: $(STAMP) ## Run the benchmarks; figures are ratios within one run
	$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable '.[bench]'
	$(BIN)/python -m tests.bench

lines: $(STAMP) ## Count the lines of code, per package
	$(BIN)/python -m tests.loc

wheel: $(STAMP) ## Build the wheel into dist/
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

migrate: $(STAMP) ## Migrate the database to the newest revision
	$(BIN)/flakeguard migrate

run: $(STAMP) ## Run the bot with the settings of the environment
	$(BIN)/flakeguard serve
