"""Fixtures for tests of the central system."""

from tests.csms.rough import world  # noqa: F401 - the fixture
