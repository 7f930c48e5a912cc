"""News from csms: rows written with what they tell of, read by whoever comes after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from csms.kit.db import Conn, Row
from csms.vocabulary.heard import Notes, record_id

WRITE = """
    insert into events (at, kind, station, subject, detail)
    select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::jsonb[])
"""
SUSPECTS = """
    insert into suspects (id, station, transaction, code, at, seq, detail)
    select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::timestamptz[], $6::bigint[], $7::jsonb[])
    on conflict do nothing
"""
# Ids are drawn before they are committed; a reader that skipped a slower writer's would never see it again.
AFTER = """
    select id, at, kind, station, subject, detail from events
    where id > $1 and tx < pg_snapshot_xmin(pg_current_snapshot())
    order by id limit $2
"""


async def write(conn: Conn, notes: Notes, now: datetime) -> None:
    """`now` by our own clock, also for what history brings: it is news when it is heard."""
    if notes.events:
        kinds, stations, subjects, details = zip(*notes.events, strict=True)
        await conn.execute(WRITE, now, kinds, stations, subjects, [dict(d) for d in details])
    if notes.suspects:
        await conn.execute(SUSPECTS, *zip(*(
            (record_id(f"suspect/{code}", station, seq), station, transaction, code, at, seq, dict(detail))
            for station, transaction, code, at, seq, detail in notes.suspects
        ), strict=True))


async def after(conn: Conn, id: int, limit: int) -> Sequence[Row]:
    return list(await conn.fetch(AFTER, id, limit))
