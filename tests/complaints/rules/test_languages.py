"""Whatever is found is said in one language at a time."""

from __future__ import annotations

import re

import pytest

from complaints.chinese import traditional
from complaints.evidence.shape import differences, judgement_json, note_of
from complaints.judge import judge
from tests.complaints.rules.test_both_ways import BOTH, Teller, tries
from tests.complaints.stories import HIS, session

CHINESE = re.compile(r"[\u4e00-\u9fff，。；：（）]")
CODE = re.compile(r"[a-z_]+\.[a-z_]+|（[^）]*）|kWh|kW|APP|tx-\S+|ref-\S+|command|link")
"""Names of findings, what stands in brackets as the station sent it, units, ids."""
ENGLISH = re.compile(r"[A-Za-z]{4,}")


@pytest.mark.parametrize(("topic", "holds"), [(topic, holds) for _, topic, holds, _ in BOTH])
def test_no_sentence_mixes_languages(topic: str, holds: Teller) -> None:
    tale = holds()
    judged = judge(tale.claim(topic), tale.story())
    for said in (*(f.summary for f in judged.findings), judged.explanation, judged.agent_note):
        assert not CHINESE.search(said.en), said.en
        assert not ENGLISH.search(CODE.sub("", said.zh)), said.zh


def test_what_changed_is_told_in_one_language_too() -> None:
    before, after = (judgement_json(judge(tale.claim("charged_no_energy"), tale.story())) for tale in (
        tries(HIS).pays(-81), session().pays(-81, "7.50", transaction="1")))
    note = note_of(differences(before, after))
    assert "成立" in note.zh
    assert "upheld" in note.en
    assert not CHINESE.search(note.en)
    assert not ENGLISH.search(CODE.sub("", note.zh)), note.zh


def test_traditional_characters_are_those_in_print() -> None:
    assert traditional("请重启充电桩并说明用户的账户") == "請重啟充電樁並說明用戶的賬戶"
