"""Filters of the work list that a person keeps by name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from csms.errors import BadInput
from csms.kit.db import Conn

LONGEST_TITLE, LONGEST_QUERY, MOST = 40, 500, 20


@dataclass(frozen=True, slots=True)
class Saved:
    id: int
    title: str
    query: str


OF = "select id, title, query from saved_filters where who = $1 order by title"
KEEP = """
    insert into saved_filters (who, title, query, made_at) values ($1, $2, $3, $4)
    on conflict (who, title) do update set query = excluded.query, made_at = excluded.made_at
"""
FORGET = "delete from saved_filters where who = $1 and id = $2"


async def of(conn: Conn, who: str) -> list[Saved]:
    return [Saved(**dict(row)) for row in await conn.fetch(OF, who)]


async def keep(conn: Conn, who: str, title: str, query: str, now: datetime) -> None:
    """The same title again replaces what it stood for. Raises BadInput."""
    if not title or len(title) > LONGEST_TITLE:
        raise BadInput("title", f"a name of at most {LONGEST_TITLE} characters")
    if len(query) > LONGEST_QUERY:
        raise BadInput("query", f"at most {LONGEST_QUERY} characters")
    kept = await of(conn, who)
    if len(kept) >= MOST and title not in {one.title for one in kept}:
        raise BadInput("title", f"at most {MOST} filters; remove one first")
    await conn.execute(KEEP, who, title, query, now)


async def forget(conn: Conn, who: str, id: int) -> None:
    await conn.execute(FORGET, who, id)
