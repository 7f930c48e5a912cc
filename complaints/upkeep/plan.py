"""When an inspection, a deep test, a maintenance is due: by time, energy or sessions, whichever is first. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from csms.vocabulary import Usage

MORE_THAN_ENOUGH = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Plan:
    """A row of `upkeep`. Which stations: all that fit what is named; nothing named is all of them."""

    id: int
    name: str
    kind: str
    checklist: Sequence[str]
    limits: Mapping[str, Mapping[str, float]]
    every_days: int | None
    every_kwh: float | None
    every_sessions: int | None
    site: str | None
    station: str | None
    vendor: str | None
    model: str | None
    technician: str | None
    active: bool
    set_by: str
    set_at: datetime

    def covers(self, used: Usage) -> bool:
        asked = ((self.site, used.site), (self.station, used.station), (self.vendor, used.vendor),
                 (self.model, used.model))
        return all(wanted is None or wanted == found for wanted, found in asked)


@dataclass(frozen=True, slots=True)
class Since:
    """A station since this was last done there; `last_at` is when the plan began, where it never was."""

    last_at: datetime
    energy_wh: float = 0
    sessions: int = 0


def due_at(plan: Plan, since: Since, now: datetime) -> tuple[datetime, str]:
    """(when it is due, why): a limit of use that is reached is due now, one that is not says nothing."""
    if plan.every_kwh and since.energy_wh >= plan.every_kwh * 1000:
        return now, f"{since.energy_wh / 1000:.0f} kWh since"
    if plan.every_sessions and since.sessions >= plan.every_sessions:
        return now, f"{since.sessions} sessions since"
    if plan.every_days:
        return since.last_at + timedelta(days=plan.every_days), f"every {plan.every_days} days"
    return since.last_at + MORE_THAN_ENOUGH, "by use only"


def out_of_limits(readings: Mapping[str, Any], limits: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Readings of a test that want a repair, in words. What was not read, or is no number, is named too."""
    found = []
    for name, bounds in limits.items():
        try:
            value = float(readings[name])
        except (KeyError, TypeError, ValueError):
            found.append(f"{name} was not read")
            continue
        if value < bounds.get("min", float("-inf")):
            found.append(f"{name} is {value:g}, at least {bounds['min']:g} is wanted")
        if value > bounds.get("max", float("inf")):
            found.append(f"{name} is {value:g}, at most {bounds['max']:g} is wanted")
    return found


def skipped(done: Sequence[str], checklist: Sequence[str]) -> list[str]:
    """What of a checklist was not ticked."""
    ticked = {item.casefold() for item in done}
    return [item for item in checklist if item.casefold() not in ticked]
