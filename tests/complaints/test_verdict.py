"""Verdict, liability, remedies and remote actions of whole stories, and the order of the table."""

from __future__ import annotations

from pathlib import Path

import pytest

from complaints.billing import energy_of
from complaints.findings import Judgement
from complaints.judge import case_of, judge
from complaints.rules.words import kwh
from complaints.verdict.table import TABLE
from tests.complaints.case_story import Told, differences
from tests.complaints.rules.test_both_ways import left_running, limited, offered, refused, swapped, tries
from tests.complaints.stories import HERS, HIS, Tale, session

ODD_TRAFFIC = {"en-app-shows-free-updating-16", "en-clock-at-1970-16", "zh-hant-orphan-stops-nearby-16",
               "zh-stop-came-as-minus-one-16"}
"""What only the central system makes sense of: unset clocks, stops of no known id, firmware. tests/test_cases.py
plays these as well."""
CASES = sorted(p for p in (Path(__file__).parents[1] / "cases").glob("**/*.yaml") if p.stem not in ODD_TRAFFIC)


def judged(tale: Tale, topic: str, **claim: object) -> Judgement:
    return judge(tale.claim(topic, **claim), tale.story())  # type: ignore[arg-type]


def kinds(judgement: Judgement) -> set[str]:
    return {r.kind for r in judgement.remedies}


def guards(judgement: Judgement, action: str) -> tuple[str, ...]:
    return next(r for r in judgement.remote if r.action == action).guards


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_a_case_is_judged_as_a_fair_reader_would(path: Path) -> None:
    told = Told(path)
    for category, topic in told.topics:
        claim, story = told.claim(category, topic), told.story
        assert not differences(told.expect, judge(claim, story), case_of(claim, story).transaction)


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_the_driver_reads_the_energy_that_the_bill_counts(path: Path) -> None:
    """Also where the start is lost, or a part of it went to another car."""
    told = Told(path)
    claim = told.claim(*told.topics[0])
    said, case = judge(claim, told.story), case_of(claim, told.story)
    if case.transaction and said.bill and any(line.what.startswith("Energy") for line in said.bill.lines):
        assert kwh(float(energy_of(case).wh)) in said.explanation.en


@pytest.mark.parametrize(("tale", "topic", "verdict", "liability"), [
    (session(), "stopped_early", "not_upheld", "customer"),
    (session(card=False), "stopped_early", "not_upheld", "customer"),
    (session(card=False, reason=None), "stopped_early", "inconclusive", "unknown"),
    (session(card=False, reason="Other"), "stopped_early", "inconclusive", "unknown"),
    (session(card=False, reason="EVDisconnected"), "stopped_early", "inconclusive", "unknown"),
    (session(card=False, reason="Reboot"), "stopped_early", "upheld", "station"),
    (session(card=False, reason="PowerLoss"), "stopped_early", "upheld", "grid"),
    (session(card=False, reason="EmergencyStop"), "stopped_early", "upheld", "third_party"),
    (session().fault(-60.2, "internal"), "stopped_early", "upheld", "station"),
    (session().fault(-60.2, "voltage"), "stopped_early", "upheld", "grid"),
    (session(card=False, reason="Remote").asks(-60.1, "stop", said="1", by="wang"), "stopped_early", "upheld",
     "backoffice"),
    (session(v2=True, reason="StoppedByEV", card=False), "stopped_early", "not_upheld", "vehicle"),
    (offered(60_000, 30_000), "slow", "not_upheld", "vehicle"),
    (offered(20_000, 19_000), "slow", "upheld", "station"),
    (offered(20_000, 9_000), "slow", "inconclusive", "unknown"),
    (limited(), "slow", "upheld", "site"),
    (tries(HIS), "cannot_start", "upheld", "station"),
    (tries(HIS, plugged=False), "cannot_start", "not_upheld", "customer"),
    (refused("Blocked"), "cannot_start", "not_upheld", "customer"),
    (refused("ConcurrentTx"), "cannot_start", "upheld", "backoffice"),
    (refused("ConcurrentTx").elsewhere(-100, -20), "cannot_start", "not_upheld", "customer"),
    (refused("Invalid", before="Accepted"), "cannot_start", "upheld", "backoffice"),
    (Tale().status(-300, "Faulted"), "cannot_start", "upheld", "station"),
    (Tale().drops(-100, -50), "station_down", "upheld", "network"),
    (Tale(), "cannot_start", "inconclusive", "unknown"),
    (session().fault(-59, "lock", code="ConnectorLockFailure"), "connector_stuck", "upheld", "station"),
    (session().fault(-59, "lock", code="EVRetentionLock.Problem"), "connector_stuck", "upheld", "vehicle"),
    (Tale().plugged(-91).start(-90).charges(-85, -5), "connector_stuck", "not_upheld", "customer"),
    (left_running(), "cannot_stop", "upheld", "station"),
    (swapped().pays(-59, transaction="1"), "charged_no_energy", "upheld", "station"),
    (session().pays(-59, "7.50"), "overcharged", "not_upheld", "customer"),
    (session().pays(-59, "9.50"), "overcharged", "upheld", "backoffice"),
    (session().pays(-59, "7.50").fault(-80, "meter"), "energy_too_high", "inconclusive", "station"),
    (session(watts=0).pays(-91, "20.00").status(-89, "SuspendedEV"), "charged_no_energy", "upheld", "vehicle"),
    (session().pays(-91, "20.00").pays(-59, "12.50", kind="refund", reference="P2", of="P1"), "charged_no_energy",
     "not_upheld", "customer"),
    (session(), "attitude", "inconclusive", "backoffice"),
    (Tale(), "noise", "inconclusive", "site"),
    (session().fault(-70, "internal"), "car_damage", "inconclusive", "unknown"),
])
def test_who_is_right_and_who_is_liable(tale: Tale, topic: str, verdict: str, liability: str) -> None:
    found = judged(tale, topic)
    assert (found.verdict, found.liability) == (verdict, liability), found.steps
    assert found.steps
    assert found.explanation.en.count("  ") == 0
    assert found.explanation.zh.endswith("。")


def test_what_was_taken_for_nothing_is_given_back_to_the_cent() -> None:
    found = judged(session(watts=0).pays(-91, "20.00"), "charged_no_energy")
    assert [(r.amount, r.currency) for r in found.remedies if r.kind == "refund"] == [(20, "EUR")]
    assert "no_refund" not in kinds(found)


def test_a_right_bill_is_explained_not_refunded() -> None:
    assert kinds(judged(session().pays(-59, "7.50"), "overcharged")) == {"no_refund"}


def test_a_running_session_is_not_refunded_yet() -> None:
    found = judged(Tale().plugged(-20).start(-20).charges(-15, -5).pays(-21, "50.00"), "overcharged", occurred=-15)
    assert "refund" not in kinds(found)


def test_a_restart_is_proposed_where_it_may_help_and_nobody_charges() -> None:
    hung = tries(HIS)
    assert "reset" in kinds(judged(hung, "cannot_start"))
    busy = tries(HIS).start(-30, token=HERS, evse=2, number=9).charges(-25, -2, number=9)
    found = judged(busy, "cannot_start")
    assert guards(found, "reset") == ("G2",)
    assert "reset" not in kinds(found)


def test_a_session_whose_plug_is_free_again_does_not_forbid_a_restart() -> None:
    stale = tries(HIS).start(-300, token=HERS, evse=2, number=9).status(-200, "Available", evse=2)
    assert guards(judged(stale, "cannot_start"), "reset") == ()
    assert guards(judged(stale, "cannot_start"), "reset_hard") == ("G3",)


@pytest.mark.parametrize("kind", ["ground", "emergency", "overcurrent"])
def test_a_dangerous_fault_forbids_what_makes_live(kind: str) -> None:
    found = judged(session(card=False, reason="Other").fault(-60.2, kind), "stopped_early")
    for action in ("reset", "unlock", "start"):
        assert "G1" in guards(found, action)
    for action in ("stop", "set_inoperative", "trigger"):
        assert guards(found, action) == ()
    assert kinds(found) >= {"dispatch", "set_inoperative"}


def test_a_plug_is_unlocked_only_after_the_session() -> None:
    running = Tale().plugged(-91).start(-90).charges(-85, -5)
    assert guards(judged(running, "connector_stuck"), "unlock") == ("G5",)
    ended = session().fault(-59.5, "lock", code="ConnectorLockFailure")
    ended.lists["statuses"] = [s for s in ended.lists["statuses"] if s.status != "Available"]
    found = judged(ended, "connector_stuck")
    assert guards(found, "unlock") == ()
    assert "unlock" in kinds(found)


def test_two_restarts_an_hour_are_enough() -> None:
    tale = tries(HIS).asks(-40, "reset", by="li", evse=None).asks(-20, "reset", by="li", evse=None)
    assert guards(judged(tale, "cannot_start"), "reset") == ("G7",)


def test_a_station_that_was_offline_minutes_ago_may_hold_records() -> None:
    assert guards(judged(tries(HIS).drops(-6, -3), "cannot_start"), "reset") == ("G3",)


def test_danger_ends_the_session_and_keeps_people_away() -> None:
    found = judged(Tale().plugged(-30).start(-30).charges(-25, -2), "safety", occurred=-5)
    assert kinds(found) >= {"stop", "set_inoperative", "dispatch", "apologise"}
    assert guards(found, "reset")[0] == "G1"
    assert found.verdict == "inconclusive"


def test_nothing_is_done_to_a_station_nobody_named() -> None:
    found = judged(session(), "attitude", token=None, station=None, evse=None)
    assert not found.findings
    assert {r.guards for r in found.remote} == {("G6",)}
    assert kinds(found) == {"apologise"}


def test_the_driver_is_not_told_which_colleague_it_was() -> None:
    tale = session(card=False, reason="SoftReset").asks(-60.2, "reset", by="agent:wang", evse=None)
    found = judged(tale, "stopped_early")
    assert "wang" not in found.explanation.en + found.explanation.zh
    assert any("wang" in f.summary.en for f in found.findings)


def test_the_same_complaint_gives_the_same_judgement() -> None:
    tale = session().pays(-59, "9.50").fault(-70, "temperature")
    assert repr(judged(tale, "overcharged")) == repr(judged(tale, "overcharged"))


def test_every_row_of_the_table_has_its_own_name() -> None:
    names = [row.name for row in TABLE]
    assert len(names) == len(set(names))
