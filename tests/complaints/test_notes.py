"""What the agent is told about a judgement."""

from __future__ import annotations

import re

from complaints.judge import judge
from tests.complaints.rules.test_both_ways import tries
from tests.complaints.stories import HIS, Tale, session


def note(tale: Tale, topic: str) -> str:
    return judge(tale.claim(topic), tale.story()).agent_note.en


def test_the_agent_reads_what_was_matched_decided_weighed_billed_and_proposed() -> None:
    said = note(session(watts=0).pays(-91, "20.00"), "charged_no_energy")
    assert said.startswith("Matched to session 1 at ")
    assert 'by the row "paid, and no energy for it"' in said
    assert "For the claim: " in said
    assert "energy.none (grade B)" in said
    assert "charged 20.00, 20.00 too much" in said
    assert "refund 20.00" in said


def test_the_agent_reads_that_only_tries_were_found_and_what_must_not_be_done() -> None:
    assert "came to nothing" in note(tries(HIS), "cannot_start")
    danger = judge(Tale().claim("safety"), Tale().story()).agent_note
    assert re.search(r"Not now: .*reset.*\(G1", danger.en)
    assert "暂不可" in danger.zh
