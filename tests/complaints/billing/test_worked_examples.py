"""The worked examples of the billing checks, by their numbers (docs: how a bill is checked)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from complaints.billing import energy_of, expected_bill, idle_of, rate
from complaints.billing.checks import battery, chain_gap, coefficient, record_errors
from complaints.billing.power import integral, samples, unit_factor
from complaints.matching import Clock
from complaints.rules.money import money_findings
from csms.vocabulary import MeterReading
from tests.complaints.billing.told import (
    at,
    case,
    charged,
    fault,
    local,
    other,
    payment,
    reading,
    session,
    status,
    tariff,
)

KWH = 1000


def wh(of: object) -> float:
    return float(energy_of(of).wh)  # type: ignore[arg-type]


def codes(told: object) -> dict[str, str]:
    return {f.code: f.stance for f in money_findings(told, expected_bill(told))}  # type: ignore[arg-type]


def power(every_minutes: int, *kilowatts: float) -> list[MeterReading]:
    return [reading(i * every_minutes, w=kw * 1000) for i, kw in enumerate(kilowatts)]


def test_1_a_register_in_wh_is_taken_as_it_is() -> None:
    told = case(session(0, 30, 1_234_500, 1_257_300), readings=power(5, 46, 46, 46, 46, 46, 45, 45))
    assert wh(told) == 22_800
    assert energy_of(told).notes == ()


def test_1_a_register_that_says_wh_and_counts_kwh_is_scaled_by_what_the_power_shows() -> None:
    told = case(session(0, 30, 1234, 1257), readings=power(5, 46, 46, 46, 46, 46, 46, 46))
    assert wh(told) == 23_000
    assert energy_of(told).notes == ("unit",)


def test_1_a_register_read_a_thousandfold_is_scaled_down() -> None:
    told = case(session(0, 30, 1_234_500_000, 1_257_300_000), readings=power(5, 46, 46, 46, 46, 46, 45, 45))
    assert wh(told) == 22_800


def test_1_without_power_readings_a_unit_is_never_guessed() -> None:
    assert unit_factor(Decimal(23), samples([])) == 1
    assert wh(case(session(0, 30, 1234, 1257))) == 23


def test_2_a_register_that_rolled_over_goes_on() -> None:
    told = case(session(0, 30, 999_990.4 * KWH, 12.9 * KWH))
    assert wh(told) == 22_500
    assert energy_of(told).notes == ("rollover",)


def test_2_a_fall_that_no_modulus_explains_is_a_reset() -> None:
    told = case(session(0, 30, 900_000 * KWH, 12.9 * KWH))
    assert wh(told) == 0
    assert energy_of(told).notes == ("regressed",)


def test_2_integer_registers_roll_over_too() -> None:
    for modulus in (2**31, 2**32):
        assert wh(case(session(0, 30, modulus - 10_000, 5_000))) == 15_000


def test_3_a_reset_in_the_session_bills_the_sure_parts() -> None:
    told = case(
        session(0, 30, 52_310_200, 4_100),
        readings=[reading(8, 52_315_000), reading(9, 300), reading(20, 2_900)],
    )
    assert wh(told) == 8_600
    assert energy_of(told).notes == ("regressed",)


def test_4_the_power_integral_and_its_envelope() -> None:
    found = integral(samples(power(5, 0, 58, 59, 57, 50, 42, 35)))
    assert found.wh.quantize(Decimal("0.1")) == 23_625
    assert (round(found.least / 1000, 2), round(found.most / 1000, 2)) == (Decimal("20.17"), Decimal("27.08"))
    assert found.allows(Decimal(24_100))
    assert not found.allows(Decimal(48_200))


def test_4_without_power_voltage_times_current_stands_in() -> None:
    told = [reading(m, voltage_v=400, current_a=100) for m in (0, 30)]
    assert integral(samples(told)).wh == 20_000


def test_5_a_small_gap_in_the_chain_is_nothing_and_a_big_one_is_told() -> None:
    assert chain_gap(2_259_988, 2_259_992.1) == Decimal("4.1")
    assert chain_gap(2_259_988, 2_278_100) == 18_112


def test_6_a_session_that_never_ended_is_billed_to_its_last_reading() -> None:
    told = case(
        session(0, None, 100_000),
        readings=[reading(30, 109_000), reading(60, 118_200), reading(90, 118_200)],
        others=[other("next", 1380, meter_start_wh=118_200)],
        filed=2000,
    )
    assert wh(told) == 18_200
    assert max(s.end for s in energy_of(told).slices if s.wh) == at(60)


PEAK = tariff((0, 8, "0.35", "0.40"), (8, 21, "1.05", "0.40"), (21, 24, "0.75", "0.40"))


def test_7_time_of_use_is_split_at_the_reading() -> None:
    told = case(
        session(local("20:40"), local("21:25"), 10_000_000, 10_034_000),
        readings=[reading(local("21:00"), 10_016_000)],
        tariffs=[PEAK],
    )
    bill = expected_bill(told)
    assert bill
    assert [(line.quantity, line.amount) for line in bill.lines] == [
        ("16.000 kWh", Decimal("23.20")),
        ("18.000 kWh", Decimal("20.70")),
    ]
    assert bill.expected == Decimal("43.90")


def test_7_a_clock_22_minutes_slow_overcharges_4_75() -> None:
    told = case(
        session(local("20:40"), local("21:25"), 10_000_000, 10_034_000),
        readings=[reading(local("21:00"), 10_016_000)],
        tariffs=[PEAK],
        clock=Clock(-22 * 60, measured_on=(object(),)),  # type: ignore[arg-type]
        payments=[payment("P1", "capture", "48.65", local("21:26"))],
    )
    rating = rate(told)
    assert rating
    assert rating.total(timedelta(minutes=-22)) == Decimal("48.65")
    bill = expected_bill(told)
    assert bill
    assert bill.charged - bill.expected == Decimal("4.75")
    assert codes(told) == {"payment.exceeds_bill": "supports", "bill.period_shift": "supports"}


def test_7_three_minutes_are_within_what_a_clock_may_be_off() -> None:
    told = case(
        session(local("20:40"), local("21:25"), 10_000_000, 10_034_000),
        readings=[reading(local("21:00"), 10_016_000)],
        tariffs=[PEAK],
    )
    rating = rate(told)
    assert rating
    assert rating.total(timedelta(minutes=-3)) - rating.total() == Decimal("0.65")


def test_8_a_trade_record_adds_up_or_the_backoffice_is_wrong() -> None:
    right = {
        "periods": [("16", "1.05", "16.80"), ("18", "0.75", "13.50")],
        "begin": "10000.000", "end": "10034.000", "energy": "34", "billed_loss": "34",
        "energy_money": "30.30", "service_money": "13.60", "total": "43.90",
    }  # fmt: skip
    assert record_errors(right) == []
    assert record_errors(right | {"energy": "33"}) == ["periods", "register"]
    assert record_errors(right | {"periods": [("16", "1.05", "16.80"), ("18", "0.75", "18.90")]}) == ["period_money"]
    assert record_errors(right | {"total": "44.90"}) == ["total"]
    assert record_errors(right | {"billed_loss": "33.9"}) == ["loss"]


IDLE = tariff((0, 24, "0.80", "0.40"), idle=(15, "0.50", "30.00"))


def test_9_idle_fee_from_the_end_of_energy_to_the_unplugging() -> None:
    told = case(
        session(local("09:00"), local("11:02"), 0, 20_000, stop_reason="EVDisconnected"),
        statuses=[
            status(local("09:00"), "Charging"),
            status(local("10:05"), "SuspendedEV"),
            status(local("11:02"), "Available"),
        ],
        tariffs=[IDLE],
    )
    idle = idle_of(told)
    assert idle
    assert idle.fee(IDLE.idle) == Decimal("21.00")  # type: ignore[arg-type]


def test_9_the_next_drivers_preparing_ends_it_where_available_came_late() -> None:
    told = case(
        session(local("09:00"), local("10:05"), 0, 20_000),
        statuses=[
            status(local("09:00"), "Charging"),
            status(local("10:05"), "Finishing"),
            status(local("10:40"), "Preparing"),
            status(local("11:02"), "Available"),
        ],
        tariffs=[IDLE],
        payments=[payment("P1", "capture", "45.00")],
        topic="idle_fee",
    )
    bill = expected_bill(told)
    assert bill
    assert bill.lines[-1].amount == Decimal("10.00")
    assert bill.charged - bill.expected == Decimal("11.00")
    assert codes(told) == {"payment.exceeds_bill": "supports", "bill.idle_unjustified": "supports"}


def test_9_minutes_of_the_stations_own_are_left_out() -> None:
    told = case(
        session(local("09:00"), local("11:02"), 0, 20_000, stop_reason="EVDisconnected"),
        statuses=[
            status(local("09:00"), "Charging"),
            status(local("10:05"), "SuspendedEV"),
            status(local("10:20"), "SuspendedEVSE"),
            status(local("10:30"), "SuspendedEV"),
            status(local("11:02"), "Available"),
        ],
        faults=[fault(local("10:25"), "lock", local("10:40"))],
        tariffs=[IDLE],
    )
    idle = idle_of(told)
    assert idle
    assert idle.paid_minutes(IDLE.idle) == 57 - 20 - 15  # type: ignore[arg-type]


def test_10_a_battery_that_took_less_than_was_billed() -> None:
    assert battery(60_000, 22, 81, 40_600, current="AC") == "plausible"
    assert battery(60_000, 22, 81, 40_600, current="DC") == "unclear"
    assert battery(60_000, 22, 81, 75_000, current="DC") == "impossible"


def test_11_a_hold_and_its_capture_are_no_double_charge() -> None:
    told = case(
        session(0, 30, 0, 18_591),
        payments=[payment("H", "hold", "50.00", -1), payment("P1", "capture", "22.31", 31, of="H")],
        topic="double_charged",
    )
    bill = expected_bill(told)
    assert bill
    assert (bill.expected, bill.charged, bill.held) == (Decimal("22.31"), Decimal("22.31"), Decimal("27.69"))
    assert codes(told) == {"payment.matches_bill": "contradicts"}


def test_11_two_captures_for_one_session_are() -> None:
    told = case(
        session(0, 30, 0, 18_591),
        payments=[
            payment("P1", "capture", "22.31", 31, transaction="9001"),
            payment("P2", "capture", "22.31", 32, transaction="tx"),
        ],
        topic="double_charged",
    )
    bill = expected_bill(told)
    assert bill
    assert bill.charged - bill.expected == Decimal("22.31")
    assert codes(told) == {"payment.duplicate": "supports", "payment.exceeds_bill": "supports"}


def test_12_the_same_factor_in_all_sessions_is_the_meters() -> None:
    assert coefficient([(25_000, 20_000), (12_500, 10_000), (50_100, 40_000)]) == Decimal("1.25")
    assert coefficient([(20_100, 20_000), (9_950, 10_000), (40_200, 40_000)]) is None
    assert coefficient([(25_000, 20_000), (10_000, 10_000), (40_000, 40_000)]) is None
    assert coefficient([(25_000, 20_000)]) is None


def test_13_local_time_written_as_utc_is_a_shift_by_the_zone() -> None:
    told = case(
        session(local("18:00"), local("19:00"), 0, 20_000),
        tariffs=[PEAK],
        payments=[payment("P1", "capture", "23.00")],  # by UTC+16 it is 02:00 and cheaper; in UTC it is 10:00
    )
    assert "bill.period_shift" not in codes(told)
    night = case(
        session(local("22:00"), local("23:00"), 0, 20_000),
        tariffs=[PEAK],
        payments=[payment("P1", "capture", "29.00")],  # 14:00 in UTC: all of it at the day's price
    )
    assert codes(night)["bill.period_shift"] == "supports"


def test_14_the_tariff_at_the_start_holds_to_the_end() -> None:
    old, new = tariff((0, 24, "0", "0")), tariff((0, 24, "1", "1"), valid_from=at(30))
    during = case(session(0, 60, 0, 10_000), readings=charged((0, 30, 60), 0, 10_000), tariffs=[old, new])
    after = case(session(31, 60, 0, 10_000), tariffs=[old, new])
    assert expected_bill(during).expected == 0  # type: ignore[union-attr]
    assert expected_bill(after).expected == 20  # type: ignore[union-attr]
