"""Doing something about a case: one confirmation away, with a reason, by who may. Guards are told before and after."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Response
from pydantic import ValidationError

from complaints import actions
from complaints.actions import Ask
from complaints.cases import Case
from complaints.intake.form import Correction
from complaints.overrides import NONE
from complaints.refunds import proposed_amount
from complaints.rest.complaints import allow
from complaints.web import errors
from complaints.web.alike import alike
from complaints.web.frame import Visit, url
from complaints.web.shown import local
from complaints.web.tongue import N_
from csms.errors import BadInput, NotFound, TheyErred
from csms.rest.http import field_path, plain_words
from csms.vocabulary import Transaction


@dataclass(frozen=True, slots=True)
class Doing:
    """An action's form: what it will do, in words, and the fields it takes."""

    about: str
    fields: tuple[str, ...]
    button: str
    said: str = "done"
    grave: bool = False


REASON = ("reason",)
DOINGS: Mapping[str, Doing] = {
    "trigger": Doing(N_("The charger is asked to report the state of its plug. Nothing changes for anybody."),
                     REASON, N_("Ask now"), "asked"),
    "get_log": Doing(N_("The charger uploads its log to us; it becomes part of the evidence. A weak charger may be "
                        "slow meanwhile."), REASON, N_("Fetch the log"), "asked"),
    "stop": Doing(N_("Ends this session only. The driver can pull the plug afterwards."),
                  ("transaction", "reason"), N_("End the session"), "asked", grave=True),
    "unlock": Doing(N_("The plug is unlocked. Ask the driver to hold it, on the phone if you can."),
                    REASON, N_("Unlock now"), "asked"),
    "set_inoperative": Doing(N_("Nobody can start a session on this plug any more. One that runs goes on."),
                             REASON, N_("Take out of service"), "asked"),
    "set_operative": Doing(N_("Drivers can use this plug again."), REASON, N_("Put into service"), "asked"),
    "reset": Doing(N_("The whole charger restarts: every plug of it is gone for a minute or two. We watch whether it "
                      "drops, starts up and is usable again; only then it counts as done."),
                   ("hard", "reason"), N_("Restart now"), "asked", grave=True),
    "refund": Doing(N_("What is given back goes to where it was paid from. It is sent once."),
                    ("amount", "reason"), N_("Propose the refund"), "proposed"),
    "approve": Doing(N_("The refund is sent to the payment side at once, and the customer is told."),
                     REASON, N_("Approve and send"), "refunded"),
    "decline": Doing(N_("The refund is not paid. The case goes back to being looked into."),
                     REASON, N_("Decline"), "declined"),
    "release_hold": Doing(N_("The amount held on the card is released."), REASON, N_("Release the hold"), "proposed"),
    "dispatch": Doing(N_("A technician goes there. Say what he should look at."), ("owner", "reason"),
                      N_("Send somebody"), "done"),
    "assign": Doing(N_("A named person is responsible from now on."), ("owner", "reason"), N_("Assign"), "done"),
    "escalate": Doing(N_("The case moves up a level, and that level's shorter clocks begin now."), REASON,
                      N_("Raise the level"), "done"),
    "resolve": Doing(N_("The customer gets this answer and is asked whether it settles the matter."), ("text",),
                     N_("Send the answer"), "answered"),
    "question": Doing(N_("The customer is asked; the clocks stand still until he answers."), ("text",),
                      N_("Ask"), "answered"),
    "message": Doing(N_("The customer reads this on his page."), ("text", "files"), N_("Send"), "answered"),
    "note": Doing(N_("Only colleagues read this."), ("text", "files"), N_("Add"), "noted"),
    "safety_cleared": Doing(N_("Somebody on site has made sure that there is no danger any more. Remote actions are "
                               "possible again."), ("text",), N_("There is no danger any more"), "done", grave=True),
    "confirm": Doing(N_("The customer has told you that it is settled."), ("satisfaction", "text"), N_("Note it"),
                     "done"),
    "reject_resolution": Doing(N_("The customer has told you that it is not settled. Somebody else reviews the case."),
                               REASON, N_("Begin a second review"), "done"),
    "close": Doing(N_("The case ends; its evidence stays."), ("outcome", "reason"), N_("Close"), "done"),
    "reopen": Doing(N_("The case is looked into again, with clocks of its own."), REASON, N_("Reopen"), "done"),
    "merge": Doing(N_("The same matter told twice: it goes on in the other case alone, and the customer is told. "
                      "Nothing is lost, and it can be taken apart again."), ("into", "reason"), N_("Join"), "done"),
    "unmerge": Doing(N_("They were two matters after all: this one is looked into by itself again."), REASON,
                     N_("Take it apart"), "done"),
    "assess": Doing(N_("All records are gathered and judged again; the earlier version stays."), REASON,
                    N_("Judge anew"), "judged"),
    "verdict": Doing(N_("You decide otherwise than the rules. What they said stays on record beside it, and counts in "
                        "how often a rule is overruled."), ("verdict", "liability", "reason"), N_("Decide so"),
                     "judged"),
    "sort": Doing(N_("What it is about, how grave it is, and who works on it. The evidence is judged again by it."),
                  ("topic", "level", "department", "reason"), N_("Put right"), "judged"),
    "facts": Doing(N_("What was mistyped or left out. The records are gathered and judged again by it."),
                   ("station", "evse", "occurred_at", "payment_reference", "order", "reason"), N_("Put right"),
                   "judged"),
    "choose": Doing(N_("You say that the customer means this session. The evidence is judged again by it; what stood "
                       "there before stays on record."), REASON, N_("This session is meant"), "judged"),
}
SAYING = ("question", "message", "note", "safety_cleared")
NO_SESSION = Doing(N_("You say that the customer means none of the sessions on record. The evidence is judged again by "
                      "it; what stood there before stays on record."), REASON, N_("None of these"), "judged")
FOUND_SESSION = Doing(N_("Your decision is taken back: the session that the rules found counts again."), REASON,
                      N_("Back to what the rules found"), "judged")
TITLES = {"approve": N_("Approve the refund"), "decline": N_("Decline the refund"),
          "choose": N_("Another session is meant"), "verdict": N_("Decide otherwise"),
          "sort": N_("Sort it otherwise"), "facts": N_("Correct the facts")}
GO = ("technician", "supervisor")
"""Who goes to chargers."""
RULES = "rules"
"""Chosen for a decision that is given back to the rules."""


async def ask(visit: Visit) -> Response:
    """The confirmation step."""
    return await _page(visit, {}, "")


async def _page(visit: Visit, typed: Mapping[str, str], wrong: str, status: int = 200) -> Response:
    action, desk, number = visit.part("action"), visit.site.desk, visit.part("number")
    if action not in DOINGS:
        raise NotFound(f"there is no action {action}")
    view, session = await desk.view(number), visit.query("session")
    return visit.page(
        "do.html" if visit.partial else "do_page.html", status, action=action, doing=_doing(action, session),
        title=_title(action, session), case=view.case, number=number, session=session, problem=wrong,
        typed={**await _known(visit, action, number), **typed}, guards=await _guards(visit, action),
        passes=visit.who.may(*actions.OVERRIDES), chosen=await _chosen(visit, action, session),
        choices=await _choices(visit, action, view.case),
        refund=next((r for r in view.refunds if r.state == "proposed"), None),
        to=url("desk", "cases", number, "do", action, session=session), here=url("desk", "cases", number),
    )


def _doing(action: str, session: str) -> Doing:
    if action == "choose" and session in (NONE, RULES):
        return NO_SESSION if session == NONE else FOUND_SESSION
    return DOINGS[action]


def _title(action: str, session: str) -> str | None:
    return _doing(action, session).button if action == "choose" and session in (NONE, RULES) else TITLES.get(action)


async def _chosen(visit: Visit, action: str, session: str) -> Transaction | None:
    """The session that is about to be chosen, so that nobody confirms the wrong one."""
    if action != "choose" or session in (NONE, RULES):
        return None
    try:
        return await visit.site.csms.transaction(str(UUID(session)))
    except ValueError:  # said when it is confirmed
        return None


async def _known(visit: Visit, action: str, number: str) -> dict[str, str]:
    """What can be filled in already: the proposed amount, the explanation as a first draft of the answer."""
    assessment = await visit.site.desk.assessment(number)
    if action == "refund" and (proposal := proposed_amount(assessment)):
        return {"amount": f"{proposal[0]:f}", "currency": proposal[1]}
    if action == "refund" and assessment and (bill := assessment.judgement["bill"]):
        return {"currency": bill["currency"]}
    case = await visit.site.desk.case(number)
    if action == "merge":
        likely = alike((await visit.site.desk.view(number)).entries, visit.tongue)
        return {"into": visit.query("into") or next((one.number for one in likely), "")}
    if action in ("sort", "facts"):
        return _standing(visit, case)
    if action == "resolve" and assessment is not None:
        return {"text": visit.site.tongues[case.language].of(assessment.judgement["explanation"])}
    return {}


def _standing(visit: Visit, case: Case) -> dict[str, str]:
    """The facts as they stand."""
    at = case.occurred_at
    return {
        "topic": case.topic, "level": str(case.level), "department": case.department, "station": case.station or "",
        "evse": "" if case.evse is None else str(case.evse), "payment_reference": case.payment_reference or "",
        "order": case.order_ref or "", "occurred_at": local(at, visit.site.zone, "%Y-%m-%dT%H:%M") if at else "",
    }


async def _guards(visit: Visit, action: str) -> tuple[str, ...]:
    if action not in actions.REMOTE:
        return ()
    possible = await visit.site.desk.possible(visit.part("number"))
    return next((p.guards for p in possible if p.action == action), ())


async def _choices(visit: Visit, action: str, case: Case) -> list[tuple[str, str]]:
    """(value, words) of what is picked from: people, running sessions."""
    if action == "dispatch":
        return [(p.name, p.role) for p in await visit.site.staff.people() if p.role in GO]
    if action == "assign":
        return [(p.name, p.role) for p in await visit.site.staff.people() if p.role not in ("integration", "auditor")]
    if action == "stop" and case.where:
        running = await visit.site.csms.transactions(station=case.where, state="open")
        return [(t.id, visit.say("Plug %(n)s", n=t.evse)) for t in running]
    return []


async def do(visit: Visit) -> Response:
    action, number = visit.part("action"), visit.part("number")
    if action not in DOINGS:
        raise NotFound(f"there is no action {action}")
    try:
        said = await DOERS.get(action, _act)(visit, number, action)
    except TheyErred as error:
        if isinstance(error, NotFound):
            raise
        return await _page(visit, visit.form.texts(), errors.words_for(visit, error), errors.status_of(error))
    return _done(visit, url("desk", "cases", number), said)


def _done(visit: Visit, to: str, said: str) -> Response:
    response = visit.go(to, said)
    if not visit.partial:
        return response
    return Response(status_code=204, headers={"HX-Redirect": response.headers["location"]})


async def _say(visit: Visit, number: str, action: str) -> str:
    text, files = visit.form.text("text"), await visit.form.files("files")
    if not text:
        raise BadInput("text", visit.say("is needed"))
    audience = "customer" if action in ("message", "question") else "staff"
    await visit.site.desk.say(
        number, type=action, text=text, audience=audience, who=visit.who, files=files  # type: ignore[arg-type]
    )
    return DOINGS[action].said


async def _assess(visit: Visit, number: str, action: str) -> str:
    await visit.site.desk.assess(number, by=visit.who.name, reason=visit.form.text("reason") or None, always=True)
    return DOINGS[action].said


async def _choose(visit: Visit, number: str, action: str) -> str:
    """Another session than the one the rules found is meant: a person decides it over them."""
    chosen = visit.query("session")
    await _correct(visit, number, {"transaction": None if chosen == RULES else chosen})
    return DOINGS[action].said


async def _overrule(visit: Visit, number: str, action: str) -> str:
    """Verdict and liability, as far as they were chosen; `rules` gives one back."""
    form, asked = visit.form, dict[str, Any]()
    for name in ("verdict", "liability"):
        if chosen := form.text(name):
            asked[name] = None if chosen == RULES else chosen
    if not asked:
        raise BadInput("verdict", visit.say("choose what you decide"))
    await _correct(visit, number, asked)
    return DOINGS[action].said


async def _put_right(visit: Visit, number: str, action: str) -> str:
    """Only what differs from what stands there is changed."""
    before = _standing(visit, await visit.site.desk.case(number))
    fields = [name for name in DOINGS[action].fields if name != "reason"]
    asked: dict[str, Any] = {
        name: visit.form.text(name) or None for name in fields if visit.form.text(name) != before[name]
    }
    if asked.get("occurred_at"):
        asked["occurred_at"] = _moment(visit, asked["occurred_at"])
    if str(asked.get("level")).isdecimal():
        asked["level"] = int(asked["level"])
    await _correct(visit, number, asked)
    return DOINGS[action].said


def _moment(visit: Visit, text: str) -> str:
    """A time as the form gives it, in the sites' zone."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(visit.site.zone)).isoformat()
    except ValueError:
        raise BadInput("occurred_at", visit.say("must be a time")) from None


async def _correct(visit: Visit, number: str, asked: Mapping[str, Any]) -> None:
    correction = read_as(Correction, {"reason": visit.form.text("reason"), **asked})
    await visit.site.desk.correct(number, correction, visit.who)


async def _decide(visit: Visit, number: str, action: str) -> str:
    asked = {"action": "refund", "approve": action == "approve", "reason": visit.form.text("reason"),
             "refund": visit.form.text("refund") or None}
    await _carry_out(visit, number, asked)
    return DOINGS[action].said


async def _act(visit: Visit, number: str, action: str) -> str:
    form = visit.form
    asked: dict[str, Any] = {"action": action, **{k: v for k, v in form.texts().items() if v}}
    asked["override"], asked["hard"] = bool(form.text("override")), bool(form.text("hard"))
    if action in ("refund", "release_hold"):
        asked["approve"] = False  # proposing and approving are two steps, even for who may do both
    await _carry_out(visit, number, asked)
    return DOINGS[action].said


async def _merge(visit: Visit, number: str, action: str) -> str:
    """A number that is mistyped is told beside its field."""
    try:
        return await _act(visit, number, action)
    except NotFound:
        raise BadInput("into", visit.say("there is no such case")) from None


async def _carry_out(visit: Visit, number: str, asked: Mapping[str, Any]) -> None:
    given = read_as(Ask, asked)
    allow(given, visit.who)
    await visit.site.desk.act(number, given, visit.who)


def read_as(model: Any, given: Mapping[str, Any]) -> Any:
    """A form as the desk takes it. Raises BadInput naming the first field that is wrong."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput(field_path(first["loc"]), plain_words(first)) from None


Doer = Callable[[Visit, str, str], Awaitable[str]]
DOERS: Mapping[str, Doer] = {
    **dict.fromkeys(SAYING, _say), "assess": _assess, "choose": _choose, "verdict": _overrule,
    "sort": _put_right, "facts": _put_right, "approve": _decide, "decline": _decide,
    "merge": _merge,
}
