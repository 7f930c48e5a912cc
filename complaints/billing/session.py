"""The customer's energy of one case: which registers bound it, and up to where it was his.

Signed registers come before begin and end, those before the neighbour in the register chain, that before
the readings (contract/codes.md, "The expected bill").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from complaints.billing.energy import JUMP, NOISE_WH, NOTHING_WH, PHYSICAL_W, Energy, Point, delivered
from complaints.billing.power import samples, unit_factor
from complaints.ocmf import signed_registers
from complaints.rules.case import Case
from complaints.rules.requests import STOPPING, ignored_request
from complaints.rules.vehicle import unplugged_inside
from csms.vocabulary import Transaction

COARSE_WH = Decimal(1000)
"""The digit of a register that counts whole kWh."""
BOOTING = timedelta(minutes=2)
PLUGGED_IN = ("Preparing", "Occupied")
VEHICLE_IDS = ("vin", "evccid", "vehicleid", "mac")


def energy_of(case: Case) -> Energy:
    """What the customer received, slice by slice; empty where there is no transaction or no register."""
    t = case.transaction
    if t is None:
        return Energy()
    points, pair = register_points(case, t)
    power = samples(case.readings)
    factor = unit_factor(points[-1].wh - points[0].wh, power) if len(points) > 1 else Decimal(1)
    points = [replace(p, wh=p.wh * factor) for p in points]
    energy = delivered(points, _decimal(case.rated_power_w), power, pair, timed=case.timed)
    if factor != 1:
        energy = replace(energy, notes=("unit", *energy.notes))
    return _his_part(case, energy)


def register_points(case: Case, t: Transaction) -> tuple[list[Point], str]:
    """The register's values over the session in time order, and what bounds them."""
    inner = _inner(case, t)
    begin, end, pair = _bounds(case, t, inner)
    inner = same_register(inner, begin, end)
    if end is not None:
        inner = [p for p in inner if p.at <= end.at]
    if begin is not None:
        inner = [p for p in inner if p.at >= begin.at]
    if pair == "signed" and begin is not None and end is not None:
        # A signed register may count the session alone: unsigned readings of another scale only tell nothing.
        inner = [p for p in inner if begin.wh - NOISE_WH <= p.wh <= end.wh + NOISE_WH]
    return [p for p in (begin, *inner, end) if p is not None], pair


def _bounds(case: Case, t: Transaction, inner: Sequence[Point]) -> tuple[Point | None, Point | None, str]:
    signed = signed_registers(case.readings)
    if signed is not None:
        begin, end = signed
        return Point(t.started_at, begin.wh, begin.ref), Point(case.stopped_at, end.wh, end.ref), "signed"
    begin_, end_ = _begin(case, t, inner), _end(t, inner)
    pair = "begin_end" if begin_ and end_ else "readings"
    if begin_ is None and (begin_ := _previous_stop(case, t, inner)):
        pair = "neighbour"
    if end_ is None and (end_ := _next_start(case, t, inner)):
        pair = "neighbour"
    return begin_, end_, pair if begin_ or end_ or inner else "none"


def _inner(case: Case, t: Transaction) -> list[Point]:
    """The readings inside the transaction; what came after unplugging is another's under an old number."""
    last = t.stopped_at if t.stop_received_at and t.stopped_at else _end_of_plug(case)
    found = []
    for r in case.registers:
        stale_begin = r.context == "Transaction.Begin" and r.at > t.started_at + STOPPING
        if r.energy_wh is None or stale_begin or (last is not None and r.at > last):
            continue
        found.append(Point(max(r.at, t.started_at), _wh(r.energy_wh), r.id))
    return found


def _end_of_plug(case: Case) -> datetime | None:
    return case.next.started_at if case.next else None


def _begin(case: Case, t: Transaction, inner: Sequence[Point]) -> Point | None:
    """The start register; a plain 0 before a register that stands elsewhere means "no value" (evcc#29374). Where the
    start itself is lost (2.x) what stands for it is but the first reading."""
    if t.meter_start_wh is None or "start_missing" in t.suspect:
        return None
    if t.meter_start_wh == 0 and _elsewhere(case, t, inner):
        return None
    return Point(t.started_at, _wh(t.meter_start_wh), t.id)


def _elsewhere(case: Case, t: Transaction, inner: Sequence[Point]) -> bool:
    """Whether the register stood so high so soon that it cannot have begun at 0."""
    first = inner[0] if inner else _end(t, inner)
    if first is None:
        return False
    hours = Decimal(max((first.at - t.started_at).total_seconds(), 60.0)) / 3600
    return first.wh > (_decimal(case.rated_power_w) or PHYSICAL_W) * hours * JUMP + COARSE_WH


def _end(t: Transaction, inner: Sequence[Point]) -> Point | None:
    """The stop register, where a stop came with one; a plain 0 after a higher register is none."""
    if t.stop_received_at is None or t.stopped_at is None or t.meter_stop_wh is None:
        return None
    highest = max((p.wh for p in inner), default=Decimal(str(t.meter_start_wh or 0)))
    if t.meter_stop_wh == 0 and highest > NOTHING_WH:
        return None
    return Point(t.stopped_at, _wh(t.meter_stop_wh), t.id)


def _previous_stop(case: Case, t: Transaction, inner: Sequence[Point]) -> Point | None:
    before = case.previous
    if before is None or before.meter_stop_wh is None or before.stop_received_at is None:
        return None
    wh = _wh(before.meter_stop_wh)
    return Point(_began(case, t, before), wh, before.id) if not inner or wh <= inner[0].wh + NOISE_WH else None


def lost_start(case: Case, t: Transaction) -> Point | None:
    """What stands for the register of a start that never came."""
    return _previous_stop(case, t, _inner(case, t)) if "start_missing" in t.suspect else None


def _began(case: Case, t: Transaction, before: Transaction) -> datetime:
    """Where the start is lost, the energy before the first reading flowed since the plug was in."""
    if "start_missing" not in t.suspect:
        return t.started_at
    ended = before.stopped_at or before.started_at
    plugged = [s.at for s in case.connector_statuses if ended < s.at <= t.started_at and s.status in PLUGGED_IN]
    return plugged[-1] if plugged else ended


def _next_start(case: Case, t: Transaction, inner: Sequence[Point]) -> Point | None:
    """The next start's register, for a stop that came without one, or a session nothing else is known of.

    A stop that never came leaves open how long it went on: there the last reading is what is sure.
    """
    after = case.next
    if after is None or after.meter_start_wh is None or (t.stop_received_at is None and inner):
        return None
    wh = _wh(after.meter_start_wh)
    floor = max((p.wh for p in inner), default=_wh(t.meter_start_wh or 0))
    at = t.stopped_at if t.stop_received_at and t.stopped_at else case.unplugged_at or after.started_at
    return Point(at, wh, after.id) if wh >= floor - NOISE_WH else None


def same_register(inner: list[Point], begin: Point | None, end: Point | None) -> list[Point]:
    """Readings on the scale of the begin register: some stations count each session from 0, or in kWh."""
    if begin is None or not inner or begin.wh <= NOISE_WH:
        return inner
    if any(p.wh >= begin.wh - NOISE_WH for p in inner):
        return inner
    top = end.wh if end else None
    for moved in (
        [replace(p, wh=p.wh * 1000) for p in inner],
        [replace(p, wh=p.wh + begin.wh) for p in inner],
    ):
        fits_below = all(p.wh >= begin.wh - 1000 for p in moved)
        if fits_below and (top is None or top >= begin.wh) and all(top is None or p.wh <= top + 1000 for p in moved):
            return moved
    return inner


def _his_part(case: Case, energy: Energy) -> Energy:
    """Only what flowed until another vehicle was plugged in, and until a stop request should have worked."""
    swapped = changed_vehicle_at(case)
    if swapped is not None:
        energy = replace(energy.until(swapped + STOPPING, between=False), notes=(*energy.notes, "other_vehicle"))
    ignored = ignored_request(case)
    if ignored is not None and energy.wh - energy.until(ignored.at).wh > NOTHING_WH:
        energy = replace(energy.until(ignored.at), notes=(*energy.notes, "after_stop"))
    return energy


def changed_vehicle_at(case: Case) -> datetime | None:
    """When the cable was pulled inside the transaction and something plugged in again before its end; else
    when the first vehicle last named itself before a second one did.

    The statuses that a station reports as it boots are no unplugging.
    """
    inside = unplugged_inside(case)
    if inside is not None and not any(b.at <= inside[0].at <= b.at + BOOTING for b in case.story.boots):
        return inside[0].at
    names = [(r.at, str(v)) for r in case.readings for k, v in r.other.items() if k.lower() in VEHICLE_IDS and v]
    return next((before for (before, _), (_, name) in pairwise(names) if name != names[0][1]), None)


def _wh(value: float) -> Decimal:
    """Wh to the thousandth: floats carry "150.02000000000001"."""
    return Decimal(str(value)).quantize(Decimal("0.001"))


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))
