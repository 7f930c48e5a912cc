"""Variable monitors: what a station watches and tells of by itself (2.0.1 N02 to N08)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from csms.kit.db import Conn, Row
from csms.vocabulary import Monitor, MonitorsReported
from csms.vocabulary.heard import Heard

KEEP = """
    insert into monitors (station, number, component, component_instance, variable, instance, evse, type, value,
        severity, only_in_transaction, received_at)
    select distinct on (1, 2) * from unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[],
        $7::int[], $8::text[], $9::float8[], $10::int[], $11::boolean[], $12::timestamptz[])
    on conflict (station, number) do update set component = excluded.component,
        component_instance = excluded.component_instance, variable = excluded.variable, instance = excluded.instance,
        evse = excluded.evse, type = excluded.type, value = excluded.value, severity = excluded.severity,
        only_in_transaction = excluded.only_in_transaction, received_at = excluded.received_at, cleared_at = null
"""

CLEAR = """
    update monitors set cleared_at = $3
    where station = $1 and cleared_at is null and ($2::int[] is null or number = any($2))
"""

LIST = "select * from monitors where station = $1 and number > $2 order by number limit $3"


async def note(conn: Conn, heards: Sequence[Heard[MonitorsReported]]) -> None:
    for heard in heards:
        await keep(conn, heard.station, heard.said.monitors, heard.received_at)


async def keep(conn: Conn, station: str, monitors: Iterable[Monitor], at: datetime) -> None:
    rows = [
        (station, m.id, m.component, m.component_instance, m.variable, m.instance, m.evse, m.type, m.value, m.severity,
         m.only_in_transaction, at)
        for m in monitors if m.id is not None
    ]
    if rows:
        await conn.execute(KEEP, *(list(column) for column in zip(*rows, strict=True)))


async def clear(conn: Conn, station: str, ids: Sequence[int] | None, at: datetime) -> None:
    """`ids` None: all of them."""
    await conn.execute(CLEAR, station, None if ids is None else list(ids), at)


async def listing(conn: Conn, station: str, *, after: int = -(2**31), limit: int = 100) -> list[Row]:
    return list(await conn.fetch(LIST, station, after, limit))
