# Each target sets up what it needs. Python 3.11+ and make are all that is asked for.
PY ?= python3
BIN := .venv/bin

.PHONY: setup demo test check bench scale cases

setup: .venv/.ready

.venv/.ready: requirements.lock requirements-dev.lock pyproject.toml
	$(PY) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements.lock -r requirements-dev.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup
	$(BIN)/ohmbudsman demo

test: setup
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

check: setup
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python -m tools.bench

scale: setup
	$(BIN)/python -m tools.bench scale
