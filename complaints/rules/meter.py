"""The register through a transaction, as one scale in Wh, and whether its steps can be true."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from complaints.billing.energy import Point as Mark, turned_over
from complaints.billing.power import samples, unit_factor
from complaints.billing.session import lost_start, same_register
from complaints.findings import Ref
from complaints.rules.case import Case
from complaints.rules.words import reading_ref, start_refs, stop_refs

REGRESSION_WH = 10.0
_PHYSICAL_W = 500_000.0
"""What no plug of today delivers, where the rated power is unknown."""


@dataclass(frozen=True, slots=True)
class Point:
    """One register value of the transaction: start, reading or stop."""

    at: datetime
    wh: float
    ref: Ref


def points(case: Case) -> Sequence[Point]:
    """The register through the transaction in Wh, in time order; a register that ran over its end runs on."""
    return case.once("points", lambda: tuple(_run_on(told(case), case.rated_power_w)))


def told(case: Case) -> Sequence[Point]:
    """The register as it stood: in Wh and on one scale, whatever the station calls its units."""
    return case.once("told", lambda: tuple(_told(case)))


def _told(case: Case) -> list[Point]:
    found = _raw(case)
    if len(found) < 2:
        return found
    factor = _factor(case, found[-1].wh - found[0].wh)
    return [_at(p, p.wh * factor) for p in _one_scale(case, found)]


def _at(point: Point, wh: float) -> Point:
    """Hundreds a case: cheaper than `replace`."""
    return point if wh == point.wh else Point(point.at, wh, point.ref)


def _factor(case: Case, register_wh: float) -> float:
    """What makes Wh of the register: only plain power readings tell. The quick look comes first."""
    t, most = case.transaction, max((r.power_w or 0.0 for r in case.readings), default=0.0)
    if t is None or register_wh <= 0:
        return 1.0
    most = most or max(((r.voltage_v or 0.0) * (r.current_a or 0.0) for r in case.readings), default=0.0)
    likely = most * (case.stopped_at - t.started_at).total_seconds() / 3600
    if likely < 300 * register_wh and register_wh < 300 * likely:
        return 1.0
    return float(unit_factor(Decimal(str(register_wh)), samples(case.readings)))


def _one_scale(case: Case, found: list[Point]) -> list[Point]:
    """Readings on the scale of the start: some stations count each session from 0, or in kWh, between a start
    and a stop of the whole life."""
    t, start = case.transaction, found[0]
    if t is None or t.meter_start_wh is None or start.wh != t.meter_start_wh:
        return found
    stopped = t.meter_stop_wh is not None and t.stop_received_at is not None
    inner = found[1:-1] if stopped else found[1:]
    if not inner or any(p.wh >= start.wh - REGRESSION_WH for p in inner):
        return found
    ends = [_mark(start), _mark(found[-1]) if stopped else None]
    moved = same_register([_mark(p) for p in inner], ends[0], ends[1])
    return [start, *(_at(p, float(m.wh)) for p, m in zip(inner, moved, strict=True)), *found[len(inner) + 1:]]


def _run_on(found: Sequence[Point], rated_w: float | None) -> list[Point]:
    """Without the falls of a register that reached its last digit and began again at 0."""
    rated, more, moved = Decimal(str(rated_w)) if rated_w else None, 0.0, list(found[:1])
    for a, b in pairwise(found):
        if b.wh < a.wh - REGRESSION_WH:
            more += float(turned_over(_mark(a), _mark(b), rated) or 0)
        moved.append(_at(b, b.wh + more))
    return moved


def _mark(point: Point) -> Mark:
    return Mark(point.at, Decimal(str(point.wh)))


def _raw(case: Case) -> list[Point]:
    """Start, readings and stop as the records hold them."""
    t = case.transaction
    if t is None:
        return []
    found = [Point(r.at, r.energy_wh, reading_ref(r)) for r in case.registers if r.energy_wh is not None]
    if t.meter_start_wh is not None:
        found.insert(0, Point(t.started_at, t.meter_start_wh, start_refs(t)[-1]))
    if case.previous is not None and (before := lost_start(case, t)) is not None:
        found.insert(0, Point(before.at, float(before.wh), stop_refs(case.previous)[-1]))
    if t.meter_stop_wh is not None and t.stopped_at is not None and t.stop_received_at is not None:
        stop = Point(t.stopped_at, t.meter_stop_wh, stop_refs(t)[-1])
        found = [*(p for p in found if p.at <= stop.at), stop]  # what came later is no part of the difference
    return sorted(found, key=lambda p: p.at)


def steps(case: Case) -> Iterator[tuple[Point, Point]]:
    found = points(case)
    return pairwise(found)


def impossible_steps(case: Case) -> list[tuple[Point, Point]]:
    """Steps larger than 1.2 x the rated power allows. A coarse register may leap by one of its digits; a session
    whose times nobody knows leaps by nothing."""
    if not case.timed:
        return []
    limit_w = 1.2 * (case.rated_power_w or _PHYSICAL_W)
    digit = _resolution([p.wh for p in points(case)])
    return [
        (a, b) for a, b in steps(case)
        if b.wh - a.wh > limit_w * max((b.at - a.at).total_seconds(), 0.0) / 3600 + digit
    ]


def power_integral_wh(case: Case) -> float | None:
    """Energy by the power readings (trapezoids); None where they cover less than 60 % of the time."""
    known = [(r.at, r.power_w) for r in case.readings if r.power_w is not None]
    t = case.transaction
    if t is None or len(known) < 3:
        return None
    length = (case.stopped_at - t.started_at).total_seconds()
    if length <= 0 or (known[-1][0] - known[0][0]).total_seconds() < 0.6 * length:
        return None
    pairs = pairwise(known)
    return sum((a[1] + b[1]) / 2 * (b[0] - a[0]).total_seconds() / 3600 for a, b in pairs)


def consistent(case: Case) -> bool:
    """The register difference agrees with the readings: no impossible step, no fall, no power integral
    far from it."""
    if impossible_steps(case) or falls(points(case)):
        return False
    integral, energy = power_integral_wh(case), measured_wh(case) or 0.0
    return integral is None or 0.5 * integral - 500 <= energy <= 1.5 * integral + 1500


def measured_wh(case: Case) -> float | None:
    """The register difference; of a register that fell, the sum of what it rose (billing-checks 5.3 (3))."""
    found = points(case)
    if len(found) < 2:
        return case.energy_wh
    if not falls(found):
        return found[-1].wh - found[0].wh
    return sum(max(b.wh - a.wh, 0.0) for a, b in steps(case))


def falls(found: Sequence[Point]) -> list[tuple[Point, Point]]:
    """Each point below the highest before it by more than 10 Wh, with that highest."""
    falls: list[tuple[Point, Point]] = []
    highest: Point | None = None
    for point in found:
        if highest is not None and point.wh < highest.wh - REGRESSION_WH:
            falls.append((highest, point))
        if highest is None or point.wh > highest.wh:
            highest = point
    return falls


def _resolution(values: list[float]) -> float:
    for digit in (1000.0, 100.0):
        if len(values) > 2 and all(v % digit == 0 for v in values):
            return digit
    return 50.0
