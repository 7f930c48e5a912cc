"""How much a transaction delivered, by what its model's registers mean. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from csms.transactions.rules import ROUNDING_WH
from csms.vocabulary import MeterReading, Semantics, Transaction

PLAIN = Semantics()
LINES = ("L1", "L2", "L3")


def difference(
    start: float | None, stop: float | None, means: Semantics = PLAIN, *, reading: bool = False
) -> float | None:
    """Energy in Wh from the register at the start to that at the stop, or (`reading`) to one among the readings."""
    if means.register == "session" and stop is not None:
        start = 0.0
    if start is None or stop is None:
        return None
    delivered = stop * (means.reading_factor if reading else means.boundary_factor) - start * means.boundary_factor
    if delivered < -ROUNDING_WH and means.rollover_wh is not None:
        delivered += means.rollover_wh
    return 0.0 if -ROUNDING_WH <= delivered < 0 else delivered


def in_kwh(boundary: float | None, reading: float | None) -> bool:
    """A register at a boundary that is the thousandth of one among the readings: kWh said for Wh (Huawei)."""
    if not boundary or not reading or boundary < 10:
        return False
    return abs(reading / boundary - 1000) < max(20, 1500 / boundary)


def meant(t: Transaction, register_wh: float | None, means: Semantics = PLAIN) -> Transaction:
    """The transaction with its energy; without a stop value the last register heard tells how far it came."""
    if "register_kwh" in t.suspect and means.boundary_factor == 1.0:
        means = replace(means, boundary_factor=1000.0)
    energy = difference(t.meter_start_wh, t.meter_stop_wh, means)
    if energy is None:
        energy = difference(t.meter_start_wh, register_wh, means, reading=True)
    return t if energy == t.energy_wh else replace(t, energy_wh=energy)


def reading_meant(reading: MeterReading, means: Semantics) -> MeterReading:
    if means == PLAIN:
        return reading
    total, power = reading.energy_wh, reading.power_w
    if means.lines == "summed":
        total = _sum_of_lines(reading.other, "Energy.Active.Import.Register") or total
        power = _sum_of_lines(reading.other, "Power.Active.Import") or power
    return replace(reading, energy_wh=None if total is None else total * means.reading_factor, power_w=power)


def _sum_of_lines(other: Mapping[str, Any], measurand: str) -> float | None:
    found = [other[name] for line in LINES if (name := f"{measurand}.{line}") in other]
    return float(sum(found)) if found else None
