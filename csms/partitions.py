"""Partitions: a month of frames, readings and steps each, made before they are needed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from csms.kit.db import Conn

TABLES = ("frames", "readings", "steps")
MOST = 240
"""History is brought in at most so many months at once; what lies outside goes to the rest partition."""

EXISTING = "select relname from pg_class where relname = any($1::text[])"
NEWEST = """
    select max(c.relname) as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'frames'::regclass and c.relname ~ '^frames_[0-9]{4}_[0-9]{2}$'
"""
MAKE = "select make_partition($1, $2)"
LOCK = "select pg_advisory_xact_lock(4711)"

# A month that already has rows in the rest partition cannot be cut out of it without moving them.
IN_REST = {
    "frames": "select exists (select from frames_rest where received_at >= $1 and received_at < $2)",
    "readings": "select exists (select from readings_rest where at >= $1 and at < $2)",
    "steps": "select exists (select from steps_rest where at >= $1 and at < $2)",
}


def months(times: Iterable[datetime]) -> list[datetime]:
    """The first moments of the months that these times lie in."""
    return sorted({datetime(t.year, t.month, 1, tzinfo=UTC) for t in (at.astimezone(UTC) for at in times)})


def following(month: datetime) -> datetime:
    return datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)


async def cover(conn: Conn, times: Iterable[datetime]) -> None:
    """Make the partitions these times need, as far as they are missing."""
    wanted = months(times)[:MOST]
    names = {f"{table}_{month:%Y_%m}": (table, month) for month in wanted for table in TABLES}
    existing = {row["relname"] for row in await conn.fetch(EXISTING, list(names))}
    for name in sorted(names.keys() - existing):
        table, month = names[name]
        async with conn.transaction():
            await conn.execute(LOCK)
            if not await conn.fetchval(IN_REST[table], month, following(month)):
                await conn.execute(MAKE, table, month.date())


async def cover_ahead(conn: Conn, now: datetime) -> None:
    """This month and the two that follow."""
    nxt = following(now.astimezone(UTC))
    await cover(conn, [now, nxt, following(nxt)])


async def covered_until(conn: Conn) -> datetime | None:
    """The end of the newest month that frames have a partition for."""
    name = await conn.fetchval(NEWEST)
    return following(month_of(name)) if name else None


def month_of(partition: str) -> datetime:
    """frames_2026_11 -> 2026-11-01."""
    year, month = partition.split("_")[-2:]
    return datetime(int(year), int(month), 1, tzinfo=UTC)
