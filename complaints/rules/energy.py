"""What the register says: how much energy, and whether its steps can be true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from complaints.findings import Ref
from complaints.rules.case import Case
from complaints.rules.meter import Point, consistent, falls, impossible_steps, measured_wh, points, told
from complaints.rules.register import Grade, Held, rule, stance
from complaints.rules.requests import ignored_request, stop_requests
from complaints.rules.topics import CUT_SHORT, DANGER, MONEY_GONE, NO_ENERGY, SLOW, TOO_MUCH
from complaints.rules.words import clock, kw, kwh, reading_ref, start_refs, stop_refs, transaction_ref

NONE_WH, DELIVERED_WH, GAP_WH, AFTER_STOP_WH = 50.0, 500.0, 100.0, 50.0


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
    fallen = falls(told(case))
    if not fallen:
        return None
    high, low = fallen[0]
    if not falls(points(case)):
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


@dataclass(frozen=True, slots=True)
class FlowedOn:
    """Energy after a stop was asked for or reported, and what shows it."""

    since: datetime
    wh: float
    refs: tuple[Ref, ...]
    sure: bool = True


@rule("energy.after_stop", grade="C")
def after_stop(case: Case) -> Held | None:
    """More than 50 Wh after the customer's or our stop request, or after the reported stop. Contract;
    evidence-rules 34, 35. Between readings after the request it is a lower bound; where it was asked for between
    two readings and the charge went on for more than a minute, the step is shared by time."""
    found = _after_request(case) or _after_end(case)
    if found is None:
        return None
    when = clock(case, found.since)
    return Held(
        stance(case, supports=TOO_MUCH | DANGER | {"cannot_stop", "connector_stuck"}),
        f"After the stop at {when}, another {kwh(found.wh)} was still delivered.",
        f"{when} 要求停止之后，电表又继续走了 {kwh(found.wh)}。",
        found.refs, 0.85 if found.sure else 0.7,
    )


def _after_request(case: Case) -> FlowedOn | None:
    requests, register = stop_requests(case), points(case)
    if not requests or not register:
        return None
    first = requests[0]
    later = [p for p in register if p.at >= first.at]
    if later and later[-1].wh - later[0].wh > AFTER_STOP_WH:
        return FlowedOn(first.at, later[-1].wh - later[0].wh, (first.ref, later[0].ref, later[-1].ref))
    ignored = ignored_request(case)
    if ignored is None:
        return None
    rest = register[-1].wh - _wh_at(register, ignored.at)
    return FlowedOn(ignored.at, rest, (ignored.ref, register[-1].ref), sure=False) if rest > AFTER_STOP_WH else None


def _wh_at(register: Sequence[Point], at: datetime) -> float:
    """The register at a moment, by its share of time between the readings around it."""
    before = [p for p in register if p.at <= at] or register[:1]
    after = [p for p in register if p.at > at] or register[-1:]
    a, b = before[-1], after[0]
    span = (b.at - a.at).total_seconds()
    return a.wh + (b.wh - a.wh) * ((at - a.at).total_seconds() / span if span > 0 else 1.0)


def _after_end(case: Case) -> FlowedOn | None:
    """Readings of the plug above the stop value before anybody else's session."""
    t = case.transaction
    if t is None or t.stopped_at is None or t.stop_received_at is None or t.meter_stop_wh is None:
        return None
    until = case.next.started_at if case.next else case.now
    if case.next is None and case.unplugged_at is not None:
        until = max(case.unplugged_at, t.stopped_at)
    late = [r for r in case.connector_readings if r.energy_wh is not None and t.stopped_at < r.at <= until]
    rise = (late[-1].energy_wh or 0.0) - t.meter_stop_wh if late else 0.0
    if rise <= AFTER_STOP_WH:
        return None
    end = stop_refs(t)[-1]
    return FlowedOn(end.at or t.stopped_at, rise, (end, reading_ref(late[-1])))


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
