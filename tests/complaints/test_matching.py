"""Which transaction a complaint is about: found by what he names, never guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from complaints.matching import Match, match, measure, on_our_clock
from complaints.matching.tries import starts_asked, tries_of
from tests.complaints.stories import FILED, HERS, HIS, Tale, at, session


def matched(tale: Tale, topic: str = "slow", **claim: object) -> Match:
    return match(tale.claim(topic, **claim), tale.story())  # type: ignore[arg-type]


def number(found: Match) -> int | None:
    return found.transaction.number if found.transaction else None


def two_plugs() -> Tale:
    """Hers on plug 1, his on plug 2, two minutes apart."""
    tale = Tale().start(-92, token=HERS, number=7).stop(-60, wh=9000, number=7)
    return tale.start(-90, evse=2, number=8).stop(-60, wh=9000, number=8)


def test_his_card_outweighs_the_plug_he_names() -> None:
    found = matched(two_plugs(), evse=1)
    assert number(found) == 8
    assert found.candidate
    assert "the customer's token" in found.candidate.because
    assert not found.alternatives


def test_the_payment_he_names_outweighs_the_plug() -> None:
    found = matched(two_plugs().pays(-59, reference="P9", transaction="8", evse=2), token=None, payment_reference="P9")
    assert number(found) == 8
    assert found.evse == 2
    assert [p.reference for p in found.payments] == ["P9"]


def test_a_prepayment_is_tied_to_the_start_after_it() -> None:
    tale = two_plugs().pays(-90.5, reference="P9", evse=2)
    assert number(matched(tale, token=None, payment_reference="P9", occurred=None, evse=None)) == 8


def test_plug_and_time_are_enough_where_nobody_else_fits() -> None:
    assert number(matched(session(), token=None)) == 1


def test_time_alone_is_not() -> None:
    assert matched(session(), token=None, evse=2).transaction is None
    assert matched(session(), token=None, evse=None, station=None).transaction is None


def test_a_strangers_session_is_left_out_where_his_card_is_known() -> None:
    found = matched(Tale().start(-90, token=HERS).stop(-60, wh=9000))
    assert found.transaction is None
    assert not found.alternatives


def test_a_strangers_good_session_is_not_his_where_he_says_that_it_never_began() -> None:
    assert matched(session(), "cannot_start", token=None).transaction is None
    assert number(matched(session(watts=0), "cannot_start", token=None)) == 1


@pytest.mark.parametrize("topic", ["bay_blocked", "attitude", "suggestion"])
def test_where_he_did_not_charge_only_his_own_card_finds_a_session(topic: str) -> None:
    assert matched(session(), topic, token=None).transaction is None
    assert number(matched(session(), topic)) == 1


def test_two_sessions_that_fit_alike_are_not_decided() -> None:
    found = matched(two_plugs(), token=None, evse=None)
    assert found.transaction is None
    assert len(found.alternatives) == 2


def test_the_session_he_was_in_beats_the_one_that_had_just_ended() -> None:
    tale = Tale().start(-200, token=HERS, number=7).stop(-92, wh=9000, number=7)
    tale.start(-88, token="C", number=8).stop(-60, wh=9000, number=8)
    assert number(matched(tale, token=None, occurred=-85)) == 8


def test_his_session_of_another_time_of_day_is_not_meant() -> None:
    assert matched(session(), occurred=-900).transaction is None
    assert number(matched(session(), occurred=None)) == 1


def test_a_failed_try_is_found_where_there_is_no_session() -> None:
    found = matched(Tale().plugged(-81).asks(-80, "start", state="rejected"), "cannot_start")
    assert found.transaction is None
    assert [t.outcome for t in found.tries] == ["rejected"]


def test_the_failed_try_he_paid_for_is_meant_not_the_later_success() -> None:
    tale = Tale().asks(-80, "start").pays(-80.2, reference="P1").asks(-70, "start").pays(-70.2, reference="P2")
    tale.start(-69.5).stop(-40, wh=9000)
    found = matched(tale, "start_failed_charged", payment_reference="P1")
    assert found.transaction is None
    assert [p.reference for p in found.payments] == ["P1"]
    assert number(matched(tale, "overcharged", payment_reference="P2", occurred=-69)) == 1


def test_a_card_shown_to_stop_is_no_try() -> None:
    assert not tries_of(starts_asked(session().card(-60.2).story()), FILED)


def test_a_card_shown_after_the_plug_opened_the_transaction_is_no_try() -> None:
    tale = Tale(v2=True).plugged(-91).start(-91)
    tale.card(-90).charges(-85, -65).stop(-60, wh=9000)
    assert not tries_of(starts_asked(tale.story()), FILED)


def test_a_refused_card_is_a_try_and_so_is_an_unanswered_start() -> None:
    tale = Tale().card(-80, status="Invalid").asks(-70, "start", state="sent").asks(-60, "start", state="offline")
    tries = tries_of(starts_asked(tale.story()), FILED)
    assert [t.outcome for t in tries] == ["token_refused", "unanswered", "offline"]


def test_the_stations_question_about_a_token_we_sent_is_the_same_act() -> None:
    acts = starts_asked(Tale().asks(-90.2, "start").card(-90.1).start(-90).stop(-60).story())
    assert len(acts) == 1
    assert acts[0].transaction


def test_a_start_may_still_come() -> None:
    assert [t.outcome for t in tries_of(starts_asked(Tale().asks(-1, "start").story()), FILED)] == ["pending"]


def test_his_session_elsewhere_is_pointed_at() -> None:
    found = matched(Tale().elsewhere(-90, -60))
    assert found.transaction is None
    assert found.elsewhere
    assert found.elsewhere.station == "FAR"


def test_a_replay_is_no_offset_and_an_offset_is_no_replay() -> None:
    replay = Tale().drops(-100, -30).start(-90, came=-29.9).charges(-85, -65, came=-29.8).stop(-60, wh=1, came=-29.7)
    assert not measure(replay.status(-20, "Available").story(), at(-80)).off
    slow = Tale().slow_clock(45).plugged(-91).start(-90).charges(-85, -65).stop(-60, wh=9000).story()
    clock = measure(slow, at(-80))
    assert clock.off
    assert clock.offset_s == -45 * 60
    assert on_our_clock(slow, clock).transactions[0].started_at == at(-90)


def test_a_slow_clock_is_measured_even_right_after_a_reconnect() -> None:
    tale = Tale().drops(-200, -95).slow_clock(45).plugged(-91).start(-90).charges(-85, -65).stop(-60, wh=9000)
    assert measure(tale.story(), at(-80)).off


def test_the_token_is_compared_without_regard_to_case() -> None:
    tale = session()
    tale.transactions[1] = replace(tale.transactions[1], token=HIS.lower())
    assert number(matched(tale)) == 1
