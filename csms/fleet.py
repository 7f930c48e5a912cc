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

# Time without a socket since `since`, as far back as we know the station; a socket that is open runs until now.
HEALTH = """
    select
        (select count(*) from connections c where c.station = $1 and c.connected_at >= $2) as connections,
        (select min(c.connected_at) from connections c where c.station = $1) as first_at,
        (select max(c.connected_at) from connections c where c.station = $1 and c.disconnected_at is null)
            as connected_at,
        (select coalesce(sum(extract(epoch from upper(r) - lower(r))), 0)::float8
         from (select unnest(range_agg(tstzrange(greatest(c.connected_at, $2), coalesce(c.disconnected_at, $3)))) as r
               from connections c where c.station = $1 and coalesce(c.disconnected_at, $3) > $2
                   and c.connected_at < $3 and greatest(c.connected_at, $2) <= coalesce(c.disconnected_at, $3)) spans)
            as online_s,
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
