"""Streams of values that a station tells by the dozen of a variable it monitors (2.1 N11 to N15)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from csms.kit.db import Conn, Row
from csms.vocabulary import AdjustStream, EventStream, StreamClosed, StreamOpened, StreamsTold, StreamTold
from csms.vocabulary.heard import Heard, device_time

OPEN = """
    insert into event_streams (station, number, monitor, interval_s, most, opened_at, seq, part)
    values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing
"""

CLOSE = "update event_streams set closed_at = $3 where station = $1 and number = $2 and closed_at is null"

CLOSE_OTHERS = """
    update event_streams set closed_at = $3
    where station = $1 and closed_at is null and not number = any($2::int[])
"""

ADJUST = """
    update event_streams set monitor = coalesce($3, monitor), interval_s = coalesce($4, interval_s),
        most = coalesce($5, most)
    where station = $1 and number = $2 and closed_at is null returning number
"""

KEEP = """
    insert into stream_values (station, stream, at, value, received_at, seq, part)
    select * from unnest($1::text[], $2::int[], $3::timestamptz[], $4::text[], $5::timestamptz[], $6::bigint[],
        $7::int[])
    on conflict do nothing
"""

# The newest value is what the monitored variable is.
KEEP_LATEST = """
    insert into variables (station, component, component_instance, variable, instance, evse, connector, attribute,
        value, received_at)
    select m.station, m.component, coalesce(m.component_instance, ''), m.variable, coalesce(m.instance, ''),
        coalesce(m.evse, 0), 0, 'Actual', $3, $4
    from event_streams s join monitors m on m.station = s.station and m.number = s.monitor
    where s.station = $1 and s.number = $2 and s.closed_at is null
    on conflict (station, component, component_instance, variable, instance, evse, connector, attribute)
    do update set value = excluded.value, received_at = excluded.received_at
"""

# With the variable that each is of, where its monitor is known.
LIST = """
    select s.*, m.component, m.variable, m.evse from event_streams s
    left join monitors m on m.station = s.station and m.number = s.monitor
    where s.station = $1 order by s.closed_at is null desc, s.opened_at desc, s.number limit 1000
"""

VALUES = """
    select * from stream_values
    where station = $1 and stream = $2 and at >= $3 and at < $4
      and ($5::timestamptz is null or (at, seq, part) > ($5, $6::bigint, $7::int))
    order by at, seq, part limit $8
"""


async def note_opened(conn: Conn, heards: Sequence[Heard[StreamOpened]]) -> None:
    for heard in heards:
        await _open(conn, heard.station, heard.said.stream, heard.received_at, heard.seq)


async def _open(conn: Conn, station: str, stream: EventStream, at: datetime, seq: int, part: int = 0) -> None:
    await conn.execute(CLOSE, station, stream.id, at)
    await conn.execute(
        OPEN, station, stream.id, stream.monitor, stream.interval_s, stream.most, at, seq, part
    )


async def note_closed(conn: Conn, heards: Sequence[Heard[StreamClosed]]) -> None:
    for heard in heards:
        await conn.execute(CLOSE, heard.station, heard.said.id, heard.received_at)


async def note_told(conn: Conn, heards: Sequence[Heard[StreamTold]]) -> None:
    rows = [
        (h.station, h.said.id, device_time(at, h.received_at), value, h.received_at, h.seq, part)
        for h in heards for part, (at, value) in enumerate(h.said.values)
    ]
    if rows:
        await conn.execute(KEEP, *(list(column) for column in zip(*rows, strict=True)))
    for heard in heards:
        if heard.said.values:
            value = max(heard.said.values, key=lambda one: device_time(one[0], heard.received_at))[1]
            await conn.execute(KEEP_LATEST, heard.station, heard.said.id, value, heard.received_at)


async def adjust(conn: Conn, station: str, asked: AdjustStream) -> None:
    await conn.execute(ADJUST, station, asked.id, None, asked.interval_s, asked.most)


async def note_all(conn: Conn, station: str, told: StreamsTold, at: datetime, seq: int) -> None:
    """Those that are open now, and no others."""
    await conn.execute(CLOSE_OTHERS, station, [s.id for s in told.streams], at)
    for part, stream in enumerate(told.streams):
        known = await conn.fetchval(ADJUST, station, stream.id, stream.monitor, stream.interval_s, stream.most)
        if known is None:
            await _open(conn, station, stream, at, seq, part)


async def listing(conn: Conn, station: str) -> list[Row]:
    """Open ones first, then the newest."""
    return list(await conn.fetch(LIST, station))


async def values(
    conn: Conn, station: str, stream: int, since: datetime, until: datetime, *,
    after: tuple[datetime, int, int] | None = None, limit: int = 1000,
) -> list[Row]:
    """Oldest first; `after` is (at, seq, part)."""
    return list(await conn.fetch(VALUES, station, stream, since, until, *(after or (None, None, None)), limit))
