"""What the grid wants of a station that feeds in: controls set, begun, superseded and cleared (2.1 R)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from csms.kit.db import Conn, Row
from csms.vocabulary import ClearGridControls, GridControl, GridControlsReported, GridControlSwitched
from csms.vocabulary.heard import Heard, device_time

KEEP = """
    insert into grid_controls (station, control, type, is_default, settings, source, set_at, seq, part)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing
"""

END = """
    update grid_controls set ended_at = $3, outcome = $4
    where station = $1 and ended_at is null and control = any($2::text[])
"""

CLEAR = """
    update grid_controls set ended_at = $2, outcome = 'cleared'
    where station = $1 and ended_at is null and is_default = $3
      and ($4::text is null or control = $4) and ($5::text is null or type = $5)
"""

SWITCH = """
    update grid_controls set started_at = case when $3 then $4 else started_at end,
        stopped_at = case when $3 then null else $4 end
    where station = $1 and ended_at is null and control = $2
"""

SAME = """
    select true from grid_controls
    where station = $1 and control = $2 and ended_at is null and type = $3 and settings = $4
"""

LIST = """
    select * from grid_controls
    where station = $1 and ($2::boolean is null or (ended_at is null) = $2)
      and ($3::timestamptz is null or (set_at, seq, part) < ($3, $4::bigint, $5::int))
    order by set_at desc, seq desc, part desc limit $6
"""


async def put(
    conn: Conn, station: str, control: GridControl, at: datetime, seq: int, *, source: str = "csms", part: int = 0
) -> None:
    """In place of the one with its id."""
    await conn.execute(END, station, [control.id], at, "replaced")
    await conn.execute(
        KEEP, station, control.id, control.type, control.default, dict(control.settings), source, at, seq, part
    )


async def supersede(conn: Conn, station: str, ids: Sequence[str], at: datetime) -> None:
    await conn.execute(END, station, list(ids), at, "superseded")


async def clear(conn: Conn, station: str, asked: ClearGridControls, at: datetime) -> None:
    await conn.execute(CLEAR, station, at, asked.default, asked.id, asked.type)


async def note_reported(conn: Conn, heards: Sequence[Heard[GridControlsReported]]) -> None:
    """What the station says it has: what we knew of stays as old as it is."""
    for heard in heards:
        for part, control in enumerate(heard.said.controls):
            if not await conn.fetchval(SAME, heard.station, control.id, control.type, dict(control.settings)):
                await put(
                    conn, heard.station, control, heard.received_at, heard.seq, source="station", part=part
                )
            if control.superseded:
                await supersede(conn, heard.station, [control.id], heard.received_at)


async def note_switched(conn: Conn, heards: Sequence[Heard[GridControlSwitched]]) -> None:
    for heard in heards:
        said, at = heard.said, device_time(heard.said.at, heard.received_at)
        await conn.execute(SWITCH, heard.station, said.id, said.started, at)
        await supersede(conn, heard.station, said.superseded, at)


async def listing(
    conn: Conn, station: str, *, active: bool | None = None, after: tuple[datetime, int, int] | None = None,
    limit: int = 100,
) -> list[Row]:
    """Newest first; `active` True: those that the station has now."""
    return list(await conn.fetch(LIST, station, active, *(after or (None, None, None)), limit))
