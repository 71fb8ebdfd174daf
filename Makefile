# Everything here needs Python 3.11+ and make; `make ui-dev` needs Node.js too. `make serve` and `make test` set
# themselves up.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
HOST ?= 127.0.0.1
PORT ?= 8000
WORKERS ?= 4
# How many processes share the tests of `make test`; 0: all are run in one, in their order.
TEST_PROCESSES ?= 0
# For `make bench`: cases (none: all), rounds, and seconds of load per peer and round.
CASES ?=
ROUNDS ?= 5
SECONDS ?= 3

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

serve: $(VENV)/.pages  ## serve the demo deployment on http://127.0.0.1:8000
	$(BIN)/uvicorn app.server:app --host $(HOST) --port $(PORT) --no-access-log --no-proxy-headers

serve-workers: $(VENV)/.pages  ## the same under gunicorn with WORKERS=4 processes
	MOORAGE_BIND=$(HOST):$(PORT) MOORAGE_WORKERS=$(WORKERS) $(BIN)/gunicorn -c config/gunicorn.conf.py app.server:app

test: $(VENV)/.dev $(VENV)/.pages js-clients ui-check  ## run every test
	$(BIN)/pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

check: $(VENV)/.dev  ## lint, format, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev  ## let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

ui-dev: ui/node_modules/.ready  ## serve the web pages from their sources, in front of MOORAGE_DEV_SERVER
	npm --prefix ui run --silent dev

ui-screenshots: $(VENV)/.dev  ## take the pictures of the web pages for the documentation again
	$(BIN)/python -m tests.pages.screenshots

bench: $(VENV)/.dev benchmarks/.peer/.ready benchmarks/.langgraph-dev/.ready  ## measure side by side with LangServe, langgraph dev and code written by hand
	@command -v wrk >/dev/null || { echo "make bench needs wrk: apt-get install wrk"; exit 1; }
	$(BIN)/python -m benchmarks $(CASES) --rounds $(ROUNDS) --seconds $(SECONDS)

docs-reference: $(VENV)/.dev  ## write the pages that are generated from the code
	$(BIN)/moorage config --example > .env.example
	$(BIN)/moorage config --settings moorage:Settings --reference > docs/reference/settings.md
	$(BIN)/python -m moorage.project.pages > docs/reference/langgraph-json.md
	$(BIN)/python -m tests.protocols.compatibility > docs/compatibility.md

lock:  ## pin the newest versions that pyproject.toml allows (needs uv)
	uv pip compile pyproject.toml --all-extras --group demo --universal --python-version 3.11 \
	  --no-header --no-annotate --no-emit-index-url -q -U -o requirements.lock
	uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
	  --no-header --no-annotate --no-emit-index-url -q -U -c requirements.lock -o requirements-dev.lock

clean:  ## remove what these recipes made
	rm -rf $(VENV) tests/clients/node_modules benchmarks/.peer benchmarks/.langgraph-dev ui/node_modules src/moorage/_pages

$(VENV)/.serve: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	MOORAGE_UI=skip $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

# Installs once more, with the web pages; hatch_build.py builds them if they are missing or old.
$(VENV)/.pages: $(VENV)/.serve hatch_build.py $(shell find ui -path ui/node_modules -prune -o -type f -print)
	@MOORAGE_UI=$${MOORAGE_UI:-require} $(BIN)/python -m pip install --disable-pip-version-check --no-deps -e . \
	  >$(VENV)/pages.log 2>&1 && touch $@ || { grep -m 1 PagesNotBuiltError: $(VENV)/pages.log; \
	  echo "The web pages are not built; the service works without. More is in $(VENV)/pages.log."; test -z "$$MOORAGE_UI"; }

$(VENV)/.dev: requirements-dev.lock $(VENV)/.serve
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	touch $@

# LangServe in an environment of its own, with the versions of all it shares with moorage.
benchmarks/.peer/.ready: benchmarks/peer-requirements.txt requirements-dev.lock
	test -x benchmarks/.peer/bin/python || $(PYTHON) -m venv benchmarks/.peer
	benchmarks/.peer/bin/python -m pip install --quiet --disable-pip-version-check \
	  -r benchmarks/peer-requirements.txt -c requirements-dev.lock
	touch $@

# LangGraph's development server, in an environment of its own.
benchmarks/.langgraph-dev/.ready: benchmarks/langgraph-dev-requirements.txt
	test -x benchmarks/.langgraph-dev/bin/python || $(PYTHON) -m venv benchmarks/.langgraph-dev
	benchmarks/.langgraph-dev/bin/python -m pip install --quiet --disable-pip-version-check \
	  -r benchmarks/langgraph-dev-requirements.txt
	touch $@

# The JavaScript clients under test. Without Node.js their tests are skipped, and say so; CI refuses that.
js-clients: $(if $(shell command -v npm 2>/dev/null),tests/clients/node_modules/.ready)

tests/clients/node_modules/.ready: tests/clients/package-lock.json
	npm --prefix tests/clients ci --silent --no-fund --no-audit
	touch $@

# The logic and the style of the web pages. Without Node.js on the path there is nothing to check them with.
ui-check: $(if $(shell command -v npm 2>/dev/null),ui/node_modules/.ready)
	$(if $<,npm --prefix ui run --silent check,@echo "no Node.js: the web pages are not checked")

ui/node_modules/.ready: ui/package-lock.json
	npm --prefix ui ci --silent --no-fund --no-audit
	touch $@

.PHONY: help serve serve-workers test check format bench docs-reference lock clean js-clients ui-check ui-dev ui-screenshots
