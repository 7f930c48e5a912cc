"""Asking a station for something from its own page: the same guards as from a case, and danger known from cases."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from complaints.cases import Wanted
from complaints.desk import Desk
from complaints.remedies import SAFE, cleared_on_site
from complaints.states import OPEN
from csms.errors import BadInput, Conflict, NotFound, Refused
from csms.rest.http import Principal
from csms.vocabulary import (
    Command,
    CommandFact,
    FetchLog,
    ReadVariables,
    Reset,
    SetAvailability,
    Station,
    Stop,
    Trigger,
    Unlock,
)
from csms.vocabulary.orders import ReportVariables

LADDER = ("trigger", "read", "get_log", "stop", "unlock", "set_inoperative", "set_operative", "reset")
"""From harmless to harmful."""
HARMLESS = (*SAFE, "read")
LOOKED_AT = 20
"""Open cases of one station that are looked through for danger, the newest first."""


@dataclass(frozen=True, slots=True)
class Asked:
    """`evse` None: the whole station; `transaction`: our id of the session to end."""

    action: str
    reason: str
    evse: int | None = None
    transaction: str | None = None
    hard: bool = False
    override: bool = False


async def danger_at(desk: Desk, station: str) -> str | None:
    """The open case that speaks of danger there and that nobody on site has cleared."""
    for view in await desk.listed(Wanted(states=OPEN, station=station), limit=LOOKED_AT):
        case = view.case
        if not (case.topic == "safety" or case.claim.danger):
            continue
        if cleared_on_site((await desk.view(case.number)).entries) is None:
            return case.number
    return None


async def guards(desk: Desk, station: Station, asked: Asked, danger: str | None) -> tuple[str, ...]:
    """What forbids it now; G1 by the faults that are open, and by what drivers have written."""
    if asked.action in HARMLESS:
        return ()
    if danger is not None:
        return ("G1",)
    if asked.action == "unlock" and not asked.evse:
        return ()
    return tuple(await desk.csms.guards(station.id, await _command(desk, station, asked)))


async def ask(desk: Desk, id: str, asked: Asked, who: Principal, *, base_url: str) -> CommandFact:
    """Send it. Raises Refused (G1 whoever asks), BadInput, NotFound."""
    if asked.action not in LADDER:
        raise NotFound(f"there is no action {asked.action}")
    if not asked.reason:
        raise BadInput("reason", "is required: it goes on record with who and when")
    station = await desk.csms.station(id)
    if station is None:
        raise NotFound(f"there is no station {id}")
    if asked.action not in HARMLESS and (number := await danger_at(desk, id)):
        raise Refused(["G1"], f"{number} speaks of danger at this station; somebody on site has to clear it first")
    if asked.action == "get_log":
        return await desk.csms.fetch_log(id, base_url=base_url, by=who.name, reason=asked.reason)
    command = await _command(desk, station, asked)
    found = await desk.csms.guards(id, command)
    if "G1" in found:
        raise Refused(["G1"], "a dangerous fault is open; somebody on site has to clear it first")
    return await desk.csms.send(id, command, by=who.name, reason=asked.reason, override=asked.override)


async def _command(desk: Desk, station: Station, asked: Asked) -> Command:
    match asked.action:
        case "trigger":
            return Trigger("StatusNotification", asked.evse, None)
        case "read":
            if station.protocol == "ocpp1.6":
                return ReadVariables(())
            return ReportVariables(secrets.randbelow(2**31), "FullInventory")
        case "get_log":
            return FetchLog(url="", request_id=0)
        case "unlock":
            if not asked.evse:
                raise BadInput("evse", "is required: which plug is to be unlocked")
            return Unlock(asked.evse, 1)
        case "set_inoperative" | "set_operative":
            return SetAvailability(asked.action == "set_operative", asked.evse, None)
        case "stop":
            return Stop(await _said(desk, station, asked.transaction))
        case "reset":
            alone: Reset = await desk.csms.controls.reset_for(station, asked.evse, hard=asked.hard)
            return alone
        case _:
            raise AssertionError(asked.action)


async def _said(desk: Desk, station: Station, transaction: str | None) -> str:
    running = await desk.csms.transactions(station=station.id, state="open")
    if transaction is None and len(running) == 1:
        return running[0].said
    meant: Sequence[str] = [t.said for t in running if t.id == transaction]
    if not meant:
        raise Conflict("this session is not running any more") if transaction else BadInput(
            "transaction", "name the session to end" if running else "no session is running")
    return meant[0]
