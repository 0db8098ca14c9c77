# Everything a person does here is one short command. `make` alone lists them.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Tests start hundreds of processes. Where the environment forbids to keep bytecode, each
# would compile all that it imports.
export PYTHONDONTWRITEBYTECODE :=

# What to test, and anything more for pytest:
#   make test TESTS=tests/stores ARGS="-x -k lease"
TESTS ?= tests
ARGS  ?=

# Processes that run them: as many as there are cores, and four at most. WORKERS=0 is one
# process alone; so is ARGS="-x --pdb".
WORKERS  ?= auto
PARALLEL := -n $(WORKERS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# Checked beside the package, where they exist.
BESIDE := $(wildcard tests examples benchmarks)

.DEFAULT_GOAL := help
.PHONY: help run test test-long test-uvloop lint format types bench bench-peers docs clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/runtime-installed ## run the checkout example to the end, on real input
	@$(BIN)/python -m examples.checkout

test: $(VENV)/dev-installed ## run the tests (TESTS=folder, ARGS="-k name", WORKERS=0)
	@$(BIN)/python -m pytest $(PARALLEL) -m "not long" $(TESTS) $(ARGS)

test-long: $(VENV)/dev-installed ## run the tests that take minutes
	@$(BIN)/python -m pytest -m long --timeout 1800 $(TESTS) $(ARGS)

test-uvloop: $(VENV)/dev-installed ## run the tests on uvloop
	@TASKER_TEST_UVLOOP=1 $(BIN)/python -m pytest $(PARALLEL) -m "not long" $(TESTS) $(ARGS)

lint: $(VENV)/dev-installed ## check style and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(VENV)/dev-installed ## put style and format right
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(VENV)/dev-installed ## check the types
	@$(BIN)/mypy
	@$(BIN)/mypy $(BESIDE)

bench: $(VENV)/dev-installed ## run the benchmarks (ARGS="diamond --quick")
	@$(BIN)/python -m benchmarks $(ARGS)

bench-peers: $(VENV)/dev-installed ## run the same workflows on Tasker and on other engines
	@$(BIN)/python -m benchmarks peers $(ARGS)

docs: $(BIN)/python ## check the documentation's links
	@$(BIN)/python docs/check_links.py

clean: ## remove what was built, and the virtual environment
	@rm -rf $(VENV) build dist *.egg-info .coverage htmlcov
	@rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment is made once, and installed into again when pyproject.toml
# changes. Running needs the runtime dependencies alone.

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Tasker needs Python 3.11 or newer; '$(PYTHON)' is not. Try: make PYTHON=python3.11" >&2; \
		exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/runtime-installed: pyproject.toml | $(BIN)/python
	@echo "installing Tasker into $(VENV)"
	@$(PIP) --editable .
	@touch $@

$(VENV)/dev-installed: pyproject.toml | $(BIN)/python
	@echo "installing Tasker and its development tools into $(VENV)"
	@$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/runtime-installed
