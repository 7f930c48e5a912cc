"""The watch over readings: each session that ends is looked at, and warned of before anybody complains. Rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from complaints import alarms, workorders
from complaints.thread import SYSTEM
from complaints.upkeep.traits import BASELINE, LEAST_READINGS, Sign, Traits, traits, warnings
from csms.api import Csms, Event
from csms.errors import BadInput, Conflict
from csms.kit.clock import Clock
from csms.kit.db import Conn, Db
from csms.vocabulary import Transaction

FOLLOWS_WITHIN = timedelta(days=14)
"""A fault this long after a warning is what it warned of."""
NOTHING_CAME_AFTER = timedelta(days=30)
EVERY = timedelta(hours=1)

MARK = "select event from worker_marks where name = 'traits' for update skip locked"
MOVE_MARK = "update worker_marks set event = $1 where name = 'traits' and event < $1"
KEEP = """
    insert into session_traits (transaction, station, evse, at, readings, hottest_c, lowest_v, highest_v,
        current_swing, share_of_offer)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (transaction) do nothing returning station
"""
BEFORE = """
    select readings, hottest_c, lowest_v, highest_v, current_swing, share_of_offer from session_traits
    where station = $1 and evse = $2 and at < $3 order by at desc limit $4
"""
FORGET = "delete from session_traits where at < $1"
WARN = """
    insert into warnings (station, evse, rule, value, usual, transaction, raised_at, last_at)
    values ($1, $2, $3, $4, $5, $6, $7, $7)
    on conflict (station, evse, rule) where outcome is null do update
        set times = warnings.times + 1, last_at = excluded.last_at, value = excluded.value
    returning id, times
"""
ORDERED = "update warnings set workorder = $2 where id = $1"
LISTED = """
    select id, station, evse, rule, value, usual, transaction, raised_at, times, last_at, workorder, outcome, ended_at,
        ended_by
    from warnings where ($1::boolean is false or outcome is null) and ($2::text is null or station = $2)
    order by id desc limit $3
"""
END = """
    update warnings set outcome = $2, ended_at = $3, ended_by = $4 where id = $1 and outcome is null
    returning station, evse, rule
"""
OPEN = "select id, station, evse, raised_at, last_at from warnings where outcome is null"
REPAIRED = """
    select w.id from warnings w join work_orders o on o.id = w.workorder
    where w.outcome is null and o.state in ('done', 'verified') and jsonb_array_length(o.parts) > 0
"""
LOOKED_AT = """
    select w.id from warnings w join work_orders o on o.id = w.workorder
    where w.outcome is null and o.state in ('done', 'verified') and jsonb_array_length(o.parts) = 0
"""
PRECISION = """
    select rule, count(*) as warned, count(*) filter (where outcome = 'confirmed') as confirmed,
        count(*) filter (where outcome in ('unfounded', 'nothing_came')) as unfounded,
        count(*) filter (where outcome is null) as open
    from warnings where raised_at >= $1 and raised_at < $2 group by rule order by rule
"""


class ReadingWatch:
    """`office.readings`."""

    def __init__(self, db: Db, csms: Csms, clock: Clock) -> None:
        self._db, self._csms, self._clock = db, csms, clock
        self._judged_at: datetime | None = None

    @property
    def parts(self) -> Sequence[Callable[[], Awaitable[object]]]:
        return (self.look, self.judge)

    async def look(self) -> int:
        """Take in the sessions that have ended since; how many new warnings there are."""
        raised = 0
        async with self._db.acquire() as conn, conn.transaction():
            mark = await conn.fetchval(MARK)
            if mark is None:
                return 0  # another worker is at it
            for event in await self._csms.events_after(mark, limit=200):
                if event.kind == "transaction.ended":
                    raised += await self._see(conn, event)
                mark = event.id
            await conn.execute(MOVE_MARK, mark)
        return raised

    async def _see(self, conn: Conn, event: Event) -> int:
        session = await self._csms.transaction(event.subject)
        if session is None or session.evse is None:
            return 0
        readings = await self._csms.readings(session)
        if len(readings) < LEAST_READINGS:
            return 0
        new, at = traits(readings), session.stopped_at or session.started_at
        rows = await conn.fetch(BEFORE, session.station, session.evse, at, BASELINE)
        values = (getattr(new, name) for name in Traits.__slots__)
        if not await conn.fetchval(KEEP, session.id, session.station, session.evse, at, *values):
            return 0
        found = warnings(new, [Traits(**dict(row)) for row in rows])
        return sum([await self._warn(conn, session, one) for one in found])

    async def _warn(self, conn: Conn, session: Transaction, warning: Sign) -> bool:
        """An alarm and an inspection, once for as long as the same goes on."""
        now, evse = self._clock(), session.evse
        row = await conn.fetchrow(
            WARN, session.station, evse, warning.rule, warning.value, warning.usual, session.id, now
        )
        if row["times"] > 1:
            return False
        usual = f", usual is {warning.usual:.2f}" if warning.usual is not None else ""
        what = f"plug {evse}: {warning.rule.replace('_', ' ')} {warning.value:.2f}{usual}; look before it fails"
        order = await workorders.plan(
            conn, kind="inspection", station=session.station, what=what, by=SYSTEM, now=now, evse=evse,
            due_at=now + timedelta(days=3),
        )
        await conn.execute(ORDERED, row["id"], order.id)
        detail = {"warning": row["id"], "rule": warning.rule, "value": warning.value, "usual": warning.usual,
                  "transaction": session.id, "workorder": order.id}
        await alarms.raise_(
            conn, f"warning:{row['id']}", "early_warning", now, station=session.station, evse=evse, detail=detail
        )
        return True

    async def judge(self) -> int:
        """What became of warnings: a fault or a replaced part confirms one, a look without a find does not."""
        now = self._clock()
        if self._judged_at is not None and now - self._judged_at < EVERY:
            return 0
        self._judged_at = now
        ended = 0
        async with self._db.acquire() as conn, conn.transaction():
            for statement, outcome in ((REPAIRED, "confirmed"), (LOOKED_AT, "unfounded")):
                for row in await conn.fetch(statement):
                    ended += await self._end(conn, row["id"], outcome, SYSTEM)
            for row in await conn.fetch(OPEN):
                ended += await self._judge(conn, row, now)
            await conn.execute(FORGET, now - timedelta(days=365))
        return ended

    async def _judge(self, conn: Conn, row: Any, now: datetime) -> bool:
        faults = await self._csms.faults(station=row["station"], limit=50)
        if any(f.evse in (0, row["evse"]) and row["raised_at"] < f.opened_at <= row["last_at"] + FOLLOWS_WITHIN
               for f in faults if not f.warning):
            return await self._end(conn, row["id"], "confirmed", SYSTEM)
        if now - row["last_at"] > NOTHING_CAME_AFTER:
            return await self._end(conn, row["id"], "nothing_came", SYSTEM)
        return False

    async def _end(self, conn: Conn, id: int, outcome: str, by: str) -> bool:
        return await conn.fetchrow(END, id, outcome, self._clock(), by) is not None

    async def end(self, id: int, outcome: str, by: str) -> None:
        """Somebody says what it was: confirmed or unfounded. Raises BadInput, Conflict."""
        if outcome not in ("confirmed", "unfounded"):
            raise BadInput("outcome", "must be confirmed or unfounded")
        async with self._db.acquire() as conn:
            if not await self._end(conn, id, outcome, by):
                raise Conflict(f"warning {id} is not there, or has ended")

    async def listed(self, *, only_open: bool = True, station: str | None = None) -> list[dict[str, Any]]:
        async with self._db.acquire() as conn:
            rows = await conn.fetch(LISTED, only_open, station, 200)
        return [dict(row) | {"transaction": str(row["transaction"])} for row in rows]

    async def precision(self, since: datetime, until: datetime) -> list[dict[str, Any]]:
        """Each rule: warned, confirmed, unfounded, open, and the share of the judged ones that were right."""
        async with self._db.acquire() as conn:
            rows = [dict(row) for row in await conn.fetch(PRECISION, since, until)]
        return [row | {"precision": row["confirmed"] / judged if (judged := row["confirmed"] + row["unfounded"])
                       else None} for row in rows]
