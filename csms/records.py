"""What staff look up in the records: the journal page by page, what was odd, what a station says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from csms.kit.db import Conn, Row

# By number, which is how the chain runs: an answer may have been sent later than the next frame came in.
FRAMES = """
    select station, seq, received_at, at, kind, message_id, action, frame, by, complaint, repairs, hash, prev_hash
    from frames
    where station = $1 and received_at >= $2 and received_at < $3 and seq > $4
    order by seq limit $5
"""

# Between two receipt times, so that a rare message does not make us read years.
LATEST_FRAMES = """
    select station, seq, received_at, at, kind, message_id, action, frame, repairs, hash, prev_hash, by
    from frames
    where station = $1 and received_at < $2 and received_at >= $5 and ($3::text is null or action = $3)
      and ($6::text is null or kind = $6) and ($7::text is null or frame ilike $7)
    order by received_at desc, seq desc limit $4
"""
ANSWERS = """
    select station, seq, received_at, at, kind, message_id, action, frame, repairs, hash, prev_hash, by
    from frames
    where station = $1 and received_at >= $2 and received_at < $3 and message_id = any($4::text[])
    order by received_at desc, seq desc
"""

CONNECTIONS = """
    select connected_at, disconnected_at, code, reason, protocol, address, node from connections
    where station = $1 order by connected_at desc limit $2
"""
BOOTS = "select at, reason, seq from boots where station = $1 order by at desc limit $2"

KNOCKS = """
    select * from knocks where $1::timestamptz is null or (last_at, station) < ($1, $2::text)
    order by last_at desc, station desc limit $3
"""

REPAIRS = """
    select * from repairs where (vendor, model, firmware, name) > ($1, $2, $3, $4)
    order by vendor, model, firmware, name limit $5
"""

QUARANTINE = """
    select * from quarantine
    where ($1::text is null or station = $1)
      and ($2::timestamptz is null or (received_at, station, seq) < ($2, $3::text, $4::bigint))
    order by received_at desc, station desc, seq desc limit $5
"""

SUSPECTS = """
    select * from suspects
    where ($1::text is null or station = $1) and ($2::text is null or code = $2)
      and ($3::timestamptz is null or (at, id) < ($3, $4::uuid))
    order by at desc, id desc limit $5
"""

ONE = "select * from tokens where token = $1"
JOURNALLED = "select station from heads join stations on id = station where station > $1 order by station limit $2"
MIGRATED = "select name from migrations"
COMMANDS_SINCE = """
    select kind, state, effect, count(*)::float8 as times from commands where requested_at >= $1 group by 1, 2, 3
"""
SIZE = "select pg_database_size(current_database())"


async def frames(
    conn: Conn, station: str, since: datetime, until: datetime, after: int, limit: int
) -> list[Row]:
    """What the journal took in between two times; `after` is the number of the last row seen."""
    return list(await conn.fetch(FRAMES, station, since, until, after, limit))


async def latest_frames(
    conn: Conn, station: str, before: datetime, since: datetime, *, action: str | None = None, kind: str | None = None,
    words: str | None = None, limit: int = 100,
) -> list[Row]:
    """The newest of the journal before a receipt time, newest first; of one message, way or with words in it."""
    pattern = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%" if words else None
    return list(await conn.fetch(LATEST_FRAMES, station, before, action, limit, since, kind, pattern))


async def answers(conn: Conn, station: str, since: datetime, until: datetime, ids: Sequence[str]) -> list[Row]:
    """Everything with these message ids: questions and their answers."""
    return list(await conn.fetch(ANSWERS, station, since, until, list(ids)))


async def connections(conn: Conn, station: str, limit: int) -> list[Row]:
    """The latest first."""
    return list(await conn.fetch(CONNECTIONS, station, limit))


async def boots(conn: Conn, station: str, limit: int) -> list[Row]:
    """The latest first."""
    return list(await conn.fetch(BOOTS, station, limit))


async def knocks(conn: Conn, after: tuple[datetime, str] | None, limit: int) -> list[Row]:
    """Strangers that were turned away, the latest first."""
    return list(await conn.fetch(KNOCKS, *(after or (None, None)), limit))


async def repairs(conn: Conn, after: tuple[str, str, str, str], limit: int) -> list[Row]:
    """How often which repair was needed, per vendor, model and firmware."""
    return list(await conn.fetch(REPAIRS, *after, limit))


async def quarantine(
    conn: Conn, station: str | None, after: tuple[datetime, str, int] | None, limit: int
) -> list[Row]:
    """Messages that were acknowledged and could not be understood, newest first."""
    return list(await conn.fetch(QUARANTINE, station, *(after or (None, None, None)), limit))


async def suspects(
    conn: Conn, station: str | None, code: str | None, after: tuple[datetime, str] | None, limit: int
) -> list[Row]:
    """What was odd about what stations said, newest first."""
    return list(await conn.fetch(SUSPECTS, station, code, *(after or (None, None)), limit))


async def token(conn: Conn, token: str) -> Row | None:
    return await conn.fetchrow(ONE, token)


async def journalled(conn: Conn, after: str, limit: int) -> list[str]:
    """Stations that have a journal."""
    return [row["station"] for row in await conn.fetch(JOURNALLED, after, limit)]


async def migrated(conn: Conn) -> set[str]:
    """The migrations this database has had."""
    return {row["name"] for row in await conn.fetch(MIGRATED)}


async def commands_since(conn: Conn, since: datetime) -> dict[tuple[str, ...], float]:
    """How many there were of each (kind, state, effect)."""
    rows = await conn.fetch(COMMANDS_SINCE, since)
    return {(r["kind"], r["state"], r["effect"]): r["times"] for r in rows}
