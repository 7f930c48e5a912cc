"""Deadlines of cases as they run: set by policy, met, postponed, or run out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from complaints import sla
from complaints.cases import Case
from complaints.states import OPEN, PAUSED
from csms.kit.db import Conn


@dataclass(frozen=True, slots=True)
class Deadline:
    """A named deadline of one round, and how it went."""

    complaint: str
    round: int
    kind: str
    due_at: datetime
    policy: str
    met_at: datetime | None = None
    breached_at: datetime | None = None


PUT = """
    insert into deadlines (complaint, round, kind, due_at, policy) values ($1, $2, $3, $4, $5)
    on conflict (complaint, round, kind) do update set due_at = excluded.due_at, policy = excluded.policy
    where deadlines.met_at is null
"""
OF_CASES = """
    select complaint, round, kind, due_at, policy, met_at, breached_at from deadlines
    where complaint = any($1::text[]) order by complaint, round, due_at, kind
"""
MEET = """
    update deadlines set met_at = $3
    where complaint = $1 and kind = any($2::text[]) and met_at is null
        and round = (select round from complaints where number = $1)
"""
POSTPONE = """
    update deadlines set due_at = $3
    where complaint = $1 and kind = $2 and met_at is null and round = (select round from complaints where number = $1)
"""
BREACHED = """
    select d.complaint, d.round, d.kind, d.due_at, d.policy, d.met_at, d.breached_at
    from deadlines d join complaints c on c.number = d.complaint and c.round = d.round
    where d.due_at <= $1 and d.met_at is null and d.breached_at is null and c.state = any($2::text[])
    order by d.due_at limit 200
"""
NOTE_BREACH = """
    update deadlines set breached_at = $4
    where complaint = $1 and round = $2 and kind = $3 and met_at is null and breached_at is null returning kind
"""


ROUND_BEGAN = """
    select coalesce(max(at), $2) from entries where complaint = $1 and type in ('rejection', 'reopening')
"""


async def round_began(conn: Conn, case: Case) -> datetime:
    """When the clocks of the current round began."""
    began: datetime = await conn.fetchval(ROUND_BEGAN, case.number, case.filed_at)
    return began


async def put(conn: Conn, number: str, round: int, made: Sequence[sla.Deadline]) -> None:
    await conn.executemany(PUT, [(number, round, d.kind, d.due_at, d.policy) for d in made])


async def of_cases(conn: Conn, numbers: Sequence[str]) -> dict[str, list[Deadline]]:
    """Deadlines of several cases, by number, all rounds."""
    found: dict[str, list[Deadline]] = {number: [] for number in numbers}
    for row in await conn.fetch(OF_CASES, list(numbers)):
        found[row["complaint"]].append(Deadline(**dict(row)))
    return found


async def meet(conn: Conn, number: str, *kinds: str, now: datetime) -> None:
    """These clocks of the current round have stopped in time, or late."""
    await conn.execute(MEET, number, list(kinds), now)


async def postpone(conn: Conn, number: str, kind: str, due_at: datetime) -> None:
    await conn.execute(POSTPONE, number, kind, due_at)


async def breached(conn: Conn, now: datetime) -> list[Deadline]:
    """Deadlines of open, unpaused cases that have run out and were not noted yet."""
    running = [state for state in OPEN if state not in PAUSED]
    return [Deadline(**dict(row)) for row in await conn.fetch(BREACHED, now, running)]


async def note_breach(conn: Conn, deadline: Deadline, now: datetime) -> bool:
    """True for the one who notes it first."""
    return bool(await conn.fetchval(NOTE_BREACH, deadline.complaint, deadline.round, deadline.kind, now))
