"""A pytest plugin: the fixture `charger` makes started stations and ends them after the test.

It is there wherever this package is installed; elsewhere a conftest says
`from charger_emulator.pytest_plugin import charger`. Needs pytest-asyncio, in either of its modes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from .station import Station
from .wire import Backoff

try:
    import pytest_asyncio as fixtures
except ImportError:  # whoever runs pytest for something else must not stumble over us
    fixtures = pytest  # type: ignore[misc]

QUICK = Backoff(minimum=0.02, maximum=0.2, jitter=0.02)

Charger = Callable[..., Awaitable[Station]]
"""`await charger(url, id, protocol, wait=True, **station_options)`; a minute lasts a second unless told otherwise."""


@fixtures.fixture
async def charger() -> AsyncIterator[Charger]:
    """Factory of started stations."""
    made: list[Station] = []

    async def make(
        url: str, id: str = "CS-1", protocol: str = "ocpp1.6", *, wait: bool = True, **options: Any
    ) -> Station:
        quick: dict[str, Any] = {"time_scale": 60.0, "boot_time_s": 3.0, "backoff": QUICK}
        station = Station(url, id, protocol, **(quick | options))
        made.append(station)
        await station.start(wait=wait)
        return station

    yield make
    for station in made:
        await station.shutdown()
