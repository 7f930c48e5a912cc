"""The customer's own page: how far his complaint is, what was found, what comes back, and his word on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Response

from complaints.calendars import Calendar
from complaints.chinese import traditional
from complaints.desk import CUSTOMER, View
from complaints.evidence import Assessment
from complaints.states import ENDED, NotAllowedIn, can
from complaints.thread import SYSTEM, Entry
from complaints.web.because import reason
from complaints.web.frame import Visit, url
from complaints.web.public import told
from complaints.web.tongue import N_
from csms.errors import BadInput, NotFound

SAY_WHY = N_("Please tell us what is still missing.")
USUAL_DAYS = 10
"""Working days that banks take at most, as a rule."""
ENDINGS = {
    "closed": N_("Closed"), "withdrawn": N_("You have withdrawn it"), "external": N_("It is with another body now"),
    "merged": N_("It goes on together with your other complaint"),
}
"""How a complaint can end, as its customer reads it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way. `state`: done, now or ahead. `due`: until when, where that is promised."""

    title: str
    state: str
    at: datetime | None = None
    due: datetime | None = None
    detail: str = ""


def steps(visit: Visit, view: View, assessment: Assessment | None) -> list[Step]:
    """The way of a complaint as its customer sees it: dates behind, promises ahead."""
    case = view.case
    this_round = _since_round(view.entries)
    answered = _last(this_round, "resolution")
    checked = assessment.assessed_at if assessment else None
    due = next((d.due_at for d in view.deadlines if d.kind == "resolve" and d.round == case.round), None)
    ended = not case.is_open
    rows: list[tuple[str, datetime | None, datetime | None]] = [
        (visit.say("Complaint received"), case.filed_at, None),
        (visit.say("Records of the charger checked"), checked, None),
        (visit.say("Our answer to you") if case.round == 1 else visit.say("Second review by somebody else"),
         answered.at if answered else None, due),
        *_refund_step(visit, view),
        (visit.say("You tell us whether it is settled"), case.confirmed_at, None),
        (visit.say("Closed"), case.closed_at, None),
    ]
    made, current = [], False
    for title, at, promised in rows:
        state = "done" if at or ended else "ahead" if current else "now"
        current = current or state == "now"
        made.append(Step(title, state, at, promised if state != "done" else None))
    return made


def _refund_step(visit: Visit, view: View) -> list[tuple[str, datetime | None, datetime | None]]:
    alive = [r for r in view.refunds if r.state not in ("declined", "failed")]
    if not alive:
        return []
    return [(visit.say("Refund sent to your bank"), min((r.sent_at for r in alive if r.sent_at), default=None), None)]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where it stands, in one glance. `tone` as plugs have it."""

    tone: str
    words: str
    then: str = ""
    due: datetime | None = None


def standing(visit: Visit, view: View, way: Sequence[Step]) -> Standing:
    """What it waits for, and whose turn it is."""
    case = view.case
    if case.state in ENDED:
        return Standing("good" if case.state == "closed" else "off", visit.say(ENDINGS[case.state]))
    if case.state == "need_info":
        return Standing("warn", visit.say("We need an answer from you"), visit.say("Our question is below."))
    if _his_turn(view):
        asked = visit.say("Please tell us below whether that settles it.")
        return Standing("warn", visit.say("We have answered"), asked)
    due = next((s.due for s in way if s.due and s.state != "done"), None)
    if due is None:
        return Standing("busy", visit.say("We are looking into it"))
    if due < visit.now:
        return Standing("warn", visit.say("We are late with our answer"),
                        visit.say("Those in charge have been told. It was promised for"), due)
    return Standing("busy", visit.say("We are looking into it"), visit.say("You have our answer by"), due)


def _his_turn(view: View) -> bool:
    """We have answered, and he has not said yet whether that settles it."""
    return view.case.state in ("informed", "confirming") and view.case.confirmed_at is None


def _answer_of(visit: Visit, view: View) -> str | None:
    """Our words that he is asked about."""
    given = _last(_since_round(view.entries), "resolution")
    return _read_by(visit, given) if given else None


def _read_by(visit: Visit, entry: Entry) -> str | None:
    """What an entry says; a sentence of our own in the visitor's language, or at least in his script."""
    if entry.author != SYSTEM or not entry.text:
        return entry.text
    told = reason(entry.text, visit.tongue)
    return traditional(told) if visit.tongue.language == "zh-Hant" else told


def money_there(visit: Visit, view: View) -> dict[int, datetime]:
    """Refund -> the day by which it is usually there: ten working days after it was sent."""
    case = view.case
    days = Calendar(case.zone or visit.site.zone, "CN" if case.calendar is None else case.calendar)
    return {r.n: days.add_days(r.sent_at, USUAL_DAYS) for r in view.refunds if r.sent_at}


def _since_round(entries: Sequence[Entry]) -> Sequence[Entry]:
    begun = [n for n, e in enumerate(entries) if e.type in ("rejection", "reopening")]
    return entries[begun[-1]:] if begun else entries


def _last(entries: Sequence[Entry], type: str) -> Entry | None:
    return next((e for e in reversed(entries) if e.type == type), None)


async def follow(visit: Visit) -> Response:
    return await _page(visit, {}, {})


async def _page(visit: Visit, typed: Mapping[str, str], wrong: Mapping[str, str]) -> Response:
    desk = visit.site.desk
    try:
        case = await desk.tracked(visit.part("tracking"))
    except NotFound:
        return visit.page("lost.html", 404)
    view, assessment = await desk.view(case.number), await desk.assessment(case.number)
    way = steps(visit, view, assessment)
    return visit.page(
        "tracking.html", 422 if wrong else 200, case=view.case, steps=way,
        standing=standing(visit, view, way), there=money_there(visit, view),
        judgement=assessment.judgement if assessment else None, messages=_messages(visit, view.entries),
        refunds=[r for r in view.refunds if r.state != "declined"],
        may_answer=_his_turn(view), resolution=_answer_of(visit, view),
        may_reject=can("reject", view.case.state), may_write=view.case.is_open, typed=typed, wrong=wrong,
        action=url("c", case.tracking),
    )


def _messages(visit: Visit, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """What passed between customer and us. Colleagues have no names here; our own sentences are in his script."""
    who = {CUSTOMER: "you", SYSTEM: "system"}
    return [
        {"who": "you" if e.type == "filed" and e.author != SYSTEM else who.get(e.author, "us"), "at": e.at,
         "text": _read_by(visit, e), "files": e.body.get("attachments", ()), "type": e.type}
        for e in entries if e.audience == "customer" and (e.text or e.type == "confirmation")
    ]


async def answer(visit: Visit) -> Response:
    """He writes, confirms, or disagrees."""
    form, typed = visit.form, visit.form.texts()
    try:
        match form.text("answer"):
            case "yes":
                return await _settle(visit, settled=True)
            case "no":
                if not form.text("text"):
                    return await _page(visit, typed, {"why": visit.say(SAY_WHY)})
                return await _settle(visit, settled=False)
            case _:
                return await _write(visit)
    except NotFound:
        return visit.page("lost.html", 404)
    except NotAllowedIn:
        # He was quicker or slower than us: his page shows how it stands now.
        return await _page(visit, typed, {})


async def _settle(visit: Visit, *, settled: bool) -> Response:
    stars = visit.form.text("satisfaction")
    await visit.site.desk.customer_answers(
        visit.part("tracking"), settled=settled, text=visit.form.text("text")[:20_000] or None,
        satisfaction=int(stars) if stars in ("1", "2", "3", "4", "5") else None,
    )
    return visit.go(url("c", visit.part("tracking")), "confirmed" if settled else "rejected")


async def _write(visit: Visit) -> Response:
    text, files = visit.form.text("text")[:20_000], await visit.form.files("photo")
    if not text and not files:
        return await _page(visit, visit.form.texts(), {"text": visit.say("Please write something first.")})
    try:
        await visit.site.desk.customer_says(visit.part("tracking"), text, files)
    except BadInput:
        return await _page(visit, visit.form.texts(), {"photo": told(visit, "photo")})
    return visit.go(url("c", visit.part("tracking")), "written")
