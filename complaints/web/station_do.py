"""Doing something to a station from its own page: guards told first, one confirmation away, by who may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Response

from complaints import actions, station_remote
from complaints.station_remote import LADDER, Asked, danger_at
from complaints.web import errors
from complaints.web.desk_do import DOINGS, Doing
from complaints.web.frame import Visit, url
from complaints.web.stations import station_of
from complaints.web.tongue import N_
from csms.errors import NotFound, TheyErred
from csms.vocabulary import Station

READ = Doing(N_("The charger tells all its settings anew. Nothing changes for anybody."), ("reason",), N_("Read now"),
             "asked")
PLUG_NEEDED, WHOLE = ("unlock",), ("trigger", "set_inoperative", "set_operative", "reset")
"""Those that need a plug, and those that may be about the whole station."""


@dataclass(frozen=True, slots=True)
class Offer:
    action: str
    guards: tuple[str, ...]
    may: bool
    overridable: bool


def doing_of(action: str) -> Doing:
    if action not in LADDER:
        raise NotFound(f"there is no action {action}")
    return READ if action == "read" else DOINGS[action]


async def offers(visit: Visit) -> Response:
    """Everything that can be asked of it now, with what forbids it."""
    station, desk = await station_of(visit), visit.site.desk
    danger = await danger_at(desk, station.id)
    running = await desk.csms.transactions(station=station.id, state="open", limit=20)
    passes = visit.who.may(*actions.OVERRIDES)
    made = []
    for action in LADDER:
        if action == "stop" and not running:
            continue
        found = () if action == "stop" else await station_remote.guards(desk, station, Asked(action, "-"), danger)
        made.append(Offer(action, found, may(visit, action), passes and "G1" not in found))
    return visit.page("station_offers.html", id=station.id, offers=made, danger=danger, station=station)


def may(visit: Visit, action: str) -> bool:
    return actions.may(visit.who.role, "trigger" if action == "read" else action)


async def ask(visit: Visit) -> Response:
    return await _page(visit, {}, "")


async def _page(visit: Visit, typed: Mapping[str, str], wrong: str, status: int = 200) -> Response:
    action, station, desk = visit.part("action"), await station_of(visit), visit.site.desk
    doing = doing_of(action)
    danger = await danger_at(desk, station.id)
    evse = _number(typed.get("evse", "")) or _only_plug(station, action)
    found = () if action == "stop" else await station_remote.guards(desk, station, Asked(action, "-", evse), danger)
    running = await desk.csms.transactions(station=station.id, state="open", limit=20) if action == "stop" else []
    return visit.page(
        "station_do.html" if visit.partial else "station_do_page.html", status, action=action, doing=doing,
        id=station.id, station=station, guards=found, passes=visit.who.may(*actions.OVERRIDES), typed=dict(typed),
        problem=wrong,
        danger=danger, running=running, plug_needed=action in PLUG_NEEDED, whole=action in WHOLE, evse=evse,
        plugs=sorted({c.evse for c in station.connectors}), here=url("desk", "stations", station.id),
        to=url("desk", "stations", station.id, "do", action),
    )


def _only_plug(station: Station, action: str) -> int | None:
    plugs = {c.evse for c in station.connectors}
    return next(iter(plugs)) if action in PLUG_NEEDED and len(plugs) == 1 else None


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 6 else None


async def do(visit: Visit) -> Response:
    action, id, form = visit.part("action"), visit.part("id"), visit.form
    doing = doing_of(action)
    if not may(visit, action):
        return errors.not_your_role(visit, actions.ROLES["reset"])
    override = bool(form.text("override")) and visit.who.may(*actions.OVERRIDES)
    asked = Asked(action, form.text("reason"), _number(form.text("evse")), form.text("transaction") or None,
                  bool(form.text("hard")), override)
    try:
        await station_remote.ask(visit.site.desk, id, asked, visit.who, base_url=visit.base)
    except TheyErred as error:
        if isinstance(error, NotFound):
            raise
        return await _page(visit, form.texts(), errors.words_for(visit, error), errors.status_of(error))
    response = visit.go(url("desk", "stations", id), doing.said)
    if not visit.partial:
        return response
    return Response(status_code=204, headers={"HX-Redirect": response.headers["location"]})
