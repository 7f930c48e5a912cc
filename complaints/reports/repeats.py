"""Who or what is complained of again: links between cases, plugs that keep coming back. Rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from csms.kit.db import Conn, by_values

PERSON = "coalesce(customer_phone, customer_email, customer_token, account)"
# Each thing that a person is known by is a line of its own. Of his earlier cases the one closed last counts; it is
# carried along his lines, for somebody with a hundred cases has five thousand pairs of them.
PEOPLE = """
    with known as (
        select c.number collate "C" as number, c.filed_at, c.closed_at, c.state, by.kind, by.value collate "C" as value
        from complaints c cross join lateral (values ('phone', customer_phone), ('email', customer_email),
            ('token', customer_token), ('account', account)) by (kind, value)
        where by.value is not null and c.filed_at < $2 and (c.filed_at >= $1 or c.closed_at >= $1 - $3::interval)
    ), earlier as (
        select number, filed_at, state, max(array[to_char(closed_at at time zone 'UTC', 'YYYYMMDDHH24MISSUS'), number])
            filter (where state = 'closed') over (
                partition by kind, value order by number rows between unbounded preceding and 1 preceding) as last
        from known
    ), again as (
        select number, max(last) as last from earlier where filed_at >= $1 and state <> 'merged' and last is not null
        group by number
    )
    select c.number, c.topic, coalesce(c.matched_station, c.station) as station, p.number as before,
        p.topic as topic_before, c.filed_at, p.closed_at as closed_before
    from again a join complaints c on c.number = a.number join complaints p on p.number = a.last[2]
    where p.closed_at >= c.filed_at - $3::interval
"""
OF_PEOPLE = f"{PEOPLE} order by c.number desc limit 500"
PLUGS = f"""
    select coalesce(matched_station, station) as station, coalesce(matched_evse, evse) as evse, topic,
        count(*) as cases, count(distinct coalesce({PERSON}, number)) as people, max(department) as department,
        array_agg(number order by number) as numbers
    from complaints
    where filed_at >= $1 and filed_at < $2 and state not in ('merged', 'withdrawn')
        and coalesce(matched_station, station) is not null and category = 'equipment'
    group by 1, 2, 3 having count(*) >= $3
"""
OF_PLUGS = f"{PLUGS} order by cases desc, station, evse limit 200"
HOW_MANY_PEOPLE, HOW_MANY_PLUGS = (f"select count(*) from ({listed}) listed" for listed in (PEOPLE, PLUGS))
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


async def counted(
    conn: Conn, since: datetime, until: datetime, within: timedelta, at_least: int
) -> dict[str, int]:
    """How many of each there are."""
    people = await by_values(conn, HOW_MANY_PEOPLE, since, until, within)
    return {"people": people[0][0], "plugs": await conn.fetchval(HOW_MANY_PLUGS, since, until, at_least)}


async def link(conn: Conn, row: dict[str, Any], now: datetime) -> bool:
    """Two cases of one person, the later soon after the earlier was closed."""
    because = ["same person", *(["same topic"] if row["topic"] == row["topic_before"] else [])]
    return bool(await conn.fetchval(LINK, row["number"], row["before"], because, now))
