"""Who tried to come in and was not let in, what was changed about it: kept per station, one row an hour."""

from __future__ import annotations

from datetime import datetime

from csms.kit.db import Conn, Row

NOTE = """
    insert into door_events (station, type, address, hour, first_at, last_at, info)
    values ($1, $2, $3, date_trunc('hour', $4::timestamptz), $4, $4, $5)
    on conflict (station, hour, type, address) do update
    set last_at = greatest(door_events.last_at, excluded.last_at), times = door_events.times + 1, info = excluded.info
"""

REVOKED = "select revoked_at is not null from issued_certificates where serial = $1"

# Never lowered by what a station does.
RAISE = """
    update stations set security_profile = $2, updated_at = $3
    where id = $1 and security_profile between 1 and $2 - 1 returning id
"""

PROFILE = "select security_profile from stations where id = $1 for update"

# What stations say of themselves, and what we saw of them; the newest first.
LIST = """
    select * from (
        (select station, received_at as at, type, info, 'station' as source, null as address, 1::bigint as times,
            at as first_at, 's' || seq as id
        from security_events
        where ($1::text is null or station = $1)
          and ($2::timestamptz is null or received_at <= $2) order by received_at desc limit $4 + 200)
        union all
        (select station, last_at, type, info, 'door', nullif(address, ''), times, first_at,
            'd' || type || address || extract(epoch from hour)::bigint
        from door_events
        where ($1::text is null or station = $1)
          and ($2::timestamptz is null or last_at <= $2) order by last_at desc limit $4 + 200)
    ) e
    where $2::timestamptz is null or (at, station, id) < ($2, ($3::text[])[1], ($3::text[])[2])
    order by at desc, station desc, id desc limit $4
"""


async def note(
    conn: Conn, station: str, type: str, now: datetime, *, address: str | None = None, info: str | None = None
) -> None:
    await conn.execute(NOTE, station, type, address or "", now, info and info[:500])


async def is_revoked(conn: Conn, serial: str) -> bool:
    return bool(await conn.fetchval(REVOKED, serial.lstrip("0")))


async def raise_profile(conn: Conn, station: str, profile: int, now: datetime) -> bool:
    """From now on at least this one (2.0.1 A05.FR.06). A station that nobody asked any of is left as it is."""
    return await conn.fetchval(RAISE, station, profile, now) is not None


async def note_profile(conn: Conn, station: str, wanted: int | None, now: datetime, by: str) -> None:
    """Before someone writes another minimum: that it falls is on record."""
    had = await conn.fetchval(PROFILE, station)
    if had is not None and wanted is not None and wanted != had:
        type = "profile_lowered" if wanted < had else "profile_raised"
        await note(conn, station, type, now, info=f"from {had} to {wanted} by {by}")


async def listing(
    conn: Conn, station: str | None, after: tuple[datetime, str, str] | None, limit: int
) -> list[Row]:
    at, place = (after[0], list(after[1:])) if after else (None, None)
    return list(await conn.fetch(LIST, station, at, place, limit))
