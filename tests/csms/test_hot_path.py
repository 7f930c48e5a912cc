"""A steady stream of meter values costs one statement a batch, and its own rows; nothing else."""

from __future__ import annotations

from typing import Any

from csms.inbox import Entry, Writer
from csms.journal import Line
from csms.kit.clock import SetClock
from csms.kit.db import Db
from csms.ocpp import decode
from csms.vocabulary import Message


def metered(n: int) -> Message:
    sample = {"timestamp": f"2026-11-22T04:00:{n:02}Z", "sampledValue": [{"value": "5"}]}
    return decode("ocpp1.6", "MeterValues", {"connectorId": 1, "transactionId": 5, "meterValue": [sample]}).message


def batch(clock: SetClock, n: int) -> list[Entry]:
    return [
        Entry(Line(f"CS-{i}", clock(), "received", "[]", f"m{n}", "MeterValues"), metered(n), lambda _: "[3]")
        for i in range(3)
    ]


async def test_a_batch_of_meter_values_is_one_statement_whatever_its_size(db: Db, clock: SetClock) -> None:
    writer, asked = Writer(), []

    def note(record: Any) -> None:
        asked.append(" ".join(record.query.split())[:40])

    async with db.acquire() as conn:
        for n in range(3):
            asked.clear()
            conn.add_query_logger(note)
            async with conn.transaction():
                writer.committed(await writer.write(conn, batch(clock, n)))
            conn.remove_query_logger(note)
    assert [q for q in asked if q not in ("BEGIN;", "COMMIT;")] == ["with entries as ( select * from unnest($"]
    kept = await db.fetchrow("""
        select (select count(*) from frames) as frames, (select count(*) from readings) as readings,
            (select count(*) from heads where seq = 6) as heads, (select count(*) from events) as events
    """)
    assert dict(kept) == {"frames": 3 * 3 * 2, "readings": 3 * 3, "heads": 3, "events": 0}
