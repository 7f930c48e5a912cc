"""The fleet at a glance: every station with the one state that matters most, and how a station has been lately."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from csms.kit.db import Conn
from csms.vocabulary.fleet import Health, Seen

MOST = 20_000

# What a station is (vocabulary.fleet.STATES) by the worst that is true of it. Warnings leave it usable.
FLEET = """
    with plugs as (
        select station, bool_or(status = 'Faulted') as faulted,
            bool_or(status not in ('Available', 'Unavailable', 'Faulted')) as busy,
            bool_and(status = 'Unavailable') as closed
        from connectors where evse > 0 and status is not null group by station
    ), broken as (select distinct station from faults where cleared_at is null and not warning)
    select s.id, s.name, s.site, s.vendor, s.model, s.firmware, s.serial, s.admission = 'quarantined' as quarantined,
        case when h.station is null then 'never' when not s.connected then 'offline'
            when b.station is not null or p.faulted then 'faulted' when p.closed then 'closed' when p.busy then 'busy'
            else 'free' end as state
    from stations s
    left join heads h on h.station = s.id
    left join plugs p on p.station = s.id
    left join broken b on b.station = s.id
    limit $1
"""

# Time with a socket since `since`, as far back as we know the station. A socket whose end nobody told (an import that
# stops, a node that died) lasts until now only where the station is connected, else until it was last heard.
HEALTH = """
    with spans as (
        select c.connected_at as since,
            coalesce(c.disconnected_at, case when s.connected then $3 else h.last_heard_at end) as until,
            s.connected and c.disconnected_at is null as open
        from connections c join stations s on s.id = c.station left join heads h on h.station = s.id
        where c.station = $1
    )
    select
        (select count(*) from spans where since >= $2) as connections,
        (select min(since) from spans) as first_at,
        (select max(since) from spans where open) as connected_at,
        (select coalesce(sum(extract(epoch from upper(r) - lower(r))), 0)::float8
         from (select unnest(range_agg(tstzrange(greatest(since, $2), until))) as r from spans
               where until > $2 and since < $3 and since <= until) spans) as online_s,
        (select count(*) from boots where station = $1 and at >= $2) as boots,
        (select count(*) from faults where station = $1 and opened_at >= $2) as faults,
        (select count(*) from transactions where station = $1 and started_at >= $2) as sessions,
        (select count(*) from suspects where station = $1 and at >= $2) as odd
"""


async def seen(conn: Conn) -> Sequence[Seen]:
    """All stations, in no order."""
    return [Seen(*row) for row in await conn.fetch(FLEET, MOST)]


async def health(conn: Conn, station: str, now: datetime, back: timedelta) -> Health:
    since = now - back
    row = await conn.fetchrow(HEALTH, station, since, now)
    known = (now - max(since, row["first_at"])).total_seconds() if row["first_at"] else 0.0
    return Health(
        since, row["connections"], row["connected_at"], min(1.0, row["online_s"] / known) if known > 0 else None,
        row["boots"], row["faults"], row["sessions"], row["odd"],
    )
