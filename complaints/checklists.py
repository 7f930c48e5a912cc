"""What a technician checks on site, by kind of order. Danger first, proof that it charges last. Data, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping

SAFE = ("isolated", "emergency_stop", "cable_and_plug", "earth")
WORKS = ("lock_moves", "screen_and_reader", "meter_counts", "test_charge")
SIGHT = ("qr_code", "bay_and_light")

CHECKS: Mapping[str, tuple[str, ...]] = {
    "repair": (*SAFE, *WORKS, "qr_code"),
    "inspection": ("emergency_stop", "cable_and_plug", "lock_moves", "screen_and_reader", *SIGHT),
    "deep_test": (*SAFE, "insulation", *WORKS),
    "maintenance": ("isolated", "filters_and_fans", "emergency_stop", "cable_and_plug", "earth", "test_charge", *SIGHT),
}
"""Kind of work order -> what is checked, in order."""
ANSWERS = ("ok", "bad", "none")
"""As it should be, not as it should be, or not there."""

MEASURES: Mapping[str, tuple[str, ...]] = {
    "repair": ("earth_ohm", "energy_kwh"), "inspection": (),
    "deep_test": ("earth_ohm", "insulation_mohm", "energy_kwh"),
    "maintenance": ("earth_ohm",),
}
"""What is measured, with the unit in the name."""


def checks_of(kind: str) -> tuple[str, ...]:
    return CHECKS.get(kind, CHECKS["repair"])


def measures_of(kind: str) -> tuple[str, ...]:
    return MEASURES.get(kind, ())
