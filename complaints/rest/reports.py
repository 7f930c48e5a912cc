"""Reports, plans, upkeep and early warnings over HTTP. Thin."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from complaints import plans
from complaints.incidents import rows as incidents
from complaints.intake.form import CurrencyCode, Lenient, LongText, Short, UtcTime
from complaints.office import Office
from complaints.plans import Step
from complaints.reports import brand_json, figures_json
from complaints.upkeep.rounds import plan_json
from csms.kit.clock import iso
from csms.rest.http import Principal, need

DESK = ("agent", "technician", "finance", "supervisor")
READ = [Depends(need(*DESK, "auditor"))]
Person = Annotated[Principal, Depends(need(*DESK))]
Senior = Annotated[Principal, Depends(need("supervisor"))]
Since = Annotated[UtcTime | None, Query(description="30 days before `until` without.")]
Until = Annotated[UtcTime | None, Query(description="Now without.")]


class StepIn(Lenient):
    what: LongText
    owner: LongText
    due_at: UtcTime
    resources: list[str] = Field(default=[], max_length=50, description="Parts, people, tools: what it takes.")


class PlanIn(Lenient):
    """How a case is to be solved. With a cost or resources somebody else approves it."""

    goal: LongText
    steps: list[StepIn] = Field(min_length=1, max_length=50)
    cost: Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=4)] = Decimal(0)
    currency: CurrencyCode | None = None


class DecisionIn(Lenient):
    approve: bool
    note: LongText | None = None


class ResultIn(Lenient):
    result: LongText


class UpkeepIn(Lenient):
    """Done again after so many days, kWh or sessions, whichever comes first, where site, station and make fit."""

    kind: Literal["inspection", "deep_test", "maintenance"]
    checklist: list[str] = Field(default=[], max_length=100)
    limits: dict[str, dict[Literal["min", "max"], float]] = Field(default={})
    every_days: Annotated[int, Field(gt=0)] | None = None
    every_kwh: Annotated[float, Field(gt=0)] | None = None
    every_sessions: Annotated[int, Field(gt=0)] | None = None
    site: Short = None
    station: Short = None
    vendor: Short = None
    model: Short = None
    technician: Short = None
    active: bool = True


class OutcomeIn(Lenient):
    outcome: Literal["confirmed", "unfounded"]


class ReviewIn(Lenient):
    since: UtcTime
    until: UtcTime
    decisions: LongText


class DoneIn(Lenient):
    effect: dict[str, Any] | None = Field(default=None, description="What it changed; measured by us without.")


def router(office: Office) -> APIRouter:
    made = APIRouter()
    for part in (_reports, _plans, _measures, _upkeep):
        part(made, office)
    return made


def _period(office: Office, since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    until = until or office.clock()
    return since or until - timedelta(days=30), until


def _list(items: Any) -> dict[str, Any]:
    return {"items": [plain(item) for item in items], "next_cursor": None}


def plain(value: Any) -> Any:
    """Times as we write them, whatever they lie in."""
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


def _reports(made: APIRouter, office: Office) -> None:
    reports = office.reports

    @made.get("/reports/summary", dependencies=READ, tags=["reports"])
    async def summary(
        since: Since = None, until: Until = None, by: str = "category", department: str | None = None,
        site: str | None = None,
    ) -> dict[str, Any]:
        """All together (key null), then by one axis: counts, times, late, first resolution, stars."""
        found = await reports.summary(*_period(office, since, until), by, department=department, site=site)
        return _list([figures_json(f) for f in found])

    @made.get("/reports/trends", dependencies=READ, tags=["reports"])
    async def trends(since: Since = None, until: Until = None, by: str = "topic") -> dict[str, Any]:
        """Against as long a time before."""
        return _list(await reports.trends(*_period(office, since, until), by))

    @made.get("/reports/first-resolution", dependencies=READ, tags=["reports"])
    async def first_resolution(since: Since = None, until: Until = None) -> Any:
        return plain(await reports.first_resolution(*_period(office, since, until)))

    @made.get("/reports/brands", dependencies=READ, tags=["reports"])
    async def brands(
        since: Since = None, until: Until = None, by: Literal["vendor", "model", "firmware"] = "model"
    ) -> dict[str, Any]:
        """Complaints and faults per 1,000 sessions."""
        return _list([brand_json(b) for b in await reports.brands(*_period(office, since, until), by)])

    @made.get("/reports/standouts", dependencies=READ, tags=["reports"])
    async def standouts(since: Since = None, until: Until = None) -> dict[str, Any]:
        """Models with more than their share of the complaints about one topic."""
        return _list([asdict(s) for s in await reports.standouts(*_period(office, since, until))])

    @made.get("/reports/overdue", dependencies=READ, tags=["reports"])
    async def overdue() -> Any:
        return plain(await reports.overdue())

    @made.get("/reports/repeats", dependencies=READ, tags=["reports"])
    async def repeats(since: Since = None, until: Until = None) -> Any:
        return plain(await reports.repeats(*_period(office, since, until)))

    @made.get("/reports/forecast", dependencies=READ, tags=["reports"])
    async def forecast(
        ahead: int = 4, site: str | None = None, station: str | None = None
    ) -> dict[str, Any]:
        """Weeks to come, with the error the model has had."""
        return asdict(await reports.forecast(ahead, site=site, station=station))

    @made.get("/reports/review", dependencies=READ, tags=["reports"])
    async def review(since: Since = None, until: Until = None) -> Any:
        """What a quarterly review looks at."""
        return plain(await reports.review(*_period(office, since, until)))

    @made.get("/reviews", dependencies=READ, tags=["reports"])
    async def reviews() -> dict[str, Any]:
        return _list(await reports.reviews())

    @made.post("/reviews", status_code=201, tags=["reports"])
    async def note_review(given: ReviewIn, who: Senior) -> dict[str, Any]:
        """Keep a review with its figures and decisions."""
        return {"id": await reports.note_review(given.since, given.until, given.decisions, who.name)}


def _plans(made: APIRouter, office: Office) -> None:
    @made.get("/complaints/{number}/plan", dependencies=READ, tags=["plans"])
    async def plan(number: str) -> dict[str, Any]:
        """All versions, the newest last."""
        async with office.db.acquire() as conn:
            return _list([plans.plan_json(p) for p in await plans.versions(conn, number)])

    @made.post("/complaints/{number}/plan", status_code=201, tags=["plans"])
    async def make(number: str, given: PlanIn, who: Person) -> dict[str, Any]:
        steps = [Step(s.what, s.owner, s.due_at, s.resources) for s in given.steps]
        async with office.db.acquire() as conn, conn.transaction():
            return plans.plan_json(await plans.make(
                conn, number, goal=given.goal, steps=steps, cost=given.cost, currency=given.currency, by=who.name,
                now=office.clock(),
            ))

    @made.post("/complaints/{number}/plan/decision", tags=["plans"])
    async def decide(number: str, given: DecisionIn, who: Person) -> dict[str, Any]:
        """By somebody else than its author, within the limit of the role."""
        async with office.db.acquire() as conn, conn.transaction():
            return plans.plan_json(await plans.decide(
                conn, number, who, office.clock(), approve=given.approve, note=given.note
            ))

    @made.post("/complaints/{number}/plan/steps/{n}", tags=["plans"])
    async def done(number: str, n: int, given: ResultIn, who: Person) -> dict[str, Any]:
        async with office.db.acquire() as conn, conn.transaction():
            return plans.plan_json(await plans.done(conn, number, n, given.result, who.name, office.clock()))


def _measures(made: APIRouter, office: Office) -> None:
    @made.get("/actions", dependencies=READ, tags=["measures"])
    async def actions(open: bool = True, incident: int | None = None) -> dict[str, Any]:
        """Corrective actions, rectifications, improvements, trainings, by date."""
        async with office.db.acquire() as conn:
            return _list(await incidents.actions(conn, incident=incident, only_open=open))

    @made.post("/actions/{id}/done", status_code=204, tags=["measures"])
    async def finish(id: int, given: DoneIn, who: Person) -> None:
        async with office.db.acquire() as conn, conn.transaction():
            await incidents.finish_action(conn, id, who.name, office.clock(), given.effect)

    @made.get("/actions/{id}/effect", dependencies=READ, tags=["measures"])
    async def effect(id: int) -> dict[str, int]:
        """Complaints before and after it was done, over the same length of time."""
        async with office.db.acquire() as conn:
            return await incidents.effect_of(conn, id, office.clock())


def _upkeep(made: APIRouter, office: Office) -> None:
    @made.get("/upkeep", dependencies=READ, tags=["upkeep"])
    async def upkeep() -> dict[str, Any]:
        """Plans of inspection, deep tests, maintenance."""
        return _list([plan_json(p) for p in await office.upkeep.plans()])

    @made.put("/upkeep/{name}", tags=["upkeep"])
    async def put(name: str, given: UpkeepIn, who: Senior) -> dict[str, Any]:
        return plan_json(await office.upkeep.put(name, given.model_dump(), who.name))

    @made.get("/reports/upkeep", dependencies=READ, tags=["upkeep"])
    async def done_rate(since: Since = None, until: Until = None) -> dict[str, Any]:
        """How much of what fell due was done."""
        return _list(await office.upkeep.done_rate(*_period(office, since, until)))

    @made.get("/stations/{id}/file", dependencies=READ, tags=["upkeep"])
    async def device_file(id: str) -> dict[str, Any]:
        """The station's life: work, parts, readings, faults, complaints, use."""
        return await office.upkeep.device_file(id)

    @made.get("/warnings", dependencies=READ, tags=["upkeep"])
    async def warnings(open: bool = True, station: str | None = None) -> dict[str, Any]:
        """What readings warn of before anybody complains."""
        return _list(await office.readings.listed(only_open=open, station=station))

    @made.post("/warnings/{id}/end", status_code=204, tags=["upkeep"])
    async def end(id: int, given: OutcomeIn, who: Person) -> None:
        await office.readings.end(id, given.outcome, who.name)

    @made.get("/reports/warnings", dependencies=READ, tags=["upkeep"])
    async def precision(since: Since = None, until: Until = None) -> dict[str, Any]:
        """How often early warnings were right."""
        return _list(await office.readings.precision(*_period(office, since, until)))
