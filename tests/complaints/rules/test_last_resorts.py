"""Guards, remedies and verdicts of less common stories, each both ways."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from complaints.billing import expected_bill
from complaints.judge import judge
from complaints.rules.case import Case
from complaints.rules.every import findings
from complaints.rules.money import money_findings
from tests.complaints.billing.told import case, charged, payment, reading, session, status
from tests.complaints.stories import FILED, Tale, session as good


def stances(told: Case) -> dict[str, str]:
    plain = findings(told)
    return {f.code: f.stance for f in (*plain, *money_findings(told, expected_bill(told, plain), plain))}


@pytest.mark.parametrize(("said", "minutes_ago", "guarded"), [
    ("Installing", 20, True), ("Downloading", 20, True), ("Installed", 20, False), ("InstallationFailed", 20, False),
    ("Installing", 25 * 60, False), (None, 0, False),
])  # fmt: skip
def test_no_restart_while_firmware_is_being_installed(said: str | None, minutes_ago: float, guarded: bool) -> None:
    tale = good()
    when = FILED - timedelta(minutes=minutes_ago) if said else None
    story = replace(tale.story(), station=replace(tale.station, firmware_status=said, firmware_status_at=when))
    actions = {a.action: a.guards for a in judge(tale.claim("stopped_early"), story).remote}
    assert ("G4" in actions["reset"]) is guarded
    assert "G4" not in actions["trigger"]


def test_a_stuck_plug_of_a_running_session_is_stopped_first() -> None:
    running = Tale().status(-40, "Available").plugged(-31).start(-30).status(-29.9, "Charging").charges(-29, -1)
    still = judge(running.claim("connector_stuck", occurred=-2), running.story())
    assert {"stop"} <= {r.kind for r in still.remedies}
    over = good()
    assert "stop" not in {r.kind for r in judge(over.claim("connector_stuck"), over.story()).remedies}


def test_energy_after_the_stop_explains_a_plug_that_stays_locked() -> None:
    t = session(0, 30, 1_000, 11_000, stop_reason="EmergencyStop")
    late = [reading(m, 11_000 + (m - 30) * 300, w=18_000) for m in (31, 35, 40)]
    assert stances(case(t, readings=late, topic="connector_stuck", category="equipment", filed=45)) \
        ["energy.after_stop"] == "supports"
    assert "energy.after_stop" not in stances(case(t, topic="connector_stuck", category="equipment", filed=45))


def test_another_car_in_the_session_bears_out_that_he_got_no_such_energy() -> None:
    t = session(0, 60, 0, 20_000, stop_reason="EVDisconnected")
    plug = [status(0.1, "Charging"), status(20, "Available"), status(25, "Preparing"), status(26, "Charging")]
    inner = charged(range(5, 60, 5), 2_000, 19_000)
    found = stances(case(t, readings=inner, statuses=plug, topic="charged_no_energy"))
    assert found["vehicle.other_in_session"] == "supports"
    assert "vehicle.other_in_session" not in stances(case(t, readings=inner, statuses=plug[:1]))


def test_a_clock_never_set_is_off_by_more_than_any_offset() -> None:
    t = session(0, 60, 0, 10_000)
    assert stances(case(replace(t, suspect=("clock_unset",)), topic="invoice"))["clock.offset"] == "supports"
    assert "clock.offset" not in stances(case(t, topic="invoice"))


def test_the_rest_of_a_hold_is_open_where_he_says_it_is_blocked() -> None:
    t = session(0, 60, 0, 10_000)
    hold, taken = payment("H", "hold", "50.00", -1, order="O"), payment("P", "capture", "12.00", 61, order="O")
    assert stances(case(t, payments=[hold, taken], topic="hold_not_released"))["payment.hold_open"] == "supports"
    assert "payment.hold_open" not in stances(case(t, payments=[hold, taken], topic="double_charged"))
    void = payment("V", "void", "50.00", 62, of="H")
    assert "payment.hold_open" not in stances(case(t, payments=[hold, taken, void], topic="hold_not_released"))


def test_a_refund_on_record_answers_that_the_money_was_kept() -> None:
    t = session(0, 60, 0, 10_000)
    paid, back = payment("P", "capture", "50.00", -1), payment("R", "refund", "38.00", 61, of="P")
    assert stances(case(t, payments=[paid, back], topic="hold_not_released"))["payment.matches_bill"] == "contradicts"
    just = payment("P", "capture", "12.00", 61)
    assert stances(case(t, payments=[just], topic="hold_not_released"))["payment.matches_bill"] == "inconclusive"


def test_money_for_nothing_bears_out_that_it_did_not_start() -> None:
    paid = payment("P", "capture", "30.00", -1)
    nothing = case(None, payments=[paid], topic="cannot_start", category="equipment")
    assert stances(nothing)["payment.without_transaction"] == "supports"
    back = payment("R", "refund", "30.00", 5, of="P")
    given = case(None, payments=[paid, back], topic="cannot_start", category="equipment")
    assert stances(given)["payment.without_transaction"] == "inconclusive"


def test_too_much_taken_is_never_left_undecided() -> None:
    tale = good(reason="Other", card=False).pays(-59, "40.00", transaction="1")
    claim = tale.claim("stopped_early")
    assert judge(claim, tale.story()).verdict == "partly_upheld"
    fair = good(reason="Other", card=False).pays(-59, "7.50", transaction="1")
    assert judge(fair.claim("stopped_early"), fair.story()).verdict == "inconclusive"




def test_a_station_that_waits_because_we_refused_the_card_holds_nothing_back() -> None:
    t = session(0, 10, 0, 4, stop_reason="DeAuthorized", token_status="Expired")
    waiting = [status(0.1, "SuspendedEVSE")]
    told = case(t, statuses=waiting, topic="stopped_early", category="equipment")
    assert stances(told)["station.suspended"] == "inconclusive"
    accepted = case(replace(t, token_status="Accepted"), statuses=waiting, topic="stopped_early", category="equipment")
    assert stances(accepted)["station.suspended"] == "supports"
