# alertd: `make demo` shows it, `make test` proves it. Both make the environment first if it is not there.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))
PYTHON ?= $(firstword $(foreach found,python3 python3.12 python3.11,$(shell \
  $(found) -c '$(SUPPORTED)' 2>/dev/null && echo $(found))) python3)
VENV ?= .venv
WORKERS ?= 2
PYTEST_ARGS ?=
PREFIX ?=
WHEEL_LIMIT_MB ?= 60

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
CHECKED := $(wildcard alertd benchmarks tests training) requirements/lock.py requirements/audit.py

RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed

.PHONY: help demo test lint format types audit lock wheel sdist install wheel-check sdist-check env dev clean

help: ## says what each target does
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo: $(RUNTIME) ## runs the real daemon against a small recorded news day, on loopback
	@$(BIN)/alertd demo

test: $(DEV) ## runs the whole test suite (PYTEST_ARGS adds options, WORKERS sets processes)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(PYTEST_ARGS)

lint: $(DEV) ## ruff check and ruff format --check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(DEV) ## rewrites the source as ruff would have it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(DEV) ## mypy --strict
	$(BIN)/mypy --strict $(CHECKED)

env: $(RUNTIME) ## makes the environment that runs alertd

dev: $(DEV) ## makes the environment that tests alertd

$(BIN)/python:
	@$(PYTHON) -c '$(SUPPORTED)' \
	  || { echo "alertd needs Python 3.11 or 3.12, $(PYTHON) is another: say make PYTHON=python3.12 …" >&2; exit 2; }
	@echo "making the environment in $(VENV), which takes a minute or two the first time" >&2
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(RUNTIME): requirements/runtime.lock pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --require-hashes -r requirements/runtime.lock
	$(PIP) install --quiet --no-deps --editable .
	@touch $@

$(DEV): requirements/dev.lock requirements/runtime.lock pyproject.toml | $(BIN)/python
	$(PIP) install --quiet -r requirements/dev.lock
	$(PIP) install --quiet --no-deps --editable .
	@touch $(RUNTIME) $@

audit: $(DEV) ## asks whether what alertd depends on has known holes (requirements/audit.toml accepts some)
	$(BIN)/python requirements/audit.py

lock: $(DEV) ## resolves the dependencies anew and pins them in requirements/
	$(BIN)/python requirements/lock.py

wheel: | $(BIN)/python ## builds the wheel into dist/
	@rm -rf dist
	$(PIP) wheel --quiet --no-deps --wheel-dir dist .
	@ls -sh dist

sdist: $(DEV) ## builds the source distribution into dist/
	@rm -f dist/*.tar.gz
	$(BIN)/python -m build --sdist --outdir dist . >/dev/null
	@ls -sh dist

install: wheel ## installs the wheel and its pinned dependencies into a new environment at PREFIX
	@test -n "$(PREFIX)" || { echo "say where: make install PREFIX=/opt/alertd" >&2; exit 2; }
	$(PYTHON) -m venv --clear $(PREFIX)
	@pip="$(PREFIX)/bin/python -m pip --disable-pip-version-check --no-input"; \
	$$pip install --quiet --no-cache-dir --require-hashes -r requirements/runtime.lock; \
	$$pip install --quiet --no-cache-dir --no-deps dist/*.whl; \
	$$pip check

wheel-check: ## proves that the wheel is whole: small enough, no torch, its command runs away from the source
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	$(MAKE) --no-print-directory install PREFIX="$$folder/env"; \
	bytes=$$(stat -c %s dist/*.whl); \
	(( bytes < $(WHEEL_LIMIT_MB) * 1000000 )) || { echo "the wheel has $$bytes bytes" >&2; exit 1; }; \
	cd "$$folder"; \
	env/bin/python -c 'import importlib.util as u; assert u.find_spec("torch") is None, "torch was pulled in"'; \
	env/bin/alertd --help > help.txt; \
	echo '{"id": 1, "title": "Nvidia raises its outlook for the year"}' | env/bin/alertd tag --jsonl | grep -q '"NVDA"'; \
	echo "the wheel is whole: $$bytes bytes"

sdist-check: sdist ## proves that the source distribution makes the same wheel, which installs and runs
	$(BIN)/python -m twine check --strict dist/*
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	$(PIP) wheel --quiet --no-deps --wheel-dir "$$folder" dist/*.tar.gz; \
	listed() { $(BIN)/python -m zipfile --list "$$1" | awk 'NR > 1 {print $$1, $$NF}' | sort; }; \
	if compgen -G 'dist/*.whl' >/dev/null; then \
	  diff <(listed dist/*.whl) <(listed "$$folder"/*.whl) >&2 || { echo "the source makes another wheel" >&2; exit 1; }; \
	fi; \
	$(PYTHON) -m venv "$$folder/env"; \
	pip="$$folder/env/bin/python -m pip --disable-pip-version-check --no-input"; \
	$$pip install --quiet --require-hashes -r requirements/runtime.lock; \
	$$pip install --quiet --no-deps "$$folder"/*.whl; \
	$$pip check; \
	bytes=$$(stat -c %s dist/*.tar.gz); cd "$$folder"; \
	env/bin/alertd init --company NVDA >/dev/null 2>&1; \
	env/bin/alertd check >/dev/null; \
	env/bin/alertd explain "Nvidia raises its outlook for the year" | grep -q '^FIRES'; \
	echo "the source distribution is whole: $$bytes bytes"

clean: ## removes the environment and what was built
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache
