# `make` alone lists what there is. Everything runs inside .venv; nothing outside this folder is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# uv trusts its own list of authorities; this machine's, where there is one, also knows a company's proxy
CERTS := $(if $(wildcard /etc/ssl/certs/ca-certificates.crt),UV_SYSTEM_CERTS=1)
UV := $(CERTS) VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv
INSTALL := $(UV) pip install --quiet --require-hashes --no-deps
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-config

CORES = $(shell getconf _NPROCESSORS_ONLN)
# one more than there are cores: some tests wait for processes of their own
WORKERS = $(shell expr $(CORES) + 1)

.DEFAULT_GOAL := help
.PHONY: help setup demo test bench bench-quick browser simulate torture-quick torture pictures check format catalogs env lock clean

help: ## List these targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo '  ARGS="..." goes to the command: make demo ARGS="--people 240 --seed 7", make test ARGS="-k cadence"'

setup: $(VENV)/.ready-dev ## Make .venv with everything that users and developers need, and the command tenggat in it.

demo: $(VENV)/.ready ## Play the shipped campaign from notice to closing, on fake platforms and a virtual clock.
	@$(BIN)/python -m bot demo $(ARGS)

test: $(VENV)/.ready-dev ## Run the tests.
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal $(ARGS)

torture-quick: $(VENV)/.ready-dev ## Kill, starve, cut off and sabotage the program, and look for what was lost: minutes.
	@$(BIN)/python -m pytest -m "torture and not long" --numprocesses $(CORES) $(ARGS)

torture: $(VENV)/.ready-dev ## The same at full length, for hours; writes docs/guarantees.md.
	@mkdir -p .tenggat && rm -f .tenggat/figures.jsonl
	TENGGAT_FIGURES=.tenggat/figures.jsonl $(BIN)/python -m pytest -m torture $(ARGS)
	TENGGAT_FIGURES=.tenggat/figures.jsonl $(BIN)/python -m pytest tests/domain/test_calendar.py
	$(BIN)/python -m tools.guarantees .tenggat/figures.jsonl

simulate: $(VENV)/.ready ## Play 200 seeds of the simulation: every fault mixed, every rule checked.
	@$(BIN)/python -m bot simulate --seed 1 --seeds 200 --people 14 $(ARGS)

browser: $(VENV)/.ready-dev ## Drive the pages in a real browser (apt-get install chromium fonts-noto-core fonts-noto-cjk).
	@$(BIN)/python -m pytest -m browser $(ARGS)

bench: $(VENV)/.ready-dev ## Measure how fast it is, beside others: about a quarter of an hour.
	@$(BIN)/python -W ignore -m benchmarks $(ARGS)

bench-quick: $(VENV)/.ready-dev ## The same with less of everything: about two minutes.
	@$(BIN)/python -W ignore -m benchmarks --quick $(ARGS)

pictures: $(VENV)/.ready-dev ## Make the README's pictures from runs of the demo (needs what `make browser` needs).
	@$(BIN)/python -m tools.pictures
	@$(BIN)/python -m tools.stills

check: $(VENV)/.ready-dev ## Check style, types, floors and catalogs: what CI checks before the tests.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.catalogs check

format: $(VENV)/.ready-dev ## Rewrite the code in the house's layout.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

catalogs: $(VENV)/.ready-dev ## Bring the catalogs of words up to date with the code.
	$(BIN)/python -m tools.catalogs update

env: $(VENV)/.ready-dev ## Write .env.example from the settings in bot/config.py.
	$(BIN)/python -c 'from bot.config import example; print(example(), end="")' > .env.example

lock: $(BIN)/uv ## Choose the newest allowed versions of all dependencies and write them down.
	$(COMPILE) --upgrade pyproject.toml --extra otel --extra sentry --group dev --group bench --output-file requirements-dev.lock
	$(COMPILE) pyproject.toml --constraints requirements-dev.lock --output-file requirements.lock

clean: ## Remove .venv, caches and builds; databases in .tenggat/ stay.
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit("Tenggat needs Python 3.11 or newer: make PYTHON=python3.11 ..." \
		if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo 'Python cannot make a virtual environment here: apt-get install python3-venv' >&2; exit 1; }
	@echo 'Making $(VENV) (once) ...' >&2
	@$(PYTHON) -m venv $(VENV) >&2
	@awk '/^uv==/ { found = 1 } found { print } found && !/\\$$/ { exit }' requirements-dev.lock > $(VENV)/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		--requirement $(VENV)/uv.txt >&2

$(VENV)/.ready: requirements.lock | $(BIN)/uv
	@echo 'Installing what the program needs ...' >&2
	@$(INSTALL) --requirements requirements.lock >&2
	@touch $@

$(VENV)/.ready-dev: requirements-dev.lock pyproject.toml | $(BIN)/uv
	@echo 'Installing what developers need ...' >&2
	@$(INSTALL) --requirements requirements-dev.lock >&2
	@$(UV) pip install --quiet --no-deps --no-build-isolation --editable . >&2
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib bot >&2
	@touch $(VENV)/.ready $@
