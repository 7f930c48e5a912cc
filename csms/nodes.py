"""The processes over one database: each says that it lives; by the database's clock, so that theirs may differ."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from csms.kit.db import Conn, Row

JOIN = """
    insert into nodes (name, incarnation, started_at, seen_at) values ($1, $2, clock_timestamp(), clock_timestamp())
    on conflict (name) do update
    set incarnation = excluded.incarnation, started_at = excluded.started_at, seen_at = excluded.seen_at
"""

BEAT = """
    update nodes set seen_at = clock_timestamp() where name = $1 and incarnation = $2 returning seen_at
"""

LEAVE = "delete from nodes where name = $1 and incarnation = $2"

# A station's node without a row, or with one that is old: whoever was it says nothing any more.
SILENT = """
    select distinct s.node from stations s left join nodes n on n.name = s.node
    where s.connected and s.node <> $1
      and (n.name is null or n.seen_at < clock_timestamp() - make_interval(secs => $2))
"""

FORGET = "delete from nodes where seen_at < clock_timestamp() - interval '1 day'"

LIST = "select name, started_at, seen_at from nodes order by name"


async def join(conn: Conn, name: str, incarnation: UUID) -> None:
    """From now on this process is that node; an older one of the name learns it with its next beat."""
    await conn.execute(JOIN, name, incarnation)
    await conn.execute(FORGET)


async def beat(conn: Conn, name: str, incarnation: UUID) -> datetime | None:
    """Say that we live; the database's time. None: the name is another's, or forgotten."""
    at: datetime | None = await conn.fetchval(BEAT, name, incarnation)
    return at


async def leave(conn: Conn, name: str, incarnation: UUID) -> None:
    await conn.execute(LEAVE, name, incarnation)


async def silent(conn: Conn, name: str, seconds: float) -> list[str]:
    """Other nodes that stations count as connected to and that have said nothing for so long."""
    return [row["node"] for row in await conn.fetch(SILENT, name, seconds)]


async def listing(conn: Conn) -> list[Row]:
    return list(await conn.fetch(LIST))
