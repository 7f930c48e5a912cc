# Each target sets up what it needs. Python 3.11+ and make are all that is asked for.
PY ?= python3
BIN := .venv/bin
# One more than cores: many tests wait for a browser, a timer or a process of their own.
WORKERS := $(shell $(PY) -c "import os; print(min(4, os.cpu_count() + 1))")

# The tests start dozens of processes of ours; without byte code each of them compiles everything first.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test check bench scale fuzz audit

setup: .venv/.ready

.venv/.ready: requirements.lock requirements-dev.lock pyproject.toml
	$(PY) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements.lock -r requirements-dev.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup
	$(BIN)/ohmbudsman demo

test: setup
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

check: setup
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python -m tools.bench

scale: setup
	$(BIN)/python -m tools.bench scale

fuzz: setup
	$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements-fuzz.lock
	$(BIN)/python -m tools.fuzz --seconds 3600

# Known weaknesses of what is pinned; asks an advisory database on the network.
audit:
	$(PY) -m venv .venv-audit
	.venv-audit/bin/python -m pip install -q --disable-pip-version-check pip-audit
	.venv-audit/bin/pip-audit --no-deps --disable-pip -r requirements.lock -r requirements-dev.lock
