"""Which stretch of time a chart shows: around the session, wider, or whatever was zoomed to. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from complaints.web import shown
from complaints.web.records import Records

Record = Mapping[str, Any]

AROUND = timedelta(minutes=10)
WITHOUT_A_SESSION = timedelta(hours=1)
NEAR = timedelta(hours=3)
SPANS = {"session": None, "hours": timedelta(hours=3), "all": timedelta(days=9)}
SHORTEST, LONGEST = timedelta(seconds=20), timedelta(days=40)


@dataclass(frozen=True, slots=True)
class Window:
    since: datetime
    until: datetime

    @property
    def length(self) -> timedelta:
        return self.until - self.since

    def moved(self, by: float, times: float = 1.0) -> Window:
        """Shifted by a part of its own length, then longer or shorter around its middle."""
        middle = self.since + self.length * (0.5 + by)
        length = min(max(self.length * times, SHORTEST), LONGEST)
        return Window(middle - length / 2, middle + length / 2)

    @property
    def query(self) -> dict[str, int]:
        """As an address has it: whole seconds since 1970."""
        return {"since": int(self.since.timestamp()), "until": -int(-self.until.timestamp() // 1)}


def asked(since: str, until: str) -> Window | None:
    """What an address asks for; None where it asks for nothing sensible."""
    if not (since.isdecimal() and until.isdecimal() and len(since) < 12 and len(until) < 12):
        return None
    begin, end = (datetime.fromtimestamp(int(text), UTC) for text in (since, until))
    return Window(begin, end) if SHORTEST <= end - begin <= LONGEST else None


def window(records: Records, matched: Record | None, span: str) -> Window:
    """Around the session, with the stated time and the payments near it; or as many hours as asked for."""
    claim, story = records.claim, records.story
    filed, stated = shown.moment(claim["filed_at"]), claim.get("occurred_at")
    anchor = shown.moment(stated) if stated else filed
    begin = shown.moment(matched["started_at"]) if matched else anchor
    end = shown.moment(matched["stopped_at"] or story["until"]) if matched else anchor
    near = [at for at in _moments(claim, story) if begin - NEAR <= at <= end + NEAR] if matched else []
    room = AROUND if matched else WITHOUT_A_SESSION
    since, until = min([begin, *near]) - room, max([end, *near]) + room
    if wider := SPANS.get(span):
        since, until = begin - wider, end + wider
    since = max(since, min(shown.moment(story["since"]), begin - room))
    return Window(since, max(min(until, max(filed, end) + room), since + timedelta(minutes=5)))


def _moments(claim: Record, story: Record) -> list[datetime]:
    stated = [shown.moment(claim["occurred_at"])] if claim.get("occurred_at") else []
    return stated + [shown.moment(p["at"]) for p in story["payments"]]


