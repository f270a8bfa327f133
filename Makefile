# `make run` and `make test` need Python 3.11 with venv, and make. Nothing else.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
WEB_PORT ?= 8026

.PHONY: run test long soak hosts seeds check docs bench build bundle sbom audit format lock clean
.DEFAULT_GOAL := run

## run: the daemon on the plan, mails into var/outbox, feeds and outbox on loopback
run: $(VENV)/.run
	@export REMINDER_CONFIG="$${REMINDER_CONFIG:-$(CURDIR)/config}"; \
	export REMINDER_WEB__PORT=$${REMINDER_WEB__PORT:-$(WEB_PORT)}; \
	export REMINDER_WEB__BASE_URL=$${REMINDER_WEB__BASE_URL:-http://127.0.0.1:$$REMINDER_WEB__PORT}; \
	exec $(BIN)/reminder run

## test: the whole suite; some of it waits for other processes, so one worker more than cores
WORKERS ?= $(shell echo $$(($$(nproc) + 1)))
test: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

## long: what the suite leaves out: browsers, hosts, kills, all pages of odd files, terms of all kinds
long: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --dist worksteal -m long $(ARGS)

## soak: killed at every step and at hundreds of random moments, then COUNT years with faults
soak: $(VENV)/.dev
	$(BIN)/python -m tests.soak.steps
	$(BIN)/python -m tests.soak.kills
	$(BIN)/python -m tests.soak.seeds --count $(or $(COUNT),1000)

## hosts: senders on hosts of their own (network namespaces, as root), in every kind of trouble
hosts: $(VENV)/.dev
	$(BIN)/python -m tests.soak.hosts $(ARGS)

## seeds: simulated years with faults: SEEDS="17 4711", or COUNT of them (24) from FIRST on
FIRST ?= 1
seeds: $(VENV)/.dev
	$(BIN)/python -m tests.soak.seeds $(if $(SEEDS),$(SEEDS),--first $(FIRST) --count $(or $(COUNT),24))

## check: format, lint, types (of tests only what a moved name breaks), layers
check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

## docs: what is made from the code: settings, commands, manual page, metrics, events
docs: $(VENV)/.dev
	$(BIN)/python -m scripts.reference

## bench: the product beside its limits, into docs/performance.md; QUICK=1 short, ONLY=part of it
bench: $(VENV)/.run
	$(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY))

## build: wheel and sdist into dist; the same commit gives the same bytes
DATED = SOURCE_DATE_EPOCH=$(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null),1580601600)
build: $(VENV)/.dev
	$(DATED) $(BIN)/python -m build --no-isolation --outdir dist .

## bundle: one archive for machines without internet; PLATFORMS=this for such as this one only
bundle: build
	$(DATED) $(BIN)/python -m scripts.release.bundle dist $(PLATFORMS)

## sbom: the bill of materials, dist/reminder.cdx.json
sbom: $(VENV)/.dev
	$(BIN)/python -m scripts.release.sbom dist/reminder.cdx.json

## audit: known weaknesses of what the locks pin; ADVISORIES=FOLDER reads a copy of them without internet
audit: $(VENV)/.dev
	$(BIN)/python -m scripts.release.audit $(if $(ADVISORIES),--advisories $(ADVISORIES)) $(if $(IF_REACHED),--if-reached)

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

## lock: the hashed lock files anew, without any registry's address, by a tool that is pinned too
COMPILE = .tools/bin/uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate
lock:
	$(PYTHON) -m venv .tools && .tools/bin/python -m pip install -q --require-hashes -r scripts/lock-tool.lock
	$(COMPILE) pyproject.toml scripts/build-requirements.in -o requirements.lock
	$(COMPILE) --extra dev pyproject.toml scripts/build-requirements.in -c requirements.lock -o requirements-dev.lock
	$(COMPILE) --extra channels --extra oauth --extra oidc pyproject.toml -c requirements-dev.lock -o requirements-extras.lock
	$(COMPILE) scripts/bundle-requirements.in -c requirements-dev.lock -o scripts/bundle.lock

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "reminder needs Python 3.11 or later; try: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) install -q --require-hashes -r requirements.lock
	$(PIP) install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	$(PIP) install -q --require-hashes -r requirements-dev.lock
	@touch $@

clean:
	rm -rf $(VENV) .tools dist .pytest_cache .mypy_cache .ruff_cache
