"""What the register says: how much energy, and whether its steps can be true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from complaints.billing.energy import Point as Mark, turned_over
from complaints.billing.power import samples, unit_factor
from complaints.billing.session import same_register
from complaints.findings import Ref
from complaints.rules.case import Case
from complaints.rules.register import Grade, Held, rule, stance
from complaints.rules.topics import CUT_SHORT, DANGER, MONEY_GONE, NO_ENERGY, SLOW, TOO_MUCH
from complaints.rules.words import clock, kw, kwh, reading_ref, start_refs, stop_refs, transaction_ref

NONE_WH, DELIVERED_WH, REGRESSION_WH, GAP_WH, AFTER_STOP_WH = 50.0, 500.0, 10.0, 100.0, 50.0
_PHYSICAL_W = 500_000.0
"""What no plug of today delivers, where the rated power is unknown."""


@dataclass(frozen=True, slots=True)
class Point:
    """One register value of the transaction: start, reading or stop."""

    at: datetime
    wh: float
    ref: Ref


def points(case: Case) -> list[Point]:
    """The register through the transaction in Wh, in time order; a register that ran over its end runs on."""
    return _run_on(_told(case), case.rated_power_w)


def _told(case: Case) -> list[Point]:
    """The register as it stood: in Wh and on one scale, whatever the station calls its units."""
    found = _raw(case)
    if len(found) < 2:
        return found
    factor = _factor(case, found[-1].wh - found[0].wh)
    return [replace(p, wh=p.wh * factor) for p in _one_scale(case, found)]


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
    return [start, *(replace(p, wh=float(m.wh)) for p, m in zip(inner, moved, strict=True)), *found[len(inner) + 1:]]


def _run_on(found: list[Point], rated_w: float | None) -> list[Point]:
    """Without the falls of a register that reached its last digit and began again at 0."""
    rated, more, moved = Decimal(str(rated_w)) if rated_w else None, 0.0, found[:1]
    for a, b in pairwise(found):
        if b.wh < a.wh - REGRESSION_WH:
            more += float(turned_over(_mark(a), _mark(b), rated) or 0)
        moved.append(replace(b, wh=b.wh + more))
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
    if t.meter_stop_wh is not None and t.stopped_at is not None and t.stop_received_at is not None:
        found.append(Point(t.stopped_at, t.meter_stop_wh, stop_refs(t)[-1]))
    return sorted(found, key=lambda p: p.at)


def steps(case: Case) -> Iterator[tuple[Point, Point]]:
    found = points(case)
    return pairwise(found)


def impossible_steps(case: Case) -> list[tuple[Point, Point]]:
    """Steps larger than 1.2 x the rated power allows. A coarse register may leap by one of its digits."""
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
    if impossible_steps(case) or _falls(points(case)):
        return False
    integral, energy = power_integral_wh(case), measured_wh(case) or 0.0
    return integral is None or 0.5 * integral - 500 <= energy <= 1.5 * integral + 1500


def measured_wh(case: Case) -> float | None:
    """The register difference; of a register that fell, the sum of what it rose (billing-checks 5.3 (3))."""
    found = points(case)
    if len(found) < 2:
        return case.energy_wh
    if not _falls(found):
        return found[-1].wh - found[0].wh
    return sum(max(b.wh - a.wh, 0.0) for a, b in steps(case))


@rule("energy.none", grade="B")
def none(case: Case) -> Held | None:
    """Register difference below 50 Wh: nothing the car could use. Contract; evidence-rules 1.
    Says nothing of the cause: vehicle, station and a timer look alike here; where the plug was never in,
    nothing either way."""
    energy, t = measured_wh(case), case.transaction
    if energy is None or energy >= NONE_WH or t is None:
        return None
    waited = t.stop_reason == "Timeout" or t.stop_trigger == "EVConnectTimeout"
    topics = MONEY_GONE if waited else NO_ENERGY | CUT_SHORT | SLOW | {"overcharged", "energy_too_high"}
    return Held(
        stance(case, supports=topics),
        f"The meter moved by only {kwh(max(energy, 0.0))}: practically no energy reached the car.",
        f"电表读数只变化了 {kwh(max(energy, 0.0))}，车辆基本没有充进电。",
        _energy_refs(case), 0.97, _grade(case),
    )


@rule("energy.delivered", grade="B")
def delivered(case: Case) -> Held | None:
    """Register difference of 500 Wh or more that agrees with the readings. Contract; evidence-rules 1.
    Says not into whose car: with a start on another plug than asked it means nothing either way."""
    energy = measured_wh(case)
    if energy is None or energy < DELIVERED_WH or not consistent(case):
        return None
    asked = case.start_command.evse if case.start_command else None
    t = case.transaction
    elsewhere = t is not None and asked not in (None, 0, t.evse)
    against = frozenset() if elsewhere or case.tries else NO_ENERGY - {"refund_missing"}
    return Held(
        stance(case, contradicts=against),
        f"The meter recorded {kwh(energy)} delivered in this session.",
        f"电表记录本次充电输出了 {kwh(energy)}。",
        _energy_refs(case), 0.95, _grade(case),
    )


@rule("energy.little", grade="B")
def little(case: Case) -> Held | None:
    """Between 50 and 500 Wh: it began and came to nearly nothing. Contract."""
    energy = measured_wh(case)
    if energy is None or not NONE_WH <= energy < DELIVERED_WH:
        return None
    return Held(
        stance(case, supports=CUT_SHORT | SLOW),
        f"Only {kwh(energy)} was delivered in this session.",
        f"本次充电只充了 {kwh(energy)}。",
        _energy_refs(case), 0.9, _grade(case),
    )


@rule("energy.regressed", grade="E")
def regressed(case: Case) -> Held | None:
    """A register reading below an earlier one by more than 10 Wh in the same transaction: a register
    only grows (1.6 section 7.31), so the meter was reset or lies. Contract; billing-checks 5.3 (3). One that
    ran over its last digit is sound: that means nothing either way (billing-checks 5.3 (2))."""
    falls = _falls(_told(case))
    if not falls:
        return None
    high, low = falls[0]
    if not _falls(points(case)):
        return Held(
            "inconclusive",
            f"The meter passed its highest value and began again at zero ({kwh(high.wh)}, then {kwh(low.wh)}).",
            f"电表走到最大值后从零重新计数（{kwh(high.wh)} 之后为 {kwh(low.wh)}）。",
            (high.ref, low.ref), 0.9, "B",
        )
    return Held(
        stance(case, supports=TOO_MUCH),
        f"The meter reading fell from {kwh(high.wh)} to {kwh(low.wh)} during the session; a sound meter never does.",
        f"充电过程中电表读数从 {kwh(high.wh)} 倒退到 {kwh(low.wh)}，正常电表不会出现这种情况。",
        (high.ref, low.ref), 0.95,
    )


@rule("energy.jump", grade="E")
def jump(case: Case) -> Held | None:
    """A step larger than 1.2 x the rated power of the plug allows in that time. Contract; evidence-rules
    16. Needs true device times; a step of the register's own coarseness is none."""
    leaps = impossible_steps(case)
    if not leaps:
        return None
    a, b = max(leaps, key=lambda s: (s[1].wh - s[0].wh, s[0].at))
    minutes = max((b.at - a.at).total_seconds() / 60, 0.0)
    rated = kw(case.rated_power_w) if case.rated_power_w else "any"
    return Held(
        stance(case, supports=TOO_MUCH),
        f"The meter leapt by {kwh(b.wh - a.wh)} within {minutes:.0f} min; a {rated} plug cannot deliver that.",
        f"电表读数在 {minutes:.0f} 分钟内跳增 {kwh(b.wh - a.wh)}，{rated} 的充电枪不可能输出这么多电。",
        (a.ref, b.ref), 0.97,
    )


@rule("energy.gap_between", grade="B")
def gap_between(case: Case) -> Held | None:
    """This start differs from the previous stop on the connector by more than 100 Wh: the register is not
    re-based (1.6 section 7.31), so energy went unrecorded between, or one of the two values is wrong.
    Contract; billing-checks 5.3 (5). Not for stations whose register begins at zero each time."""
    t, before = case.transaction, case.previous
    if t is None or before is None or t.meter_start_wh is None or before.meter_stop_wh is None:
        return None
    if before.stop_received_at is None or (t.meter_start_wh < 1 and (before.meter_start_wh or 0.0) < 1):
        return None
    gap = t.meter_start_wh - before.meter_stop_wh
    if abs(gap) <= GAP_WH:
        return None
    return Held(
        stance(case, supports=TOO_MUCH if gap < 0 else ()),
        f"This session began at a meter value {kwh(abs(gap))} {'above' if gap > 0 else 'below'} "
        "where the session before it had ended.",
        f"本次充电的起始读数比上一笔结束读数{'多' if gap > 0 else '少'} {kwh(abs(gap))}，两笔之间电表不连续。",
        (*start_refs(t), *stop_refs(before)), 0.85,
    )


@rule("energy.after_stop", grade="C")
def after_stop(case: Case) -> Held | None:
    """More than 50 Wh after the customer's or our stop request, or after the reported stop. Contract;
    evidence-rules 34, 35. Counts only between readings after the request, so it is a lower bound."""
    found = _after_request(case) or _after_end(case)
    if found is None:
        return None
    first, last, request = found
    when = clock(case, request.at or first.at)
    return Held(
        stance(case, supports=TOO_MUCH | DANGER | {"cannot_stop", "connector_stuck"}),
        f"After the stop at {when}, another {kwh(last.wh - first.wh)} was still delivered.",
        f"{when} 要求停止之后，电表又继续走了 {kwh(last.wh - first.wh)}。",
        (request, first.ref, last.ref), 0.85,
    )


def _after_request(case: Case) -> tuple[Point, Point, Ref] | None:
    requests = [(c.requested_at, Ref("command", c.id, c.requested_at)) for c in case.stop_commands]
    t = case.transaction
    if t is None:
        return None
    requests += [
        (a.at, Ref("frame", a.frame, a.at)) for a in case.authorizations
        if a.status == "Accepted" and t.started_at + timedelta(seconds=60) < a.at < case.stopped_at
    ]
    if not requests:
        return None
    at, ref = min(requests, key=lambda r: r[0])
    later = [p for p in points(case) if p.at >= at]
    if len(later) < 2 or later[-1].wh - later[0].wh <= AFTER_STOP_WH:
        return None
    return later[0], later[-1], ref


def _after_end(case: Case) -> tuple[Point, Point, Ref] | None:
    """Readings of the plug above the stop value before anybody else's session."""
    t = case.transaction
    if t is None or t.stopped_at is None or t.stop_received_at is None or t.meter_stop_wh is None:
        return None
    until = case.next.started_at if case.next else case.now
    if case.next is None and case.unplugged_at is not None:
        until = max(case.unplugged_at, t.stopped_at)
    late = [
        Point(r.at, r.energy_wh, reading_ref(r)) for r in case.connector_readings
        if r.energy_wh is not None and t.stopped_at < r.at <= until
    ]
    if not late or late[-1].wh - t.meter_stop_wh <= AFTER_STOP_WH:
        return None
    end = stop_refs(t)[-1]
    return Point(t.stopped_at, t.meter_stop_wh, end), late[-1], end


def _falls(found: list[Point]) -> list[tuple[Point, Point]]:
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


def _energy_refs(case: Case) -> tuple[Ref, ...]:
    t = case.transaction
    assert t is not None
    ends = points(case)
    return (transaction_ref(t), ends[0].ref, ends[-1].ref) if ends else (transaction_ref(t),)


def _grade(case: Case) -> Grade:
    """B with both ends and readings that agree; C where an end is missing; E where they disagree."""
    t = case.transaction
    assert t is not None
    both = t.meter_start_wh is not None and t.meter_stop_wh is not None and t.stop_received_at is not None
    if not consistent(case):
        return "E"
    if both and any("signed" in r.other for r in case.readings):
        return "B"  # a signed pair becomes A once billing has verified its signature
    return "B" if both else "C"
