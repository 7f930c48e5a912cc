"""A central system in the test's own process, and stations that are nothing but a socket."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from csms.app import Centre, CentreOptions
from csms.kit.db import Db
from tests.reliability.sockets import Socket
from tools.chaos.processes import NatsServer

MakeCentre = Callable[..., Any]


@pytest.fixture
async def centres(db: Db) -> AsyncIterator[MakeCentre]:
    """Makes central systems that take everybody in."""
    made: list[Centre] = []

    async def make(**options: Any) -> Centre:
        centre = Centre(db, CentreOptions(unknown_stations="accept", accept_unknown_tokens=True, **options))
        centre.port = await centre.start("127.0.0.1", 0)  # type: ignore[attr-defined]
        made.append(centre)
        return centre

    yield make
    for centre in made:
        await centre.stop()


@pytest.fixture
async def centre(centres: MakeCentre) -> Centre:
    return await centres()


@pytest.fixture
async def dial() -> AsyncIterator[Callable[..., Any]]:
    """Connects bare sockets, and closes them after the test."""
    made: list[Socket] = []

    async def connect(centre: Any, station: str, protocol: str = "ocpp1.6") -> Socket:
        made.append(await Socket.open(f"ws://127.0.0.1:{centre.port}/ocpp/{station}", protocol))
        return made[-1]

    yield connect
    for socket in made:
        await socket.close()


@pytest.fixture
async def nats() -> AsyncIterator[NatsServer]:
    """A real NATS server of the test's own: it may be killed and started again."""
    with tempfile.TemporaryDirectory(prefix="ohmbudsman-nats-") as folder:
        server = NatsServer(Path(folder))
        await server.start()
        yield server
        await server.end()
