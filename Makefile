# Everything a developer or CI does, from a bare machine with Python 3.11+ and nothing else.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PYTEST_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install test check lint format types layers generate check-generated docs conformance corpus fuzz demo bench-domain faults clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is older than Python 3.11: name a newer one, as in: make $(or $(MAKECMDGOALS),install) PYTHON=python3.12"; exit 1; }
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

install: $(STAMP) ## a virtual environment with dermsbus and everything it is developed with

demo: $(STAMP) ## a day of a feeder in minutes: a DMS, a DERMS and its devices over a real STOMP connection
	@$(BIN)/dermsbus demo

test: $(STAMP) ## all tests; those that need a broker in a container say so where there is no Docker
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

check: lint types layers check-generated test ## everything that has to be green

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "not formatted: run 'make format'"; exit 1; }

format: $(STAMP) ## format the code
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

types: $(STAMP) ## mypy, strict
	@$(BIN)/mypy

layers: $(STAMP) ## who may import whom
	@$(BIN)/lint-imports --no-cache

generate: $(STAMP) ## the dataclasses from the schemas
	@$(BIN)/python generated/generate.py

check-generated: $(STAMP) ## the dataclasses are what the schemas give
	@$(BIN)/python generated/generate.py --check

docs: $(STAMP) ## the messages in docs/use-cases, from a DERMS that runs their Python; the tables of other pages, from the code
	@$(BIN)/python docs/use_cases.py
	@$(BIN)/python docs/tables.py

conformance: $(STAMP) ## the 130 cases of IEC 61968-100 messaging, and docs/conformance.md from what became of them
	@$(BIN)/python -m pytest -p tests.conformance.report --conformance-page=docs/conformance.md tests/conformance $(PYTEST_ARGS)

corpus: $(STAMP) ## hundreds of bad inputs before a DERMS, dermsbus check and a stopwatch; a table of what came out
	@$(BIN)/python -m tests.corpus

fuzz: $(STAMP) ## mutants of every message, from bytes to command, for FUZZ_SECONDS (600), on two cores; with atheris where it has a wheel
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary atheris --editable '.[fuzz]' 2>/dev/null || true
	@$(BIN)/python -m tests.fuzz.run --seconds $(or $(FUZZ_SECONDS),600) $(FUZZ_ARGS)

bench-domain: $(STAMP) ## allocation, aggregation and forecast for 1 000, 10 000 and 100 000 members
	@$(BIN)/python tests/bench/bench_domain.py

faults: $(STAMP) ## crashes at every seam on real brokers, kills, power cuts: an hour; FAULTS_CRASHES for each broker (1000)
	@for bus in rabbitmq activemq; do \
	  $(BIN)/python -m tests.faults.crash_matrix --bus $$bus --crashes $(or $(FAULTS_CRASHES),1000) || status=1; done; \
	$(BIN)/python -m tests.faults.power_loss --images 2000 --workloads 20 || status=1; exit $${status:-0}

clean: ## take away the virtual environment and caches
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build
