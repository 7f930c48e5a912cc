"""The same matter told twice, as the case page shows it: which other cases it may be, and which go on here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from complaints.thread import Entry
from complaints.web.because import reason
from complaints.web.tongue import Tongue


@dataclass(frozen=True, slots=True)
class Alike:
    """Another case that may be the same, and why."""

    number: str
    because: str


def alike(entries: Sequence[Entry], tongue: Tongue) -> list[Alike]:
    """The likeliest first, as they were noted at filing."""
    noted = [one for e in entries if e.type == "duplicates" for one in e.body.get("cases", ())]
    return [Alike(one["number"], "; ".join(reason(why, tongue) for why in one["because"])) for one in noted]


def joined(entries: Sequence[Entry]) -> list[str]:
    """Cases that go on in this one."""
    here: dict[str, None] = {}
    for e in entries:
        if e.type == "merged_here":
            here[e.body["case"]] = None
        elif e.type == "unmerged":
            here.pop(e.body["case"], None)
    return list(here)
