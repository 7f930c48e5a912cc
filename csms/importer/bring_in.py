"""Bringing history in: lines known already change nothing, wrong ones are named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from csms import commands, events, journal, partitions, stations
from csms.errors import BadInput
from csms.importer.lines import Report, Row, read_line
from csms.importer.teller import Teller
from csms.inbox import POISON, Entry, Policy, Writer
from csms.kit.clock import Clock
from csms.kit.db import Conn, Db
from csms.vocabulary import CommandState
from csms.vocabulary.heard import Notes

UNANSWERED_AFTER = timedelta(seconds=30)

WAVES_A_COMMIT = 200


async def import_lines(
    db: Db, clock: Clock, lines: Iterable[str | bytes], *, policy: Policy | None = None, dry_run: bool = False
) -> Report:
    """Bring in a journal file. Lines known already are counted and change nothing; wrong ones are named."""
    report = Report()
    rows = _read_all(lines, report)
    if dry_run:
        report.accepted = len(rows)
        return report
    by_station: dict[str, list[Row]] = {}
    for row in rows:
        by_station.setdefault(row.station, []).append(row)
    async with db.acquire() as conn:
        await stations.create_many(conn, by_station)
        await partitions.cover(conn, [row.at for row in rows])
    tellers = [t for s, r in by_station.items() if (t := await _teller(db, s, r, report)) is not None]
    await tell(db, clock, tellers, policy or Policy(), report)
    return report


def _read_all(lines: Iterable[str | bytes], report: Report) -> list[Row]:
    rows = []
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            rows.append(read_line(number, text))
        except BadInput as error:
            report.reject(number, f"{error.field}: {error}")
    return rows


async def _teller(db: Db, station: str, rows: list[Row], report: Report) -> Teller | None:
    async with db.acquire() as conn:
        known = await journal.known_lines(conn, station, [row.at for row in rows])
        protocol = (await stations.find(conn, station)).protocol
    fresh = []
    for row in rows:
        if row.identity in known:
            report.duplicates += 1
        else:
            known.add(row.identity)
            fresh.append(row)
    return Teller(station, fresh, protocol) if fresh else None


async def tell(db: Db, clock: Clock, tellers: Sequence[Teller], policy: Policy, report: Report) -> None:
    """Write histories in waves: one line of each station at a time, many waves a commit."""
    running = list(tellers)
    writer = Writer(policy, clock)
    while running:
        writer.heads.clear()
        async with db.acquire() as conn, conn.transaction():
            for _ in range(WAVES_A_COMMIT):
                if not running:
                    break
                await _wave(conn, writer, running, report)
                running = [t for t in running if t.rows]
    async with db.acquire() as conn, conn.transaction():
        await _close_the_book(conn, tellers, clock())


async def _wave(conn: Conn, writer: Writer, tellers: Sequence[Teller], report: Report) -> None:
    if missing := [t.station for t in tellers if t.station not in writer.heads]:
        writer.heads |= await journal.load_heads(conn, missing)
    batch = [t.next(writer.heads[t.station].seq + 1) for t in tellers]
    try:
        async with conn.transaction():
            chain = await writer.write(conn, batch)
        writer.committed(chain)
    except POISON:
        await _one_by_one(conn, writer, batch)
    report.accepted += len(batch)


async def _one_by_one(conn: Conn, writer: Writer, batch: Sequence[Entry]) -> None:
    """One of them cannot be projected: it alone is kept apart, as for a live station."""
    for entry in batch:
        try:
            async with conn.transaction():
                chain = await writer.write(conn, [entry])
        except POISON as error:
            async with conn.transaction():
                chain = await writer.write(conn, [entry], projected=False)
                await journal.keep_quarantined(conn, entry.line, entry.seq, f"{type(error).__name__}: {error}")
        writer.committed(chain)


async def _close_the_book(conn: Conn, tellers: Sequence[Teller], now: datetime) -> None:
    """Questions that history never answers, effects it never shows."""
    notes = Notes()
    for teller in tellers:
        await stations.remember_protocol(conn, teller.station, teller.protocol)
        for asked in teller.open.values():
            at = min(asked.at + UNANSWERED_AFTER, now)
            await commands.settle(conn, asked.id, asked.kind, CommandState.UNANSWERED, at, notes)
    await commands.give_up_effects(conn, now, notes)
    await events.write(conn, notes, now)
