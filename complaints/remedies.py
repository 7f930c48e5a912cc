"""Remedies at the station: what may be asked of it from a case, and whether it helped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from complaints import cases, thread, workorders
from complaints.actions import Ask
from complaints.cases import Case
from complaints.claim import Claim
from complaints.findings import RemoteAction
from complaints.states import can
from complaints.thread import SYSTEM, Draft, Entry
from csms.errors import BadInput, Refused
from csms.kit.clock import iso
from csms.kit.db import Conn
from csms.vocabulary import (
    Command,
    CommandFact,
    FetchLog,
    Reset,
    SetAvailability,
    Stop,
    Story,
    Transaction,
    Trigger,
    Unlock,
)

Remote = Callable[[Claim, Story, datetime], Sequence[RemoteAction]]
"""Which remote actions a claim and the records allow now (guards G1 and those the records show)."""

GOOD_SESSION_WH = 500
LOOK_BACK = timedelta(hours=24)
SAFE = ("stop", "trigger", "get_log", "set_inoperative")
"""What G1 never forbids: these make nothing live."""


# --- rules ------------------------------------------------------------------------------------


def evse_of(case: Case, ask: Ask) -> int | None:
    """Where to act: as asked, else where the evidence found it to be, else as the customer said."""
    return next((evse for evse in (ask.evse, case.matched_evse, case.evse) if evse is not None), None)


def command_for(case: Case, ask: Ask, running: Sequence[Transaction]) -> Command:
    """The neutral command behind an action. Raises BadInput naming what is missing."""
    evse = evse_of(case, ask)
    match ask.action:
        case "reset":
            return Reset(hard=ask.hard, evse=ask.evse or None)
        case "unlock":
            if not evse:
                raise BadInput("evse", "is required: which connector is to be unlocked")
            return Unlock(evse, ask.connector or 1)
        case "stop":
            return Stop(_to_stop(case, ask, evse, running))
        case "trigger":
            return Trigger(ask.what or "StatusNotification", evse or None, ask.connector)
        case "get_log":
            return FetchLog(url="", request_id=0)  # csms fills in its own one-time upload address
        case "set_inoperative" | "set_operative":
            return SetAvailability(ask.action == "set_operative", evse, ask.connector)
        case _:
            raise AssertionError(ask.action)


def _to_stop(case: Case, ask: Ask, evse: int | None, running: Sequence[Transaction]) -> str:
    if ask.transaction:
        return next((t.said for t in running if t.id == ask.transaction), ask.transaction)
    meant = [t for t in running if t.id == case.matched] or [t for t in running if evse is None or t.evse == evse]
    if len(meant) != 1:
        there = ", ".join(f"{t.said} on EVSE {t.evse}" for t in running) or "none"
        raise BadInput("transaction", f"name the transaction to stop; running: {there}")
    return meant[0].said


def running_in(story: Story) -> list[Transaction]:
    return [t for t in story.transactions if t.state == "open"]


def cleared_on_site(entries: Sequence[Entry]) -> datetime | None:
    """When someone on site last said that there is no danger any more."""
    return max((e.at for e in entries if e.type == "safety_cleared"), default=None)


def safety_guards(action: str, allowed_now: Sequence[RemoteAction]) -> tuple[str, ...]:
    """G1 for an action. Only an entry `safety_cleared` lifts it; no override does."""
    if action in SAFE:
        return ()
    # What makes nothing safer to switch on again counts like a reset.
    looked_up = "reset" if action == "set_operative" else action
    forbidden = any("G1" in remote.guards for remote in allowed_now if remote.action == looked_up)
    return ("G1",) if forbidden else ()


def refused_by_safety() -> Refused:
    return Refused(
        ["G1"], "Danger was reported or is on record: nothing is switched on or unlocked from afar until someone on "
        "site has cleared it. Stop, take out of service and dispatch remain."
    )


# --- what the thread says ---------------------------------------------------------------------


def command_json(fact: CommandFact) -> dict[str, Any]:
    """A command as a case shows it."""
    return {
        "id": fact.id, "station": fact.station, "action": fact.action, "kind": fact.kind, "state": fact.state,
        "effect": fact.effect, "answer": dict(fact.answer) if fact.answer is not None else None,
        "effect_at": iso(fact.effect_at) if fact.effect_at else None, "requested_by": fact.requested_by,
        "reason": fact.reason, "evse": fact.evse, "connector": fact.connector,
    }


async def note_asked(conn: Conn, number: str, fact: CommandFact, now: datetime) -> None:
    """Who asked for what and why; written once, by whoever comes first: the request or the worker."""
    state = (await cases.get(conn, number)).state
    body = {
        "command": fact.id, "action": fact.action, "kind": fact.kind, "station": fact.station, "evse": fact.evse,
        "hard": fact.hard,
    }
    move = "investigate" if state in ("received", "acknowledged", "assessed") and can("investigate", state) else None
    draft = Draft("command", fact.requested_by, fact.reason or "", body=body, move=move, key=f"command:{fact.id}")
    await thread.add(conn, number, draft, now)


async def note_refused(conn: Conn, number: str, ask: Ask, guards: Sequence[str], by: str, now: datetime) -> None:
    """An attempt that guards forbade is on record too."""
    body = {"action": ask.action, "guards": list(guards), "override": ask.override}
    await thread.add(conn, number, Draft("command_refused", by, ask.reason or "", body=body), now)


async def note_settled(conn: Conn, number: str, fact: CommandFact, now: datetime) -> None:
    """The station's answer. Accepted is not fixed: the effect comes as an entry of its own."""
    await note_asked(conn, number, fact, now)
    body = command_json(fact)
    await thread.add(conn, number, Draft("command_settled", SYSTEM, body=body, key=f"settled:{fact.id}"), now)


async def note_effect(conn: Conn, number: str, fact: CommandFact, now: datetime) -> None:
    """Whether the station was seen to do what it had accepted."""
    await note_settled(conn, number, fact, now)
    body = {"command": fact.id, "kind": fact.kind, "effect": fact.effect, "at": fact.effect_at}
    key = f"effect:{fact.id}:{fact.effect}"
    await thread.add(conn, number, Draft("effect", SYSTEM, body=body, key=key), now)


async def note_upload(
    conn: Conn, number: str, fact: CommandFact, upload: str, sha256: str, now: datetime
) -> None:
    """The log that the station was asked for has come: evidence, with its hash."""
    await note_asked(conn, number, fact, now)
    body = {"command": fact.id, "upload": upload, "sha256": sha256, "station": fact.station}
    await thread.add(conn, number, Draft("evidence", SYSTEM, body=body, key=f"upload:{upload}"), now)


REMEDIES = ("command", "dispatch")


async def note_good_session(conn: Conn, number: str, session: Transaction, now: datetime) -> None:
    """The next session on that connector delivered energy: the remedy is verified. Once after each remedy."""
    case = await cases.get(conn, number)
    last = max((e for e in await thread.read(conn, number) if e.type in REMEDIES), key=lambda e: e.seq, default=None)
    if not proves(session, case, last.at if last else case.filed_at):
        return
    body = {
        "transaction": session.id, "station": session.station, "evse": session.evse, "energy_wh": session.energy_wh,
        "after": last.seq if last else None,
    }
    key = f"verified:{last.seq if last else 0}"
    await thread.add(conn, number, Draft("verification", SYSTEM, body=body, key=key), now)
    await workorders.verify_by(conn, number, session.id, now)


def proves(session: Transaction, case: Case, since: datetime) -> bool:
    """A session that began after the remedy, on the connector complained of, and really charged."""
    return (
        session.id != case.matched and session.start_received_at >= since
        and session.energy_wh is not None and session.energy_wh >= GOOD_SESSION_WH
    )


@dataclass(frozen=True, slots=True)
class Possible:
    """What the case page shows of an action: whether it may be asked for now, and which guards forbid it."""

    action: str
    guards: tuple[str, ...]

    @property
    def allowed(self) -> bool:
        return not self.guards
