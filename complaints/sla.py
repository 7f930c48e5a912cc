"""Deadlines of a case, from its level, category and channel. Pure: no database, no clock.

The clocks are of different kinds and stay apart: acknowledge, arrive on site, investigate, resolve, follow up.
Hours run around the clock; working days are Monday to Friday in the site's zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Kind = Literal["acknowledge", "arrive", "investigate", "resolve", "follow_up"]
Unit = Literal["minutes", "hours", "working_hours", "working_days"]

OPENS, CLOSES = time(9), time(18)
DAYS_OFF = (5, 6)


@dataclass(frozen=True, slots=True)
class Limit:
    """How long something may take. Its text names the policy on the deadline."""

    amount: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.amount} {self.unit.replace('_', ' ')}"


@dataclass(frozen=True, slots=True)
class Deadline:
    kind: Kind
    due_at: datetime
    policy: str


# Level 1: danger or many affected, answered within 2 h around the clock. Level 2: service failed or money
# lost, handled within 24 h (equipment 48 h). Level 3: general matters, 3 working days.
ACKNOWLEDGE = {1: Limit(2, "hours"), 2: Limit(1, "working_hours"), 3: Limit(1, "working_hours")}
ARRIVE = {1: Limit(30, "minutes"), 2: Limit(2, "hours"), 3: Limit(24, "hours")}
INVESTIGATE = Limit(3, "working_days")
RESOLVE = {1: Limit(24, "hours"), 2: Limit(24, "hours"), 3: Limit(3, "working_days")}
RESOLVE_EQUIPMENT = Limit(48, "hours")
FOLLOW_UP = Limit(24, "hours")

ANSWERED_AT_ONCE = ("hotline", "onsite")
"""Channels on which a person of ours has already heard the customer."""


def deadlines(
    *, level: int, category: str, channel: str, start: datetime, zone: str, fault_level: int | None = None,
) -> tuple[Deadline, ...]:
    """The deadlines of one round of a case that began at `start`. `zone` is the site's IANA time zone.

    `fault_level` (of the equipment, another clock) counts for arrival; without one the case's level does.
    """
    resolve = RESOLVE_EQUIPMENT if category == "equipment" and level == 2 else RESOLVE[level]
    due_resolve = due(start, resolve, zone)
    made = [
        _deadline("acknowledge", start, ACKNOWLEDGE[level], zone, latest=due_resolve),
        _deadline("investigate", start, INVESTIGATE, zone, latest=due_resolve),
        Deadline("resolve", due_resolve, str(resolve)),
        Deadline("follow_up", due(due_resolve, FOLLOW_UP, zone), f"{FOLLOW_UP} after resolution"),
    ]
    if category == "equipment":
        made.insert(1, _deadline("arrive", start, ARRIVE[fault_level or level], zone))
    return tuple(d for d in made if not (d.kind == "acknowledge" and channel in ANSWERED_AT_ONCE and level != 1))


def _deadline(kind: Kind, start: datetime, limit: Limit, zone: str, latest: datetime | None = None) -> Deadline:
    at = due(start, limit, zone)
    # What is to be resolved by tomorrow is not acknowledged or investigated next week only.
    return Deadline(kind, latest, f"{limit}, not after resolve") if latest and latest < at else Deadline(
        kind, at, str(limit)
    )


def follow_up_after(resolved_at: datetime) -> datetime:
    """The satisfaction call's real due time, once the case has been resolved."""
    return resolved_at + timedelta(hours=FOLLOW_UP.amount)


def due(start: datetime, limit: Limit, zone: str) -> datetime:
    """When a limit that began at `start` runs out, in the zone of `start`."""
    match limit.unit:
        case "minutes":
            return start + timedelta(minutes=limit.amount)
        case "hours":
            return start + timedelta(hours=limit.amount)
        case "working_hours":
            return add_working_time(start, timedelta(hours=limit.amount), zone)
        case "working_days":
            return add_working_days(start, limit.amount, zone)


def add_working_days(start: datetime, days: int, zone: str) -> datetime:
    """The same wall-clock time `days` working days on; from a day off, counted from the next morning's opening."""
    local = _next_working_moment(start.astimezone(ZoneInfo(zone)))
    while days:
        local += timedelta(days=1)  # wall-clock arithmetic: the zone's own offset changes are kept out
        days -= local.weekday() not in DAYS_OFF
    return local.astimezone(start.tzinfo)


def add_working_time(start: datetime, length: timedelta, zone: str) -> datetime:
    """Working hours on, skipping nights and days off."""
    local = _opening(start.astimezone(ZoneInfo(zone)))
    while local + length > (closing := local.replace(hour=CLOSES.hour, minute=0, second=0, microsecond=0)):
        length -= closing - local
        local = _opening(_morning(local + timedelta(days=1)))
    return (local + length).astimezone(start.tzinfo)


def _next_working_moment(local: datetime) -> datetime:
    while local.weekday() in DAYS_OFF:
        local = _morning(local + timedelta(days=1))
    return local


def _opening(local: datetime) -> datetime:
    """This moment if the desk is open, else the next opening."""
    local = _next_working_moment(local)
    if local.time() >= CLOSES:
        return _opening(_morning(local + timedelta(days=1)))
    return max(local, _morning(local))


def _morning(local: datetime) -> datetime:
    return local.replace(hour=OPENS.hour, minute=0, second=0, microsecond=0)
