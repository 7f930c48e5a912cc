"""A steady stream of meter values costs its own rows and nothing else."""

from __future__ import annotations

from typing import Any

from csms.inbox import Entry, Writer
from csms.journal import Line
from csms.kit.clock import SetClock
from csms.kit.db import Db
from csms.ocpp import decode


def batch(clock: SetClock, n: int) -> list[Entry]:
    return [
        Entry(Line(f"CS-{i}", clock(), "received", "[]", f"m{n}", "MeterValues"), decode("ocpp1.6", "MeterValues", {
            "connectorId": 1, "transactionId": 5, "meterValue": [
                {"timestamp": f"2026-11-22T04:00:{n:02}Z", "sampledValue": [{"value": "5"}]}]}).message)
        for i in range(3)
    ]


async def test_meter_values_of_a_known_transaction_ask_the_database_nothing(db: Db, clock: SetClock) -> None:
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
    assert [q for q in asked if not q.startswith(("BEGIN", "COMMIT"))] == [
        "insert into readings (station, evse, at,", "with moved as ( select * from unnest($1:"
    ]
