"""Asking a transaction to stop: by a command, by his card, by what a 2.x event tells; and whether it obeyed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from complaints.findings import Ref
from complaints.rules.case import Case

STOPPING = timedelta(seconds=60)
"""A station may take this long to obey a stop."""
ASKED = frozenset({"StopAuthorized", "RemoteStop"})
_STARTING = timedelta(minutes=3)
_FLOW_WH, _FLOW_W = 50.0, 100.0


@dataclass(frozen=True, slots=True)
class Request:
    at: datetime
    ref: Ref


def stop_requests(case: Case) -> list[Request]:
    """Every time the transaction was asked to stop before it did, in order."""
    t = case.transaction
    if t is None:
        return []
    found = [Request(c.sent_at or c.requested_at, Ref("command", c.id, c.requested_at)) for c in case.stop_commands]
    found += _cards(case, t.started_at + STOPPING)
    found += [Request(s.at, Ref("frame", s.frame, s.at)) for s in case.steps if s.trigger in ASKED]
    before = [one for one in found if t.started_at <= one.at < case.stopped_at]
    return sorted(before, key=lambda one: (one.at, one.ref.kind, one.ref.id))


def ignored_request(case: Case) -> Request | None:
    """The first request after which the charge went on for more than a minute."""
    return next((
        one for one in stop_requests(case) if one.at < case.stopped_at - STOPPING and not _obeyed(case, one.at)
    ), None)


def _cards(case: Case, since: datetime) -> list[Request]:
    """His card shown, unless it then started another charge."""
    t = case.transaction
    other = [o.started_at for o in case.story.transactions if t and o.id != t.id and case.is_his(o.token)]
    other += [tried.at for tried in case.tries]
    return [
        Request(a.at, Ref("frame", a.frame, a.at)) for a in case.authorizations
        if a.status == "Accepted" and a.at > since and not any(abs(start - a.at) <= _STARTING for start in other)
    ]


def _obeyed(case: Case, at: datetime) -> bool:
    """The charge ended within the minute, though the transaction ran on: in 2.x it may last until the cable is
    out (TxStopPoint). The plug says so, and no meter speaks against it."""
    due = at + STOPPING
    later = [phase for phase in case.phases if phase.end > due]
    if not later or any(phase.status == "Charging" for phase in later):
        return False
    told = [r for r in case.readings if r.at >= due]
    registers = [r.energy_wh for r in told if r.energy_wh is not None]
    rose = bool(registers) and registers[-1] - registers[0] > _FLOW_WH
    return not rose and not any((r.power_w or 0.0) > _FLOW_W for r in told)
