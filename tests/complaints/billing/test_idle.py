"""The idle fee by the connector's own record."""

from __future__ import annotations

from decimal import Decimal

from complaints.billing import expected_bill, idle_of
from complaints.rules.case import Case
from csms.vocabulary import Connection, StatusChange
from tests.complaints.billing.told import at, case, fault, other, reading, session, status, tariff

FEE = tariff(idle=(10, "0.50", None))
CAPPED = tariff(idle=(10, "0.50", "5.00"))


def minutes(told: Case) -> float | None:
    idle = idle_of(told)
    return None if idle is None else float(idle.seconds) / 60


def stayed(*more: StatusChange, states: bool = False, **kept: object) -> Case:
    """Charging to minute 60, the plug out at 120."""
    marks = [
        status(0, "Charging", states=states),
        status(60, "SuspendedEV", states=states),
        status(120, "Available"),
        *more,
    ]
    return case(session(0, 120, 0, 10_000, stop_reason="EVDisconnected"), statuses=marks, tariffs=[FEE], **kept)  # type: ignore[arg-type]


def test_from_suspended_by_the_car_to_available() -> None:
    assert minutes(stayed()) == 60
    bill = expected_bill(stayed())
    assert bill
    assert bill.expected == Decimal("12.00") + 25
    assert bill.lines[-1].what == "Idle fee after 10 min free"
    assert (bill.lines[-1].quantity, bill.lines[-1].amount) == ("50 min", Decimal("25.00"))


def test_charging_states_tell_it_as_well() -> None:
    told = case(
        session(0, 60, 0, 10_000, reference="ref", number=None),
        statuses=[
            status(-1, "Occupied"),
            status(0, "Charging", states=True),
            status(60, "EVConnected", states=True),
            status(120, "Available"),
        ],
        tariffs=[FEE],
    )
    assert minutes(told) == 60


def test_the_change_counts_that_comes_in_the_second_of_the_last_reading() -> None:
    told = case(
        session(0, 60, 0, 10_000, reference="ref", number=None),
        statuses=[
            status(0, "Charging", states=True),
            status(30, "Charging", states=True),
            status(30, "SuspendedEV", states=True),
            status(60, "EVConnected", states=True),
            status(120, "Available"),
        ],
        tariffs=[FEE],
    )
    assert minutes(told) == 90


def test_the_cap_holds() -> None:
    told = stayed()
    bill = expected_bill(case(told.transaction, statuses=told.story.statuses, tariffs=[CAPPED]))
    assert bill
    assert bill.lines[-1].amount == 5
    assert bill.lines[-1].what.endswith("capped")


def test_within_the_grace_it_is_free() -> None:
    told = case(
        session(0, 61, 0, 10_000),
        statuses=[status(0, "Charging"), status(60, "SuspendedEV"), status(70, "Available")],
        tariffs=[FEE],
    )
    bill = expected_bill(told)
    assert bill
    assert bill.expected == 12


def test_charging_again_puts_the_end_off() -> None:
    assert minutes(stayed(status(80, "Charging"), status(90, "SuspendedEV"))) == 30


def test_energy_that_is_seen_to_flow_on_puts_the_end_off() -> None:
    told = stayed(readings=[reading(58, 9_000), reading(65, 9_500), reading(75, 10_000), reading(90, 10_000)])
    assert minutes(told) == 45


def test_without_a_status_the_stop_ends_the_energy() -> None:
    told = case(session(0, 60, 0, 10_000), statuses=[status(90, "Available")], tariffs=[FEE])
    assert minutes(told) == 30


def test_the_next_transaction_is_an_unplugging() -> None:
    told = case(
        session(0, 60, 0, 10_000),
        statuses=[status(0, "Charging"), status(60, "Finishing")],
        others=[other("next", 85)],
        tariffs=[FEE],
    )
    assert minutes(told) == 25


def test_where_no_unplugging_is_on_record_only_what_is_seen_counts() -> None:
    told = case(session(0, 80, 0, 10_000), statuses=[status(0, "Charging"), status(60, "SuspendedEV")], tariffs=[FEE])
    assert minutes(told) == 20


def test_a_session_that_ended_by_unplugging_has_no_idle_time() -> None:
    told = case(
        session(0, 60, 0, 10_000, stop_reason="EVDisconnected"),
        statuses=[status(0, "Charging"), status(61, "Available")],
        tariffs=[FEE],
    )
    assert minutes(told) is None


def test_not_while_the_station_was_offline() -> None:
    lines = (Connection("c1", "A", at(-600), at(70)), Connection("c2", "A", at(100), None))
    assert minutes(stayed(connections=lines)) == 30


def test_not_while_a_lock_fault_held_the_cable_but_another_fault_is_no_excuse() -> None:
    assert minutes(stayed(faults=[fault(65, "lock")])) == 5
    assert minutes(stayed(faults=[fault(65, "lock", 80), fault(70, "lock", 85)])) == 40
    assert minutes(stayed(faults=[fault(65, "temperature")])) == 60


def test_the_grace_is_not_eaten_by_the_stations_own_minutes() -> None:
    idle = idle_of(stayed(faults=[fault(60, "lock", 75)]))
    assert idle
    assert FEE.idle
    assert idle.paid_minutes(FEE.idle) == 35


def test_no_idle_fee_for_a_session_that_delivered_nothing() -> None:
    told = stayed()
    bill = expected_bill(case(session(0, 120, 0, 20), statuses=told.story.statuses, tariffs=[FEE]))
    assert bill
    assert bill.expected == 0
