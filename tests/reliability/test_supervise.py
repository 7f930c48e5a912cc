"""The inbox outlives whatever a batch dies of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from csms.app import Centre
from csms.inbox.writer import Writer
from csms.kit.db import Db
from tests.reliability.sockets import metered

Dial = Callable[..., Any]


async def test_the_inbox_outlives_whatever_a_batch_dies_of(
    db: Db, centre: Centre, dial: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that broke is tried again; a message nothing foresaw is kept apart and acknowledged."""
    one, other = await dial(centre, "S-1"), await dial(centre, "S-2")
    for socket in (one, other):
        await socket.ask("Heartbeat", {})  # so that its arrival is on record
    write, broken = Writer.write, iter([asyncpg.InternalClientError("another operation is in progress")])

    async def worse(writer: Writer, conn: Any, batch: Any, *, projected: bool = True) -> Any:
        for error in broken:
            raise error
        if projected and any(entry.line.station == "S-2" for entry in batch):
            raise RuntimeError("nobody thought of this")
        return await write(writer, conn, batch, projected=projected)

    monkeypatch.setattr(Writer, "write", worse)
    assert await one.ask("MeterValues", metered(1)) == {}
    assert await other.ask("MeterValues", metered(2)) == {}
    assert [r["station"] for r in await db.fetch("select station from quarantine")] == ["S-2"]
    assert [r["station"] for r in await db.fetch("select station from readings")] == ["S-1"]
    assert await one.ask("Heartbeat", {})
