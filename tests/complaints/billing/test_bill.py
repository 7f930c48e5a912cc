"""The expected bill, rule by rule of the contract."""

from __future__ import annotations

from decimal import Decimal

import pytest

from complaints.billing import energy_of, expected_bill
from complaints.findings import Bill, Finding, Words
from complaints.rules.case import Case
from csms.vocabulary import Authorization, Boot
from tests.complaints.billing.told import (
    TOKEN,
    at,
    case,
    charged,
    command,
    fault,
    local,
    other,
    payment,
    reading,
    session,
    status,
    tariff,
)

FEE = tariff(start_fee="2.00")
NIGHT = tariff((0, 8, "0.30", "0.30"), (8, 22, "0.85", "0.45"), (22, 24, "0.30", "0.30"))


def bill(told: Case, *findings: Finding) -> Bill:
    made = expected_bill(told, findings)
    assert made is not None
    return made


def expected(told: Case) -> str:
    return str(bill(told).expected)


def wh(told: Case) -> float:
    return float(energy_of(told).wh)


# Registers


def test_the_register_pair_decides_and_the_readings_only_say_when() -> None:
    assert expected(case(session(0, 60, 1_000, 11_000), readings=charged((10, 30, 50), 2_000, 9_000))) == "12.00"


@pytest.mark.parametrize(("end", "due"), [(49, "0.00"), (50, "2.06")])
def test_below_50_wh_nothing_is_billed_start_fee_included(end: float, due: str) -> None:
    assert expected(case(session(0, 60, 0, end), tariffs=[FEE])) == due


def test_a_stop_without_a_register_takes_the_next_starts() -> None:
    told = case(
        session(0, 60, 1_000, None),
        readings=[reading(30, 6_000)],
        others=[other("next", 100, meter_start_wh=11_000)],
    )
    assert wh(told) == 10_000
    assert energy_of(told).pair == "neighbour"


def test_a_stop_register_of_zero_is_none() -> None:
    told = case(session(0, 60, 1_000, 0), readings=[reading(30, 6_000), reading(58, 11_000)])
    assert wh(told) == 10_000


def test_a_start_without_a_register_takes_the_previous_stops() -> None:
    told = case(
        session(0, 60, None, 11_000),
        readings=[reading(30, 6_000)],
        others=[other("before", -100, -50, meter_start_wh=0, meter_stop_wh=1_000)],
    )
    assert wh(told) == 10_000


@pytest.mark.parametrize("begin", [None, 0])
def test_a_start_of_null_is_no_session_of_the_meters_whole_life(begin: float | None) -> None:
    told = case(session(0, 60, begin, 7_783_000), readings=[reading(0.5, 7_773_000), reading(30, 7_778_000)])
    assert wh(told) == 10_000


def test_without_any_register_nothing_can_be_billed() -> None:
    assert expected(case(session(0, 60, None, None))) == "0.00"


def test_a_register_that_counts_each_session_from_zero() -> None:
    told = case(session(0, 60, 0, 10_000), readings=charged((10, 30, 50), 1_000, 9_000))
    assert wh(told) == 10_000
    assert energy_of(told).notes == ()


def test_readings_of_the_session_between_registers_of_a_lifetime() -> None:
    told = case(session(0, 60, 500_000, 510_000), readings=charged((10, 30, 50), 1_000, 9_000))
    assert wh(told) == 10_000
    assert energy_of(told).notes == ()


def test_readings_in_kwh_between_registers_in_wh() -> None:
    told = case(session(0, 60, 500_000, 510_000), readings=charged((10, 30, 50), 501.0, 509.0))
    assert [float(s.wh) for s in energy_of(told).slices] == [1_000, 4_000, 4_000, 1_000]


def test_a_stop_one_wh_below_the_start_is_rounding_not_a_reset() -> None:
    told = case(session(0, 60, 1_000, 999))
    assert wh(told) == 0
    assert energy_of(told).notes == ()


def test_a_reading_that_dips_and_comes_back_changes_nothing() -> None:
    told = case(session(0, 60, 1_000, 11_000), readings=[reading(10, 3_000), reading(20, 0), reading(30, 6_000)])
    assert wh(told) == 10_000


def test_a_register_that_slipped_back_bills_what_is_sure() -> None:
    told = case(
        session(0, 60, 100_000, 110_000),
        readings=[reading(20, 105_000), reading(30, 101_000), reading(40, 102_000)],
    )
    assert wh(told) == 10_000
    assert energy_of(told).notes == ("regressed",)


def test_a_meter_that_restarted_and_passed_its_start_counts_both_runs() -> None:
    told = case(session(0, 60, 2_000, 2_500), readings=[reading(20, 5_000), reading(30, 0), reading(40, 1_200)])
    assert wh(told) == 3_000 + 2_500


def test_a_restart_without_readings_leaves_nothing_sure() -> None:
    assert wh(case(session(0, 60, 96, 25))) == 0


# Impossible steps


def test_an_impossible_step_counts_what_the_power_readings_support() -> None:
    told = case(
        session(0, 20, 0, 50_000),
        readings=[reading(5, 3_000, 36_000), reading(10, 46_000, 36_000), reading(15, 49_000, 36_000)],
    )
    assert wh(told) == 3_000 + 3_000 + 3_000 + 1_000
    assert energy_of(told).notes == ("jump",)


def test_an_impossible_step_without_power_readings_counts_nothing() -> None:
    told = case(session(0, 20, 0, 50_000), readings=[reading(5, 3_000), reading(10, 46_000), reading(15, 49_000)])
    assert wh(told) == 7_000


def test_a_coarse_register_may_leap_by_one_of_its_digits() -> None:
    told = case(session(0, 20, 0, 3_000), readings=[reading(0.5, 1_000), reading(10, 2_000)], rated_w=7_000)
    assert wh(told) == 3_000


def test_a_gap_in_the_readings_is_no_leap() -> None:
    assert wh(case(session(0, 60, 0, 40_000), readings=[reading(1, 600), reading(59, 39_500)])) == 40_000


# Whose energy


def test_energy_after_another_vehicle_was_plugged_in_is_not_his() -> None:
    told = case(
        session(0, 120, 0, 30_000),
        readings=[reading(30, 10_000), reading(40, 10_000), reading(60, 15_000)],
        statuses=[status(1, "Charging"), status(35, "Available"), status(45, "Preparing"), status(46, "Charging")],
    )
    assert wh(told) == 10_000
    assert "other_vehicle" in energy_of(told).notes


def test_a_second_vehicle_that_names_itself_ends_his_part() -> None:
    seen = [
        reading(m, wh, other={"vin": name}) for m, wh, name in ((20, 5_000, "A"), (40, 10_000, "A"), (60, 15_000, "B"))
    ]
    assert wh(case(session(0, 120, 0, 30_000), readings=seen)) == 10_000


def test_a_transaction_that_begins_before_the_plug_is_one_vehicle() -> None:
    told = case(
        session(0, 60, 0, 10_000, reference="ref", number=None),
        statuses=[status(1.5, "Available"), status(2, "Occupied"), status(3, "Charging", states=True)],
    )
    assert wh(told) == 10_000


def test_the_statuses_of_a_boot_are_no_unplugging() -> None:
    told = case(
        session(0, 120, 0, 30_000),
        readings=[reading(30, 10_000), reading(60, 15_000)],
        statuses=[status(1, "Charging"), status(35, "Available"), status(36, "Charging")],
        boots=[Boot(at(34.5), None, "b")],
    )
    assert wh(told) == 30_000


def test_energy_after_a_stop_that_was_asked_for_in_vain_is_not_his() -> None:
    told = case(
        session(0, 60, 0, 30_000),
        readings=[reading(20, 10_000), reading(40, 20_000)],
        commands=[command(20, "stop", "app", said="9001", state="rejected")],
    )
    assert wh(told) == 10_000
    assert "after_stop" in energy_of(told).notes


def test_the_seconds_a_station_needs_to_stop_are_no_energy_after() -> None:
    told = case(session(0, 60, 0, 30_000), commands=[command(59.5, "stop", "app", said="9001")])
    assert wh(told) == 30_000


def presented(minute: float) -> Authorization:
    return Authorization(at(minute), TOKEN, "Accepted", f"a{minute}")


def test_his_card_asks_for_a_stop_unless_it_starts_another_charge() -> None:
    from dataclasses import replace

    told = case(session(0, 60, 0, 30_000), readings=[reading(20, 10_000), reading(40, 20_000)])
    shown = replace(told, story=replace(told.story, authorizations=(presented(20),)))
    assert wh(shown) == 10_000
    second = replace(session(21, 50), id="tx2", number=9002, evse=2)
    both = replace(shown, story=replace(shown.story, transactions=(*shown.story.transactions, second)))
    assert wh(both) == 30_000


def test_nothing_is_his_where_the_connectors_are_swapped() -> None:
    told = case(session(0, 60, 0, 22_000), payments=[payment("P1", "capture", "26.40")])
    swapped = Finding("connectors.swapped", "supports", 0.9, "B", Words("", ""), ())
    assert bill(told).expected == Decimal("26.40")
    assert bill(told, swapped).expected == 0


# Periods


def test_a_reading_at_the_border_splits_exactly() -> None:
    told = case(
        session(local("21:40"), local("22:40"), 0, 30_000), readings=[reading(local("22:00"), 10_000)], tariffs=[NIGHT]
    )
    assert expected(told) == "25.00"
    assert [line.what for line in bill(told).lines] == [
        "Energy 08:00-22:00 (0.85 energy + 0.45 service)",
        "Energy 22:00-24:00 (0.30 energy + 0.30 service)",
    ]


def test_inside_a_gap_the_energy_is_split_by_time() -> None:
    told = case(session(local("21:40"), local("22:40"), 0, 30_000), tariffs=[NIGHT])
    assert expected(told) == "25.00"  # a third of the hour before 22:00


def test_midnight_and_the_next_day_are_periods_too() -> None:
    told = case(session(local("23:00"), local("23:00") + 11 * 60, 0, 11_000), tariffs=[NIGHT], rated_w=7_000)
    # 9 h at night prices, then 2 h from 08:00
    assert [line.quantity for line in bill(told).lines] == ["1.000 kWh", "8.000 kWh", "2.000 kWh"]
    assert expected(told) == "8.00"


def test_the_hour_that_happens_twice_is_priced_by_the_wall_clock() -> None:
    from datetime import UTC, datetime

    start = (datetime(2025, 10, 26, 0, 0, tzinfo=UTC) - at(0)).total_seconds() / 60
    zone = tariff((0, 3, "1", "0"), (3, 24, "2", "0"), zone="Europe/Berlin")
    told = case(session(start, start + 180, 0, 3_000), tariffs=[zone])
    assert expected(told) == "4.00"  # 02:00 summer, 02:00 winter, 03:00


# Fees


@pytest.mark.parametrize("by", ["fault", "staff", "reboot", "power"])
def test_no_start_fee_where_it_failed_early_for_no_fault_of_his(by: str) -> None:
    reason = {"reboot": "Reboot", "power": "PowerLoss"}.get(by, "Other")
    told = case(
        session(0, 2.5, 0, 1_000, stop_reason=reason),
        faults=[fault(2.4)] if by == "fault" else (),
        commands=[command(2.4, "stop", "agent:li", said="9001")] if by == "staff" else (),
        tariffs=[FEE],
    )
    assert expected(told) == "1.20"


def test_the_start_fee_is_due_after_three_minutes_and_where_he_stopped_himself() -> None:
    late = case(session(0, 3.5, 0, 1_000, stop_reason="Other"), faults=[fault(3.4)], tariffs=[FEE])
    own = case(session(0, 2, 0, 1_000, stop_token=TOKEN), tariffs=[FEE])
    assert expected(late) == expected(own) == "3.20"


def test_no_tariff_no_bill_but_a_session_without_energy_costs_nothing_by_any() -> None:
    paid = [payment("P1", "capture", "10.00")]
    assert expected_bill(case(session(0, 60, 0, 10_000), tariffs=(), payments=paid)) is None
    free = case(session(0, 60, 0, 10), readings=[reading(30, 5)], tariffs=(), payments=paid)
    assert bill(free) == Bill("CNY", Decimal("0.00"), Decimal("10.00"), held=Decimal("0.00"))


# What was taken


def test_charged_is_captures_minus_refunds_and_a_hold_is_none() -> None:
    told = case(
        session(0, 60, 0, 10_000),
        payments=[
            payment("H", "hold", "50.00"),
            payment("P1", "capture", "60.00", 61, transaction="9001"),
            payment("R1", "refund", "21.40", 90, of="P1"),
        ],
    )
    assert (bill(told).charged, bill(told).held) == (Decimal("38.60"), Decimal("0.00"))


def test_a_voided_capture_took_nothing() -> None:
    told = case(
        session(0, 60, 0, 10_000), payments=[payment("P1", "capture", "12.00"), payment("V", "void", "12.00", of="P1")]
    )
    assert bill(told).charged == 0


def test_a_payment_that_names_another_transaction_is_not_this_ones() -> None:
    told = case(
        session(0, 60, 0, 10_000),
        payments=[
            payment("P1", "capture", "12.00", transaction="9001"),
            payment("P2", "capture", "7.00", 3, transaction="9002"),
            payment("P3", "capture", "5.00", 3, transaction="9001", station="B"),
            payment("R2", "refund", "7.00", 9, of="P2"),
        ],
    )
    assert bill(told).charged == 12


def test_without_a_transaction_nothing_is_due() -> None:
    told = case(None, payments=[payment("P1", "capture", "10.00"), payment("H", "hold", "5.00", 5)])
    assert bill(told) == Bill("CNY", Decimal("0.00"), Decimal("10.00"), held=Decimal("5.00"))


def test_who_does_not_speak_of_money_and_paid_nothing_gets_no_bill() -> None:
    assert expected_bill(case(None, topic="bay_blocked", category="environment")) is None


def test_two_currencies_are_not_compared() -> None:
    from dataclasses import replace

    euro = replace(payment("P1", "capture", "10.00"), currency="EUR")
    assert expected_bill(case(session(0, 60, 0, 10_000), payments=[euro])) is None


def test_the_total_is_rounded_once_half_up_and_the_lines_add_up() -> None:
    told = case(
        session(local("21:00"), local("23:00"), 0, 2_002),
        tariffs=[tariff((0, 22, "0.005", "0"), (22, 24, "0.005", "0"))],
    )
    assert expected(told) == "0.01"
    assert sum(line.amount for line in bill(told).lines) == Decimal("0.01")
