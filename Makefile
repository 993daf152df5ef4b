# One word a habit; CI runs the same words.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup check test demo smoke bench chaos up down clean

setup: $(VENV)/.installed ## Make the virtual environment with the pinned requirements.

$(VENV)/.installed: requirements-dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

check: setup ## Lint, types, import contracts, unit and property tests: under a minute.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest -q tests/unit tests/properties

test: check ## Everything, with real servers.
	$(BIN)/pytest -q tests/integration tests/e2e

up: setup ## Start the services in the background.
	$(BIN)/rowtide up

down: setup ## Stop them.
	$(BIN)/rowtide down

demo: setup ## The whole pipeline, live in the terminal. Ctrl-C stops it.
	$(BIN)/rowtide demo

smoke: setup ## The whole pipeline, finite: the last line is JSON, "divergent" must be 0.
	$(BIN)/rowtide smoke

bench: setup ## Rates and latencies; the last line is JSON.
	$(BIN)/rowtide bench

clean: ## Remove what the project made here, services' data included.
	rm -rf $(VENV) .rowtide .mypy_cache .ruff_cache .pytest_cache .hypothesis
