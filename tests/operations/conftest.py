"""Fixtures for tests of running the product."""

from charger_emulator.pytest_plugin import charger  # noqa: F401
