PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types imports golden bench migrate run

help: ## Say what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "FlakeGuard needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable '.[demo,dev]'
	@touch $(STAMP)

demo: $(STAMP) ## Play the whole story on this machine, no account anywhere
	$(BIN)/flakeguard demo

test: $(STAMP) ## Run every test
	$(BIN)/python -m pytest -n auto --dist loadfile

lint: $(STAMP) ## Style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP) ## Types, strictly
	$(BIN)/mypy

imports: $(STAMP) ## The layers, enforced
	$(BIN)/lint-imports

check: ## Exactly what CI runs
	bash .ci/run

golden: $(STAMP) ## Write the golden files of the messages anew; look at the difference
	FLAKEGUARD_GOLDEN=write $(BIN)/python -m pytest -q tests/unit/test_messages.py tests/unit/test_connect_views.py \
		tests/unit/test_channel_views.py

bench: $(STAMP) ## Measure what has a figure, as ratios in one run
	$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable '.[bench]'
	$(BIN)/python -m tests.bench

migrate: $(STAMP) ## Bring the database to the newest revision
	$(BIN)/flakeguard migrate

run: $(STAMP) ## Run the bot with the settings of the environment
	$(BIN)/flakeguard serve
