"""Who has which case open right now, so that two do not do the same work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from csms.kit.db import Conn

GONE_AFTER = timedelta(seconds=40)
"""A page that was closed without a word is forgotten after so long; an open one says so every few seconds."""

HERE = """
    insert into presence (complaint, who, seen_at) values ($1, $2, $3)
    on conflict (complaint, who) do update set seen_at = excluded.seen_at
"""
LEFT = "delete from presence where complaint = $1 and who = $2"
FORGET = "delete from presence where seen_at < $1"
OTHERS = """
    select complaint, array_agg(who order by who) as people from presence
    where complaint = any($1::text[]) and who <> $2 and seen_at > $3 group by complaint
"""


async def here(conn: Conn, complaint: str, who: str, now: datetime) -> None:
    await conn.execute(HERE, complaint, who, now)
    await conn.execute(FORGET, now - GONE_AFTER)


async def left(conn: Conn, complaint: str, who: str) -> None:
    await conn.execute(LEFT, complaint, who)


async def others(conn: Conn, complaints: Sequence[str], who: str, now: datetime) -> Mapping[str, Sequence[str]]:
    """Case -> who else has it open."""
    rows = await conn.fetch(OTHERS, list(complaints), who, now - GONE_AFTER)
    return {row["complaint"]: row["people"] for row in rows}
