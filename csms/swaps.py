"""Batteries swapped at a station: asked for, put in, taken out, or left behind (2.1 S)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from csms.kit.db import Conn, Row
from csms.vocabulary import BatterySwapped, SwapBattery
from csms.vocabulary.heard import Heard

KEEP = """
    insert into battery_swaps (station, request_id, event, token, batteries, at, seq)
    values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing
"""

LIST = """
    select * from battery_swaps
    where station = $1 and ($2::int is null or request_id = $2)
      and ($3::timestamptz is null or (at, seq) < ($3, $4::bigint))
    order by at desc, seq desc limit $5
"""


async def ask(conn: Conn, station: str, asked: SwapBattery, at: datetime, seq: int) -> None:
    await conn.execute(KEEP, station, asked.request_id, "asked", asked.token, [], at, seq)


async def note(conn: Conn, heards: Sequence[Heard[BatterySwapped]]) -> None:
    for heard in heards:
        said = heard.said
        batteries = [dict(one) for one in said.batteries]
        await conn.execute(
            KEEP, heard.station, said.request_id, said.event, said.token, batteries, heard.received_at, heard.seq
        )


async def listing(
    conn: Conn, station: str, *, request_id: int | None = None, after: tuple[datetime, int] | None = None,
    limit: int = 100,
) -> list[Row]:
    """Newest first; `after` is (at, seq)."""
    return list(await conn.fetch(LIST, station, request_id, *(after or (None, None)), limit))
