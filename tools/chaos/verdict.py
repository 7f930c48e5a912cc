"""What the stations remember against what the server kept: lost, doubled, stuck."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from charger_emulator import Station
from csms import journal
from csms.kit.db import Conn, Db
from tools.chaos.fleet import Fleet, assert_station_right

SETTLES_WITHIN_S = 120
PROBES = """
    select count(*) filter (where state in ('queued', 'sent')) as open,
        (select count(*) from events) - (select count(*) from events, worker_marks
            where worker_marks.name = 'complaints' and events.id <= worker_marks.event) as unread
    from commands
"""


@dataclass
class Marks:
    """Where each station's ledger stood when a round began: whose fault a loss is."""

    rounds: list[str] = field(default_factory=list)
    starts: dict[str, list[int]] = field(default_factory=dict)

    def begin(self, fault: str, fleet: Fleet) -> None:
        self.rounds.append(fault)
        for station in fleet.stations:
            self.starts.setdefault(station.id, []).append(len(station.ledger))

    def fault_of(self, station: str, entry: int) -> str:
        return self.rounds[max(bisect_right(self.starts[station], entry) - 1, 0)]


@dataclass
class Verdict:
    acknowledged: int = 0
    frames: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    """By the fault in whose round the message was said."""
    doubled: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """What else does not agree, in words."""

    @property
    def holds(self) -> bool:
        return not (self.lost or self.doubled or self.wrong)


async def judge(db: Db, fleet: Fleet, marks: Marks, asked: Sequence[str], filed: Sequence[str]) -> Verdict:
    """`asked`, `filed`: ids of commands and numbers of complaints that the desk has confirmed."""
    verdict = Verdict(acknowledged=fleet.acknowledged)
    await _nothing_is_stuck(db, verdict)
    async with db.acquire() as conn:
        for station in fleet.stations:
            await _count(conn, station, marks, verdict)
            try:
                await assert_station_right(conn, station, strict="repeated_messages" not in marks.rounds)
            except AssertionError as error:
                verdict.wrong.append(f"{station.id}: {str(error)[:300]}")
        verdict.wrong += [f"{sid}: refused {e.action} {e.refusal}" for sid, e in fleet.refusals]
        verdict.frames, broken = await journal.verify(conn)
        verdict.wrong += [f"{b.station}: row {b.seq} {b.why}" for b in broken]
        await _desk_kept_its_word(conn, fleet, asked, filed, verdict)
    return verdict


async def _count(conn: Conn, station: Station, marks: Marks, verdict: Verdict) -> None:
    rows = await conn.fetch(
        "select message_id from frames where station = $1 and kind = 'received' and action is not null", station.id
    )
    kept = Counter(row["message_id"] for row in rows)
    for number, entry in enumerate(station.ledger):
        fault = marks.fault_of(station.id, number)
        if entry.acknowledged and not kept[entry.message_id]:
            verdict.lost[fault] += 1
        if kept[entry.message_id] > 1 and fault != "repeated_messages":
            verdict.doubled[fault] += 1


async def _desk_kept_its_word(
    conn: Conn, fleet: Fleet, asked: Sequence[str], filed: Sequence[str], verdict: Verdict
) -> None:
    rows = await conn.fetch("select id::text, state from commands where id::text = any($1::text[])", list(asked))
    if missing := len(set(asked) - {row["id"] for row in rows}):
        verdict.wrong.append(f"{missing} confirmed commands are gone")
    kept = await conn.fetch("select number from complaints where number = any($1::text[])", list(filed))
    if missing := len(set(filed) - {row["number"] for row in kept}):
        verdict.wrong.append(f"{missing} confirmed complaints are gone")
    sent = {r["message_id"] for r in await conn.fetch("select message_id from commands where message_id is not null")}
    for station in fleet.stations:
        times = Counter(one.message_id for one in station.voice.asked)
        verdict.wrong += [f"{station.id}: asked {id} {n} times" for id, n in times.items() if n > 1]
        verdict.wrong += [f"{station.id}: asked {id}, which no command is" for id in times if id not in sent]


async def _nothing_is_stuck(db: Db, verdict: Verdict) -> None:
    """Every command is settled and every piece of news read, by themselves."""
    row = None
    for _ in range(SETTLES_WITHIN_S * 2):
        row = await db.fetchrow(PROBES)
        if not row["open"] and not row["unread"]:
            return
        await asyncio.sleep(0.5)
    verdict.wrong.append(f"stuck: {row['open']} commands, {row['unread']} news")
