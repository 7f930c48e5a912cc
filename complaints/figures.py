"""Figures about cases, for Prometheus: how many stand where, and how their clocks run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from csms.kit.clock import Clock
from csms.kit.db import Db
from csms.kit.figures import Labelled, Meter, Survey

# Cases that have ended are counted too; they are rows of one narrow index.
CASES = "select state, count(*)::float8 as times from complaints group by state"

CLOCKS = """
    select d.kind, case
            when d.paused then 'paused'
            when d.breached_at is not null or d.due_at < $1 then 'late'
            when d.due_at < $1 + interval '1 hour' then 'due within the hour'
            else 'running' end as state,
        count(*)::float8 as times
    from deadlines d
    where d.met_at is null and not d.stopped and d.started_at is not null
    group by 1, 2
"""

# How far the worker is behind, in events; what it cannot read yet because it is not committed does not count.
BEHIND = """
    select (select coalesce(max(id), 0) from events) - m.event as events,
        extract(epoch from $1 - (select at from events where id > m.event order by id limit 1))::float8 as seconds
    from worker_marks m where name = 'complaints'
"""


def survey(db: Db, clock: Clock) -> Survey:
    """Asked by /metrics, at most every few seconds."""

    async def figures() -> Sequence[Meter]:
        now = clock()
        async with db.acquire() as conn:
            cases: Labelled = {(r["state"],): r["times"] for r in await conn.fetch(CASES)}
            clocks: Labelled = {(r["kind"], r["state"]): r["times"] for r in await conn.fetch(CLOCKS, now)}
            behind = await conn.fetchrow(BEHIND, now)
        return _meters(cases, clocks, behind or {})

    return figures


def _meters(
    cases: Labelled, clocks: Labelled, behind: Mapping[str, float | None],
) -> list[Meter]:
    return [
        Meter("ohmbudsman_cases", "Cases by state.", lambda: cases, labels=("state",)),
        Meter("ohmbudsman_clocks", "Deadlines that are not met yet, by kind and how they stand.", lambda: clocks,
              labels=("kind", "state")),
        Meter("ohmbudsman_worker_behind_events", "News from stations that the worker has not read.",
              lambda: float(behind.get("events") or 0)),
        Meter("ohmbudsman_worker_behind_seconds", "How old the oldest of it is.",
              lambda: max(float(behind.get("seconds") or 0), 0.0)),
    ]
