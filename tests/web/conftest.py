"""Fixtures for tests of the pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

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


@pytest.fixture
async def just_now(dsn: str) -> AsyncIterator[Stage]:
    """A running product whose bad session has only just ended, on a busy machine too.

    The driver writes before we open a case by ourselves, and his payment lies in the past and near its session.
    """
    async with stage(dsn, past=timedelta(minutes=12), pace=1) as made:
        yield made


@pytest.fixture
async def told(dsn: str) -> AsyncIterator[Stage]:
    """A product with people and one station's name, and no station connected."""
    async with stage(dsn, past=timedelta(0), pace=1) as made:
        await made.product.csms.put_station("CS-1", {"name": "One"}, [{"evse": 1, "connector": 1}])
        yield made
