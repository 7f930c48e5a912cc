"""Complaints over HTTP, as the contract has it. Thin: words in, desk, words out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from pydantic import Field

from complaints import actions, cases, evidence, overrides, refunds
from complaints.actions import Ask
from complaints.cases import Wanted
from complaints.deadlines import CONTRACT, Deadline
from complaints.desk import Desk, View
from complaints.intake.attachments import from_json
from complaints.intake.form import MOST_ATTACHMENTS, AttachmentIn, ComplaintIn, Correction, Lenient, LongText
from complaints.record import masked, sees_all
from complaints.states import STATES
from complaints.thread import Entry
from csms.api import FrameRow
from csms.errors import BadInput, NotFound
from csms.kit.clock import iso
from csms.rest.http import Page, Principal, need, page

FILERS = ("agent", "technician", "finance", "supervisor", "integration")
READERS = (*FILERS, "auditor")
INTERNAL = ("supervisor", "auditor")
"""Who reads entries meant for few."""


class EntryIn(Lenient):
    """An entry for the thread. `question` asks the customer for something and pauses the case."""

    type: Literal["message", "note", "question", "safety_cleared", "evidence", "call"] = "note"
    audience: Literal["customer", "staff", "internal"] = "staff"
    text: LongText
    attachments: list[AttachmentIn] = Field(default=[], max_length=MOST_ATTACHMENTS)


class AssessIn(Lenient):
    reason: LongText | None = None


def router(desk: Desk, *, public_url: str | None = None) -> APIRouter:
    """Everything under `/complaints`. `public_url` is where customers reach us; else as the request came."""
    made = APIRouter(prefix="/complaints", tags=["complaints"])
    _file_and_find(made, desk, public_url)
    _judge(made, desk)
    _act(made, desk, public_url)
    return made


Caller = Annotated[Principal, Depends(need(*FILERS))]
Reader = Annotated[Principal, Depends(need(*READERS))]
READ = [Depends(need(*READERS))]


def _file_and_find(made: APIRouter, desk: Desk, public_url: str | None) -> None:
    @made.post("", status_code=201)
    async def file(given: ComplaintIn, who: Caller, request: Request) -> dict[str, Any]:
        """Take a complaint: number, tracking link, classification and deadlines; its assessment is ready at once."""
        return filed_json(await desk.file(given, by=who.name), _base(public_url, request))

    @made.get("")
    async def find(
        request: Request, who: Reader, paging: Annotated[Page, Depends(page)], state: str | None = None,
        level: Annotated[int | None, Query(ge=1, le=3)] = None, department: str | None = None,
        station: str | None = None, q: Annotated[str | None, Query(max_length=200)] = None, owner: str | None = None,
    ) -> dict[str, Any]:
        """Newest first. `state` takes several with commas, `open` and `ended`."""
        wanted = Wanted(_states(state), level, department, station, q, owner)
        before = _before(paging)
        views = await desk.listed(wanted, before=before, limit=paging.limit + 1)
        items, following = paging.cut(views, lambda view: [view.case.number])
        base = _base(public_url, request)
        return {"items": [case_json(view, base, who.role) for view in items], "next_cursor": following}

    @made.get("/{number}")
    async def one(number: str, who: Reader, request: Request) -> dict[str, Any]:
        """The case with its thread."""
        view = await desk.view(number)
        await desk.looked(number, who, "case", masked=not sees_all(who.role))
        shape = case_json(view, _base(public_url, request), who.role)
        return shape | {
            "entries": [entry_json(entry) for entry in view.entries if may_read(entry, who)],
            "refunds": [refunds.refund_json(refund) for refund in view.refunds],
        }

    @made.patch("/{number}")
    async def correct(number: str, correction: Correction, who: Caller, request: Request) -> dict[str, Any]:
        """Put facts right, or decide otherwise than the rules, with a reason. The evidence is judged anew."""
        if overrides.changes_of(correction) and not who.may(*overrides.ROLES):
            raise HTTPException(403, f"The role {who.role} may not decide over the rules.")
        return case_json(await desk.correct(number, correction, who), _base(public_url, request))

    @made.get("/{number}/attachments/{id}", dependencies=READ)
    async def attachment(number: str, id: str) -> Response:
        """The file as it is kept."""
        kept = await desk.attachment(number, id)
        headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
        return Response(kept.content, media_type=kept.mime, headers=headers)


def _judge(made: APIRouter, desk: Desk) -> None:
    @made.get("/{number}/assessment", dependencies=READ)
    async def assessment(number: str, version: int | None = None) -> dict[str, Any]:
        """The newest assessment, or the one of `version`."""
        if version is None:
            found = await desk.assessment(number)
        else:
            found = next((a for a in await desk.assessments(number) if a.version == version), None)
        if found is None:
            raise NotFound(f"there is no such assessment of {number} yet")
        return evidence.as_json(found)

    @made.post("/{number}/assessment", status_code=201)
    async def assess(number: str, who: Caller, body: AssessIn | None = None) -> dict[str, Any]:
        """Judge anew: always a new version, with what changed."""
        reason = body.reason if body else None
        return evidence.as_json(await desk.assess(number, by=who.name, reason=reason, always=True))

    @made.get("/{number}/frames", dependencies=READ)
    async def frames(number: str) -> dict[str, Any]:
        """The frames that were frozen as evidence."""
        found = await desk.frames(number)
        return {"items": [frame_json(frame) for frame in found], "next_cursor": None}

    @made.get("/{number}/remote", dependencies=READ)
    async def remote(number: str) -> dict[str, Any]:
        """Which remote actions are possible at this moment, and which guards forbid the others."""
        possible = await desk.possible(number)
        return {"items": [{"action": p.action, "allowed": p.allowed, "guards": list(p.guards)} for p in possible]}


def _act(made: APIRouter, desk: Desk, public_url: str | None) -> None:
    @made.post("/{number}/entries", status_code=201)
    async def say(number: str, given: EntryIn, who: Caller) -> dict[str, Any]:
        """Add to the thread: a message to the customer, a note among staff."""
        files = from_json(given.attachments)
        audience = "customer" if given.type == "question" else given.audience
        entry = await desk.say(number, type=given.type, text=given.text, audience=audience, who=who, files=files)
        return entry_json(entry)

    @made.post("/{number}/actions")
    async def act(number: str, ask: Ask, who: Caller, request: Request, response: Response) -> dict[str, Any]:
        """Do something about it. 202 while a station or an approver has still to answer."""
        allow(ask, who)
        acted = await desk.act(number, ask, who)
        response.status_code = 200 if acted.settled else 202
        view = await desk.overview(number)
        return {"action": ask.action, **acted.detail, **case_json(view, _base(public_url, request))}


# --- words ------------------------------------------------------------------------------------


def allow(ask: Ask, who: Principal) -> None:
    """403 for a role that may not do it, or may not go past guards."""
    if not actions.may(who.role, ask.action):
        allowed = ", ".join(actions.ROLES[ask.action])
        raise HTTPException(403, f"The role {who.role} may not {ask.action}; {allowed} or admin may.")
    if ask.override and not who.may(*actions.OVERRIDES):
        raise HTTPException(403, f"The role {who.role} may not go past guards; {', '.join(actions.OVERRIDES)} may.")


def may_read(entry: Entry, who: Principal) -> bool:
    return entry.audience != "internal" or who.may(*INTERNAL) or entry.author == who.name


def _states(text: str | None) -> tuple[str, ...]:
    states = cases.states_of(text)
    if unknown := [state for state in states if state not in STATES]:
        raise BadInput("state", f"{unknown[0]} is none of open, ended, {', '.join(STATES)}")
    return states


def _before(paging: Page) -> str | None:
    if paging.after is None:
        return None
    if len(paging.after) != 1 or not isinstance(paging.after[0], str):
        raise BadInput("cursor", "must be the next_cursor of an earlier page of this list")
    return paging.after[0]


def _base(public_url: str | None, request: Request) -> str:
    return (public_url or str(request.base_url)).rstrip("/")


def _deadlines(deadlines: Sequence[Deadline], round: int) -> list[dict[str, Any]]:
    return [
        {
            "kind": d.kind, "due_at": iso(d.due_at), "policy": d.policy,
            "met_at": iso(d.met_at) if d.met_at else None, "breached_at": iso(d.breached_at) if d.breached_at else None,
            "started_at": iso(d.started_at) if d.started_at else None, "how": d.how, "paused": d.paused,
            "stopped": d.stopped, "provisional": d.provisional,
        }
        for d in deadlines if d.round == round
    ]


def filed_json(view: View, base: str) -> dict[str, Any]:
    """What whoever filed a complaint is told."""
    case = view.case
    return {
        "number": case.number, "tracking_url": f"{base}/c/{case.tracking}", "category": case.category,
        "topic": case.topic, "level": case.level, "department": case.department, "state": case.state,
        "language": case.language, "filed_at": iso(case.filed_at),
        "deadlines": [d for d in _deadlines(view.deadlines, case.round) if d["kind"] in CONTRACT],
    }


def case_json(view: View, base: str, role: str = "admin") -> dict[str, Any]:
    """The case, its customer as far as a role may see him."""
    case = view.case
    return filed_json(view, base) | {
        "clocks": _deadlines(view.deadlines, case.round),
        "channel": case.channel, "text": case.text, "round": case.round, "owner": case.owner,
        "station": case.station, "evse": case.evse, "matched_station": case.matched_station,
        "matched_evse": case.matched_evse, "transaction": case.matched,
        "occurred_at": iso(case.occurred_at) if case.occurred_at else None,
        "payment_reference": case.payment_reference, "order": case.order_ref,
        "amount_disputed": f"{case.amount_disputed:f}" if case.amount_disputed is not None else None,
        "currency": case.currency, "expectation": case.expectation, "verdict": case.verdict,
        "version": case.version, "classification": dict(case.classification),
        "customer": masked({
            "name": case.customer_name, "phone": case.customer_phone, "email": case.customer_email,
            "token": case.customer_token, "plate": case.customer_plate,
        }, role),
        "priority": case.priority, "affected": case.affected, "predicted_s": case.predicted_s, "site": case.site,
        "zone": case.zone, "fault_level": case.fault_level, "nature": case.nature, "merged_into": case.merged_into,
        "incident": case.incident,
        "confirmed_at": iso(case.confirmed_at) if case.confirmed_at else None,
        "closed_at": iso(case.closed_at) if case.closed_at else None, "close_reason": case.close_reason,
        "updated_at": iso(case.updated_at),
    }


def entry_json(entry: Entry) -> dict[str, Any]:
    return {
        "seq": entry.seq, "at": iso(entry.at), "type": entry.type, "author": entry.author,
        "audience": entry.audience, "text": entry.text, "body": dict(entry.body),
        "hash": entry.hash.hex(), "prev_hash": entry.prev_hash.hex(),
    }


def frame_json(frame: FrameRow) -> dict[str, Any]:
    """A frozen frame, shaped like a row of the journal."""
    return {
        "id": frame.id, "station": frame.station, "seq": frame.seq, "at": iso(frame.at) if frame.at else None,
        "received_at": iso(frame.received_at), "kind": frame.kind, "message_id": frame.message_id,
        "action": frame.action, "frame": frame.frame, "hash": frame.hash, "prev_hash": frame.prev_hash,
        "repairs": list(frame.repairs),
    }
