"""The hotline's form: an agent asks by the guide of the topic, in the caller's language, and the case is taken."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Response

from complaints import phrases
from complaints.intake import hotline
from complaints.intake.classify.topics import CATEGORIES, CATEGORY_OF
from complaints.intake.form import read
from complaints.web.frame import Visit, url
from complaints.web.office import forms
from csms.errors import BadInput
from csms.kit.clock import parse_time

LONG = ("text", "expectation")
TYPES = {"occurred_at": "datetime-local", "customer.phone": "tel", "customer.email": "email"}
MODES = {"evse": "numeric", "amount_disputed": "decimal"}


async def ask(visit: Visit) -> Response:
    return await _page(visit, {}, "", 200)


def _caller(visit: Visit) -> str:
    """The caller's language: questions are read out in it."""
    asked = visit.form.text("caller") or visit.query("caller")
    return asked if asked in ("zh", "en") else "zh" if visit.tongue.language.startswith("zh") else "en"


async def _page(visit: Visit, wrong: Mapping[str, str], problem: str, status: int) -> Response:
    topic = visit.form.text("topic") or visit.query("topic")
    guide = hotline.guide(topic) if topic in CATEGORY_OF else None
    return visit.page(
        "office/hotline.html", status, topic=topic, guide=guide, caller=_caller(visit), categories=CATEGORIES,
        questions=_questions(guide) if guide else [], wrong=wrong, problem=problem, typed=visit.form.texts(),
        types=TYPES, modes=MODES, long=LONG,
    )


def _questions(guide: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The guide's questions, each with a name of its own: several may go into one field."""
    return [{**q, "name": f"q{n}"} for n, q in enumerate(guide["questions"])]


async def file(visit: Visit) -> Response:
    """Take the complaint. What the caller does not know is left out, and the case asks for it later."""
    async def act() -> str:
        topic = forms.choice(visit, "topic", tuple(CATEGORY_OF))
        given = _given(visit, topic)
        made = (await visit.site.desk.file(read(given), by=visit.who.name, strict=False)).case
        return url("desk", "hotline", made.number, missing=",".join(hotline.missing(topic, given)) or None,
                   caller=_caller(visit))

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        topic = visit.form.text("topic")
        asked = _questions(hotline.guide(topic)) if topic in CATEGORY_OF else []
        # Several questions may go into one field: what is wrong stands at the first of them.
        first = {q["field"]: q["name"] for q in reversed(asked)}
        named = {first[field]: words for field, words in wrong.items() if field in first}
        return await _page(visit, named or dict(wrong), problem, status)

    return await forms.attempt(visit, act, again, "hotline")


def _given(visit: Visit, topic: str) -> dict[str, Any]:
    """The answers as a complaint. Further answers to `text` follow the first, each under its question."""
    caller = _caller(visit)
    told: list[str] = []
    given: dict[str, Any] = {"channel": "hotline", "topic": topic, "customer": {}}
    for q in _questions(hotline.guide(topic)):
        if not (answer := visit.form.text(q["name"])):
            continue
        outer, _, inner = q["field"].partition(".")
        if q["field"] == "text":
            told.append(answer if not told and q["needed"] else f"{q[caller]} {answer}")
        elif inner:
            given[outer][inner] = answer
        else:
            given[outer] = _time(visit, answer) if outer == "occurred_at" else answer
    given["text"] = "\n".join(told)
    if not given["text"]:
        raise BadInput("text", visit.say("is needed"))
    if given.get("amount_disputed"):
        given["currency"] = "CNY"
    return given


def _time(visit: Visit, answer: str) -> str:
    """A time as told, in the sites' zone."""
    try:
        at = parse_time(answer)
    except ValueError:
        raise BadInput("occurred_at", visit.say("must be a date and a time")) from None
    if "+" in answer or answer.endswith("Z"):
        return at.isoformat()
    return at.replace(tzinfo=ZoneInfo(visit.site.zone)).astimezone(UTC).isoformat()


async def taken(visit: Visit) -> Response:
    """What to read back to the caller: his number and by when he hears from us."""
    view = await visit.site.desk.overview(visit.part("number"))
    caller, case = _caller(visit), view.case
    due = min((d.due_at for d in view.deadlines if d.met_at is None and d.kind == "resolve"), default=None)
    language = "zh-Hans" if caller == "zh" else "en"
    told = phrases.moment(due, case.zone) if due else ""
    asked = {q["field"]: q[caller] for q in hotline.guide(case.topic)["questions"]}
    return visit.page(
        "office/hotline_done.html", case=case, due=due,
        missing=[asked[m] for m in visit.query("missing").split(",") if m in asked],
        closing=hotline.CLOSING[caller].format(number=case.number, due=told), language_told=language,
    )
