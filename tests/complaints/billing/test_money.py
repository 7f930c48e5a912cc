"""Each finding about money, both ways: where it holds and where it must not."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from complaints.billing import expected_bill
from complaints.findings import Finding, Words
from complaints.matching import Clock, Try
from complaints.rules.case import Case
from complaints.rules.money import RULES, money_findings
from csms.vocabulary import Payment
from tests.complaints.billing.told import (
    TOKEN,
    at,
    case,
    fault,
    local,
    other,
    payment,
    reading,
    session,
    status,
    tariff,
)

IDLE = tariff(idle=(10, "0.50", "30.00"))
NIGHT = tariff((0, 8, "0.30", "0.30"), (8, 22, "0.85", "0.45"), (22, 24, "0.30", "0.30"))


def findings(told: Case, *given: Finding) -> dict[str, Finding]:
    found = money_findings(told, expected_bill(told, given), given)
    assert len({f.code for f in found}) == len(found)
    for one in found:
        assert one.summary.en
        assert one.summary.zh
        assert one.refs or one.code == "payment.not_ours"
    return {f.code: f for f in found}


def stances(told: Case) -> dict[str, str]:
    return {code: f.stance for code, f in findings(told).items()}


def twelve(*payments: Payment, **more: Any) -> Case:
    """A session of 10 kWh that costs 12.00."""
    return case(session(0, 60, 0, 10_000), payments=payments, **more)


def test_every_rule_says_what_it_holds_from_what_and_within_what_limits() -> None:
    for rule in RULES:
        assert rule.__doc__
        assert "Source:" in rule.__doc__
        assert "Limits:" in rule.__doc__


def test_nothing_paid_nothing_to_say() -> None:
    assert findings(twelve()) == {}


# payment.exceeds_bill, payment.matches_bill


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("12.02", "payment.exceeds_bill"),
        ("12.01", "payment.matches_bill"),
        ("11.99", "payment.matches_bill"),
        ("11.98", None),
    ],
)
def test_a_cent_is_no_difference(amount: str, code: str | None) -> None:
    assert list(findings(twelve(payment("P1", "capture", amount)))) == ([code] if code else [])


@pytest.mark.parametrize(
    ("topic", "category", "exceeds", "matches"),
    [
        ("overcharged", "payment", "supports", "contradicts"),
        ("charged_no_energy", "payment", "supports", "contradicts"),
        ("not_my_session", "payment", "supports", "inconclusive"),
        ("invoice", "payment", "supports", "inconclusive"),
        ("stopped_early", "equipment", "inconclusive", "inconclusive"),
    ],
)
def test_what_a_right_or_wrong_amount_means_depends_on_the_claim(
    topic: str, category: str, exceeds: str, matches: str
) -> None:
    about = {"topic": topic, "category": category}
    assert stances(twelve(payment("P1", "capture", "20.00"), **about)) == {"payment.exceeds_bill": exceeds}
    assert stances(twelve(payment("P1", "capture", "12.00"), **about)) == {"payment.matches_bill": matches}


def test_an_amount_in_dispute_is_about_money_whatever_the_topic() -> None:
    told = twelve(payment("P1", "capture", "20.00"), topic="slow", category="equipment", amount_disputed=Decimal(8))
    assert stances(told) == {"payment.exceeds_bill": "supports"}


def test_what_was_refunded_was_not_charged() -> None:
    told = twelve(payment("P1", "capture", "20.00"), payment("R1", "refund", "8.00", of="P1"))
    found = findings(told)
    assert list(found) == ["payment.matches_bill"]
    assert "8.00" in found["payment.matches_bill"].summary.en
    assert {r.id for r in found["payment.matches_bill"].refs} == {"P1", "R1", "tx"}


def test_swapped_connectors_leave_nothing_to_pay() -> None:
    told = twelve(payment("P1", "capture", "12.00"))
    swapped = Finding("connectors.swapped", "supports", 0.9, "B", Words("", ""), ())
    assert list(findings(told, swapped)) == ["payment.exceeds_bill"]


# payment.duplicate


def pair(**second: Any) -> tuple[Payment, Payment]:
    return payment("P1", "capture", "12.00", 61), payment("P2", "capture", "12.00", 62, **second)


def test_two_captures_of_an_order_are_a_duplicate_even_without_a_transaction() -> None:
    both = [replace(p, order="O1") for p in pair()]
    assert stances(case(None, payments=both))["payment.duplicate"] == "supports"
    assert stances(twelve(*both))["payment.duplicate"] == "supports"


def test_two_equal_captures_for_one_session_are_a_duplicate() -> None:
    assert stances(twelve(*pair()))["payment.duplicate"] == "supports"


def test_two_captures_for_two_sessions_are_none() -> None:
    one, two = pair(transaction="9002")
    assert stances(twelve(replace(one, transaction="9001"), two, topic="double_charged")) == {
        "payment.matches_bill": "contradicts"
    }


def test_two_payments_with_a_failed_try_between_are_none() -> None:
    one, two = payment("P1", "capture", "12.00", -6), payment("P2", "capture", "12.00", -1)
    told = twelve(one, two)
    tried = replace(told, match=replace(told.match, tries=(Try(at(-5), TOKEN, 1, "rejected"),)))
    assert "payment.duplicate" not in findings(tried)
    assert "payment.duplicate" in findings(told)


def test_a_part_paid_later_is_none() -> None:
    told = twelve(payment("P1", "capture", "5.00"), payment("P2", "capture", "7.00"))
    assert list(findings(told)) == ["payment.matches_bill"]


def test_a_prepayment_that_was_kept_beside_the_final_amount_is_one() -> None:
    told = twelve(payment("P1", "capture", "50.00", -1), payment("P2", "capture", "12.00", 61, transaction="9001"))
    assert stances(told) == {"payment.duplicate": "supports", "payment.exceeds_bill": "supports"}


def test_a_hold_and_its_capture_are_none() -> None:
    assert "payment.duplicate" not in findings(twelve(payment("H", "hold", "12.00", -1), pair()[0]))


def test_a_voided_second_capture_is_none() -> None:
    assert list(findings(twelve(*pair(), payment("V", "void", "12.00", 70, of="P2")))) == ["payment.matches_bill"]


def test_a_duplicate_that_was_given_back_supports_nothing_any_more() -> None:
    told = twelve(*pair(), payment("R", "refund", "12.00", 90, of="P2"), topic="double_charged")
    assert stances(told) == {"payment.duplicate": "inconclusive", "payment.matches_bill": "contradicts"}


# payment.without_transaction


def test_money_without_a_session_behind_it() -> None:
    told = case(None, payments=[payment("P1", "capture", "10.00")], topic="start_failed_charged")
    assert stances(told) == {"payment.exceeds_bill": "supports", "payment.without_transaction": "supports"}


def test_money_given_back_or_held_or_of_a_known_session_is_not_without_one() -> None:
    back = case(None, payments=[payment("P1", "capture", "10.00"), payment("R", "refund", "10.00", of="P1")])
    assert stances(back)["payment.without_transaction"] == "inconclusive"
    held = case(None, payments=[payment("H", "hold", "10.00")])
    assert "payment.without_transaction" not in findings(held)
    known = case(None, payments=[payment("P1", "capture", "10.00", transaction="9002")], others=[other("x", 0, 30)])
    assert "payment.without_transaction" not in findings(known)
    assert "payment.without_transaction" not in findings(twelve(payment("P1", "capture", "12.00")))


# payment.hold_open, payment.hold_released


def test_a_hold_is_open_an_hour_after_the_session() -> None:
    hold = payment("H", "hold", "50.00", -1)
    topic = {"topic": "hold_not_released"}
    assert stances(twelve(hold, filed=125, **topic)) == {"payment.hold_open": "supports"}
    assert findings(twelve(hold, filed=115, **topic)) == {}
    assert stances(case(None, payments=[hold], filed=65, **topic)) == {"payment.hold_open": "supports"}


def test_a_captured_or_voided_hold_is_not_open() -> None:
    hold = payment("H", "hold", "50.00", -1)
    assert "payment.hold_open" not in findings(twelve(hold, payment("P1", "capture", "12.00", 61, of="H")))
    assert "payment.hold_open" not in findings(twelve(hold, payment("P1", "capture", "12.00", 61)))
    assert "payment.hold_open" not in findings(twelve(hold, payment("V", "void", "50.00", 61, of="H")))


def test_a_capture_of_another_hold_leaves_the_first_one_open() -> None:
    told = twelve(
        payment("H1", "hold", "50.00", -5),
        payment("H2", "hold", "50.00", -1),
        payment("P1", "capture", "12.00", 61, of="H2"),
    )
    assert [r.id for r in findings(told)["payment.hold_open"].refs] == ["H1", "tx"]


def test_a_released_hold_contradicts_that_it_was_not_unless_released_only_later() -> None:
    hold = payment("H", "hold", "50.00", -1)
    told = twelve(hold, payment("V", "void", "50.00", 61, of="H"), topic="hold_not_released")
    assert stances(told) == {"payment.hold_released": "contradicts"}
    late = twelve(hold, payment("V", "void", "50.00", 900, of="H"), topic="hold_not_released")
    assert stances(late) == {"payment.hold_released": "inconclusive"}
    alone = twelve(hold, payment("V", "void", "50.00", 61), topic="invoice")
    assert stances(alone) == {"payment.hold_released": "inconclusive"}


# payment.not_ours


def test_a_payment_that_is_not_in_our_books() -> None:
    assert stances(case(None, payment_reference="X9")) == {"payment.not_ours": "contradicts"}
    fraud = case(None, payment_reference="X9", topic="fraud", category="other")
    assert stances(fraud) == {"payment.not_ours": "supports"}
    typed = twelve(payment("P1", "capture", "12.00"), payment_reference="X9")
    assert stances(typed)["payment.not_ours"] == "inconclusive"


@pytest.mark.parametrize("named", ["P1", " p1 ", "O1"])
def test_a_payment_or_order_on_record_is_ours(named: str) -> None:
    known = [payment("P1", "capture", "12.00", order="O1")]
    assert findings(case(None, payment_reference=named, known=known)) == {}


# bill.start_fee_after_failure


def failed(paid: str, **more: Any) -> Case:
    return case(
        session(0, 2, 0, 1_000, stop_reason="Other"),
        faults=[fault(1.9)],
        tariffs=[tariff(start_fee="2.00")],
        payments=[payment("P1", "capture", paid)],
        **more,
    )


def test_a_start_fee_after_a_failure_is_named() -> None:
    assert stances(failed("3.20"))["bill.start_fee_after_failure"] == "supports"
    assert stances(failed("2.00"))["bill.start_fee_after_failure"] == "supports"


def test_another_amount_is_no_start_fee() -> None:
    assert "bill.start_fee_after_failure" not in findings(failed("30.00"))
    assert "bill.start_fee_after_failure" not in findings(failed("1.20"))


def test_a_start_fee_for_a_session_without_energy_is_one() -> None:
    told = case(
        session(0, 30, 0, 20),
        tariffs=[tariff(start_fee="2.00")],
        payments=[payment("P1", "capture", "2.02")],
    )
    assert stances(told)["bill.start_fee_after_failure"] == "supports"


def test_a_start_fee_that_is_due_is_none() -> None:
    told = case(
        session(0, 60, 0, 10_000), tariffs=[tariff(start_fee="2.00")], payments=[payment("P1", "capture", "14.00")]
    )
    assert list(findings(told)) == ["payment.matches_bill"]


# bill.idle_justified, bill.idle_unjustified


def idled(paid: str, out: float = 120, **more: Any) -> Case:
    """10 kWh for 12.00, then plugged in from minute 60 to `out`: half of each minute beyond ten."""
    return case(
        session(0, out, 0, 10_000, stop_reason="EVDisconnected"),
        statuses=[status(0, "Charging"), status(60, "SuspendedEV"), status(out, "Available")],
        tariffs=[IDLE],
        payments=[payment("P1", "capture", paid, out + 1)],
        **({"topic": "idle_fee"} | more),
    )


def test_an_idle_fee_that_the_record_supports() -> None:
    found = findings(idled("37.00"))
    assert {c: f.stance for c, f in found.items()} == {
        "payment.matches_bill": "contradicts",
        "bill.idle_justified": "contradicts",
    }
    assert {"s60", "s120"} <= {r.id for r in found["bill.idle_justified"].refs}


def test_an_idle_fee_beyond_the_record() -> None:
    assert stances(idled("40.00"))["bill.idle_unjustified"] == "supports"
    assert stances(idled("40.00", out=65))["bill.idle_unjustified"] == "supports"
    assert "bill.idle_justified" not in findings(idled("40.00"))


def test_no_idle_fee_no_finding() -> None:
    assert not {c for c in findings(idled("12.00", out=65)) if c.startswith("bill.")}


def test_money_beyond_the_bill_is_an_idle_fee_only_where_it_can_be_one() -> None:
    other_topic = {"topic": "stopped_early", "category": "equipment"}
    assert "bill.idle_unjustified" in findings(idled("13.50", out=65, **other_topic))
    assert "bill.idle_unjustified" not in findings(idled("13.37", out=65, **other_topic))
    assert "bill.idle_unjustified" not in findings(idled("50.00", out=65, **other_topic))


# bill.period_shift


def rated(paid: str, start: str, **more: Any) -> Case:
    begin = local(start)
    return case(
        session(begin, begin + 60, 0, 30_000),
        readings=[reading(begin + 20, 10_000)],
        tariffs=[NIGHT],
        payments=[payment("P1", "capture", paid)],
        **more,
    )


def off(minutes: int) -> Clock:
    return Clock(minutes * 60, measured_on=(object(),))  # type: ignore[arg-type]


def test_a_bill_by_the_devices_slow_clock() -> None:
    assert stances(rated("39.00", "21:40", clock=off(-120)))["bill.period_shift"] == "supports"
    assert "bill.period_shift" not in findings(rated("25.00", "21:40", clock=off(-120)))
    assert "bill.period_shift" not in findings(rated("33.00", "21:40", clock=off(-120)))


def test_a_bill_by_periods_in_utc_or_an_hour_off() -> None:
    assert "bill.period_shift" in findings(rated("39.00", "23:00"))  # 15:00 in UTC
    assert "bill.period_shift" in findings(rated("39.00", "21:40"))  # an hour early: all by day


def test_a_shift_that_changes_no_price_explains_nothing() -> None:
    flat = twelve(payment("P1", "capture", "20.00"), clock=off(-120))
    assert "bill.period_shift" not in findings(flat)


def test_a_shift_in_the_drivers_favour_does_not_support_him() -> None:
    assert stances(rated("18.00", "21:40"))["bill.period_shift"] == "inconclusive"
