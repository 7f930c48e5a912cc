from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from charger_emulator import Station
from charger_emulator.pytest_plugin import QUICK, charger  # noqa: F401 - the fixture
from tests.emulator.scripted_central import Central


@pytest.fixture
async def central() -> AsyncIterator[Central]:
    """A scripted central system; every frame it saw must have been valid."""
    central = Central()
    await central.open()
    yield central
    await central.close()
    assert not central.invalid


@pytest.fixture
async def station(central: Central) -> AsyncIterator[Callable[..., Any]]:
    """Makes started stations whose minute lasts a second, and ends them after the test."""
    made: list[Station] = []

    async def make(protocol: str = "ocpp1.6", **options: Any) -> Station:
        options = {"time_scale": 60.0, "boot_time_s": 3.0, "backoff": QUICK} | options
        start = {"wait": options.pop("wait", True), "online": options.pop("online", True)}
        one = Station(central.url, options.pop("id", "CS-1"), protocol, **options)
        made.append(one)
        await one.start(**start)
        return one

    yield make
    for one in made:
        await one.shutdown()


@pytest.fixture(params=["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
def version(request: pytest.FixtureRequest) -> str:
    return request.param
