"""What the power readings say about the energy: an integral with its envelope, and checks against it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from csms.vocabulary import MeterReading

ZERO = Decimal(0)
CLOSE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Sample:
    """Power at a moment, in W."""

    at: datetime
    w: Decimal


@dataclass(frozen=True, slots=True)
class Integral:
    """Energy from power samples: the trapezoid, and what is possible between the samples."""

    wh: Decimal = ZERO
    least: Decimal = ZERO
    most: Decimal = ZERO

    def allows(self, wh: Decimal, *, margin: Decimal = Decimal("0.05")) -> bool:
        """Whether a register difference lies in the envelope, widened for the meters' classes."""
        return self.least * (1 - margin) <= wh <= self.most * (1 + margin)


def samples(readings: Iterable[MeterReading]) -> list[Sample]:
    """Power as measured, else voltage times current (one phase or DC: never too much)."""
    found = []
    for reading in readings:
        w = reading.power_w
        if w is None and reading.voltage_v is not None and reading.current_a is not None:
            w = reading.voltage_v * reading.current_a
        if w is not None:
            found.append(Sample(reading.at, Decimal(str(w))))
    return sorted(found, key=lambda s: s.at)


def integral(power: Sequence[Sample]) -> Integral:
    """Trapezoid over all samples with the envelope of the lower and the higher end of each interval."""
    total = Integral()
    for a, b in itertools.pairwise(power):
        hours = _hours(b.at - a.at)
        total = Integral(
            total.wh + (a.w + b.w) / 2 * hours,
            total.least + min(a.w, b.w) * hours,
            total.most + max(a.w, b.w) * hours,
        )
    return total


def supported_wh(power: Sequence[Sample], start: datetime, end: datetime) -> Decimal:
    """The energy the power readings support between two moments, 0 where there are none.

    The readings at both ends count for the stretch between; where one end has none, the other's holds.
    """
    inside = [s for s in power if start < s.at < end]
    first = _near(power, start) or (inside[0] if inside else _near(power, end))
    last = _near(power, end) or (inside[-1] if inside else first)
    if first is None or last is None:
        return ZERO
    return max(ZERO, integral([Sample(start, first.w), *inside, Sample(end, last.w)]).wh)


def unit_factor(register_wh: Decimal, power: Sequence[Sample]) -> Decimal:
    """1000 where the register counts kWh under the name Wh, 1/1000 the other way round, else 1.

    Only the power readings can tell, and only plainly: half a kWh of them, and a factor near a thousand.
    """
    expected = integral(power).wh
    if expected < 500 or register_wh <= 0:
        return Decimal(1)
    ratio = expected / register_wh
    if 800 <= ratio <= 1250:
        return Decimal(1000)
    if Decimal("0.0008") <= ratio <= Decimal("0.00125"):
        return Decimal("0.001")
    return Decimal(1)


def _near(power: Sequence[Sample], at: datetime) -> Sample | None:
    close = [s for s in power if abs(s.at - at) <= CLOSE]
    return min(close, key=lambda s: abs(s.at - at), default=None)


def _hours(span: timedelta) -> Decimal:
    return Decimal(span // timedelta(microseconds=1)) / 3_600_000_000
