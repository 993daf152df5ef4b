# The targets that developers use; CI runs the same ones.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

NPM := $(or $(shell command -v npm),$(CURDIR)/$(BIN)/npm)

.PHONY: setup browser compose check static quick-tests test audit demo smoke screenshots bench relevance chaos up down clean

setup: $(VENV)/.installed search_api/pages/static/vendor/.installed ## Create the virtual environment with the pinned requirements.

SUPPORTED := -c 'import sys; sys.exit(sys.version_info < (3, 11))'

# A virtual environment that another Python created, or that is damaged, is created again.
$(VENV)/.installed: requirements-dev.txt pyproject.toml
	@$(PYTHON) $(SUPPORTED) || { echo "Rowtide needs Python 3.11 or later, and $(PYTHON) is not." \
	  "Name another one, for example: make setup PYTHON=python3.11"; false; }
	@echo "Installing the requirements into $(VENV). This takes up to a minute."
	@$(BIN)/python $(SUPPORTED) 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# The page's JavaScript libraries. If npm is not installed, it comes from a wheel.
search_api/pages/static/vendor/.installed: package.json package-lock.json requirements-npm.txt | $(VENV)/.installed
	test -x "$(NPM)" || $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-npm.txt
	PATH="$(CURDIR)/$(BIN):$$PATH" "$(NPM)" ci --silent
	PATH="$(CURDIR)/$(BIN):$$PATH" "$(NPM)" run --silent vendor
	touch $@

browser: ## Install Chromium for the page's tests, unless it is installed.
	@test -n "$$ROWTIDE_CHROMIUM" || command -v chromium chromium-browser google-chrome >/dev/null \
	|| { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
	|| { echo "The page's tests need Chromium: install the package chromium, or set ROWTIDE_CHROMIUM to its path."; false; }

compose: ## Install docker-compose, which validates infra/compose.yaml without an engine, unless it is installed.
	@command -v docker-compose >/dev/null \
	|| { apt-get update -qq && apt-get install -y -qq --no-install-recommends docker-compose >/dev/null; } \
	|| { echo "The test of infra/compose.yaml needs docker-compose: install the package docker-compose."; false; }

# Spelling is checked in the product and its documentation; tests contain mistyped words on purpose. The rules of
# docs/style/phrases.toml are a unit test: tests/unit/docs/test_prose.py.
PROSE := $(wildcard *.md) docs rowtide cdc connections http_server read_model sync_worker search_api infra writer

# mypy runs on one core, and some tests wait for a server or a limit: side by side, both cores are used.
check: setup ## Run lint, types, import contracts, prose, unit and property tests: about a minute.
	@$(MAKE) --no-print-directory --jobs=2 static quick-tests

static: setup ## Run lint, types, import contracts and prose.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/codespell $(PROSE)

# Loading the plugin of schemathesis, which only server tests use, takes each process two seconds.
quick-tests: setup ## Run unit and property tests.
	$(BIN)/pytest -q -p no:schemathesis -n auto --dist worksteal tests/unit tests/properties

test: check browser compose ## Run all tests, with real servers.
	$(BIN)/pytest -q tests/integration tests/e2e

AUDIT := $(VENV)/audit/bin
# --strict: an index that does not answer for a package is a failure, and not a package without faults.
audit: setup ## Ask the package indexes for known vulnerabilities of everything that is pinned; not part of the checks.
	test -x $(AUDIT)/pip-audit || { $(PYTHON) -m venv $(VENV)/audit \
	&& $(AUDIT)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-audit.txt; }
	for file in requirements*.txt; do $(AUDIT)/pip-audit --strict --disable-pip --require-hashes -r $$file || exit 1; done
	PATH="$(CURDIR)/$(BIN):$$PATH" "$(NPM)" audit

up: setup ## Start the servers in the background.
	$(BIN)/rowtide up

down: setup ## Stop the servers.
	$(BIN)/rowtide down

demo: setup ## Run the whole pipeline live in the terminal; Ctrl-C stops it.
	$(BIN)/rowtide demo

smoke: setup ## Run a fixed workload through the pipeline; the last line is JSON, "divergent" must be 0.
	$(BIN)/rowtide smoke

screenshots: setup browser ## Take the screenshots in docs/images; `make demo` must be running.
	$(BIN)/python -m docs.screenshots

bench: setup ## Measure rates and latencies; the last line is JSON.
	$(BIN)/python -m tests.bench

relevance: setup ## Measure how well hits are ranked, by class of queries; the last line is JSON.
	$(BIN)/python -m tests.relevance

SEED ?= 1
MINUTES ?= 10
chaos: setup ## Run random writes and faults on private servers; the last line is JSON, "divergent" must be 0.
	$(BIN)/python -m tests.chaos --seed $(SEED) --minutes $(MINUTES)

clean: ## Delete everything that these targets created, including the servers' data.
	rm -rf $(VENV) node_modules search_api/pages/static/vendor .rowtide .mypy_cache .ruff_cache .pytest_cache .hypothesis
