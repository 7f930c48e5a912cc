"""What the records say of a topic that the words leave open."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from complaints.intake.classify import TOPICS, classify
from complaints.intake.weigh import LEANINGS, by_records, is_open, weigh
from complaints.judge import _FACTS

CODES = set(re.findall(r"^\| `([a-z_.]+)` \|", Path("docs/evidence.md").read_text("utf-8"), re.MULTILINE))
CUT_OFF = "充到一半整個停掉，樁亮紅燈，重新插也沒反應，只好拖著三十幾%的電去別站充。"


def test_every_record_and_topic_of_the_table_exists() -> None:
    facts = {name for name, _ in _FACTS}
    assert CODES
    assert set(LEANINGS) <= CODES | facts
    assert {topic for leaning in LEANINGS.values() for topic in leaning} <= set(TOPICS)


def test_a_session_that_ran_and_was_cut_off_is_no_dead_station() -> None:
    words = {"station_down": 0.6, "cannot_start": 0.12, "stopped_early": 0.06}
    found = weigh(words, {"session", "energy.delivered", "stop.by_fault"})
    assert found.topic == "stopped_early"
    assert "stop.by_fault" in found.because


def test_without_a_session_the_words_stand() -> None:
    words = {"station_down": 0.6, "cannot_start": 0.12, "stopped_early": 0.06}
    found = weigh(words, {"no session", "connection.offline_then"})
    assert (found.topic, found.because) == ("station_down", ())


def test_nothing_on_record_changes_nothing() -> None:
    said = classify(CUT_OFF)
    found = by_records(said, CUT_OFF, frozenset())
    assert (found.topic, found.level, found.because) == (said.topic, said.level, said.because)


def test_records_never_invent_a_topic_nor_make_one_impossible() -> None:
    words = {"stopped_early": 0.7, "charged_no_energy": 0.2}
    found = weigh(words, set(LEANINGS))
    assert found.topic in words
    assert all(likelihood > 0 for _, likelihood in found.others)


def test_words_of_danger_are_not_weighed() -> None:
    said = classify("枪头冒烟了，一股糊味")
    assert said.danger
    assert not is_open(replace(said, confidence=0.5))


def test_department_and_level_follow_the_topic() -> None:
    said = replace(classify(CUT_OFF), topic="slow", confidence=0.4, alternatives=(("invoice", 0.38),))
    found = by_records(said, CUT_OFF, {"energy.none", "session"})
    assert (found.topic, found.category, found.department, found.level) == ("invoice", "payment", "finance", 3)
    assert found.because[0].startswith("records: ")
