# Two commands do everything: `make demo` and `make test`. What is missing they install, once.
SHELL := /bin/sh
PY := .venv/bin/python
WORKERS ?= 2
QUICK := $(addprefix tests/,app chain control core exchange journal paper/engine protocols setting_types telemetry)
COMPILE := uv pip compile -q --universal --generate-hashes --no-header --no-annotate --python-version 3.11

.PHONY: help setup demo quick test soak testtools check image-check dist bench docs docs-site screenshot pictures lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/'

setup: .venv/installed node_modules/installed ## virtual environment, node, contracts

.venv/installed: requirements-dev.lock pyproject.toml
	@tools/need 'python3 -c "import sys; assert sys.version_info >= (3, 11)"' python3
	@tools/need 'python3 -c "import venv, ensurepip"' python3-venv
	@echo "setting up .venv (a minute, once)"
	@python3 -m venv .venv
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(PY) -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

node_modules/installed: package-lock.json
	@tools/need 'npm --version' nodejs npm
	@echo "setting up the local chain (anvil, Uniswap contracts)"
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

demo: setup ## the main job: a local chain with real pools, hedged on paper
	@$(PY) -m bot demo

quick: setup ## the unit tiers, within a minute on two cores
	@$(PY) -m pytest -n $(WORKERS) --dist worksteal -q -m "not chain and not slow and not campaign" --hypothesis-profile=quick $(QUICK)

test: setup testtools ## every test
	@$(PY) -m pytest -n $(WORKERS) --dist worksteal -q

soak: setup testtools ## the demo for 15 minutes, the whole fault matrix, planted bugs, the frontier, the evidence, many more examples
	@$(PY) -m tests.e2e.soak
	@$(PY) -m tests.faults.soak
	@$(PY) -m tests.wires
	@$(PY) -m tests.scenarios
	@$(PY) -m tests.scenarios.trend
	@$(PY) -m tests.frontier
	@$(PY) -m tests.evidence
	@$(PY) -m tests.planted
	@$(PY) -m pytest -n $(WORKERS) --dist worksteal -q -m campaign --timeout 1200
	@$(PY) -m pytest -n $(WORKERS) --dist worksteal -q --hypothesis-profile=soak $$(grep -rl hypothesis --include='test_*.py' tests)

testtools: ## what some tests need besides: a browser, a broker, promtool
	@PATH=$$PATH:/usr/sbin tools/need 'command -v chromium && command -v mosquitto && command -v mosquitto_pub && command -v promtool' \
	  chromium mosquitto mosquitto-clients prometheus || echo "the tests that need them are skipped" >&2

check: setup docs-site ## format, lint, types, layers, the documentation's links
	@$(PY) -m ruff format --check -q .
	@$(PY) -m ruff check -q .
	@$(PY) -m mypy
	@.venv/bin/lint-imports --no-logo

image-check: setup ## try the built image dnbot inside buildah (as root): size, doctor, 20 blocks
	@$(PY) -m tests.docker.image localhost/dnbot

dist: setup ## build wheel and source archive, and try the wheel in a bare virtual environment
	@$(PY) -m tests.tools.dist

bench: setup ## performance figures, as ratios in one run
	@$(PY) -m tests.bench

docs: setup ## write the pages of docs/ that the code knows best
	@$(PY) -m tests.tools.docs

docs-site: setup .venv-docs/installed ## the documentation as a site with search, in var/site/html
	@$(PY) -m tests.tools.site

.venv-docs/installed: requirements-docs.lock
	@echo "setting up .venv-docs (seconds, once)"
	@python3 -m venv .venv-docs
	@.venv-docs/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-docs.lock
	@touch $@

screenshot: setup testtools ## write docs/status-page.png
	@$(PY) -m tests.tools.screenshot

pictures: setup ## write docs/attribution.png and docs/frontier.png, of a generated month
	@$(PY) -m bot report -c config/paper-mainnet.toml --data config/scenarios/generated.toml -o var/pictures/attribution.html --png
	@$(PY) -m bot sweep -c config/paper-mainnet.toml --data config/scenarios/generated.toml \
	  --set hedge.band.risk_aversion=5,15,50,150,500 -o var/pictures
	@cp var/pictures/attribution.png var/pictures/frontier.png docs/

lock: ## write the lock files again (needs uv)
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) pyproject.toml --extra demo --extra research --group dev -o requirements-dev.lock
	$(COMPILE) --group build -o requirements-build.lock
	$(COMPILE) --group docs -o requirements-docs.lock
	npm install --package-lock-only --no-audit --no-fund

clean: ## everything that setup and runs made
	rm -rf .venv .venv-docs node_modules var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
