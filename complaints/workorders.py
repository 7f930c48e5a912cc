"""Work orders: someone goes there. Ordered, accepted, on site, done, and verified by the next good session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from complaints import alarms, cases, deadlines, sla, thread
from complaints.actions import Ask
from complaints.cases import Case
from complaints.intake import attachments
from complaints.intake.attachments import Kept
from complaints.outbound import outbox
from complaints.thread import SYSTEM, Draft
from complaints.upkeep.plan import out_of_limits
from csms.errors import BadInput, Conflict, NotFound
from csms.kit.clock import iso
from csms.kit.db import Conn, Row

AWAITED = ("ordered", "accepted")
"""Nobody is on site yet: until then an order can be late."""
OPEN = (*AWAITED, "on_site")
MOVES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "accept": (("ordered",), "accepted"),
    "arrive": (AWAITED, "on_site"),
    "finish": (("on_site",), "done"),
    "fail": (("on_site", "done"), "not_solved"),
    "verify": (("done",), "verified"),
    "cancel": (AWAITED, "cancelled"),
}
"""What may happen to an order: from where, to where."""


@dataclass(frozen=True, slots=True)
class WorkOrder:
    id: int
    complaint: str | None
    incident: int | None
    kind: str
    station: str | None
    evse: int | None
    fault_level: int
    technician: str | None
    state: str
    what: str
    due_at: datetime | None
    appointed_at: datetime | None
    opened_by: str
    opened_at: datetime
    accepted_at: datetime | None
    arrived_at: datetime | None
    done_at: datetime | None
    closed_at: datetime | None
    consent: bool | None
    result: str | None
    parts: Sequence[Any]
    readings: Mapping[str, Any]
    photos: Sequence[Any]
    verified_by: str | None
    history: Sequence[Any]
    upkeep: int | None
    checklist: Sequence[Any]

    @property
    def awaited(self) -> bool:
        return self.state in AWAITED


def order_json(order: WorkOrder) -> dict[str, Any]:
    shape = {name: getattr(order, name) for name in WorkOrder.__slots__}
    return {name: iso(value) if isinstance(value, datetime) else value for name, value in shape.items()}


COLUMNS = ", ".join(WorkOrder.__slots__)
OPEN_ONE = f"""
    insert into work_orders (complaint, incident, kind, station, evse, fault_level, technician, state, what, due_at,
        appointed_at, opened_by, opened_at)
    values ($1, $2, $3, $4, $5, $6, $7, 'ordered', $8, $9, $10, $11, $12) returning {COLUMNS}
"""
ONE = f"select {COLUMNS} from work_orders where id = $1"
OF_CASE = f"select {COLUMNS} from work_orders where complaint = $1 order by id"
LISTED = f"""
    select {COLUMNS} from work_orders
    where ($1::text is null or technician = $1) and ($2::text is null or station = $2)
        and ($3::text is null or state = $3) and ($4::bigint is null or id < $4)
    order by id desc limit $5
"""
MOVE = f"""
    update work_orders set state = $2,
        accepted_at = case when $2 = 'accepted' then $3::timestamptz else accepted_at end,
        arrived_at = case when $2 = 'on_site' then $3 else arrived_at end,
        done_at = case when $2 = 'done' then $3 else done_at end,
        closed_at = case when $2 in ('verified', 'not_solved', 'cancelled') then $3 else closed_at end,
        consent = coalesce($5, consent), result = coalesce($6, result), parts = parts || $7::jsonb,
        readings = readings || $8::jsonb, photos = photos || $9::jsonb, verified_by = coalesce($10, verified_by),
        technician = coalesce(technician, $11),
        history = history || jsonb_build_array(jsonb_build_object('at', $3, 'by', $11::text, 'to', $2::text))
    where id = $1 and state = any($4::text[]) returning {COLUMNS}
"""
BY_CLOCK = f"""
    select {COLUMNS} from work_orders
    where state = any($1::text[]) and ($2::text is null or technician = $2) and ($3::text is null or station = $3)
    order by case when state = any($6::text[]) then due_at end nulls last, id desc limit $4 offset $5
"""
FREE = f"""
    select {COLUMNS} from work_orders where state = 'ordered' and technician is null order by due_at nulls last, id
    limit $1
"""
COUNTS = """
    select count(*) filter (where state = any($1::text[])) as open,
        count(*) filter (where state = any($3::text[]) and due_at < $2) as late,
        count(*) filter (where state = 'done') as done,
        count(*) filter (where state = any($1::text[]) and technician is null) as nobody,
        count(*) filter (where state in ('verified', 'not_solved', 'cancelled')) as ended
    from work_orders
"""
ASSIGN = f"""
    update work_orders set technician = $2,
        history = history || jsonb_build_array(jsonb_build_object('at', $4::timestamptz, 'by', $3::text, 'to',
            'technician ' || $2::text))
    where id = $1 and state = any($5::text[]) returning {COLUMNS}
"""
COUNT_OPEN = "select count(*) from work_orders where complaint = $1 and state = any($2::text[])"
COUNT_TASKS = "select count(*) from tasks where complaint = $1 and done_at is null"
NOTE_FAULT_LEVEL = "update complaints set fault_level = $2 where number = $1"


def _order(row: Row) -> WorkOrder:
    return WorkOrder(**dict(row))


async def open_for(conn: Conn, case: Case, ask: Ask, by: str, now: datetime) -> WorkOrder:
    """An order from a case, to be on site by the clock of the fault's level."""
    fault_level = ask.fault_level or case.fault_level or case.level
    evse = next((e for e in (ask.evse, case.matched_evse, case.evse) if e is not None), None)
    due_at = await _arrive_by(conn, fault_level, now)
    row = await conn.fetchrow(
        OPEN_ONE, case.number, case.incident, "repair", case.where, evse, fault_level, ask.owner,
        ask.reason or ask.text or case.text[:500], due_at, ask.due_at, by, now,
    )
    await conn.execute(NOTE_FAULT_LEVEL, case.number, fault_level)
    return await _told(conn, _order(row), now)


async def _told(conn: Conn, order: WorkOrder, now: datetime) -> WorkOrder:
    """Whoever is to go there hears of it."""
    if order.technician:
        where = f"{order.station or ''} / {order.evse or ''}".strip(" /")
        await outbox.to_staff(
            conn, f"order:{order.id}:{order.technician}", order.technician, complaint=order.complaint,
            situation="work_order", subject=f"Work order {order.id}: {where}", body=order.what,
            urgent=order.fault_level == 1, now=now,
        )
    return order


async def _arrive_by(conn: Conn, fault_level: int, now: datetime) -> datetime | None:
    policy = await deadlines.policy_now(conn, now)
    rule = policy.rules_for(level=fault_level, category="equipment", fault_level=fault_level, channel="").get("arrive")
    return sla.due(now, rule.limit, sla.Facts(level=fault_level).days(policy)) if rule and rule.limit else None


async def plan(
    conn: Conn, *, kind: str, station: str, what: str, by: str, now: datetime, evse: int | None = None,
    due_at: datetime | None = None, technician: str | None = None, incident: int | None = None, fault_level: int = 3,
) -> WorkOrder:
    """An order without a case: an inspection, a deep test, maintenance, an incident's repair."""
    return await _told(conn, _order(await conn.fetchrow(
        OPEN_ONE, None, incident, kind, station, evse, fault_level, technician, what, due_at, None, by, now
    )), now)


async def get(conn: Conn, id: int) -> WorkOrder:
    """Raises NotFound."""
    row = await conn.fetchrow(ONE, id)
    if row is None:
        raise NotFound(f"there is no work order {id}")
    return _order(row)


async def of_case(conn: Conn, number: str) -> list[WorkOrder]:
    return [_order(row) for row in await conn.fetch(OF_CASE, number)]


async def listed(
    conn: Conn, *, technician: str | None = None, station: str | None = None, state: str | None = None,
    before: int | None = None, limit: int = 100,
) -> list[WorkOrder]:
    """Newest first."""
    return [_order(row) for row in await conn.fetch(LISTED, technician, station, state, before, limit)]


async def by_clock(
    conn: Conn, states: Sequence[str], *, technician: str | None = None, station: str | None = None, skip: int = 0,
    limit: int = 50,
) -> list[WorkOrder]:
    """What is due first comes first; what is over, newest first."""
    rows = await conn.fetch(BY_CLOCK, list(states), technician, station, limit, skip, list(OPEN))
    return [_order(row) for row in rows]


async def free(conn: Conn, limit: int = 20) -> list[WorkOrder]:
    """Orders that nobody has yet."""
    return [_order(row) for row in await conn.fetch(FREE, limit)]


async def counts(conn: Conn, now: datetime) -> dict[str, int]:
    return dict(await conn.fetchrow(COUNTS, list(OPEN), now, list(AWAITED)))


async def assign(conn: Conn, id: int, technician: str, by: str, now: datetime) -> WorkOrder:
    """Raises NotFound, Conflict."""
    row = await conn.fetchrow(ASSIGN, id, technician, by, now, list(OPEN))
    if row is None:
        raise Conflict(f"work order {id} is {(await get(conn, id)).state}; nobody can be sent any more")
    order = _order(row)
    if order.complaint:
        body = {"workorder": id, "technician": technician}
        await thread.add(conn, order.complaint, Draft("work_assigned", by, body=body), now)
    return await _told(conn, order, now)


async def count_open(conn: Conn, number: str) -> int:
    return int(await conn.fetchval(COUNT_OPEN, number, list(OPEN)))


async def count_tasks(conn: Conn, number: str) -> int:
    return int(await conn.fetchval(COUNT_TASKS, number))


@dataclass(frozen=True, slots=True)
class Report:
    """What a technician says with a step."""

    text: str | None = None
    consent: bool | None = None
    parts: Sequence[Mapping[str, Any]] = ()
    readings: Mapping[str, Any] | None = None
    photos: Sequence[Mapping[str, Any]] = ()
    session: str | None = None
    files: Sequence[Kept] = ()
    """Photos that came with it; kept with the case, or with the order where there is none."""


ENTRIES = {"arrive": "arrival", "finish": "work_done", "fail": "work_failed", "verify": "work_verified",
           "accept": "work_accepted", "cancel": "work_cancelled"}


async def move(conn: Conn, id: int, step: str, report: Report, by: str, now: datetime) -> WorkOrder:
    """One step of an order, told in its case's thread. Raises NotFound, BadInput, Conflict."""
    if step not in MOVES:
        raise BadInput("step", f"must be one of {', '.join(MOVES)}")
    order = await get(conn, id)
    if step == "finish" and not report.text:
        raise BadInput("text", "is required: what was found and done")
    sources, target = MOVES[step]
    photos = [*report.photos, *attachments.named(report.files)]
    row = await conn.fetchrow(
        MOVE, id, target, now, list(sources), report.consent, report.text, list(report.parts),
        dict(report.readings or {}), photos, report.session, None if by == SYSTEM else by,
    )
    if row is None:
        raise Conflict(f"work order {id} is {order.state}; {step} is not possible then")
    moved = _order(row)
    if step == "finish" and moved.upkeep is not None:
        await _compare(conn, moved, now)
    if moved.complaint:
        body = {
            "workorder": id, "station": moved.station, "evse": moved.evse, "parts": list(report.parts),
            "readings": dict(report.readings or {}), "photos": photos, "consent": report.consent,
            "session": report.session, **({"attachments": photos} if report.files else {}),
        }
        entry = await thread.add(conn, moved.complaint, Draft(ENTRIES[step], by, report.text or "", body=body), now)
        assert entry is not None
        await attachments.keep(conn, moved.complaint, entry.seq, report.files)
    else:
        await attachments.keep_for_order(conn, id, report.files)
    return moved


LIMITS = "select limits from upkeep where id = $1"


async def _compare(conn: Conn, order: WorkOrder, now: datetime) -> None:
    """What a test has measured outside of its limits is repaired: an order and an alarm."""
    found = out_of_limits(order.readings, await conn.fetchval(LIMITS, order.upkeep))
    if not found:
        return
    what = f"{order.what.partition(' (')[0]} of {now:%Y-%m-%d}: {'; '.join(found)}"
    repair = await plan(
        conn, kind="repair", station=order.station or "", what=what, by=SYSTEM, now=now, evse=order.evse, fault_level=2,
        due_at=await _arrive_by(conn, 2, now),
    )
    detail = {"workorder": order.id, "repair": repair.id, "found": found}
    await alarms.raise_(conn, f"limits:{order.id}", "out_of_limits", now, station=order.station, evse=order.evse,
                        detail=detail)


async def verify_by(conn: Conn, number: str, session: str, now: datetime) -> None:
    """A good session came after the work: orders that are done have worked."""
    for order in await of_case(conn, number):
        if order.state == "done" and order.done_at is not None and order.done_at <= now:
            await move(conn, order.id, "verify", Report(session=session), SYSTEM, now)


# --- tasks of other departments ----------------------------------------------------------------

ADD_TASK = """
    insert into tasks (complaint, department, owner, what, due_at, opened_by, opened_at)
    values ($1, $2, $3, $4, $5, $6, $7) returning id
"""
DONE_TASK = """
    update tasks set done_by = $3, done_at = $4, result = $5 where complaint = $1 and id = $2 and done_at is null
    returning department
"""
TASKS = """
    select id, department, owner, what, due_at, opened_by, opened_at, done_by, done_at, result
    from tasks where complaint = $1 order by id
"""


async def add_task(
    conn: Conn, number: str, *, department: str, what: str, owner: str | None, due_at: datetime | None, by: str,
    now: datetime,
) -> int:
    """A part of the case for another department, with a clock of its own. Raises NotFound."""
    await cases.get(conn, number)
    id = int(await conn.fetchval(ADD_TASK, number, department, owner, what, due_at, by, now))
    body = {"task": id, "department": department, "owner": owner, "due_at": due_at}
    await thread.add(conn, number, Draft("task", by, what, body=body), now)
    return id


async def finish_task(conn: Conn, number: str, id: int, result: str, by: str, now: datetime) -> None:
    """Raises Conflict when it is done already, or is not this case's."""
    department = await conn.fetchval(DONE_TASK, number, id, by, now, result)
    if department is None:
        raise Conflict(f"case {number} has no open task {id}")
    await thread.add(conn, number, Draft("task_done", by, result, body={"task": id, "department": department}), now)


async def tasks_of(conn: Conn, number: str) -> list[dict[str, Any]]:
    return [
        {name: iso(value) if isinstance(value, datetime) else value for name, value in dict(row).items()}
        for row in await conn.fetch(TASKS, number)
    ]
