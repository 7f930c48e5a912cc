"""What pending commands may be waiting for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from csms import commands, reports
from csms.inbox.entries import Arrival, Claim, Departure, Entry, Lost, Recall, Settlement
from csms.vocabulary import (
    BatterySwapped,
    Beat,
    Booted,
    EventsNoted,
    MeterReported,
    Noted,
    Noticed,
    ProgressNoted,
    StatusReported,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
    Trigger,
    VariablesReported,
)

TRIGGERED_FOR = timedelta(minutes=1)

UNEVENTFUL = (MeterReported, Beat, Noted)
"""Most of what is said. No command waits for it, and nothing but its own rows follows from it."""


def wanted(
    passing: Sequence[Entry], said: Mapping[type[Any], list[Entry]], triggered: dict[str, datetime]
) -> list[Entry]:
    """Readings and heartbeats are nobody's effect but a trigger's."""
    for entry in passing:
        live = isinstance(entry.then, Claim) and entry.then.kind == "trigger"
        recalled = isinstance(entry.then, Recall) and isinstance(entry.then.asked, Trigger)
        if live or recalled:
            triggered[entry.line.station] = entry.line.received_at
    found = []
    for kind in UNEVENTFUL:
        for entry in said.get(kind, []):
            asked_at = triggered.get(entry.line.station)
            if asked_at is not None:
                found.append(entry)
                if entry.line.received_at - asked_at > TRIGGERED_FOR:
                    del triggered[entry.line.station]
    return found


def happenings(batch: Sequence[Entry]) -> list[commands.Happening]:
    """What pending commands may be waiting for."""
    found = []
    for entry in batch:
        station, at = entry.line.station, entry.line.received_at
        match entry.said or entry.then:
            case Arrival():
                found.append(commands.Happening(station, "connected", at))
            case Departure() | Lost():
                found.append(commands.Happening(station, "disconnected", at))
            case Booted(firmware=version):
                found.append(commands.Happening(station, "booted", at, other=version))
            case StatusReported(evse=evse, status=status):
                found.append(commands.Happening(station, "status", at, evse, status))
            case EventsNoted() as told:
                found += [commands.Happening(station, "status", at, s.evse, s.status) for s in statuses(told)]
            case TransactionStarted(evse=evse, token=token, remote_start_id=request):
                found.append(commands.Happening(station, "started", at, evse, token, _text(request)))
            case TransactionUpdated(evse=evse, token=token, remote_start_id=int(request)):
                # Plugged in before it was authorised: the start shows in a later event (2.0.1 F02).
                found.append(commands.Happening(station, "started", at, evse, token, str(request)))
            case TransactionEnded(number=number, reference=reference, evse=evse):
                named = reference if reference is not None else str(number)
                found.append(commands.Happening(station, "ended", at, evse, named))
            case ProgressNoted(what=what, status=status, request_id=request):
                found.append(commands.Happening(station, what, at, detail=status, other=_text(request)))
            case Noticed(kind="priority_charging", said=said, detail=detail):
                found.append(commands.Happening(
                    station, "priority", at, detail=said, other=str(bool(detail.get("activated")))
                ))
            case BatterySwapped(event=event, request_id=request):
                found.append(commands.Happening(station, "swap", at, detail=event, other=str(request)))
            case Settlement(told=VariablesReported(variables=values)):
                found.append(commands.Happening(station, "values", at, values=values))
            case _:
                found += _reported(entry)
        if entry.line.action and entry.said is not None:
            found.append(commands.Happening(station, "said", at, detail=entry.line.action))
    return found


def _reported(entry: Entry) -> list[commands.Happening]:
    """A report that is complete, and the values in it."""
    station, at, said = entry.line.station, entry.line.received_at, entry.said
    found = []
    if isinstance(said, VariablesReported):
        found.append(commands.Happening(station, "values", at, values=said.variables))
    kind = reports.REPORTS.get(type(said))
    if kind and not getattr(said, "more", False):
        found.append(commands.Happening(
            station, "report", at, detail=kind, other=_text(getattr(said, "request_id", None))
        ))
    return found


def _text(request: int | None) -> str | None:
    return None if request is None else str(request)


def statuses(said: EventsNoted) -> list[StatusReported]:
    """The state of connectors told by events, as 2.x allows in place of StatusNotification (2.0.1 G01)."""
    return [
        StatusReported(event.evse, event.connector or 1, event.value, event.at) for event in said.events
        if event.component == "Connector" and event.variable == "AvailabilityState" and event.value
    ]
