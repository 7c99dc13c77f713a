# Two commands do everything, including set-up: make demo, make test.
PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
RUN := $(VENV)/.run-stamp
DEV := $(VENV)/.dev-stamp
CHECKERS := tests/npm/node_modules/.checkers-stamp
EDITOR := web/editor/node_modules/.editor-stamp

.DEFAULT_GOAL := help
.PHONY: help demo test proof checkers mailservers editor same-editor pictures coverage check lint cases bench wheel clean lock

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

demo: $(RUN) ## a whole sending on this machine; ARGS="--once --json" go to pli demo
	@$(BIN)/pli demo $(ARGS)

# On a machine that lets Python write no bytecode, each worker would compile all tests anew: 4 s of
# CPU for each (measured on 2026-11-28).
test proof coverage: export PYTHONDONTWRITEBYTECODE :=

test: $(DEV) ## the tests but for those of make proof; ARGS go to pytest, and choose among all
	@$(BIN)/pytest -n auto --dist worksteal $(if $(ARGS),$(ARGS),-m "not proof")

proof: $(DEV) ## what takes longer: browsers in every width, kills at every step, all examples of properties
	@PLI_ALL_EXAMPLES=1 $(BIN)/pytest -n auto --dist worksteal -m "proof or hypothesis" $(ARGS)

checkers: $(CHECKERS) ## html-validate and vnu, by npm, for make proof

mailservers: ## Exim and OpenSMTPD, unpacked from Debian's packages into build/, for make proof
	@tests/unpack-mail-servers build/mail-servers

pictures: $(DEV) ## the pictures of docs/office.md and office-writing.md, anew from the pages
	@PLI_PICTURES=docs $(BIN)/pytest -q tests/web/office/test_pictures.py

editor: $(EDITOR) ## the script of the page for writing, from web/editor/ into web/static/, by Node
	@cd web/editor && node build.js && node --test --test-reporter=dot tests/*.test.js

# The wheel needs no Node: what it ships is committed, and must be what the sources make.
same-editor:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(EDITOR) \
	  && (cd web/editor && node build.js ../../build/editor) \
	  && diff -rq web/static build/editor >&2 || { echo 'web/static/ is not what web/editor/ makes: run "make editor"' >&2; exit 1; }; \
	else echo "Node is not installed: web/static/ was not compared with web/editor/" >&2; fi

coverage: $(DEV) ## the tests, and which lines they never reach: build/coverage/index.html
	@$(BIN)/pytest -n auto --dist worksteal --cov --cov-report=term:skip-covered \
	  --cov-report=html:build/coverage $(ARGS)

check: lint same-editor test ## ruff, mypy --strict, import-linter, the editor, then the tests

lint: $(DEV) ## ruff, mypy --strict, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

cases: $(DEV) ## inputs that went wrong once, from ../shared/cases; ARGS="letters" chooses
	@$(BIN)/python -m tests.cases $(ARGS)

bench: $(DEV) ## whole sendings against the wire's limit, into build/bench.md; ARGS="--only sqlite-8k"
	@$(BIN)/python -m benchmarks.wire $(ARGS)

wheel: $(DEV) ## one wheel into dist/
	@rm -rf dist && $(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist .
	@ls dist/*.whl

lock: $(DEV) ## write the two lock files anew from pyproject.toml
	@$(PIP) install uv
	@for extra in "requirements.lock" "requirements-dev.lock --extra dev"; do \
	  printf 'hatchling\neditables\n' | $(BIN)/uv pip compile --quiet --generate-hashes --universal \
	    --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header --no-annotate \
	    pyproject.toml - -o $$extra || exit 1; done

clean: ## remove what the commands made
	@rm -rf $(VENV) build dist tests/npm/node_modules web/editor/node_modules

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Pli needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")' >&2
	@$(PYTHON) -m venv $(VENV) >&2

$(RUN): requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing what Pli needs into $(VENV) (once) …" >&2
	@$(PIP) install --require-hashes -r requirements.lock >&2
	@$(PIP) install --no-deps --no-build-isolation -e . >&2
	@touch $@

$(CHECKERS): tests/npm/package-lock.json
	@cd tests/npm && npm ci
	@touch $@

$(EDITOR): web/editor/package-lock.json
	@cd web/editor && npm ci --no-audit --no-fund >&2
	@touch $@

$(DEV): requirements-dev.lock $(RUN)
	@echo "Installing the tests' tools into $(VENV) (once) …" >&2
	@$(PIP) install --require-hashes -r requirements-dev.lock >&2
	@touch $@
