"""How much each station was used, and how often it failed, over a time: set against complaints and upkeep."""

from __future__ import annotations

from datetime import datetime

from csms.kit.db import Conn, by_values
from csms.vocabulary import MakeUse, Usage

# Counted by station once over all of the time, not station by station: there are thousands of them.
COUNTED = """
    used as (
        select station, count(*) as sessions, sum(greatest(meter_stop_wh - meter_start_wh, 0)) as energy_wh
        from transactions
        where started_at >= $1 and started_at < $2 and ($3::text[] is null or station = any($3)) group by station
    ), failed as (
        select station, count(*) as faults from faults
        where opened_at >= $1 and opened_at < $2 and not warning and ($3::text[] is null or station = any($3))
        group by station
    )
"""
BY_STATION = f"""
    with {COUNTED}
    select s.id as station, s.vendor, s.model, s.firmware, s.serial, s.site, coalesce(u.sessions, 0) as sessions,
        coalesce(u.energy_wh, 0) as energy_wh, coalesce(f.faults, 0) as faults
    from stations s left join used u on u.station = s.id left join failed f on f.station = s.id
    where s.admission = 'known' and ($3::text[] is null or s.id = any($3))
    order by s.id
"""
BY_MAKE = f"""
    with {COUNTED}
    select s.vendor, s.model, s.firmware, array_agg(s.id) as stations, coalesce(sum(u.sessions), 0)::bigint as sessions,
        coalesce(sum(u.energy_wh), 0) as energy_wh, coalesce(sum(f.faults), 0)::bigint as faults
    from stations s left join used u on u.station = s.id left join failed f on f.station = s.id
    where s.admission = 'known' group by 1, 2, 3
"""


async def between(
    conn: Conn, since: datetime, until: datetime, stations: list[str] | None = None
) -> list[Usage]:
    """All known stations, used or not; or these."""
    return [Usage(**dict(row)) for row in await by_values(conn, BY_STATION, since, until, stations)]


async def by_make(conn: Conn, since: datetime, until: datetime) -> list[MakeUse]:
    """All known stations, added up by what they are: a fleet has thousands of stations and a handful of makes."""
    rows = await by_values(conn, BY_MAKE, since, until, None)
    return [MakeUse(**dict(row) | {"stations": tuple(row["stations"])}) for row in rows]
