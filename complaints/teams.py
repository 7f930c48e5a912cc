"""Teams: who works together, for which department, led by whom. Rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from complaints.staff import note
from csms.errors import BadInput, Conflict, NotFound
from csms.kit.db import Conn

PUT = """
    insert into teams (name, department, lead) values ($1, $2, $3)
    on conflict (name) do update set department = excluded.department, lead = excluded.lead
"""
EMPTY = "delete from team_members where team = $1"
JOIN = "insert into team_members (team, name) select $1, unnest($2::text[])"
DROP = "delete from teams where name = $1 returning name"
COPY = """
    insert into teams (name, department, lead) select $2, department, lead from teams where name = $1 returning name
"""
MOVE = "update team_members set team = $2 where team = $1"
LISTED = """
    select t.name, t.department, t.lead,
        coalesce(array_agg(m.name order by m.name) filter (where m.name is not null), '{}') as members
    from teams t left join team_members m on m.team = t.name
    where $1::text is null or t.name = $1 group by t.name order by t.name
"""


@dataclass(frozen=True, slots=True)
class Team:
    name: str
    department: str | None
    lead: str | None
    members: Sequence[str]


async def put(
    conn: Conn, name: str, by: str, now: datetime, *, department: str | None, lead: str | None, members: Sequence[str]
) -> None:
    """Raises BadInput for somebody who is not there."""
    try:
        async with conn.transaction():
            await conn.execute(PUT, name, department, lead)
            await conn.execute(EMPTY, name)
            await conn.execute(JOIN, name, list(dict.fromkeys(members)))
    except asyncpg.ForeignKeyViolationError:
        raise BadInput("members", "name users that exist, the lead too") from None
    await note(conn, by, "team.set", name, now, members=list(members), lead=lead)


async def rename(conn: Conn, name: str, to: str, by: str, now: datetime) -> None:
    """Raises NotFound, Conflict where the new name is taken."""
    try:
        async with conn.transaction():
            if not await conn.fetchval(COPY, name, to):
                raise NotFound(f"there is no team {name}")
            await conn.execute(MOVE, name, to)
            await conn.execute(DROP, name)
    except asyncpg.UniqueViolationError:
        raise Conflict(f"there is a team {to} already") from None
    await note(conn, by, "team.renamed", to, now, before=name)


async def drop(conn: Conn, name: str, by: str, now: datetime) -> None:
    if not await conn.fetchval(DROP, name):
        raise NotFound(f"there is no team {name}")
    await note(conn, by, "team.dropped", name, now)


async def listed(conn: Conn) -> list[Team]:
    return [Team(**dict(row)) for row in await conn.fetch(LISTED, None)]


async def one(conn: Conn, name: str) -> Team | None:
    row = await conn.fetchrow(LISTED, name)
    return Team(**dict(row)) if row else None
