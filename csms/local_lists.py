"""Local authorisation lists: which version of which tokens a station holds, as it took them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from csms.kit.db import Conn, Row
from csms.vocabulary import ListVersionTold, SendList

SET_VERSION = """
    insert into local_lists (station, version, updated_at) values ($1, $2, $3)
    on conflict (station) do update set version = excluded.version, updated_at = excluded.updated_at
"""

TOLD_VERSION = """
    insert into local_lists (station, version, said, said_at) values ($1, 0, $2, $3)
    on conflict (station) do update set said = excluded.said, said_at = excluded.said_at
"""

EMPTY = "delete from local_list_entries where station = $1"
TAKE_OFF = "delete from local_list_entries where station = $1 and token = any($2::text[])"

PUT_ON = """
    insert into local_list_entries (station, token, token_type, status, parent, expires_at, version)
    select distinct on (token) $1, token, type, status, parent, expires_at, $2::int
    from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
        as e (token, type, status, parent, expires_at)
    on conflict (station, token) do update set token_type = excluded.token_type, status = excluded.status,
        parent = excluded.parent, expires_at = excluded.expires_at, version = excluded.version
"""

FIND = "select * from local_lists where station = $1"
ENTRIES = "select * from local_list_entries where station = $1 and token > $2 order by token limit $3"


async def take(conn: Conn, station: str, asked: SendList, at: datetime) -> None:
    """The station has taken a list or the changes of one (1.6 section 5.15, 2.0.1 D01)."""
    if asked.full:
        await conn.execute(EMPTY, station)
    gone = [entry.token for entry in asked.entries if entry.status is None]
    await conn.execute(TAKE_OFF, station, gone)
    kept: list[tuple[Any, ...]] = [
        (e.token, e.token_type, e.status, e.parent, e.expires_at) for e in asked.entries if e.status is not None
    ]
    if kept:
        await conn.execute(PUT_ON, station, asked.version, *(list(column) for column in zip(*kept, strict=True)))
    await conn.execute(SET_VERSION, station, asked.version, at)


async def note_version(conn: Conn, station: str, told: ListVersionTold, at: datetime) -> None:
    await conn.execute(TOLD_VERSION, station, told.version, at)


async def find(conn: Conn, station: str) -> Row | None:
    return await conn.fetchrow(FIND, station)


async def entries(conn: Conn, station: str, *, after: str = "", limit: int = 100) -> list[Row]:
    return list(await conn.fetch(ENTRIES, station, after, limit))
