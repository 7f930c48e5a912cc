"""The records a case was judged by, as pages need them: kept ready once read, because frozen evidence never changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from complaints.desk import Desk
from complaints.evidence import Assessment

KEPT = 12
"""How many cases' records stay ready. One with 20,000 readings takes some 20 MB."""

TENS = len("2026-11-30T02:12:1")
"""Two times that are alike so far are less than ten seconds apart; most are, and need not be read."""

LISTS = {
    "transaction": ("transactions", "elsewhere"), "reading": ("readings",), "fault": ("faults",),
    "command": ("commands",), "connection": ("connections", "neighbours"),
}
"""Where in a story the records of a kind lie."""


def _stamp(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


@dataclass(frozen=True, slots=True)
class Records:
    """A frozen claim and story, as kept (JSON)."""

    claim: Mapping[str, Any]
    story: Mapping[str, Any]
    gathered_at: datetime
    """Nothing is known beyond it."""
    drawn: dict[tuple[str, str], Any] = field(default_factory=dict)
    """(span, language) -> its chart, once drawn."""
    sorted_: dict[Any, Any] = field(default_factory=dict)

    def readings_of(self, evse: int | None) -> tuple[Sequence[float], Sequence[Mapping[str, Any]]]:
        """(times, readings) of one plug in order of the charger's time; sorted once."""
        if evse not in self.sorted_:
            found = [(_stamp(r["at"]), n, r) for n, r in enumerate(self.story["readings"]) if r["evse"] == evse]
            found.sort()
            self.sorted_[evse] = [stamp for stamp, _, _ in found], [r for _, _, r in found]
        times, readings = self.sorted_[evse]
        return times, readings

    def skewed(self, by_s: float) -> Sequence[tuple[float, float, str | None]]:
        """(said, received, frame) of what was received at another time than it says, by at least `by_s` seconds, which
        are ten or more.
        """
        key = ("skewed", by_s)
        if key not in self.sorted_:
            # What a stop brings along of its whole session was never meant to come earlier.
            stops = {t["stop_frame"] for t in self.story["transactions"]}
            found = ((_stamp(r["at"]), _stamp(r["received_at"]), r["frame"])
                     for name in ("readings", "statuses", "steps") for r in self.story[name]
                     if r["at"][:TENS] != r["received_at"][:TENS] and r["frame"] not in stops)
            self.sorted_[key] = [one for one in found if abs(one[1] - one[0]) >= by_s]
        skewed: Sequence[tuple[float, float, str | None]] = self.sorted_[key]
        return skewed

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
            self._kept[key] = Records(frozen["claim"], frozen["story"], assessment.assessed_at)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]
