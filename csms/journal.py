"""The journal: every frame and connection event, chained per station, so that nobody can edit it unseen."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from csms.kit.clock import micros
from csms.kit.db import Conn, Row

GENESIS = bytes(32)

HEADS = "select station, seq, hash from heads where station = any($1::text[])"

FOUND_HEADS = """
    insert into heads (station, seq, hash, last_heard_at)
    select *, 'epoch' from unnest($1::text[], $2::bigint[], $3::bytea[]) on conflict do nothing
"""

# A transaction whose answer was lost may still be running on the other side; as long as it does, it holds these.
AWAIT_HEADS = "select seq from heads where station = any($1::text[]) order by station for update"

STORED = """
    select exists (select from frames where station = $1 and seq = $2 and received_at = instant($3) and hash = $4)
"""

FRAMES = """
    select station, seq, received_at, at, kind, message_id, action, frame, by, complaint, repairs, hash, prev_hash
    from frames where station = $1 and received_at >= $2 and received_at < $3 and seq > $4
    order by received_at, seq limit $5
"""

MARKS = """
    select seq, received_at, kind, action from frames
    where station = $1 and received_at >= $2 and received_at < $3 order by received_at, seq limit 50000
"""

FRAMES_BY_SEQ = """
    select station, seq, received_at, at, kind, message_id, action, frame, by, complaint, repairs, hash, prev_hash
    from frames f join unnest($1::text[], $2::bigint[]) as w (station, seq) using (station, seq)
    order by received_at, seq
"""

CHAIN = """
    select station, seq, received_at, kind, message_id, frame, by, hash, prev_hash
    from frames where station = $1 and seq > $2 order by seq limit 5000
"""

ANCHOR = "select seq, hash from journal_anchors where station = $1"
NEWEST_ANCHOR = "select max(dropped_at) from journal_anchors"
STATIONS = "select station, seq, hash from heads where $1::text is null or station = $1 order by station"

KNOWN_LINES = """
    select received_at, kind, frame from frames
    where station = $1 and received_at = any($2::timestamptz[])
"""

KEEP_QUARANTINED = """
    insert into quarantine (station, received_at, seq, action, error, frame) values ($1, $2, $3, $4, $5, $6)
    on conflict do nothing
"""

COUNT_REPAIRS = """
    insert into repairs (vendor, model, firmware, name, times, last_at)
    select coalesce(s.vendor, ''), coalesce(s.model, ''), coalesce(s.firmware, ''), r.name, count(*), max(r.at)
    from unnest($1::text[], $2::text[], $3::timestamptz[]) as r (station, name, at)
    left join stations s on s.id = r.station
    group by 1, 2, 3, 4
    on conflict (vendor, model, firmware, name)
    do update set times = repairs.times + excluded.times, last_at = greatest(repairs.last_at, excluded.last_at)
"""


@dataclass(slots=True)
class Line:
    """One row of the journal before it is numbered and chained. Nobody changes it; built twice for every message,
    it is spared what `frozen` costs.
    """

    station: str
    received_at: datetime
    kind: str
    """connected, received, sent or disconnected."""
    frame: str | None = None
    message_id: str | None = None
    action: str | None = None
    at: datetime | None = None
    session: int | None = None
    by: str | None = None
    complaint: str | None = None
    repairs: tuple[str, ...] = ()


def storable(text: str) -> str:
    """PostgreSQL's text holds no NUL and no lone surrogate: shown by their escapes instead."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\u0000")


class Head(NamedTuple):
    """The newest row of a station's chain."""

    seq: int = 0
    hash: bytes = GENESIS


def link_hash(
    prev: bytes, station: str, seq: int, received_at: datetime, kind: str, message_id: str | None, by: str | None,
    frame: str | None,
) -> bytes:
    """SHA-256 over the row before and everything that was said; the frame comes last, so no text can pose as two."""
    return _hash(prev, station, seq, received_at.isoformat(), kind, message_id, by, frame)


def _hash(
    prev: bytes, station: str, seq: int, moment: str, kind: str, message_id: str | None, by: str | None,
    frame: str | None,
) -> bytes:
    text = f"{station}\x1f{seq}\x1f{moment}\x1f{kind}\x1f{message_id or ''}\x1f{by or ''}\x1f{frame or ''}"
    return hashlib.sha256(prev + text.encode("utf-8", "surrogatepass")).digest()


class Chain:
    """Numbers and chains what one batch brings, on heads that only move when the batch is committed."""

    def __init__(self, heads: dict[str, Head]) -> None:
        self.heads = heads
        self.rows: list[tuple[object, ...]] = []
        """One a line, its answer in the same row: what `kept_entry` is made of."""
        self._at: datetime | None = None
        self._moment, self._us = "", 0
        """`_at` as it is hashed and as it is stored: an answer mostly bears the time of its question."""

    def next_seq(self, station: str) -> int:
        return self.heads[station].seq + 1

    def add(self, line: Line, answer: str | None = None, answered_at: datetime | None = None) -> None:
        """A line, and what was sent in answer to it (by default at the time of the line)."""
        station, kind, message_id, by, frame = line.station, line.kind, line.message_id, line.by, line.frame
        before, prev = self.heads[station]
        seq = before + 1
        us = self._told_time(line.received_at)
        hashed = newest = _hash(prev, station, seq, self._moment, kind, message_id, by, frame)
        answered_us = answer_hash = None
        if answer is not None:
            answered_us = self._told_time(answered_at or line.received_at)
            newest = answer_hash = _hash(hashed, station, seq + 1, self._moment, "sent", message_id, None, answer)
        self.rows.append((
            station, seq, us, line.at, kind, message_id, line.action, frame, line.session, by, line.complaint,
            line.repairs or None, hashed, prev, answer, answered_us, answer_hash,
        ))
        self.heads[station] = Head(seq if answer is None else seq + 1, newest)

    def _told_time(self, at: datetime) -> int:
        if at is not self._at:
            self._at, self._moment, self._us = at, at.isoformat(), micros(at)
        return self._us


async def load_heads(conn: Conn, stations: Iterable[str]) -> dict[str, Head]:
    """The heads of these stations; one that has no journal yet gets its first."""
    wanted = list(stations)
    heads = {row["station"]: Head(row["seq"], row["hash"]) for row in await conn.fetch(HEADS, wanted)}
    if fresh := sorted(set(wanted) - heads.keys()):
        await conn.execute(FOUND_HEADS, fresh, [0] * len(fresh), [GENESIS] * len(fresh))
        heads |= {station: Head() for station in fresh}
    return heads


async def holds(conn: Conn, chain: Chain) -> bool:
    """Whether a batch was committed: all of it or nothing, so its first row tells, whoever has written since."""
    await conn.fetch(AWAIT_HEADS, sorted(chain.heads))
    station, seq, received_us, *_, hashed, _, _, _, _ = chain.rows[0]
    return bool(await conn.fetchval(STORED, station, seq, received_us, hashed))


async def count_repairs(conn: Conn, lines: Sequence[Line], rules: Sequence[tuple[str, str, datetime]]) -> None:
    """How often each repair and rule was needed, per model and firmware: that is evidence, too."""
    fired = [(line.station, name, line.received_at) for line in lines for name in line.repairs]
    fired += rules
    if fired:
        await conn.execute(COUNT_REPAIRS, *(list(column) for column in zip(*fired, strict=True)))


async def keep_quarantined(conn: Conn, line: Line, seq: int, error: str) -> None:
    await conn.execute(
        KEEP_QUARANTINED, line.station, line.received_at, seq, line.action, error[:2000], line.frame
    )


async def frames(
    conn: Conn, station: str, since: datetime, until: datetime, *, after_seq: int = 0, limit: int = 10_000
) -> list[Row]:
    return list(await conn.fetch(FRAMES, station, since, until, after_seq, limit))


async def marks(conn: Conn, station: str, since: datetime, until: datetime) -> list[Row]:
    """That frames came and went, without their text."""
    return list(await conn.fetch(MARKS, station, since, until))


async def known_lines(conn: Conn, station: str, times: Sequence[datetime]) -> set[tuple[datetime, str, str]]:
    """(received_at, kind, frame) of the rows stored at these times: what an import has brought in before."""
    rows = await conn.fetch(KNOWN_LINES, station, sorted(set(times)))
    return {(row["received_at"], row["kind"], row["frame"] or "") for row in rows}


async def frames_by_id(conn: Conn, ids: Sequence[str]) -> list[Row]:
    """Rows by `station:seq`."""
    pairs = [(station, int(seq)) for station, _, seq in (id.rpartition(":") for id in ids) if seq.isdigit()]
    return list(await conn.fetch(FRAMES_BY_SEQ, [p[0] for p in pairs], [p[1] for p in pairs]))


@dataclass(frozen=True, slots=True)
class Broken:
    """The first row of a station's chain that does not fit."""

    station: str
    seq: int
    why: str
    """altered, removed, inserted or cut off."""


async def verify(conn: Conn, station: str | None = None) -> tuple[int, list[Broken]]:
    """Walk the chains; (rows checked, the first misfit of each station)."""
    checked, broken = 0, []
    for head in await conn.fetch(STATIONS, station):
        # One view of head and rows: the station may be talking meanwhile.
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            rows, misfit = await _verify_one(conn, head["station"])
        checked += rows
        if misfit:
            broken.append(misfit)
    return checked, broken


async def _verify_one(conn: Conn, station: str) -> tuple[int, Broken | None]:
    stored, anchor, rows = await conn.fetchrow(STATIONS, station), await conn.fetchrow(ANCHOR, station), 0
    head = Head(*anchor) if anchor else Head()  # what went by policy left its newest number and hash behind
    async for row in _walk(conn, station, head.seq):
        if misfit := _misfit(head, row):
            return rows, Broken(station, row["seq"] if misfit != "removed" else head.seq + 1, misfit)
        head, rows = Head(row["seq"], row["hash"]), rows + 1
    if head != Head(stored["seq"], stored["hash"]):
        return rows, Broken(station, head.seq + 1, "cut off")
    return rows, None


async def _walk(conn: Conn, station: str, after: int = 0) -> AsyncIterator[Row]:
    while page := await conn.fetch(CHAIN, station, after):
        for row in page:
            yield row
        if after == page[-1]["seq"]:
            return
        after = page[-1]["seq"]


def _misfit(head: Head, row: Row) -> str | None:
    if row["seq"] > head.seq + 1:
        return "removed"
    if row["seq"] <= head.seq:
        return "inserted"
    expected = link_hash(
        head.hash, row["station"], row["seq"], row["received_at"], row["kind"], row["message_id"], row["by"],
        row["frame"],
    )
    return None if (row["hash"], row["prev_hash"]) == (expected, head.hash) else "altered"
