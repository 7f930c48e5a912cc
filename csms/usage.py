"""How much each station was used, and how often it failed, over a time: set against complaints and upkeep."""

from __future__ import annotations

from datetime import datetime

from csms.kit.db import Conn
from csms.vocabulary import Usage

# By station first: that is how both tables are indexed.
BY_STATION = """
    select s.id as station, s.vendor, s.model, s.firmware, s.serial, s.site, u.sessions, u.energy_wh, f.faults
    from stations s
    cross join lateral (
        select count(*) as sessions, coalesce(sum(greatest(meter_stop_wh - meter_start_wh, 0)), 0) as energy_wh
        from transactions t where t.station = s.id and t.started_at >= $1 and t.started_at < $2
    ) u
    cross join lateral (
        select count(*) as faults
        from faults t where t.station = s.id and t.opened_at >= $1 and t.opened_at < $2 and not t.warning
    ) f
    where s.admission = 'known' and ($3::text[] is null or s.id = any($3))
    order by s.id
"""


async def between(
    conn: Conn, since: datetime, until: datetime, stations: list[str] | None = None
) -> list[Usage]:
    """All known stations, used or not; or these."""
    return [Usage(**dict(row)) for row in await conn.fetch(BY_STATION, since, until, stations)]
