"""How far a station's clock is off, and a story told in our time.

Only live messages measure a clock: an old time in a replayed message is no offset. A message is live
when the station was connected all the way from its device time to our receipt, or when device time
and receipt advance at the same pace over several messages (a replay arrives faster than it happened).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median

from complaints.findings import Ref
from csms.vocabulary import Connection, Story

TOLERANCE_S = 180.0
"""JJG 1148: a charger's clock may be 3 minutes off."""
_LATE_S = 60.0
_NEAREST = 15
_EVER = timedelta(days=36_500)
_CLOSE = timedelta(hours=6)
"""Where to look first: a busy station says thousands of things a day."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Device clock minus ours, as live messages around the complaint show it; positive = ahead."""

    offset_s: float = 0.0
    measured_on: tuple[Ref, ...] = ()

    @property
    def off(self) -> bool:
        return bool(self.measured_on) and abs(self.offset_s) > TOLERANCE_S

    def ours(self, at: datetime, received_at: datetime) -> datetime:
        """The moment in our time that the device meant by `at`."""
        if not self.off or abs((at - received_at).total_seconds()) <= TOLERANCE_S:
            return at
        moved = at - timedelta(seconds=self.offset_s)
        return min(moved, received_at) if received_at > at else moved


@dataclass(frozen=True, slots=True)
class _Sample:
    at: datetime
    received_at: datetime
    frame: str
    offline: bool = False

    @property
    def ahead_s(self) -> float:
        return (self.at - self.received_at).total_seconds()


Span = tuple[datetime, datetime]


def offline_spans(connections: Sequence[Connection], since: datetime, until: datetime) -> list[Span]:
    """When no socket of the station was open between two times. Empty where no connection is on record."""
    if not connections:
        return []
    spans, covered = [], since
    for one in sorted(connections, key=lambda c: c.connected_at):
        if one.connected_at > covered:
            spans.append((covered, min(one.connected_at, until)))
        covered = max(covered, one.disconnected_at or until)
        if covered >= until:
            break
    if covered < until:
        spans.append((covered, until))
    return [(start, end) for start, end in spans if start < end]


def measure(story: Story, near: datetime) -> Clock:
    """The offset the live messages nearest to `near` agree on."""
    close = _live(_samples(story, (near - _CLOSE, near + _CLOSE)), story)
    live = close if len(close) >= _NEAREST else _live(_samples(story), story)
    nearest = sorted(live, key=lambda s: (abs((s.received_at - near).total_seconds()), s.frame))[:_NEAREST]
    if len(nearest) < 2:
        return Clock()
    offset = median(s.ahead_s for s in nearest)
    proof = sorted(nearest, key=lambda s: (s.received_at, s.frame))[:3]
    return Clock(offset, tuple(Ref("frame", s.frame, s.received_at) for s in proof))


def on_our_clock(story: Story, clock: Clock) -> Story:
    """The same story with every device time moved to ours; unchanged where the clock is right."""
    if not clock.off:
        return story
    return replace(
        story,
        transactions=tuple(
            replace(
                t,
                started_at=clock.ours(t.started_at, t.start_received_at),
                stopped_at=t.stopped_at and clock.ours(t.stopped_at, t.stop_received_at or t.stopped_at),
            )
            for t in story.transactions
        ),
        readings=tuple(replace(r, at=clock.ours(r.at, r.received_at)) for r in story.readings),
        statuses=tuple(replace(s, at=clock.ours(s.at, s.received_at)) for s in story.statuses),
        steps=tuple(replace(s, at=clock.ours(s.at, s.received_at)) for s in story.steps),
        faults=tuple(
            replace(
                f,
                opened_at=clock.ours(f.opened_at, f.received_at),
                cleared_at=f.cleared_at and f.cleared_at - timedelta(seconds=clock.offset_s),
            )
            if f.received_at and abs((f.opened_at - f.received_at).total_seconds()) > TOLERANCE_S
            else f
            for f in story.faults
        ),
    )


def _samples(story: Story, within: Span | None = None) -> list[_Sample]:
    """One sample a frame: its newest device time (a stop may carry the readings of a whole session)."""
    newest: dict[str, _Sample] = {}
    for sample in _all_samples(story, within or (story.since - _EVER, story.until + _EVER)):
        known = newest.get(sample.frame)
        if known is None or sample.at > known.at:
            newest[sample.frame] = sample
    return sorted(newest.values(), key=lambda s: (s.received_at, s.frame))


def _all_samples(story: Story, within: Span) -> Iterable[_Sample]:
    """Those received between two times."""
    first, last = within
    for status in story.statuses:
        if first <= status.received_at <= last:
            yield _Sample(status.at, status.received_at, status.frame)
    for step in story.steps:
        if first <= step.received_at <= last:
            yield _Sample(step.at, step.received_at, step.frame, step.offline)
    for reading in story.readings:
        if reading.frame and first <= reading.received_at <= last:
            yield _Sample(reading.at, reading.received_at, reading.frame)
    for t in story.transactions:
        if t.start_frame and first <= t.start_received_at <= last:
            yield _Sample(t.started_at, t.start_received_at, t.start_frame, t.offline)
        if t.stop_frame and t.stopped_at and t.stop_received_at and first <= t.stop_received_at <= last:
            yield _Sample(t.stopped_at, t.stop_received_at, t.stop_frame, t.offline)


def _live(samples: list[_Sample], story: Story) -> list[_Sample]:
    gaps = offline_spans(story.connections, story.since, story.until)
    steady = _steady(samples)
    return [s for s in samples if not s.offline and (_unbroken(s, gaps, story) or s.frame in steady)]


def _unbroken(sample: _Sample, gaps: list[Span], story: Story) -> bool:
    if sample.ahead_s >= -_LATE_S:
        return True
    if not story.connections or sample.at < story.since:
        return False
    return not any(start < sample.received_at and end > sample.at for start, end in gaps)


def _steady(samples: list[_Sample]) -> set[str]:
    """Frames in runs of three or more in which device time and receipt advance together."""
    runs: list[list[_Sample]] = []
    for sample in samples:
        if runs and _same_pace(runs[-1][-1], sample):
            runs[-1].append(sample)
        else:
            runs.append([sample])
    long = [r for r in runs if len(r) >= 3 and (r[-1].received_at - r[0].received_at).total_seconds() >= 120]
    return {s.frame for run in long for s in run}


def _same_pace(one: _Sample, other: _Sample) -> bool:
    return abs(one.ahead_s - other.ahead_s) <= 15
