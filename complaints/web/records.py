"""The records a case was judged by, as pages need them: kept ready once read, because frozen evidence never changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from complaints.desk import Desk
from complaints.evidence import Assessment

KEPT = 12
"""How many cases' records stay ready. One with 20,000 readings takes some 20 MB."""

LISTS = {
    "transaction": ("transactions", "elsewhere"), "reading": ("readings",), "fault": ("faults",),
    "command": ("commands",), "connection": ("connections", "neighbours"),
}
"""Where in a story the records of a kind lie."""


@dataclass(frozen=True, slots=True)
class Records:
    """A frozen claim and story, as kept (JSON)."""

    claim: Mapping[str, Any]
    story: Mapping[str, Any]
    drawn: dict[tuple[str, str], Any] = field(default_factory=dict)
    """(span, language) -> its chart, once drawn."""

    def find(self, kind: str, id: str) -> Mapping[str, Any] | None:
        """The record a proof names. Frames have a table of their own."""
        if kind == "payment":
            return next((p for p in self.story["payments"] if p["reference"] == id), None)
        return next((r for name in LISTS.get(kind, ()) for r in self.story[name] if r["id"] == id), None)


class Shelf:
    """Gives out frozen records, reading each version once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept: OrderedDict[tuple[str, int], Records] = OrderedDict()

    async def of(self, assessment: Assessment) -> Records | None:
        key = (assessment.complaint, assessment.version)
        if key not in self._kept:
            frozen = await self._desk.frozen(*key)
            if frozen is None:
                return None
            self._kept[key] = Records(frozen["claim"], frozen["story"])
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]
