"""Stretches of time: what a plug was from one report to the next, and how such stretches overlap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from csms.vocabulary import StatusChange

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of time in which the connector (or the charging state) was one thing."""

    status: str
    start: datetime
    end: datetime
    frame: str

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


def phases_of(statuses: Sequence[StatusChange], start: datetime, end: datetime) -> tuple[Phase, ...]:
    """The phases that reports in time order make, as far as they lie between two times."""
    found: list[Phase] = []
    for one, following in zip_longest(statuses, statuses[1:]):
        begin, close = max(one.at, start), min(following.at if following else end, end)
        if begin < close:
            found.append(Phase(one.status, begin, close, one.frame))
    return tuple(found)


def overlap_s(one: Span, other: Span) -> float:
    return max(0.0, (min(one[1], other[1]) - max(one[0], other[0])).total_seconds())


def total_s(phases: Iterable[Phase], *statuses: str) -> float:
    return sum(p.seconds for p in phases if p.status in statuses)
