"""What a session's readings say of its plug, and which of it warns of a fault nobody has reported. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

from csms.vocabulary import MeterReading

LEAST_READINGS = 5
BASELINE = 10
"""Earlier sessions of the plug that make what is usual there."""
LEAST_BASELINE = 5
HOT_C, HOTTER_BY_C = 90.0, 20.0
CHARGING_A = 2.0
"""Below this nothing flows: the swing of a trickle says nothing."""
SWING, SWING_TIMES = 0.25, 3.0
LOW_OFFER = 0.35
VOLTAGE_SPAN = 0.15


@dataclass(frozen=True, slots=True)
class Traits:
    """One session. `current_swing`: mean step between neighbouring readings over the mean current, in its middle
    part; ramps up and down are left out. `share_of_offer`: drawn of what was offered. None: not reported."""

    readings: int
    hottest_c: float | None = None
    lowest_v: float | None = None
    highest_v: float | None = None
    current_swing: float | None = None
    share_of_offer: float | None = None


@dataclass(frozen=True, slots=True)
class Sign:
    """A rule that fired: what was seen, and what is usual at that plug (None where too little is known)."""

    rule: str
    value: float
    usual: float | None = None


def traits(readings: Sequence[MeterReading]) -> Traits:
    hot = [r.temperature_c for r in readings if r.temperature_c is not None]
    volts = [r.voltage_v for r in readings if r.voltage_v is not None and r.voltage_v > 0]
    amps = [r.current_a for r in readings if r.current_a is not None]
    offers = [r.current_a / r.offered_a for r in readings
              if r.current_a is not None and r.offered_a and r.current_a >= CHARGING_A]
    return Traits(
        readings=len(readings), hottest_c=max(hot, default=None), lowest_v=min(volts, default=None),
        highest_v=max(volts, default=None), current_swing=swing(amps),
        share_of_offer=median(offers) if len(offers) >= LEAST_READINGS else None,
    )


def swing(amps: Sequence[float]) -> float | None:
    """How restless the current was while it flowed, 0 for a steady one."""
    flowing = [a for a in amps if a >= CHARGING_A]
    cut = len(flowing) // 6
    middle = flowing[cut:len(flowing) - cut]
    if len(middle) < LEAST_READINGS:
        return None
    return fmean(abs(b - a) for a, b in pairwise(middle)) / fmean(middle)


def warnings(new: Traits, before: Sequence[Traits]) -> list[Sign]:
    """What the newest session warns of, against the rules and against what is usual at its plug."""
    return [w for rule in (_heat, _restless, _weak, _voltage) if (w := rule(new, before))]


def _usual(before: Sequence[Traits], name: str) -> tuple[float, float] | None:
    """(median, spread) of earlier sessions; of both kinds that one odd session does not move."""
    values = [v for t in before if (v := getattr(t, name)) is not None]
    if len(values) < LEAST_BASELINE:
        return None
    middle = median(values)
    return middle, 1.48 * median(abs(v - middle) for v in values)


def _heat(new: Traits, before: Sequence[Traits]) -> Sign | None:
    """Too hot, or much hotter than this plug usually gets: a contact goes bad before it fails."""
    if new.hottest_c is None:
        return None
    usual = _usual(before, "hottest_c")
    hotter = usual is not None and new.hottest_c >= usual[0] + max(HOTTER_BY_C, 3 * usual[1])
    return Sign("heat", new.hottest_c, usual and usual[0]) if new.hottest_c >= HOT_C or hotter else None


def _restless(new: Traits, before: Sequence[Traits]) -> Sign | None:
    """The current jumps about as it did not use to."""
    if new.current_swing is None or new.current_swing < SWING:
        return None
    usual = _usual(before, "current_swing")
    if usual is not None and new.current_swing < SWING_TIMES * max(usual[0], 0.01):
        return None
    return Sign("restless_current", new.current_swing, usual and usual[0])


def _weak(new: Traits, before: Sequence[Traits]) -> Sign | None:
    """Three sessions in a row drew far less than offered where that was not so before: a module may be gone.

    One alone may be a full or cold car.
    """
    usual = _usual(before[2:], "share_of_offer")
    last = [new, *before[:2]]
    if usual is None or usual[0] < 2 * LOW_OFFER or len(last) < 3:
        return None
    shares = [t.share_of_offer for t in last]
    if any(s is None or s >= LOW_OFFER for s in shares):
        return None
    assert new.share_of_offer is not None
    return Sign("weak", new.share_of_offer, usual[0])


def _voltage(new: Traits, before: Sequence[Traits]) -> Sign | None:
    """The voltage left what is usual here by more than 15 percent. For one grid's side only: a battery's voltage
    is each car's own, so plugs whose usual values scatter say nothing."""
    usual = _usual(before, "lowest_v")
    if usual is None or new.lowest_v is None or usual[1] > 0.05 * usual[0]:
        return None
    return Sign("voltage", new.lowest_v, usual[0]) if new.lowest_v < (1 - VOLTAGE_SPAN) * usual[0] else None
