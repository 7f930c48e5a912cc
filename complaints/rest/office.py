"""What the desk works with besides cases, over HTTP: incidents, work orders, notices, alarms, ways in. Thin."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Request
from pydantic import Field

from complaints import alarms, hooks, workorders
from complaints.incidents import rows as incidents
from complaints.intake import hotline
from complaints.intake.form import Lenient, LongText, Short, UtcTime
from complaints.intake.signed import NotBelieved
from complaints.office import Office
from complaints.outbound import outbox
from complaints.outbound.transports import SIGNATURE, TIMESTAMP
from complaints.workorders import Report
from csms.errors import BadInput, Conflict
from csms.rest.http import Principal, need, problem

DESK = ("agent", "technician", "finance", "supervisor")
READ = [Depends(need(*DESK, "auditor"))]
Person = Annotated[Principal, Depends(need(*DESK))]
Senior = Annotated[Principal, Depends(need("supervisor"))]
Admin = Annotated[Principal, Depends(need("admin"))]


class AnswerIn(Lenient):
    """Words for all cases of an incident, by language."""

    words: dict[Literal["zh-Hans", "zh-Hant", "en"], LongText]
    resolve: bool = False


class WhyIn(Lenient):
    why: LongText
    because: LongText


class UnderstoodIn(Lenient):
    whys: list[WhyIn] = Field(min_length=1, max_length=7)
    root_cause: LongText
    category: str


class ActionIn(Lenient):
    what: LongText
    owner: LongText
    due_at: UtcTime
    kind: Literal["corrective", "rectification", "improvement", "training"] = "corrective"


class StepIn(Lenient):
    """One step of a work order; `photos` name attachments of the case."""

    text: LongText | None = None
    consent: bool | None = None
    parts: list[dict[str, Any]] = Field(default=[], max_length=50)
    readings: dict[str, float | str] = Field(default={})
    photos: list[dict[str, Any]] = Field(default=[], max_length=20)


class OrderIn(Lenient):
    kind: Literal["repair", "inspection", "deep_test", "maintenance"]
    station: LongText
    what: LongText
    evse: int | None = None
    due_at: UtcTime | None = None
    technician: Short = None


class TaskIn(Lenient):
    department: LongText
    what: LongText
    owner: Short = None
    due_at: UtcTime | None = None


class ResultIn(Lenient):
    result: LongText


class HookIn(Lenient):
    url: str = ""
    secret: str
    channel: Short = None
    mapping: dict[str, Any] | None = None


class BoxIn(Lenient):
    box: LongText
    csv: str = Field(max_length=5_000_000)
    dry_run: bool = False


def router(office: Office) -> APIRouter:
    made = APIRouter()
    for part in (_incidents, _work, _notices, _ways_in):
        part(made, office)
    return made


def _incidents(made: APIRouter, office: Office) -> None:
    @made.get("/incidents", dependencies=READ, tags=["incidents"])
    async def listed(state: Literal["open", "resolved", "closed"] | None = None) -> dict[str, Any]:
        async with office.db.acquire() as conn:
            found = await incidents.listed(conn, state=state)
        return {"items": [incidents.incident_json(i) for i in found], "next_cursor": None}

    @made.get("/incidents/{id}", dependencies=READ, tags=["incidents"])
    async def one(id: int) -> dict[str, Any]:
        async with office.db.acquire() as conn:
            found = await incidents.get(conn, id)
            return incidents.incident_json(found) | {
                "complaints": await incidents.members(conn, id), "actions": await incidents.actions(conn, incident=id),
            }

    @made.post("/incidents/{id}/answer", tags=["incidents"])
    async def answer(id: int, given: AnswerIn, who: Person) -> dict[str, Any]:
        """One message, or one resolution, for every open case of it."""
        words = {str(language): text for language, text in given.words.items()}
        return {"answered": await office.lookout.answer_all(id, words, resolve=given.resolve, by=who.name)}

    @made.put("/incidents/{id}/cause", tags=["incidents"])
    async def understood(id: int, given: UnderstoodIn, who: Person) -> dict[str, Any]:
        """5-Why and the root cause."""
        async with office.db.acquire() as conn, conn.transaction():
            whys = [{"why": w.why, "because": w.because, "by": who.name} for w in given.whys]
            found = await incidents.understood(conn, id, whys, given.root_cause, given.category)
        return incidents.incident_json(found)

    @made.post("/incidents/{id}/actions", status_code=201, tags=["incidents"])
    async def act(id: int, given: ActionIn, who: Person) -> dict[str, Any]:
        async with office.db.acquire() as conn, conn.transaction():
            await incidents.get(conn, id)
            made_id = await incidents.add_action(
                conn, what=given.what, owner=given.owner, due_at=given.due_at, by=who.name, now=office.clock(),
                incident=id, kind=given.kind,
            )
        return {"id": made_id}

    @made.post("/incidents/{id}/{step}", tags=["incidents"])
    async def move(id: int, step: Literal["resolve", "close"], who: Senior) -> dict[str, Any]:
        async with office.db.acquire() as conn, conn.transaction():
            go = incidents.resolved if step == "resolve" else incidents.closed
            return incidents.incident_json(await go(conn, id, office.clock())) | {"by": who.name}


def _work(made: APIRouter, office: Office) -> None:
    @made.get("/workorders", dependencies=READ, tags=["work orders"])
    async def listed(
        technician: str | None = None, station: str | None = None, state: str | None = None
    ) -> dict[str, Any]:
        async with office.db.acquire() as conn:
            found = await workorders.listed(conn, technician=technician, station=station, state=state)
        return {"items": [workorders.order_json(o) for o in found], "next_cursor": None}

    @made.post("/workorders", status_code=201, tags=["work orders"])
    async def plan(given: OrderIn, who: Person) -> dict[str, Any]:
        """An inspection, a test, maintenance: work that no complaint asked for."""
        if await office.csms.station(given.station) is None:
            raise BadInput("station", f"there is no station {given.station}")
        async with office.db.acquire() as conn, conn.transaction():
            return workorders.order_json(await workorders.plan(
                conn, kind=given.kind, station=given.station, what=given.what, by=who.name, now=office.clock(),
                evse=given.evse, due_at=given.due_at, technician=given.technician,
            ))

    @made.get("/workorders/{id}", dependencies=READ, tags=["work orders"])
    async def one(id: int) -> dict[str, Any]:
        async with office.db.acquire() as conn:
            return workorders.order_json(await workorders.get(conn, id))

    @made.post("/workorders/{id}/{step}", tags=["work orders"])
    async def move(
        id: int, step: Literal["accept", "arrive", "finish", "fail", "cancel"], given: StepIn, who: Person
    ) -> dict[str, Any]:
        """accept, arrive (check in), finish (what was done, parts, readings, photos), fail, cancel."""
        said = Report(given.text, given.consent, given.parts, given.readings, given.photos)
        async with office.db.acquire() as conn, conn.transaction():
            return workorders.order_json(await workorders.move(conn, id, step, said, who.name, office.clock()))

    @made.get("/complaints/{number}/tasks", dependencies=READ, tags=["work orders"])
    async def tasks(number: str) -> dict[str, Any]:
        async with office.db.acquire() as conn:
            return {"items": await workorders.tasks_of(conn, number), "next_cursor": None}

    @made.post("/complaints/{number}/tasks", status_code=201, tags=["work orders"])
    async def add_task(number: str, given: TaskIn, who: Person) -> dict[str, Any]:
        async with office.db.acquire() as conn, conn.transaction():
            return {"id": await workorders.add_task(
                conn, number, department=given.department, what=given.what, owner=given.owner, due_at=given.due_at,
                by=who.name, now=office.clock(),
            )}

    @made.post("/complaints/{number}/tasks/{id}", status_code=204, tags=["work orders"])
    async def finish_task(number: str, id: int, given: ResultIn, who: Person) -> None:
        async with office.db.acquire() as conn, conn.transaction():
            await workorders.finish_task(conn, number, id, given.result, who.name, office.clock())


def _notices(made: APIRouter, office: Office) -> None:
    @made.get("/notices", tags=["duty"])
    async def notices(who: Person) -> dict[str, Any]:
        """What you were told: assignments, reminders, breaches, calls."""
        async with office.db.acquire() as conn:
            found = await outbox.for_staff(conn, who.name)
        return {"items": [outbox.queued_json(row) for row in found], "next_cursor": None}

    @made.get("/complaints/{number}/outbox", dependencies=READ, tags=["duty"])
    async def sent(number: str) -> dict[str, Any]:
        """What went out for a case, and how it ended."""
        async with office.db.acquire() as conn:
            return {"items": [outbox.queued_json(row) for row in await outbox.of_case(conn, number)],
                    "next_cursor": None}

    @made.post("/outbox/{id}/again", status_code=204, tags=["duty"])
    async def again(id: int, _who: Senior) -> None:
        """Send once more what may not have gone out: your decision."""
        async with office.db.acquire() as conn, conn.transaction():
            if not await outbox.again(conn, id, office.clock()):
                raise Conflict("this message is not in doubt")

    @made.get("/alarms", dependencies=READ, tags=["duty"])
    async def listed(open: bool = True) -> dict[str, Any]:
        async with office.db.acquire() as conn:
            found = await alarms.listed(conn, only_open=open)
        return {"items": [alarms.alarm_json(a) for a in found], "next_cursor": None}

    @made.post("/alarms/{id}/{step}", tags=["duty"])
    async def step(id: int, step: Literal["acknowledge", "clear"], who: Person) -> dict[str, Any]:
        async with office.db.acquire() as conn, conn.transaction():
            go = alarms.acknowledge if step == "acknowledge" else alarms.clear
            return alarms.alarm_json(await go(conn, id, who.name, office.clock()))


def _ways_in(made: APIRouter, office: Office) -> None:
    @made.get("/hotline/{topic}", dependencies=READ, tags=["ways in"])
    async def guide(topic: str) -> dict[str, Any]:
        """What to ask a caller, in order."""
        return hotline.guide(topic)

    @made.post("/papers", tags=["ways in"])
    async def papers(given: BoxIn, who: Person) -> dict[str, Any]:
        """A CSV of slips; the same slip again is not filed again."""
        return await office.doors.papers(given.csv, box=given.box, by=who.name, dry_run=given.dry_run)

    @made.put("/hooks/{name}", status_code=204, tags=["ways in"])
    async def put(name: str, given: HookIn, who: Admin) -> None:
        await office.doors.hook_put(name, given.url, given.secret, who.name, given.channel, given.mapping)

    @made.get("/hooks", tags=["ways in"])
    async def all_hooks(_who: Admin) -> dict[str, Any]:
        async with office.db.acquire() as conn:
            return {"items": await hooks.listed(conn), "next_cursor": None}

    @made.post("/hooks/{name}", tags=["ways in"])
    async def called(name: str, request: Request) -> Any:
        """A signed call: Ohmbudsman-Timestamp, and Ohmbudsman-Signature = HMAC-SHA-256(secret, timestamp.body)."""
        body = await request.body()
        try:
            payload = orjson.loads(body)
        except orjson.JSONDecodeError:
            payload = None
        try:
            arrived = await office.doors.called(
                name, request.headers.get(TIMESTAMP, ""), request.headers.get(SIGNATURE, ""), body, payload
            )
        except NotBelieved as error:
            return problem(401, str(error))
        return {"complaint": arrived.number, "new": arrived.new}
