"""The record over HTTP: policy, people, sites, audits, looks, knowledge, the process as it is lived. Thin."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from complaints import deadlines, knowledge, policy, sites, sop
from complaints.duty import rota
from complaints.intake.form import Lenient, LongText, Short, UtcTime
from complaints.office import Office
from complaints.record import access, sample
from complaints.sites import Place
from csms.rest.http import Principal, need

DESK = ("agent", "technician", "finance", "supervisor")
READ = [Depends(need(*DESK, "auditor"))]
Person = Annotated[Principal, Depends(need(*DESK))]
Senior = Annotated[Principal, Depends(need("supervisor"))]
Auditor = Annotated[Principal, Depends(need("auditor", "supervisor"))]
Admin = Annotated[Principal, Depends(need("admin"))]


class PolicyIn(Lenient):
    policy: dict[str, Any]
    reason: LongText


class SiteIn(Lenient):
    zone: str
    calendar: str = "CN"
    region: Short = None
    kind: Literal["public", "community", "company"] = "public"
    address: Short = None
    position: Short = Field(default=None, description="latitude,longitude in degrees")


class PersonIn(Lenient):
    departments: list[str] = Field(default=[])
    regions: list[str] = Field(default=[])
    sites: list[str] = Field(default=[])
    languages: list[str] = Field(default=[])
    notify: Short = None
    zone: Short = None
    on_call: int | None = None
    capacity: Annotated[int, Field(ge=1, le=1000)] = 20


class AbsenceIn(Lenient):
    since: UtcTime
    until: UtcTime
    substitute: Short = None


class AuditIn(Lenient):
    seed: LongText
    wanted: Annotated[int, Field(ge=1, le=1000)]
    since: UtcTime
    until: UtcTime
    department: Short = None


class FormIn(Lenient):
    answers: dict[str, str]
    remark: LongText | None = None


class ForgetIn(Lenient):
    reason: LongText


class ArticleIn(Lenient):
    kind: Literal["article", "template"] = "article"
    topic: Short = None
    findings: list[str] = Field(default=[])
    title: dict[str, str]
    text: dict[str, str]
    public: bool = False
    review_at: date


def router(office: Office) -> APIRouter:
    made = APIRouter()
    for part in (_process, _people, _audits, _knowledge):
        part(made, office)
    return made


def _process(made: APIRouter, office: Office) -> None:
    @made.get("/policy", dependencies=READ, tags=["process"])
    async def live() -> dict[str, Any]:
        """The policy in force now."""
        async with office.db.acquire() as conn:
            return policy.as_json(await deadlines.policy_now(conn, office.clock()))

    @made.post("/policy", status_code=201, tags=["process"])
    async def put(given: PolicyIn, who: Admin) -> dict[str, Any]:
        """A new version; rounds that have begun go on under theirs."""
        now = office.clock()
        made_policy = policy.read({"valid_from": now.isoformat()} | given.policy)
        async with office.db.acquire() as conn, conn.transaction():
            await deadlines.put_policy(conn, made_policy, who.name, given.reason, now)
        return policy.as_json(made_policy)

    @made.get("/process", dependencies=READ, tags=["process"])
    async def process(language: Literal["en", "zh"] = "en") -> Response:
        """The process as it is lived: generated from the policy in force."""
        async with office.db.acquire() as conn:
            live_policy = await deadlines.policy_now(conn, office.clock())
        return Response(sop.page(live_policy, language), media_type="text/markdown; charset=utf-8")

    @made.get("/sites", dependencies=READ, tags=["process"])
    async def places() -> dict[str, Any]:
        async with office.db.acquire() as conn:
            return {"items": [sites.place_json(p) for p in await sites.listed(conn)], "next_cursor": None}

    @made.put("/sites/{site}", status_code=204, tags=["process"])
    async def place(site: str, given: SiteIn, _who: Senior) -> None:
        async with office.db.acquire() as conn, conn.transaction():
            await sites.put(conn, Place(
                given.zone, given.calendar, site, given.region, given.kind, given.address, given.position
            ))


def _people(made: APIRouter, office: Office) -> None:
    @made.get("/people", dependencies=READ, tags=["duty"])
    async def people() -> dict[str, Any]:
        """Who may own cases, with load and absence."""
        async with office.db.acquire() as conn:
            found = await rota.people(conn, office.clock())
        return {"items": [
            {"name": p.name, "role": p.role, "departments": p.departments, "regions": p.regions, "sites": p.sites,
             "load": p.load, "capacity": p.capacity, "on_call": p.on_call, "away": p.away, "substitute": p.substitute}
            for p in found
        ], "next_cursor": None}

    @made.put("/people/{name}", status_code=204, tags=["duty"])
    async def put(name: str, given: PersonIn, _who: Senior) -> None:
        async with office.db.acquire() as conn, conn.transaction():
            await rota.put(conn, name, given.model_dump())

    @made.post("/people/{name}/absences", status_code=201, tags=["duty"])
    async def absent(name: str, given: AbsenceIn, who: Person) -> dict[str, Any]:
        async with office.db.acquire() as conn, conn.transaction():
            return {"id": await rota.absent(conn, name, given.since, given.until, given.substitute, who.name)}


def _audits(made: APIRouter, office: Office) -> None:
    @made.post("/audits", status_code=201, tags=["record"])
    async def draw(given: AuditIn, who: Auditor) -> dict[str, Any]:
        """A random sample of closed cases; the seed draws the same again."""
        async with office.db.acquire() as conn, conn.transaction():
            return await sample.make(
                conn, seed=given.seed, wanted=given.wanted, since=given.since, until=given.until,
                department=given.department, by=who.name, now=office.clock(),
            )

    @made.get("/audits", tags=["record"])
    async def listed(_who: Auditor) -> dict[str, Any]:
        async with office.db.acquire() as conn:
            return {"items": await sample.listed(conn), "next_cursor": None}

    @made.get("/audits/{id}", tags=["record"])
    async def one(id: int, _who: Auditor) -> dict[str, Any]:
        async with office.db.acquire() as conn:
            return await sample.one(conn, id)

    @made.post("/audits/{id}/{number}", status_code=201, tags=["record"])
    async def judge(id: int, number: str, given: FormIn, who: Auditor) -> dict[str, Any]:
        async with office.db.acquire() as conn, conn.transaction():
            passed = await sample.judge(conn, id, number, given.answers, given.remark, who.name, office.clock())
        return {"passed": passed}

    @made.get("/access", tags=["record"])
    async def looked(_who: Auditor, complaint: str | None = None, person: str | None = None) -> dict[str, Any]:
        """Who looked at customers' data, when."""
        async with office.db.acquire() as conn:
            return {"items": await access.looked(conn, number=complaint, who=person), "next_cursor": None}

    @made.post("/complaints/{number}/forget", tags=["record"])
    async def forget(number: str, given: ForgetIn, who: Senior) -> dict[str, Any]:
        """Take this person out of all ended cases of his; the cases and their proofs stay."""
        async with office.db.acquire() as conn, conn.transaction():
            return {"forgotten": await access.forget_person(conn, number, who.name, given.reason, office.clock())}


def _knowledge(made: APIRouter, office: Office) -> None:
    @made.get("/faq", tags=["knowledge"])
    async def faq() -> dict[str, Any]:
        """Open to everybody."""
        async with office.db.acquire() as conn:
            return {"items": await knowledge.faq(conn), "next_cursor": None}

    @made.get("/articles", dependencies=READ, tags=["knowledge"])
    async def listed(state: str | None = None, topic: str | None = None, kind: str | None = None) -> dict[str, Any]:
        async with office.db.acquire() as conn:
            return {"items": await knowledge.listed(conn, state=state, topic=topic, kind=kind), "next_cursor": None}

    @made.put("/articles/{slug}", status_code=201, tags=["knowledge"])
    async def write(slug: str, given: ArticleIn, who: Person) -> dict[str, Any]:
        """A new version, as a draft, in all three languages."""
        async with office.db.acquire() as conn, conn.transaction():
            return await knowledge.write(
                conn, slug, kind=given.kind, topic=given.topic, findings=given.findings, title=given.title,
                text=given.text, public=given.public, review_at=given.review_at, by=who.name, now=office.clock(),
            )

    @made.post("/articles/{slug}/{version}/publish", tags=["knowledge"])
    async def publish(slug: str, version: int, who: Senior) -> dict[str, Any]:
        """By somebody else than its author."""
        async with office.db.acquire() as conn, conn.transaction():
            return await knowledge.publish(conn, slug, version, who.name)
