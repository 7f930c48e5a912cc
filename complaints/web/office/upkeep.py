"""Upkeep at the office: plans of what is done again and again, the rounds they opened, and what readings warn of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fastapi import Response

from complaints import changes
from complaints.upkeep import rounds
from complaints.upkeep.plan import Plan
from complaints.upkeep.rounds import EVERY_SO_MUCH, KINDS
from complaints.web.because import reason
from complaints.web.frame import Visit, url
from complaints.web.office import forms
from complaints.web.office.words import OFFICE
from complaints.web.tongue import Tongue
from csms.errors import BadInput, NotFound

BACK = timedelta(days=90)
"""How far back the rounds are counted."""
MOST_ITEMS = 100
MOST = {"every_days": 3650, "every_kwh": 10_000_000, "every_sessions": 1_000_000}
WHERE = ("site", "station", "vendor", "model")
LIMIT = re.compile(r"([^<>=≤≥]{1,60}?)\s*(<=|>=|≤|≥)\s*(-?\d{1,9}(?:\.\d{1,6})?)")
MEASURED = OFFICE["measure"]
"""What technicians measure, in words; a plan may bound other readings by names of its own."""
BOUND = {"<=": "max", "≤": "max", ">=": "min", "≥": "min"}


async def listed(visit: Visit) -> Response:
    upkeep, readings = visit.site.office.upkeep, visit.site.office.readings
    rates = {row["name"]: row for row in await upkeep.done_rate(visit.now - BACK, visit.now)}
    return visit.page(
        "office/upkeep.html", plans=await upkeep.plans(), rates=rates, warnings=await readings.listed(),
        right={row["rule"]: row["precision"] for row in await readings.precision(visit.now - 4 * BACK, visit.now)},
        days=BACK.days, may=visit.who.may("supervisor"), looks=visit.who.may("agent", "technician", "supervisor"),
    )


async def new(visit: Visit) -> Response:
    return await _page(visit, None, {}, "", 200)


async def one(visit: Visit) -> Response:
    return await _page(visit, await _plan(visit), {}, "", 200)


async def _plan(visit: Visit) -> Plan | None:
    """The plan of this address; None where a new one is written. Raises NotFound."""
    id = visit.request.path_params.get("id")
    if id is None:
        return None
    for plan in await visit.site.office.upkeep.plans():
        if plan.id == id:
            return plan
    raise NotFound(f"there is no plan {id}")


async def _page(visit: Visit, plan: Plan | None, wrong: Mapping[str, str], problem: str, status: int) -> Response:
    async with visit.site.desk.db.acquire() as conn:
        history = await changes.listed(conn, kind="upkeep", name=plan.name) if plan else []
    technicians = [p.name for p in await visit.site.staff.people() if p.role in ("technician", "supervisor")]
    return visit.page(
        "office/upkeep_plan.html", status, plan=plan, history=history, technicians=technicians, kinds=KINDS,
        rounds=await visit.site.office.upkeep.rounds(plan.id) if plan else [], wrong=wrong, problem=problem,
        typed=visit.form.texts() or _typed(plan, visit.tongue), example=example(visit.tongue),
        may=visit.who.may("supervisor"),
    )


def _typed(plan: Plan | None, tongue: Tongue) -> dict[str, str]:
    if plan is None:
        return {"kind": "inspection", "active": "1"}
    often = {name: f"{value:g}" for name in EVERY_SO_MUCH if (value := getattr(plan, name)) is not None}
    named = {name: getattr(plan, name) or "" for name in ("name", "kind", *WHERE, "technician")}
    checklist = "\n".join(reason(item, tongue) for item in plan.checklist)
    lines = {"checklist": checklist, "limits": "\n".join(_limit_lines(plan.limits, tongue))}
    return named | often | lines | {"active": "1" if plan.active else ""}


def _limit_lines(limits: Mapping[str, Mapping[str, float]], tongue: Tongue) -> list[str]:
    """Earth continuity (Ω) ≤ 4, one bound a line."""
    return [f"{tongue.gettext(MEASURED.get(name, name))} {sign} {bounds[bound]:g}" for name, bounds in limits.items()
            for sign, bound in (("≥", "min"), ("≤", "max")) if bound in bounds]


def example(tongue: Tongue) -> str:
    """A line as it is to be written."""
    return _limit_lines({"earth_ohm": {"max": 4.0}}, tongue)[0]


def limits(visit: Visit) -> dict[str, dict[str, float]]:
    """The lines as limits. Raises BadInput naming the line that cannot be read."""
    found: dict[str, dict[str, float]] = {}
    codes = {visit.say(words): code for code, words in MEASURED.items()}
    for line in filter(None, map(str.strip, visit.form.text("limits").splitlines())):
        read = LIMIT.fullmatch(line)
        if read is None:
            raise BadInput("limits", visit.say(
                "cannot be read: %(line)s. Write it like %(example)s", line=line, example=example(visit.tongue)
            ))
        name = read[1].strip()
        found.setdefault(codes.get(name, name), {})[BOUND[read[2]]] = float(read[3])
    return found


def _often(visit: Visit) -> dict[str, int | None]:
    return {name: forms.number(visit, name, 1, MOST[name]) if visit.form.text(name) else None
            for name in EVERY_SO_MUCH}


def _checklist(visit: Visit, plan: Plan | None) -> list[str]:
    """The lines; one that came with the product and was only shown translated stays as it is kept."""
    kept = {reason(item, visit.tongue): item for item in plan.checklist} if plan else {}
    lines = [line.strip() for line in visit.form.text("checklist").splitlines() if line.strip()]
    return [kept.get(line, line) for line in lines]


async def _given(visit: Visit, plan: Plan | None) -> dict[str, Any]:
    """What the form says of a plan. Raises BadInput."""
    checklist = _checklist(visit, plan)
    if len(checklist) > MOST_ITEMS or any(len(item) > 200 for item in checklist):
        raise BadInput("checklist", visit.say("at most 100 lines of 200 characters"))
    where = {name: forms.words(visit, name, needed=False, longest=100) or None for name in WHERE}
    if where["station"] and await visit.site.csms.station(where["station"]) is None:
        raise BadInput("station", visit.say("there is no such station"))
    often, technician = _often(visit), visit.form.text("technician") or None
    return {
        "kind": forms.choice(visit, "kind", KINDS), "checklist": checklist, "limits": limits(visit), **often, **where,
        "technician": technician, "active": visit.form.text("active") == "1",
    }


async def put(visit: Visit) -> Response:
    plan = await _plan(visit)

    async def act() -> str:
        name, given = plan.name if plan else forms.words(visit, "name", longest=60), await _given(visit, plan)
        why = forms.words(visit, "reason", longest=2000)
        if plan is None and any(known.name == name for known in await visit.site.office.upkeep.plans()):
            raise BadInput("name", visit.say("there is a plan of this name already"))
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            made = await rounds.put(conn, name, given, visit.who.name, visit.now)
            await changes.note(conn, "upkeep", name, _shape(plan) if plan else None, _shape(made), by=visit.who.name,
                               reason=why, now=visit.now)
        return url("desk", "upkeep", made.id)

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return await _page(visit, plan, wrong, problem, status)

    return await forms.attempt(visit, act, again, "set")


def _shape(plan: Plan) -> dict[str, Any]:
    """A plan for the list of changes: limits in one line."""
    named = {name: getattr(plan, name) for name in ("kind", *EVERY_SO_MUCH, *WHERE, "technician", "active")}
    bounds = ", ".join(_limit_lines(plan.limits, Tongue("en")))
    return named | {"checklist": ", ".join(plan.checklist), "limits": bounds}


async def judge(visit: Visit) -> Response:
    """Somebody looked: the warning was right, or there was nothing."""
    id = min(int(visit.part("id")), 2**62)
    await visit.site.office.readings.end(id, visit.form.text("outcome"), visit.who.name)
    return visit.go("/desk/upkeep", "done")
