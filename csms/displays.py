"""Texts on the displays of stations (2.0.1 O)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from csms.kit.db import Conn, Row
from csms.vocabulary import Display, DisplaysReported
from csms.vocabulary.heard import Heard

PUT = """
    insert into displays (station, number, priority, state, starts_at, ends_at, said, format, language, content,
        received_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    on conflict (station, number) do update set priority = excluded.priority, state = excluded.state,
        starts_at = excluded.starts_at, ends_at = excluded.ends_at, said = excluded.said, format = excluded.format,
        language = excluded.language, content = excluded.content, received_at = excluded.received_at, cleared_at = null
"""

TAKE_DOWN = "update displays set cleared_at = $3 where station = $1 and number = $2 and cleared_at is null"

LIST = "select * from displays where station = $1 and number > $2 order by number limit $3"


async def put(conn: Conn, station: str, shown: Display, at: datetime) -> None:
    await conn.execute(
        PUT, station, shown.id, shown.priority, shown.state, shown.starts_at, shown.ends_at, shown.transaction,
        shown.format, shown.language, shown.content, at,
    )


async def take_down(conn: Conn, station: str, number: int, at: datetime) -> None:
    await conn.execute(TAKE_DOWN, station, number, at)


async def note(conn: Conn, heards: Sequence[Heard[DisplaysReported]]) -> None:
    for heard in heards:
        for shown in heard.said.displays:
            await put(conn, heard.station, shown, heard.received_at)


async def listing(conn: Conn, station: str, *, after: int = -(2**31), limit: int = 100) -> list[Row]:
    return list(await conn.fetch(LIST, station, after, limit))
