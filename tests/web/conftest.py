"""Fixtures for tests of the pages."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from tests.web.browser import opened
from tests.web.stage import Stage, stage


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with opened() as made:
        yield made


@pytest.fixture
async def staged(dsn: str) -> AsyncIterator[Stage]:
    """A running product of the test's own."""
    async with stage(dsn) as made:
        yield made
