"""Reservations: asked for, used, given up, run out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from csms.kit.db import Conn, Row
from csms.vocabulary import ReservationEnded, Reserve
from csms.vocabulary.heard import Heard

# The same number again replaces the reservation (1.6 section 5.13, 2.0.1 H01.FR.02).
REPLACE = """
    update reservations set state = 'replaced', ended_at = $3
    where station = $1 and number = $2 and state = 'active'
"""

MAKE = """
    insert into reservations (station, number, evse, token, token_type, parent, expires_at, made_at, state, seq)
    values ($1, $2, $3, $4, $5, $6, $7, $8, 'active', $9) on conflict do nothing
"""

END = """
    update reservations r set state = e.state, ended_at = e.at, transaction = e.transaction
    from unnest($1::text[], $2::int[], $3::text[], $4::timestamptz[], $5::uuid[])
        as e (station, number, state, at, transaction)
    where r.station = e.station and r.number = e.number and r.state = 'active'
"""

EXPIRE = "update reservations set state = 'expired', ended_at = expires_at where state = 'active' and expires_at < $1"

LIST = """
    select * from reservations
    where ($1::text is null or station = $1) and ($2::text is null or state = $2)
      and ($3::timestamptz is null or (made_at, station, seq) < ($3, $4::text, $5::bigint))
    order by made_at desc, station desc, seq desc limit $6
"""


async def make(conn: Conn, station: str, asked: Reserve, at: datetime, seq: int) -> None:
    await conn.execute(REPLACE, station, asked.id, at)
    await conn.execute(
        MAKE, station, asked.id, asked.evse, asked.token, asked.token_type, asked.parent, asked.expires_at or at, at,
        seq,
    )


async def end(conn: Conn, rows: Sequence[tuple[str, int, str, datetime, str | None]]) -> None:
    """(station, number, how, at, transaction)."""
    if rows:
        await conn.execute(END, *(list(column) for column in zip(*rows, strict=True)))


async def note_ended(conn: Conn, heards: Sequence[Heard[ReservationEnded]]) -> None:
    words = {"expired": "expired"}
    await end(conn, [
        (h.station, h.said.id, words.get(h.said.status, "removed"), h.received_at, None) for h in heards
    ])


async def run_out(conn: Conn, now: datetime) -> None:
    await conn.execute(EXPIRE, now)


async def listing(
    conn: Conn, *, station: str | None = None, state: str | None = None, after: tuple[Any, ...] | None = None,
    limit: int = 100,
) -> list[Row]:
    """Newest first; `after` is (made_at, station, seq)."""
    return list(await conn.fetch(LIST, station, state, *(after or (None, None, None)), limit))
