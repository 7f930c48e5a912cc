"""The table of findings in the docs is what the rules say today, and names every code of the contract."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.findings_table import PAGE, page, told

CONTRACT = Path(__file__).parents[3] / "shared" / "contract" / "codes.md"


def test_the_page_is_current() -> None:
    text = PAGE.read_text("utf-8")
    assert page(text) == text, "run python -m tools.findings_table"


def test_every_rule_says_what_it_holds() -> None:
    rows = list(told())
    assert len({code for code, _, _ in rows}) == len(rows)
    assert all(len(about) > 30 for _, _, about in rows)


@pytest.mark.skipif(not CONTRACT.exists(), reason="the contract is not beside this checkout")
def test_every_code_of_the_contract_has_its_rule() -> None:
    table = CONTRACT.read_text("utf-8").split("## Findings")[1].split("## The expected bill")[0]
    named = {code for line in table.splitlines() if line.startswith("| ")
             for code in re.findall(r"[a-z]+\.[a-z_]+", line.split("|")[1])}
    assert named - {code for code, _, _ in told()} == set()
