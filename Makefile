# Every target does its own set-up: Python 3.11 or newer, make and a package index are all it takes.
SHELL := /bin/bash
NEW_ENOUGH := -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
PYTHON ?= $(shell for each in python3.11 python3 python3.12 python3.13; do \
	$$each $(NEW_ENOUGH) && echo $$each && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install -qq --no-user --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.PHONY: help demo test browser pictures check format simulate mutate bench soak audit lock clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

$(BIN)/python:
	@$(or $(PYTHON),false) $(NEW_ENOUGH) \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 …" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make virtual environments: install its venv package" >&2; exit 1; }

# The running program and nothing else: what the container has too.
$(VENV)/.run: requirements/run.lock pyproject.toml | $(BIN)/python
	@echo "Setting up: installing locked packages into $(VENV)"
	@$(PIP_INSTALL) --require-hashes -r requirements/run.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.run
	@echo "Setting up: installing locked development packages into $(VENV)"
	@$(PIP_INSTALL) --require-hashes -r requirements/dev.lock
	@touch $@

$(VENV)/.bench: requirements/bench.lock $(VENV)/.run
	@echo "Setting up: installing locked benchmark packages into $(VENV)"
	@$(PIP_INSTALL) --require-hashes -r requirements/bench.lock
	@touch $@

demo: $(VENV)/.run ## book a trip end to end and keep serving (ONCE=1: exit after the story)
	@$(BIN)/tripledger demo $(if $(filter 1,$(ONCE)),--once)

test: $(VENV)/.dev browser ## the whole test suite
	@$(BIN)/pytest -n 2 --dist worksteal $(ARGS)

# The pages are tried in a real browser, which comes from the system's packages.
browser:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& echo "Setting up: installing chromium" && apt-get -qq update >/dev/null 2>&1 \
		&& DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends chromium >/dev/null 2>&1; } \
		|| echo "There is no chromium: the tests that need a browser will say so"

pictures: $(VENV)/.dev browser ## the documents' pictures of the console, taken by its tests
	@TRIPLEDGER_PICTURES=docs/images $(BIN)/pytest -q tests/browser/test_console.py -k documents

check: $(VENV)/.dev ## format, lint, types, import direction, fast tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/pytest -q tests/rules tests/architecture

format: $(VENV)/.dev ## put the code into the house's shape
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

simulate: $(VENV)/.dev ## many small worlds in which everything goes wrong (SEEDS=2000; ARGS='--seed 42')
	@$(BIN)/python -m tests.simulation --seeds $(or $(SEEDS),1000) $(ARGS)

mutate: $(VENV)/.dev ## change the rules in every small way: which change does no test see? (ARGS='domain.money*')
	@nice $(BIN)/python -m tests.mutants $(ARGS)

bench: $(VENV)/.bench ## speed beside others in one run (QUICK=1: one short round; SCALE=10000000)
	@$(BIN)/python -W ignore -m benchmarks $(if $(filter 1,$(QUICK)),--quick) $(if $(SCALE),--scale $(SCALE)) $(ARGS)

soak: $(VENV)/.dev ## kill, pause, stop and cut everything while trips are booked (MINUTES=10; SEED=…)
	@$(BIN)/python -m tests.crash.soak $(or $(MINUTES),10) $(SEED)

audit: $(VENV)/.dev ## licences, a bill of materials and known weaknesses of what others wrote
	@$(BIN)/python -m docs.audit $(ARGS)

lock: $(VENV)/.dev ## resolve the locked requirements again (needs uv)
	@$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command 'make lock' --quiet --extra dev --output-file requirements/dev.lock
	@$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command 'make lock' --quiet --extra build --extra mcp --extra tracing --constraint requirements/dev.lock --output-file requirements/run.lock
	@$(BIN)/uv pip compile requirements/bench.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command 'make lock' --quiet --constraint requirements/dev.lock --output-file requirements/bench.lock

clean: ## remove everything that was made
	rm -rf $(VENV) .tripledger build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
