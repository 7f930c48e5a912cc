"""The proof behind a finding: the frame, reading, fault or payment itself, with what it says in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Response

from complaints.web.finding_names import SUSPECT
from complaints.web.frame import Visit, url
from complaints.web.gloss import gloss, parse
from complaints.web.labels import COMMAND, COMMAND_STATE, EFFECT, FAULT, METHOD, PAYMENT, SESSION
from complaints.web.ocpp_words import stopped_because
from complaints.web.shown import power
from complaints.web.tongue import N_
from csms.api import FrameRow
from csms.errors import NotFound

NAMES = {
    "at": N_("Charger's time"), "received_at": N_("Received"), "evse": N_("Plug"), "connector": N_("Connector"),
    "energy_wh": N_("Energy"), "power_w": N_("Power"), "soc_percent": N_("State of charge"), "current_a": N_("Current"),
    "offered_a": N_("Current offered"), "voltage_v": N_("Voltage"), "temperature_c": N_("Temperature"),
    "started_at": N_("Started"), "stopped_at": N_("Stopped"), "meter_start_wh": N_("Meter at start"),
    "meter_stop_wh": N_("Meter at stop"), "stop_reason": N_("Reason of the stop"), "token": N_("Token"),
    "number": N_("Number"), "reference": N_("Reference"), "offline": N_("While offline"), "state": N_("State"),
    "code": N_("Code"), "vendor_code": N_("Maker's code"), "description": N_("Description"), "level": N_("Level"),
    "opened_at": N_("Began"), "cleared_at": N_("Ended"), "source": N_("Source"), "action": N_("Message"),
    "effect": N_("Effect"), "requested_by": N_("Asked by"), "requested_at": N_("Asked"), "sent_at": N_("Sent"),
    "settled_at": N_("Answered"), "effect_at": N_("Seen to work"), "reason": N_("Reason"), "answer": N_("Answer"),
    "kind": N_("Kind"), "amount": N_("Amount"), "currency": N_("Currency"), "method": N_("Method"),
    "merchant": N_("Merchant"), "order": N_("Order"), "of": N_("Belongs to"), "transaction": N_("Session"),
    "connected_at": N_("Connected"), "disconnected_at": N_("Disconnected"), "protocol": N_("Protocol"),
    "station": N_("Station"), "suspect": N_("Odd about it"), "context": N_("Context"),
}
UNITS = {"soc_percent": "%", "current_a": "A", "offered_a": "A", "voltage_v": "V", "temperature_c": "°C"}
WORDS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("payment", "kind"): PAYMENT, ("command", "kind"): COMMAND, ("command", "state"): COMMAND_STATE,
    ("command", "effect"): EFFECT, ("fault", "kind"): FAULT, ("transaction", "state"): SESSION,
    ("payment", "method"): METHOD,
}
"""Words for the codes in a record of a kind."""
FRAMES = ("start_frame", "stop_frame", "frame", "answer_frame")
TIMES = frozenset(name for name in NAMES if name.endswith("_at")) | {"at"}
ENERGIES = frozenset(name for name in NAMES if name.endswith("_wh"))


async def show(visit: Visit) -> Response:
    number, kind, id = visit.part("number"), visit.part("kind"), visit.part("id")
    if kind == "frame":
        return await _frame(visit, number, id)
    record = await _record(visit, number, kind, id)
    if record is None:
        raise NotFound(f"no {kind} {id} in the evidence of {number}")
    facts = [(visit.say(NAMES[k]), k, _shown(visit, kind, k, v)) for k, v in record.items()
             if k in NAMES and v not in (None, "", [], ())]
    frames = [f for name in FRAMES if (f := record.get(name))]
    return page(visit, kind=kind, id=id, facts=facts, frames=frames, number=number, raw=dict(record))


def _shown(visit: Visit, kind: str, name: str, value: Any) -> Any:
    """A fact with its unit, or in words. Times and energies are the template's to show."""
    say = visit.say
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    if name in UNITS and isinstance(value, int | float):
        return f"{value:g} {UNITS[name]}"
    if name == "power_w":
        return power(float(value))
    if name == "stop_reason":
        return stopped_because(value, say)
    if name == "suspect":
        return [say(SUSPECT.get(code, code)) for code in value]
    table = WORDS.get((kind, name), {})
    return say(table[value]) if isinstance(value, str) and value in table else value


async def _record(visit: Visit, number: str, kind: str, id: str) -> Mapping[str, Any] | None:
    """Out of the frozen evidence, newest version first; a command may have come after it."""
    for assessment in reversed(await visit.site.desk.assessments(number)):
        records = await visit.site.shelf.of(assessment)
        if records and (found := records.find(kind, id)):
            return found
    if kind == "command" and (fact := await visit.site.csms.command(id)) and fact.complaint == number:
        return {name: getattr(fact, name) for name in fact.__slots__}
    return None


async def _frame(visit: Visit, number: str, id: str) -> Response:
    """The frame as frozen; one that came after the freezing is still in the journal."""
    frame = await visit.site.desk.frame(number, id) or next(iter(await visit.site.csms.frames_by_id([id])), None)
    if frame is None:
        raise NotFound(f"no frame {id} in the evidence of {number}")
    return page(visit, **frame_facts(visit, frame), number=number)


def frame_facts(visit: Visit, frame: FrameRow) -> dict[str, Any]:
    """A frame for the panel: gloss, times, the message as sent and set out."""
    message = parse(frame.frame)
    return {
        "kind": "frame", "id": frame.id, "frame": frame, "frames": [], "facts": [],
        "gloss": gloss(frame.kind, frame.action, frame.frame, visit.tongue),
        "raw": message if message is not None else frame.frame,
    }


def page(visit: Visit, *, raw: Any, **about: Any) -> Response:
    """A panel, or the same as a page of its own where htmx did not ask for it."""
    pretty = raw if isinstance(raw, str) else orjson.dumps(
        raw, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z
    ).decode()
    common = {"gloss": "", "frame": None, "times": TIMES, "energies": ENERGIES, "back": None, "number": None}
    if "number" in about:
        common["back"] = url("desk", "cases", about["number"])
    template = "proof.html" if visit.partial else "proof_page.html"
    return visit.page(template, pretty=pretty, **(common | about))
