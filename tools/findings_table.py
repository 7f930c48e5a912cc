"""`python -m tools.findings_table [--check]`: the table of findings in docs/evidence.md, from the rules' docstrings."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from complaints.rules import money
from complaints.rules.every import rules

PAGE = Path(__file__).parents[1] / "docs" / "evidence.md"
BEGIN, END = "<!-- findings: begin -->", "<!-- findings: end -->"
CODE = re.compile(r'"((?:payment|bill)\.[a-z_]+)"')


def told() -> Iterator[tuple[str, str, str]]:
    """(code, usual grade, what its docstring says) of every rule, in the order in which findings are told."""
    for rule in rules():
        yield rule.code, rule.grade, _plain(rule.about)
    for check in money.RULES:
        code = _code(check)
        yield code, _grade(check), _plain(inspect.getdoc(check) or "").removeprefix(f"{code}: ")


def _code(check: Callable[..., Any]) -> str:
    found = CODE.search(inspect.getsource(check).replace(inspect.getdoc(check) or "\0", ""))
    assert found is not None, check
    return found[1]


def _grade(check: Callable[..., Any]) -> str:
    """Where the grade is not fixed it is that of the energy the bill rests on."""
    found = re.search(r',\s*"([A-E])",', inspect.getsource(check))
    return found[1] if found else "as the energy"


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def table() -> str:
    rows = [f"| `{code}` | {grade} | {about} |" for code, grade, about in told()]
    return "\n".join(["| code | grade | holds when, where it comes from, its limits |", "|---|---|---|", *rows])


def page(text: str) -> str:
    """The page with today's table in it."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main() -> int:
    text = PAGE.read_text("utf-8")
    fresh = page(text)
    if "--check" in sys.argv:
        current = fresh == text
        print("docs/evidence.md is current" if current else "docs/evidence.md: run python -m tools.findings_table")
        return int(fresh != text)
    PAGE.write_text(fresh, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
