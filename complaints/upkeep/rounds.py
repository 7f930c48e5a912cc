"""Upkeep as rows: the plans, the orders that fall due, how much of it was done, and each station's file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from complaints import workorders
from complaints.upkeep.plan import Plan, Since, due_at
from csms.api import Csms
from csms.errors import BadInput, NotFound
from csms.kit.clock import Clock, iso
from csms.kit.db import Conn, Db
from csms.vocabulary import Usage

EVERY = timedelta(hours=1)
AHEAD = timedelta(days=1)
"""Orders are opened this long before they are due."""
KINDS = ("inspection", "deep_test", "maintenance")
EVERY_SO_MUCH = ("every_days", "every_kwh", "every_sessions")

COLUMNS = ", ".join(Plan.__slots__)
PLANS = f"select {COLUMNS} from upkeep where ($1::boolean is false or active) order by id"
PUT = f"""
    insert into upkeep (name, kind, checklist, limits, every_days, every_kwh, every_sessions, site, station, vendor,
        model, technician, active, set_by, set_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    on conflict (name) do update set kind = excluded.kind, checklist = excluded.checklist, limits = excluded.limits,
        every_days = excluded.every_days, every_kwh = excluded.every_kwh, every_sessions = excluded.every_sessions,
        site = excluded.site, station = excluded.station, vendor = excluded.vendor, model = excluded.model,
        technician = excluded.technician, active = excluded.active, set_by = excluded.set_by, set_at = excluded.set_at
    returning {COLUMNS}
"""
LAST_DONE = """
    select station, max(done_at) as at from work_orders
    where upkeep = $1 and state in ('done', 'verified') group by station
"""
STILL_OPEN = "select station from work_orders where upkeep = $1 and state in ('ordered', 'accepted', 'on_site')"
OPEN_DUE = """
    insert into work_orders (kind, station, fault_level, technician, state, what, due_at, opened_by, opened_at, upkeep,
        checklist)
    select $2, s.station, 3, $3, 'ordered', s.what, s.due_at, 'ohmbudsman', $4, $1, $5
    from unnest($6::text[], $7::text[], $8::timestamptz[]) as s (station, what, due_at)
    on conflict (upkeep, station) where upkeep is not null and state in ('ordered', 'accepted', 'on_site') do nothing
    returning id
"""
# What fell due in a time, and what became of it. Done late is done, and counted as late.
DONE_RATE = """
    select u.name, u.kind, count(*) as due, count(*) filter (where w.state in ('done', 'verified')) as done,
        count(*) filter (where w.state in ('done', 'verified') and w.done_at > w.due_at) as late,
        count(*) filter (where w.state in ('ordered', 'accepted', 'on_site') and w.due_at < $3) as missed
    from work_orders w join upkeep u on u.id = w.upkeep
    where w.due_at >= $1 and w.due_at < $2 and w.state <> 'cancelled'
    group by u.name, u.kind order by u.name
"""
ROUNDS = f"select {workorders.COLUMNS} from work_orders where upkeep = $1 order by id desc limit 50"
WORK_AT = f"select {workorders.COLUMNS} from work_orders where station = $1 order by id desc limit 500"
COMPLAINTS_AT = """
    select number, topic, level, state, filed_at, verdict from complaints
    where station = $1 or matched_station = $1 order by number desc limit 100
"""


class Upkeep:
    """`office.upkeep`."""

    def __init__(self, db: Db, csms: Csms, clock: Clock) -> None:
        self._db, self._csms, self._clock = db, csms, clock
        self._looked_at: datetime | None = None

    @property
    def parts(self) -> Sequence[Callable[[], Awaitable[object]]]:
        return (self.open_due,)

    async def plans(self, *, only_active: bool = False) -> list[Plan]:
        """All plans; three come with the product and rest until a supervisor switches them on."""
        async with self._db.acquire() as conn:
            return [Plan(**dict(row)) for row in await conn.fetch(PLANS, only_active)]

    async def put(self, name: str, given: Mapping[str, Any], by: str) -> Plan:
        """Set a plan. Raises BadInput."""
        async with self._db.acquire() as conn:
            return await put(conn, name, given, by, self._clock())

    async def rounds(self, plan: int) -> list[workorders.WorkOrder]:
        """The orders that this plan has opened, the newest first."""
        async with self._db.acquire() as conn:
            return [workorders.WorkOrder(**dict(row)) for row in await conn.fetch(ROUNDS, plan)]

    # --- what falls due ---------------------------------------------------------------------------

    async def open_due(self) -> int:
        """Open the orders that fall due; once an hour is enough."""
        now = self._clock()
        if self._looked_at is not None and now - self._looked_at < EVERY:
            return 0
        self._looked_at = now
        plans = await self.plans(only_active=True)
        if not plans:
            return 0
        fleet = await self._csms.usage(now, now + timedelta(microseconds=1))
        opened = 0
        for plan in plans:
            opened += await self._open(plan, [s.station for s in fleet if plan.covers(s)], now)
        return opened

    async def _open(self, plan: Plan, stations: Sequence[str], now: datetime) -> int:
        async with self._db.acquire() as conn:
            done = {row["station"]: row["at"] for row in await conn.fetch(LAST_DONE, plan.id)}
            busy = {row["station"] for row in await conn.fetch(STILL_OPEN, plan.id)}
        waiting = {station: done.get(station, plan.set_at) for station in stations if station not in busy}
        due = []
        for since in await self._since(plan, waiting, now):
            at, why = due_at(plan, since[1], now)
            if at <= now + AHEAD:
                due.append((since[0], f"{plan.name} ({why}): {', '.join(plan.checklist)}", max(at, now)))
        if not due:
            return 0
        async with self._db.acquire() as conn:
            columns = map(list, zip(*due, strict=True))
            return len(await conn.fetch(
                OPEN_DUE, plan.id, plan.kind, plan.technician, now, list(plan.checklist), *columns
            ))

    async def _since(self, plan: Plan, waiting: Mapping[str, datetime], now: datetime) -> list[tuple[str, Since]]:
        """How much each station was used since this was last done there."""
        if not plan.every_kwh and not plan.every_sessions:
            return [(station, Since(at)) for station, at in waiting.items()]
        by_time: dict[datetime, list[str]] = defaultdict(list)
        for station, at in waiting.items():
            by_time[at].append(station)
        used: list[tuple[str, Since]] = []
        for at, some in by_time.items():
            used += [(u.station, Since(at, u.energy_wh, u.sessions)) for u in await self._csms.usage(at, now, some)]
        return used

    # --- looking back -----------------------------------------------------------------------------

    async def done_rate(self, since: datetime, until: datetime) -> list[dict[str, Any]]:
        """Each plan: due, done, late, missed, and the rate of what was done."""
        async with self._db.acquire() as conn:
            rows = [dict(row) for row in await conn.fetch(DONE_RATE, since, until, self._clock())]
        return [row | {"rate": row["done"] / row["due"]} for row in rows]

    async def device_file(self, station: str) -> dict[str, Any]:
        """What the station is, all work on it with parts and readings, faults, complaints, use. Raises NotFound."""
        now = self._clock()
        known = await self._csms.station(station)
        if known is None:
            raise NotFound(f"there is no station {station}")
        used = await self._csms.usage(now - timedelta(days=365), now, [station])
        year = used[0] if used else None
        faults = await self._csms.faults(station=station, limit=100)
        async with self._db.acquire() as conn:
            work = await _work_at(conn, station)
            cases = [dict(row) for row in await conn.fetch(COMPLAINTS_AT, station)]
        last = next((w.done_at for w in work if w.done_at and w.kind == "maintenance"), None)
        since = await self._csms.usage(last, now, [station]) if last else []
        return {
            "station": {"id": station, "vendor": known.vendor, "model": known.model, "firmware": known.firmware,
                        "serial": year.serial if year else None, "site": known.site},
            "use_last_year": _use(year), "last_maintenance_at": iso(last) if last else None,
            "use_since_maintenance": _use(since[0]) if since else None,
            "work": [workorders.order_json(w) for w in work],
            "parts": [{"at": iso(w.done_at) if w.done_at else None, "workorder": w.id, **dict(part)}
                      for w in work for part in w.parts],
            "faults": [{"id": f.id, "code": f.code, "evse": f.evse, "level": f.level, "opened_at": iso(f.opened_at),
                        "cleared_at": iso(f.cleared_at) if f.cleared_at else None} for f in faults],
            "complaints": [case | {"filed_at": iso(case["filed_at"])} for case in cases],
        }


async def put(conn: Conn, name: str, given: Mapping[str, Any], by: str, now: datetime) -> Plan:
    """Set a plan. Raises BadInput."""
    if given["kind"] not in KINDS:
        raise BadInput("kind", f"must be one of {', '.join(KINDS)}")
    if not any(given.get(n) for n in EVERY_SO_MUCH):
        raise BadInput("every_days", "or kWh or sessions must be given: how often it is done")
    names = (*EVERY_SO_MUCH, "site", "station", "vendor", "model", "technician")
    row = await conn.fetchrow(
        PUT, name, given["kind"], list(given.get("checklist") or ()), dict(given.get("limits") or {}),
        *(given.get(n) for n in names), bool(given.get("active", True)), by, now,
    )
    return Plan(**dict(row))


async def _work_at(conn: Conn, station: str) -> list[workorders.WorkOrder]:
    return [workorders.WorkOrder(**dict(row)) for row in await conn.fetch(WORK_AT, station)]


def _use(usage: Usage | None) -> dict[str, Any] | None:
    return None if usage is None else {
        "sessions": usage.sessions, "energy_wh": usage.energy_wh, "faults": usage.faults,
    }


def plan_json(plan: Plan) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in Plan.__slots__} | {"set_at": iso(plan.set_at)}
