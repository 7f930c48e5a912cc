"""Plans: how a case is going to be solved. Steps with owner, time and resources; approved where it costs something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from complaints import cases, deadlines, thread
from complaints.policy import Policy
from complaints.thread import Draft
from csms.errors import BadInput, Conflict, NotFound
from csms.kit.clock import iso
from csms.kit.db import Conn, Row
from csms.rest.http import Principal


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what, who, by when, with what."""

    what: str
    owner: str
    due_at: datetime
    resources: Sequence[str] = ()
    done_by: str | None = None
    done_at: str | None = None
    result: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    complaint: str
    version: int
    goal: str
    steps: Sequence[Mapping[str, Any]]
    cost: Decimal
    currency: str | None
    state: str
    made_by: str
    made_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    note: str | None

    @property
    def open_steps(self) -> int:
        return sum(not step.get("done_at") for step in self.steps)


def needs_approval(cost: Decimal, steps: Sequence[Step]) -> bool:
    """Money or parts want somebody else's word."""
    return cost > 0 or any(step.resources for step in steps)


def hindrance(plan: Plan, who: Principal, policy: Policy) -> str | None:
    """Why somebody may not approve a plan, or None."""
    if plan.made_by == who.name:
        return "a plan is approved by somebody else than who made it"
    limit = policy.limit_of(who.role)
    if limit is not None and plan.cost > limit:
        return f"{plan.cost:f} is above what the role {who.role} may approve ({limit:f})"
    return None


COLUMNS = ", ".join(Plan.__slots__)
REPLACE = "update plans set state = 'replaced' where complaint = $1 and state in ('proposed', 'approved')"
MAKE = f"""
    insert into plans (complaint, version, goal, steps, cost, currency, state, made_by, made_at)
    select $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5, $6, $7, $8 from plans where complaint = $1
    returning {COLUMNS}
"""
NEWEST = f"select {COLUMNS} from plans where complaint = $1 order by version desc limit 1"
VERSIONS = f"select {COLUMNS} from plans where complaint = $1 order by version"
DECIDE = f"""
    update plans set state = $3, decided_by = $4, decided_at = $5, note = $6
    where complaint = $1 and version = $2 and state = 'proposed' returning {COLUMNS}
"""
STEP = f"""
    update plans set steps = $3, state = $4 where complaint = $1 and version = $2 and state = 'approved'
    returning {COLUMNS}
"""
COUNT_OPEN = "select count(*) from plans where complaint = $1 and state in ('proposed', 'approved')"


async def make(
    conn: Conn, number: str, *, goal: str, steps: Sequence[Step], cost: Decimal, currency: str | None, by: str,
    now: datetime,
) -> Plan:
    """A new version; the one before is replaced. Without cost and parts it is in force at once."""
    case = await cases.locked(conn, number)
    if not case.is_open:
        raise Conflict(f"{number} is {case.state}: nothing is planned any more")
    state = "proposed" if needs_approval(cost, steps) else "approved"
    await conn.execute(REPLACE, number)
    shapes = [
        {"what": s.what, "owner": s.owner, "due_at": iso(s.due_at), "resources": list(s.resources)} for s in steps
    ]
    plan = Plan(**dict(await conn.fetchrow(MAKE, number, goal, shapes, cost, currency, state, by, now)))
    body = {"version": plan.version, "steps": shapes, "cost": cost, "currency": currency, "state": state}
    await thread.add(conn, number, Draft("plan", by, goal, body=body), now)
    return plan


async def newest(conn: Conn, number: str) -> Plan:
    """Raises NotFound."""
    row = await conn.fetchrow(NEWEST, number)
    if row is None:
        raise NotFound(f"{number} has no plan")
    return Plan(**dict(row))


async def versions(conn: Conn, number: str) -> list[Plan]:
    return [Plan(**dict(row)) for row in await conn.fetch(VERSIONS, number)]


async def count_open(conn: Conn, number: str) -> int:
    return int(await conn.fetchval(COUNT_OPEN, number))


async def decide(conn: Conn, number: str, who: Principal, now: datetime, *, approve: bool, note: str | None) -> Plan:
    """By somebody else, within his limit. Raises Conflict."""
    plan = await newest(conn, number)
    if approve and (why := hindrance(plan, who, await deadlines.policy_now(conn, now))):
        raise Conflict(why)
    state = "approved" if approve else "declined"
    row = await conn.fetchrow(DECIDE, number, plan.version, state, who.name, now, note)
    body = {"version": plan.version, "approved": approve}
    await thread.add(conn, number, Draft("plan_decided", who.name, note or "", body=body), now)
    return _moved(row, plan, state)


async def done(conn: Conn, number: str, n: int, result: str, by: str, now: datetime) -> Plan:
    """Step `n` (from 1) is done; with the last one the plan is. Raises BadInput, Conflict."""
    plan = await newest(conn, number)
    if not 1 <= n <= len(plan.steps):
        raise BadInput("step", f"the plan has {len(plan.steps)} steps")
    steps = [dict(step) for step in plan.steps]
    if steps[n - 1].get("done_at"):
        raise Conflict(f"step {n} is done already")
    steps[n - 1] |= {"done_by": by, "done_at": iso(now), "result": result}
    state = "approved" if any(not step.get("done_at") for step in steps) else "done"
    row = await conn.fetchrow(STEP, number, plan.version, steps, state)
    moved = _moved(row, plan, state)
    body = {"version": plan.version, "step": n, "what": steps[n - 1]["what"]}
    await thread.add(conn, number, Draft("plan_step", by, result, body=body), now)
    return moved


def _moved(row: Row, plan: Plan, target: str) -> Plan:
    if row is None:
        raise Conflict(f"the plan is {plan.state}; it cannot become {target}")
    return Plan(**dict(row))


def plan_json(plan: Plan) -> dict[str, Any]:
    shape = {name: getattr(plan, name) for name in Plan.__slots__}
    return {n: iso(v) if isinstance(v, datetime) else f"{v:f}" if isinstance(v, Decimal) else v
            for n, v in shape.items()}
