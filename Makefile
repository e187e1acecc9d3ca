# Orbital Cloud. `make fly` and `make test` are all that a newcomer needs; `make help` lists the rest.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
RUN := $(VENV)/bin
READY := $(VENV)/.ready
ONLY ?=
MISSION ?= genesis-1

.DEFAULT_GOAL := help
.PHONY: help fly test test-chain test-interop test-kill fuzz check lint types contracts bench validate docs wasm lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Orbital Cloud needs Python 3.11 or newer: apt install python3.11 python3.11-venv" >&2; exit 2; }
	@echo "setting up $(VENV) from requirements.lock (about a minute)"
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing: apt install python3.11-venv" >&2; exit 2; }
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(RUN)/pip install --quiet --require-hashes -r requirements.lock
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(RUN)/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

fly: $(READY)  ## set up, fly Genesis-1 for a day on the twin, print where the report is
	@$(RUN)/orbital fly $(MISSION)

test: $(READY)  ## run the tests
	@$(RUN)/python -m pytest -n 2 $(ONLY)

test-chain: $(READY)  ## a job's life on a real Ethereum node (anvil, from npm), and the contracts compiled anew
	@$(RUN)/python tools/make_contracts.py --check
	@$(RUN)/python tools/check_contracts.py
	@$(RUN)/python -m pytest slow/chain

test-interop: $(READY)  ## bundles, wires and routes against pyD3TN, dtn7zero, pydtnsim and tshark (from PyPI and apt)
	@$(RUN)/python -m pytest slow/interop

test-kill: $(READY)  ## two nodes killed and restarted at random deliver 100,000 letters once [MINUTES=10]
	@$(RUN)/python slow/network/killed_nodes.py --minutes $(or $(MINUTES),10)

check: lint types contracts  ## lint, strict types, import contracts

lint: $(READY)
	@$(RUN)/ruff check . && $(RUN)/ruff format --check .

types: $(READY)
	@$(RUN)/mypy

contracts: $(READY)
	@$(RUN)/lint-imports

bench: $(READY)  ## answer the speed questions of bench/ as ratios [ONLY=name]
	@$(RUN)/python bench/run.py $(ONLY)

fuzz: $(READY)  ## let Atheris at every decoder [SECONDS=60 for each, ONLY=name]
	@$(RUN)/python fuzz/harness.py $(ONLY) --seconds $(or $(SECONDS),60)

validate: $(READY)  ## print every validation case: source, theirs, ours, difference, tolerance
	@$(RUN)/python tools/validate.py

docs: $(READY)  ## remake docs/validation.md, the mission schema and the README's pictures
	@$(RUN)/python tools/make_docs.py

lock: $(READY)  ## resolve requirements.lock anew from pyproject.toml
	@$(RUN)/pip install --quiet uv && $(RUN)/uv pip compile pyproject.toml --extra dev --python-version 3.11 --generate-hashes \
	  --prerelease=if-necessary-or-explicit --quiet --no-annotate --no-header -o requirements.lock

clean:  ## remove the environment and caches (flights stay)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
