"""The page behind the QR code: what this plug says now, and a complaint in as few touches as it takes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Response

from complaints import knowledge
from complaints.desk import CUSTOMER
from complaints.incidents.look import paid_for
from complaints.intake import form as intake
from complaints.web import errors
from complaints.web.frame import Visit, url
from complaints.web.tongue import N_
from csms.errors import BadInput
from csms.vocabulary import Connector, Station, Transaction

LOOK_BACK = timedelta(hours=48)
MOST_SESSIONS = 5
PHONE = re.compile(r"[+\d][\d\s()./-]{4,30}")
MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

TROUBLES = {
    "no_energy": N_("I paid and it did not charge"), "no_start": N_("It does not start"),
    "stopped": N_("It stopped by itself"), "too_much": N_("I was charged too much"),
    "stuck": N_("The plug is stuck"), "slow": N_("It charges slowly"),
}
"""What is picked instead of typed. Together with the words it becomes the complaint's text."""
DANGERS = {
    "smoke": N_("Smoke, fire or a burning smell"), "shock": N_("I got an electric shock"),
    "cable": N_("Damaged cable or bare wires"), "water": N_("The charger stands in water"),
    "hot": N_("The plug or cable is very hot"),
}
DANGER = N_("Danger: %(what)s")
"""How a danger that was picked stands in the complaint."""

TONES = {
    "Available": "good", "Preparing": "busy", "Charging": "busy", "SuspendedEV": "busy", "SuspendedEVSE": "warn",
    "Finishing": "busy", "Occupied": "busy", "Reserved": "busy", "Unavailable": "bad", "Faulted": "bad",
}

WRONG = {
    "text": N_("Please tell us in a few words what went wrong, or pick it from the list."),
    "photo": N_("This file cannot be taken. Send a picture (JPEG, PNG or WebP), a sound, a video or a PDF, "
                "each smaller than %(megabytes)s MB."),
    "contact": N_("This is neither a phone number nor an e-mail address."),
    "occurred_at": N_("This time lies in the future, or is not a time."),
    "payment_reference": N_("This number is too long."),
}


CHOOSE_AGAIN = N_("Please choose your photo or recording once more: a browser does not keep it.")


@dataclass(frozen=True, slots=True)
class Plug:
    """A connector as a driver sees it."""

    evse: int
    status: str
    since: datetime | None
    tone: str
    type: str | None = None
    max_power_w: float | None = None


def plugs_of(station: Station, evse: int | None) -> list[Plug]:
    """One of them, or all. What was last heard from a station that is gone says nothing about now."""
    wanted = [c for c in station.connectors if evse in (None, c.evse)]
    return [_plug(station, connector) for connector in wanted]


def _plug(station: Station, connector: Connector) -> Plug:
    if not station.connected:
        return Plug(connector.evse, "unreachable", station.last_heard_at, "off", connector.type, connector.max_power_w)
    status = connector.status or "unknown"
    return Plug(
        connector.evse, status, connector.status_at, TONES.get(status, "off"), connector.type, connector.max_power_w
    )


async def scan(visit: Visit) -> Response:
    return await _page(visit, {"danger": visit.query("danger")}, {})


async def _page(visit: Visit, typed: Mapping[str, str], wrong: Mapping[str, str]) -> Response:
    name = visit.part("station")
    evse = visit.request.path_params.get("evse")
    station = await visit.site.csms.station(name)
    template = "danger.html" if typed.get("danger") else "scan.html"
    sessions = await _recent(visit, station, evse)
    return visit.page(
        template, 422 if wrong else 200, name=name, evse=evse, station=station,
        plugs=plugs_of(station, evse) if station else [], sessions=sessions, paid=await _paid(visit, sessions),
        typed=typed, wrong=wrong, troubles=TROUBLES, dangers=DANGERS, action=_address(visit),
        earliest=_local(visit, visit.now - timedelta(days=90)), latest=_local(visit, visit.now),
        answers=await has_answers(visit),
    )


async def has_answers(visit: Visit) -> bool:
    """Whether there is anything to read behind "questions and answers"."""
    async with visit.site.desk.db.acquire() as conn:
        return bool(await knowledge.faq(conn))


def _address(visit: Visit) -> str:
    parts = [p for p in (visit.part("station"), visit.request.path_params.get("evse")) if p is not None]
    return url("r", *parts)


def _local(visit: Visit, at: datetime) -> str:
    """As an <input type=datetime-local> takes it."""
    return at.astimezone(ZoneInfo(visit.site.zone)).strftime("%Y-%m-%dT%H:%M")


async def _recent(visit: Visit, station: Station | None, evse: int | None) -> list[Transaction]:
    """Sessions to pick from: times, energy and price only. Whose they were is nobody's business here."""
    if station is None:
        return []
    found = await visit.site.csms.transactions(station=station.id, since=visit.now - LOOK_BACK, limit=20)
    return [t for t in found if evse in (None, t.evse)][:MOST_SESSIONS]


async def _paid(visit: Visit, sessions: Sequence[Transaction]) -> dict[str, tuple[Decimal, str]]:
    """Session -> what was taken for it: a driver knows his by the amount."""
    if not sessions:
        return {}
    since = min(t.started_at for t in sessions) - timedelta(hours=1)
    found = await visit.site.csms.payments_of(station=sessions[0].station, since=since, until=visit.now)
    taken = {t.id: paid_for(t, found) for t in sessions}
    return {id: (sum((p.amount for p in each), Decimal(0)), each[0].currency) for id, each in taken.items() if each}


async def file(visit: Visit) -> Response:
    typed = visit.form.texts()
    wrong, given = await _read(visit)
    files = [*await visit.form.files("photo"), *await visit.form.files("voice")]
    if wrong:
        return await _page(visit, typed, wrong | ({"photo": visit.say(CHOOSE_AGAIN)} if files else {}))
    try:
        view = await visit.site.desk.file(intake.read(given), files, by=CUSTOMER, strict=False)
    except BadInput as error:
        return await _page(visit, typed, _wrong(visit, error))
    return visit.go(url("c", view.case.tracking), "filed")


async def _read(visit: Visit) -> tuple[dict[str, str], dict[str, Any]]:
    """(what is wrong by field, the complaint)."""
    form, wrong = visit.form, {}
    given: dict[str, Any] = {
        "channel": "qr", "language": visit.tongue.language, "station": visit.part("station"),
        "evse": visit.request.path_params.get("evse") or (int(e) if (e := form.text("evse")).isdecimal() else None),
        "payment_reference": form.text("payment_reference"), "text": _words(visit),
    }
    if not given["text"]:
        wrong["text"] = told(visit, "text")
    try:
        given["customer"] = contact(form.text("contact"))
    except BadInput:
        wrong["contact"] = told(visit, "contact")
    try:
        given |= await _occurred(visit)
    except ValueError:
        wrong["occurred_at"] = told(visit, "occurred_at")
    return wrong, given


def _words(visit: Visit) -> str:
    """What was picked, then what was typed."""
    form = visit.form
    trouble, danger = TROUBLES.get(form.text("trouble")), DANGERS.get(form.text("danger"))
    picked = visit.say(trouble) if trouble else visit.say(DANGER, what=visit.say(danger)) if danger else ""
    return "\n".join(filter(None, (picked, form.text("text"))))


def contact(text: str) -> dict[str, str]:
    """A phone number or an e-mail address, whichever it is. Raises BadInput."""
    if not text:
        return {}
    if MAIL.fullmatch(text):
        return {"email": text}
    if PHONE.fullmatch(text):
        return {"phone": text}
    raise BadInput("contact", "is neither a phone number nor an e-mail address")


async def _occurred(visit: Visit) -> dict[str, Any]:
    """When, and at which plug: by the session picked, else by the time typed. Raises ValueError."""
    if picked := visit.form.text("session"):
        session = await _picked(visit, picked)
        if session is not None:
            return {"occurred_at": session.started_at, **({"evse": session.evse} if session.evse else {})}
    if not (typed := visit.form.text("occurred_at")):
        return {}
    at = datetime.fromisoformat(typed)
    at = (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(visit.site.zone))).astimezone(UTC)
    intake_limit = visit.now + intake.FUTURE_TOLERANCE
    if not intake.EARLIEST < at <= intake_limit:
        raise ValueError(typed)
    return {"occurred_at": at}


async def _picked(visit: Visit, id: str) -> Transaction | None:
    """Only a session of this station counts, whatever was sent."""
    station = await visit.site.csms.station(visit.part("station"))
    return next((t for t in await _recent(visit, station, None) if t.id == id), None)


def _wrong(visit: Visit, error: BadInput) -> dict[str, str]:
    field = "photo" if error.field.startswith("attachments") else error.field.partition(".")[0]
    return {field: told(visit, field)} if field in WRONG else {"text": errors.words_for(visit, error)}


def told(visit: Visit, field: str) -> str:
    """What is wrong with a field and what would be right."""
    return visit.say(WRONG[field]) % {"megabytes": visit.site.settings.max_attachment_bytes // (1024 * 1024)}
