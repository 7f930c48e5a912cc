"""Smart charging, as far as an emulator obeys it: which limit is in force at a moment. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

LINE_V = 230.0

STATION = ("ChargePointMaxProfile", "ChargingStationMaxProfile", "ChargingStationExternalConstraints")


@dataclass
class Profile:
    """A charging profile in either version's words. `periods` are (start in s, limit, phases) of `unit` W or A.

    `evse` 0 means every EVSE. A TxProfile belongs to the transaction that runs there and ends with it.
    """

    id: int
    evse: int
    stack: int
    purpose: str
    kind: str
    unit: str
    periods: list[tuple[int, float, int]]
    duration_s: int | None = None
    start: datetime | None = None
    recurrency: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None

    def limit_w(self, now: datetime, began: datetime | None) -> float | None:
        """The limit in W at `now`, None outside the schedule. `began` is when the transaction began."""
        if (self.valid_from and now < self.valid_from) or (self.valid_to and now >= self.valid_to):
            return None
        start = self._starts(now, began)
        if start is None or now < start:
            return None
        since = (now - start).total_seconds()
        if self.duration_s is not None and since >= self.duration_s:
            return None
        current = [(limit, phases) for at, limit, phases in self.periods if at <= since]
        if not current:
            return None
        limit, phases = current[-1]
        return limit if self.unit == "W" else limit * LINE_V * phases

    def _starts(self, now: datetime, began: datetime | None) -> datetime | None:
        if self.kind == "Relative" or self.start is None:
            return began
        if self.kind == "Recurring" and now > self.start:
            step = timedelta(days=7 if self.recurrency == "Weekly" else 1)
            return self.start + step * ((now - self.start) // step)
        return self.start


def limit_w(profiles: list[Profile], evse: int, now: datetime, began: datetime | None) -> float | None:
    """The least of the station's limit and the transaction's; in a purpose the highest stack rules (1.6: 3.13.2)."""
    mine = [p for p in profiles if p.evse in (0, evse)]
    station = _rule([p for p in mine if p.purpose in STATION], now, began)
    tx = _rule([p for p in mine if p.purpose == "TxProfile"], now, began)
    default = _rule([p for p in mine if p.purpose == "TxDefaultProfile"], now, began)
    limits = [x for x in (station, tx if tx is not None else default) if x is not None]
    return min(limits, default=None)


def composite(
    profiles: list[Profile], evse: int, now: datetime, seconds: int, rated_w: float, began: datetime | None
) -> list[tuple[int, float]]:
    """The limits to come, as (start in s, W), one a change, minute by minute (1.6: GetCompositeSchedule)."""
    periods: list[tuple[int, float]] = []
    for at in range(0, max(seconds, 1), 60):
        limit = limit_w(profiles, evse, now + timedelta(seconds=at), began or now)
        value = rated_w if limit is None else min(limit, rated_w)
        if not periods or periods[-1][1] != value:
            periods.append((at, value))
    return periods


def _rule(profiles: list[Profile], now: datetime, began: datetime | None) -> float | None:
    for profile in sorted(profiles, key=lambda p: (-p.stack, p.evse == 0)):
        limit = profile.limit_w(now, began)
        if limit is not None:
            return limit
    return None
