"""Write docs/process.md from the built-in policy. A test fails when the two differ."""

from __future__ import annotations

from pathlib import Path

from complaints.policy import DEFAULT
from complaints.sop import both

PAGE = Path(__file__).parents[1] / "docs" / "process.md"

if __name__ == "__main__":
    PAGE.write_text(both(DEFAULT), "utf-8")
