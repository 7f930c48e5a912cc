"""docs/compatibility.md names a test for every row, and the tests are there."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "compatibility.md").read_text()
NAMED = re.compile(r"^\| (\d+) \|.*`test_(quirk|surprise)_(\d+)(\w*)` \|$", re.MULTILINE)


def test_every_row_has_its_test() -> None:
    code = "".join((HERE / f"test_{name}.py").read_text() for name in ("quirks", "quirks_of_manner", "surprises"))
    rows = NAMED.findall(PAGE)
    for row, kind, number, rest in rows:
        assert int(row) == int(number)
        assert f"async def test_{kind}_{number}{rest}(" in code
    assert [int(r[0]) for r in rows if r[1] == "quirk"] == list(range(1, 46))
    assert [int(r[0]) for r in rows if r[1] == "surprise"] == list(range(1, 16))
