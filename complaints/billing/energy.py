"""How much energy is the customer's, and when it flowed: from registers to slices.

A register pair bounds the session, the readings in it say when. What a meter cannot have meant (a leap no
plug could deliver, a fall, a wrong unit) is taken out in the customer's favour, and noted.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from complaints.billing.power import Sample, supported_wh

NOTHING_WH = Decimal(50)
"""Below this nothing was delivered (contract/codes.md)."""
NOISE_WH = Decimal(10)
"""Stations round: a stop one Wh below the start is no fall."""
JUMP = Decimal("1.2")
MODULI_WH = (Decimal(10**9), Decimal(2**31), Decimal(2**32))
"""Where registers start over: six digits of kWh, and the two integer widths in Wh."""
PHYSICAL_W = Decimal(500_000)
"""What no plug of today delivers, where the rated power is unknown."""
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Point:
    """A register value at a moment, and the record it comes from."""

    at: datetime
    wh: Decimal
    ref: str | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """Energy between two readings: within it nobody knows more than the sum."""

    start: datetime
    end: datetime
    wh: Decimal


@dataclass(frozen=True, slots=True)
class Energy:
    """What was delivered, slice by slice, and what was odd on the way (`notes`, names of repairs)."""

    slices: tuple[Slice, ...] = ()
    notes: tuple[str, ...] = ()
    pair: str = "none"
    """What bounds it: signed, begin_end, neighbour, readings, none."""

    @property
    def wh(self) -> Decimal:
        return sum((s.wh for s in self.slices), ZERO)

    def until(self, moment: datetime, *, between: bool = True) -> Energy:
        """Only what flowed up to a moment; inside a slice by its share of time, or (`between` False) not at all."""
        kept = [s for s in self.slices if s.end <= moment]
        for cut in (s for s in self.slices if s.start < moment < s.end):
            share = _seconds(moment - cut.start) / _seconds(cut.end - cut.start) if between else ZERO
            kept.append(Slice(cut.start, moment, cut.wh * share))
        return replace(self, slices=tuple(kept))


@dataclass(slots=True)
class _Reader:
    """One pass over the points of a session; gathers notes."""

    rated_w: Decimal
    power: Sequence[Sample]
    digit: Decimal
    timed: bool = True
    notes: list[str] = field(default_factory=list)

    def note(self, name: str) -> None:
        if name not in self.notes:
            self.notes.append(name)

    def possible(self, wh: Decimal, start: datetime, end: datetime) -> bool:
        """Whether the plug can deliver it in that time; a coarse register may leap by one of its digits."""
        return not self.timed or wh <= JUMP * self.rated_w * _hours(end - start) + self.digit

    def rises(self, points: Sequence[Point]) -> list[Slice]:
        """The sure rises between neighbouring points: a fall ends one run of the register and begins another."""
        fall = _largest_fall(points)
        if fall is None:
            return [self.step(a, b) for a, b in _pairs(_rising(points))]
        before, after = points[:fall], points[fall:]
        modulus = self.rolled_over(before[-1], after[0])
        if modulus is not None:
            self.note("rollover")
            return self.rises([*before, *(replace(p, wh=p.wh + modulus) for p in after)])
        self.note("regressed")
        if after[0].wh < before[-1].wh / 10 or points[-1].wh < points[0].wh - NOISE_WH:
            return [*self.rises(before), Slice(before[-1].at, after[0].at, ZERO), *self.rises(after)]
        # It came back to where it was: a slip of the register. What lies below every later value is sure.
        return [self.step(a, b) for a, b in _pairs(_rising(points))]

    def rolled_over(self, last: Point, first: Point) -> Decimal | None:
        """The modulus that makes a fall a plausible rise, where the register was near its end."""
        for modulus in MODULI_WH:
            rise = first.wh + modulus - last.wh
            near = modulus * Decimal("0.999") < last.wh < modulus
            if near and rise <= Decimal(300_000) and self.possible(rise, last.at, first.at):
                return modulus
        return None

    def step(self, a: Point, b: Point) -> Slice:
        """One step; where it is impossible, what the power readings support instead."""
        wh = b.wh - a.wh
        if not self.possible(wh, a.at, b.at):
            self.note("jump")
            wh = min(wh, supported_wh(self.power, a.at, b.at))
        return Slice(a.at, b.at, wh)


def delivered(
    points: Sequence[Point], rated_w: Decimal | None, power: Sequence[Sample], pair: str, *, timed: bool = True
) -> Energy:
    """Slices of a session from its register points in time order. Not `timed`: nobody knows how long a step took."""
    reader = _Reader(rated_w or PHYSICAL_W, power, _digit(points), timed)
    slices = reader.rises(_without_dips(points)) if len(points) > 1 else []
    return Energy(tuple(s for s in slices if s.start < s.end or s.wh), tuple(reader.notes), pair)


def turned_over(last: Point, first: Point, rated_w: Decimal | None) -> Decimal | None:
    """The modulus by which a register began anew between two points; None where it fell for another reason."""
    return _Reader(rated_w or PHYSICAL_W, (), NOTHING_WH).rolled_over(last, first)


def _without_dips(points: Sequence[Point]) -> list[Point]:
    """Without single readings that fell and came straight back: a lost digit, a zero for "no value"."""
    kept: list[Point] = []
    for i, point in enumerate(points):
        following = points[i + 1] if i + 1 < len(points) else None
        if kept and following and point.wh < kept[-1].wh - NOISE_WH and following.wh >= kept[-1].wh:
            continue
        kept.append(point)
    return kept


def _digit(points: Sequence[Point]) -> Decimal:
    """How coarse the register is: some count whole kWh."""
    for digit in (Decimal(1000), Decimal(100)):
        if len(points) > 2 and all(p.wh % digit == 0 for p in points):
            return digit
    return NOTHING_WH


def _largest_fall(points: Sequence[Point]) -> int | None:
    falls = [(a.wh - b.wh, i + 1) for i, (a, b) in enumerate(_pairs(points)) if a.wh - b.wh > NOISE_WH]
    return max(falls, key=lambda fall: fall[0])[1] if falls else None


def _rising(points: Sequence[Point]) -> list[Point]:
    """The same points without falls: each at most what every later one says, none below the first."""
    lowest, found = points[-1].wh, []
    for point in reversed(points):
        lowest = min(lowest, point.wh)
        found.append(replace(point, wh=max(lowest, points[0].wh)))
    # The first value is the floor even where it was a spike above all that follows.
    return list(reversed(found))


def _pairs(points: Sequence[Point]) -> list[tuple[Point, Point]]:
    return list(itertools.pairwise(points))


def _seconds(span: timedelta) -> Decimal:
    return Decimal(span // timedelta(microseconds=1)) / 1_000_000


def _hours(span: timedelta) -> Decimal:
    return _seconds(span) / 3600
