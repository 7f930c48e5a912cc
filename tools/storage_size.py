"""Bytes a station and year: fill a month of frames and readings, thin it, and measure.

    python -m tools.storage_size --stations 5 --days 10
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from csms import partitions, storage
from csms.kit import logs
from csms.kit.db import connect
from csms.kit.migrate import migrate
from csms.kit.postgres import EmbeddedPostgres

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
DAY_FRAMES = {"Heartbeat": 288, "MeterValues": 480, "StatusNotification": 30, "Start/StopTransaction": 12}
"""A busy station's day: a heartbeat each 5 minutes, six sessions of 40 minutes sampled each 30 seconds."""

QUESTION = (
    '[2,"6f1d2c0e-9c5e-4a0b-8a53-0d8b6a7c1f11","MeterValues",{"connectorId":1,"transactionId":4711,"meterValue":'
    '[{"timestamp":"2026-03-01T08:00:00.000Z","sampledValue":[{"value":"1834220","context":"Sample.Periodic",'
    '"measurand":"Energy.Active.Import.Register","unit":"Wh"},{"value":"59804","context":"Sample.Periodic",'
    '"measurand":"Power.Active.Import","unit":"W"},{"value":"151.2","measurand":"Current.Import","unit":"A"},'
    '{"value":"47","measurand":"SoC","unit":"Percent"}]}]}]'
)
SHORT = '[2,"6f1d2c0e-9c5e-4a0b-8a53-0d8b6a7c1f11","Heartbeat",{}]'
ANSWER = '[3,"6f1d2c0e-9c5e-4a0b-8a53-0d8b6a7c1f11",{"currentTime":"2026-03-01T08:00:00.123Z"}]'


async def fill(conn: Any, station: str, days: int) -> tuple[int, int]:
    """Rows as the inbox writes them, by COPY; (frames, readings)."""
    asked = sum(DAY_FRAMES.values())
    step = timedelta(days=1) / asked
    frames, readings = [], []
    for n in range(asked * days):
        at = BEGIN + n * step
        sampled = n % asked < DAY_FRAMES["MeterValues"]
        hash = n.to_bytes(32, "big")
        action = "MeterValues" if sampled else "Heartbeat"
        id = "6f1d2c0e-9c5e-4a0b-8a53-0d8b6a7c1f11"
        text = QUESTION if sampled else SHORT
        frames.append((station, 2 * n + 1, at, at if sampled else None, "received", id, action, text, 1, hash, hash))
        frames.append((station, 2 * n + 2, at, None, "sent", id, action, ANSWER, 1, hash, hash))
        if sampled:
            readings.append((station, 1, at, at, "Sample.Periodic", str(n // 80), 1e6 + n, 59804.0, 151.2, 47.0, n))
    await conn.copy_records_to_table("frames", records=frames, columns=[
        "station", "seq", "received_at", "at", "kind", "message_id", "action", "frame", "session", "hash", "prev_hash",
    ])
    await conn.copy_records_to_table("readings", records=readings, columns=[
        "station", "evse", "at", "received_at", "context", "said", "energy_wh", "power_w", "current_a", "soc_percent",
        "seq",
    ])
    return len(frames), len(readings)


SIZES = """
    select pg_table_size(c.oid) as rows, pg_indexes_size(c.oid) as indexes from pg_class c where c.relname = $1
"""


async def measure(stations: int, days: int) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="ohmbudsman-size-", ignore_cleanup_errors=True) as folder:
        postgres = EmbeddedPostgres(Path(folder))
        dsn = await postgres.start()
        try:
            await migrate(dsn)
            async with await connect(dsn, most=2) as db, db.acquire() as conn:
                return await _measured(conn, stations, days)
        finally:
            await postgres.stop()


async def _measured(conn: Any, stations: int, days: int) -> list[str]:
    await partitions.cover(conn, [BEGIN])
    made = [await fill(conn, f"STATION-{n:05}", days) for n in range(stations)]
    frames, readings = (sum(column) for column in zip(*made, strict=True))
    await conn.execute("vacuum analyze frames_2026_03")
    await conn.execute("vacuum analyze readings_2026_03")
    scale = 365 / days / stations / 1024**2
    told = []
    for table, rows in (("frames", frames), ("readings", readings)):
        size = await conn.fetchrow(SIZES, f"{table}_2026_03")
        told.append(_line(table, rows, size, scale))
    policy = replace(storage.Policy(), frames=None, readings=None, steps=None)
    (step,) = await storage.due(conn, [], policy, BEGIN + timedelta(days=200))
    removed = await storage.carry_out(conn, step, policy, BEGIN + timedelta(days=200))
    size = await conn.fetchrow(SIZES, "readings_2026_03")
    return [*told, _line("readings, thinned", readings - removed, size, scale)]


def _line(name: str, rows: int, size: asyncpg.Record, scale: float) -> str:
    total = size["rows"] + size["indexes"]
    return (f"| {name} | {rows:,} | {size['rows'] / rows:.0f} | {size['indexes'] / rows:.0f} | "
            f"{total * scale:,.0f} MiB |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=5)
    parser.add_argument("--days", type=int, default=10)
    given = parser.parse_args()
    logs.configure(level="warning")
    print("| table | rows measured | bytes a row | of indexes | a station and year |\n|---|---|---|---|---|")
    print("\n".join(asyncio.run(measure(given.stations, given.days))))


if __name__ == "__main__":
    main()
