"""Who or what is complained of again: links between cases, plugs that keep coming back. Rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from csms.kit.db import Conn, by_values

PERSON = "coalesce(customer_phone, customer_email, customer_token, account)"
# Each thing that a person is known by is a line of its own, so that lines can be joined by what is equal.
OF_PEOPLE = """
    with known as (
        select c.number, c.topic, coalesce(c.matched_station, c.station) as station, c.filed_at, c.closed_at, c.state,
            by.kind, by.value
        from complaints c cross join lateral (values ('phone', customer_phone), ('email', customer_email),
            ('token', customer_token), ('account', account)) by (kind, value)
        where by.value is not null and c.filed_at < $2 and (c.filed_at >= $1 or c.closed_at >= $1 - $3::interval)
    )
    select distinct on (c.number) c.number, c.topic, c.station, p.number as before, p.topic as topic_before,
        c.filed_at, p.closed_at as closed_before
    from known c join known p on p.kind = c.kind and p.value = c.value and p.number < c.number
        and p.state = 'closed' and p.closed_at >= c.filed_at - $3::interval
    where c.filed_at >= $1 and c.state <> 'merged'
    order by c.number desc, p.number desc limit 500
"""
OF_PLUGS = f"""
    select coalesce(matched_station, station) as station, coalesce(matched_evse, evse) as evse, topic,
        count(*) as cases, count(distinct coalesce({PERSON}, number)) as people, max(department) as department,
        array_agg(number order by number) as numbers
    from complaints
    where filed_at >= $1 and filed_at < $2 and state not in ('merged', 'withdrawn')
        and coalesce(matched_station, station) is not null and category = 'equipment'
    group by 1, 2, 3 having count(*) >= $3
    order by cases desc, station, evse limit 200
"""
LINK = """
    insert into case_links (complaint, other, kind, because, made_by, made_at)
    select $1, $2, 'repeat', $3, 'ohmbudsman', $4
    where not exists (select 1 from case_links where complaint = $1 and other = $2 and kind = 'repeat')
    returning id
"""


async def of_people(conn: Conn, since: datetime, until: datetime, within: timedelta) -> list[dict[str, Any]]:
    """Cases of somebody whose earlier case was closed not long before."""
    return [dict(row) for row in await by_values(conn, OF_PEOPLE, since, until, within)]


async def of_plugs(conn: Conn, since: datetime, until: datetime, at_least: int) -> list[dict[str, Any]]:
    """Plugs with the same trouble so many times."""
    return [dict(row) for row in await conn.fetch(OF_PLUGS, since, until, at_least)]


async def link(conn: Conn, row: dict[str, Any], now: datetime) -> bool:
    """Two cases of one person, the later soon after the earlier was closed."""
    because = ["same person", *(["same topic"] if row["topic"] == row["topic_before"] else [])]
    return bool(await conn.fetchval(LINK, row["number"], row["before"], because, now))
