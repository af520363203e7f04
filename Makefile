# One verb per job, the same by hand and in CI. `make` alone lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export PYTHON

PY := .venv/bin/python
FIRSTLINE := .venv/bin/firstline
SEED ?= 1
WORKERS ?= 3

RUN_STAMP := .venv/.run-is-installed
TEST_STAMP := .venv/.test-is-installed

.PHONY: help setup web compile demo serve check lint lint-format lint-rules lint-types lint-imports lint-measures lint-web test bench storm sim acceptance chaos reference lock

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: web compile ## make .venv with everything the server needs, build the pages and compile the core

web: $(RUN_STAMP) ## build the pages, if their sources are newer
	@$(PY) hatch_build.py

compile: $(RUN_STAMP) ## the core into machine code, if its sources are others than last time
	@$(PY) deploy/compile.py

demo: web compile ## the real server with customers and agents who play; ARGS="--seconds 30 --json"
	@$(FIRSTLINE) demo $(ARGS)

serve: web compile ## run the server; ARGS="--data DIR"
	@$(FIRSTLINE) serve $(ARGS)

lint: $(TEST_STAMP) ## formatting, rules, types, import contracts, the measures of our own code, the pages
	@$(MAKE) --keep-going lint-format lint-rules lint-types lint-imports lint-measures lint-web

lint-format:
	@echo "lint: formatting" && $(PY) -m ruff format --check --quiet .

lint-rules:
	@echo "lint: rules" && $(PY) -m ruff check --quiet .

lint-types:
	@echo "lint: types" && $(PY) -m mypy --no-error-summary

lint-imports:
	@echo "lint: import contracts" && told=$$(.venv/bin/lint-imports) || { echo "$$told"; exit 1; }

lint-measures:
	@echo "lint: measures" && $(PY) tests/tools/tidy.py

lint-web: web
	@echo "lint: pages" && $(PY) hatch_build.py check

check: lint ## lint, and the tests that need no server: a minute
	@$(PY) -m pytest -n $(WORKERS) --dist loadfile -q -m "not service and not slow" $(ARGS)

test: $(TEST_STAMP) web compile ## install what tests need (Debian packages too), then lint and every test
	@deploy/setup.sh servers
	@status=0; $(MAKE) lint || status=1; $(PY) -m pytest -n $(WORKERS) --dist loadfile $(ARGS) || status=1; exit $$status

bench: compile ## figures beside their reference; ARGS="push --json"
	@$(FIRSTLINE) bench $(or $(ARGS),push)

storm: compile ## 5,000 agents lose their connection at once and come back; ARGS="--clients 500 --json"
	@$(FIRSTLINE) bench storm $(ARGS)

sim: compile ## one world of the fault simulator, the same for the same SEED=n
	@$(PY) -m router.compiled router.simulate --seed $(SEED) $(ARGS)

sim-night: compile ## 10,000 worlds from SEED=n on, on all cores; ends with one summary and the failing seeds
	@$(PY) -m router.compiled router.simulate --seed $(SEED) --seeds 10000 --processes $$(nproc) $(ARGS)

acceptance: compile ## the figures of routing against theory: hours, goes on where it ended; ARGS="--only 1 --scale 0.01"
	@$(FIRSTLINE) simulate acceptance tests/theory/vectors-public.json --results var/acceptance.jsonl $(ARGS)

chaos: $(TEST_STAMP) compile ## real processes, real kills, as root; ARGS="--seconds 60 --seed 1 --json"
	@deploy/setup.sh servers
	@$(PY) -m tests.chaos $(ARGS)

reference: $(TEST_STAMP) ## write docs/reference anew from the code
	@$(PY) -m tests.tools.reference

lock: $(TEST_STAMP) ## resolve the dependencies of pyproject.toml, with hashes; ARGS=--upgrade takes newer versions
	@$(PY) -m uv pip compile --quiet --universal --generate-hashes --python-version 3.11 pyproject.toml --group build -o requirements.lock $(ARGS)
	@$(PY) -m uv pip compile --quiet --universal --generate-hashes --python-version 3.11 pyproject.toml --group build --group dev -c requirements.lock -o requirements-dev.lock

$(RUN_STAMP): requirements.lock pyproject.toml
	@deploy/setup.sh run
	@touch $@

$(TEST_STAMP): requirements-dev.lock pyproject.toml
	@deploy/setup.sh test
	@touch $(RUN_STAMP) $@
