"""Rules about energy read a register as its maker meant it, and still see when it is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from complaints.rules.case import Case
from complaints.rules.every import findings
from complaints.rules.meter import measured_wh
from csms.vocabulary import MeterReading
from tests.complaints.billing.told import case, charged, reading, session


def stances(told: Case) -> dict[str, str]:
    return {f.code: f.stance for f in findings(told) if f.code.startswith("energy.")}


def told(begin: float, end: float, *, readings: list[MeterReading], **more: Any) -> Case:
    return case(session(0, 60, begin, end), readings=readings, **more)


def test_kilowatt_hours_named_watt_hours_are_no_lack_of_energy() -> None:
    inner = charged(range(5, 60, 5), 1236.5, 1261.5, w=30_000)
    found = stances(told(1234, 1264, readings=inner, topic="charged_no_energy"))
    assert found == {"energy.delivered": "contradicts"}


@pytest.mark.parametrize("watts", [0.0, 40.0])
def test_few_watt_hours_at_no_power_stay_few(watts: float) -> None:
    inner = charged(range(5, 60, 5), 1235, 1255, w=watts)
    assert stances(told(1234, 1257, readings=inner, topic="charged_no_energy")) == {"energy.none": "supports"}


def test_voltage_times_current_tells_the_unit_as_well() -> None:
    inner = charged(range(5, 60, 5), 1236.5, 1261.5, voltage_v=375, current_a=80)
    assert measured_wh(told(1234, 1264, readings=inner)) == pytest.approx(30_000)


def test_a_register_that_ran_over_its_end_is_sound() -> None:
    inner = [reading(m, (999_990_400 + 500 * m) % 1_000_000_000, w=30_000) for m in range(5, 60, 5)]
    over = told(999_990_400, 20_400, readings=inner)
    assert stances(over) == {"energy.delivered": "inconclusive", "energy.regressed": "inconclusive"}
    assert measured_wh(over) == 30_000


def test_a_register_that_fell_from_nowhere_near_an_end_was_reset() -> None:
    inner = [*charged(range(5, 30, 5), 52_310_700, 52_313_000), *charged(range(30, 60, 5), 300, 2_900)]
    reset = told(52_310_200, 3_400, readings=inner)
    assert stances(reset)["energy.regressed"] == "supports"


def test_readings_from_zero_between_registers_of_a_whole_life_are_neither_fall_nor_leap() -> None:
    inner = charged(range(5, 60, 5), 900, 9_900, w=10_800)
    assert stances(told(1_845_200, 1_856_000, readings=inner)) == {"energy.delivered": "inconclusive"}


def test_readings_from_zero_that_end_elsewhere_than_the_stop_are_a_fall() -> None:
    inner = charged(range(5, 60, 5), 900, 29_900)
    assert "energy.regressed" in stances(told(1_845_200, 1_849_000, readings=inner))
