"""How whole and how trustworthy the records are. Silence never contradicts anybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from complaints.findings import Ref
from complaints.matching.clock import TOLERANCE_S
from complaints.rules.case import Case
from complaints.rules.register import Held, rule, stance
from complaints.rules.words import clock, reading_ref, start_refs, stop_refs

JITTER_S = 5.0


@rule("records.silent", grade="E")
def silent(case: Case) -> Held | None:
    """Connected, yet no frame of any kind for that connector in the window. Contract; evidence-rules 49:
    it may also mean that the driver stood elsewhere, or before a false sticker."""
    start, end = case.match.start, min(case.match.end, case.now)
    if case.transaction is not None or not case.plug_known or not case.time_known or start < case.story.since:
        return None
    if not case.story.connections or case.offline_in((start, end)) or case.tries:
        return None
    heard = [
        *(s.at for s in case.story.statuses if case.evse in (None, s.evse)),
        *(r.at for r in case.story.readings if case.evse in (None, r.evse)),
        *(c.requested_at for c in case.story.commands if c.evse in (None, 0, case.evse)),
        *(f.opened_at for f in case.faults),
        *(t.started_at for t in case.story.transactions if case.evse in (None, t.evse)),
    ]
    if any(start <= at <= end for at in heard):
        return None
    return Held(
        "inconclusive",
        f"The station was connected, but nothing is recorded for that plug around {clock(case, case.stated_at)}.",
        f"充电桩当时在线，但 {clock(case, case.stated_at)} 前后该枪没有任何记录。", (), 0.6,
    )


@rule("records.gap", grade="E")
def gap(case: Case) -> Held | None:
    """2.0.1 seqNo missing, or readings missing for more than 3 intervals, at either end only where energy flowed
    meanwhile. Contract. A station may drop samples when memory is low (2.0.1 E04), so a gap is nobody's fault by
    itself."""
    hole = _missing_steps(case) or _longest_hole(case)
    if hole is None:
        return None
    since = hole.since or hole.until
    between_en = f"between {clock(case, since)} and {clock(case, hole.until)}" if hole.since else (
        f"before {clock(case, hole.until)}")
    between_zh = f"{clock(case, since)} 至 {clock(case, hole.until)} 之间" if hole.since else (
        f"{clock(case, hole.until)} 之前")
    return Held(
        "inconclusive",
        f"Records of the session are missing {between_en}.", f"{between_zh}缺少充电记录。", hole.refs, 0.8,
    )


@rule("records.replayed", grade="B")
def replayed(case: Case) -> Held | None:
    """The transaction, or its end, reached us late from the station's offline queue. Contract;
    evidence-rules 33."""
    t = case.transaction
    if t is None:
        return None
    start_late = _came_late(case, t.started_at, t.start_received_at)
    stop_late = (
        t.stopped_at is not None and t.stop_received_at is not None
        and _came_late(case, t.stopped_at, t.stop_received_at)
    )
    queued = [s for s in case.steps if s.offline]
    if not (start_late or stop_late or t.offline or queued or not case.timed):
        return None
    came = t.start_received_at if start_late else t.stop_received_at or t.start_received_at
    refs = (*start_refs(t), *stop_refs(t), *(Ref("frame", s.frame, s.received_at) for s in queued[:2]))
    return Held(
        "inconclusive",
        f"The station was offline; its records of this session reached us only at {clock(case, came)}.",
        f"充电桩当时离线，本次充电的记录在 {clock(case, came)} 才补传到平台。", refs, 0.93,
    )


@rule("clock.offset", grade="B")
def offset(case: Case) -> Held | None:
    """The device clock is off by more than 3 min from receipt time, measured on live messages. Contract;
    JJG 1148 allows 3 min; evidence-rules 17. Replayed messages are late, not off."""
    if not case.plug_known:
        return None
    t = case.transaction
    if not case.clock.off and t is not None and "clock_unset" in t.suspect:
        return Held(
            stance(case, supports=("wrong_tariff", "invoice")),
            "The station's clock had never been set; the times of this session are those at which we heard of it.",
            "充电桩时钟从未校准，本次充电的时间以平台收到的时间为准。",
            start_refs(t), 0.95,
        )
    if not case.clock.off:
        return None
    minutes = round(abs(case.clock.offset_s) / 60)
    slow = case.clock.offset_s < 0
    return Held(
        stance(case, supports=("wrong_tariff", "overcharged", "invoice")),
        f"The station's clock was {minutes} min {'slow' if slow else 'fast'}, so the times it printed are wrong.",
        f"充电桩时钟{'慢' if slow else '快'}了 {minutes} 分钟，因此它记录的时间不准确。",
        case.clock.measured_on, 0.95,
    )


@dataclass(frozen=True, slots=True)
class Hole:
    """A stretch of the session that the records should tell of and do not; `since` None: its beginning."""

    since: datetime | None
    until: datetime
    refs: tuple[Ref, ...]


def _missing_steps(case: Case) -> Hole | None:
    """The first hole in the sequence numbers. A station that numbers nothing (always 0, station-surprises 11) has
    none; one that does and never told of the start has lost that too (2.0.1 E01)."""
    steps = sorted(case.steps, key=lambda s: s.seq_no)
    if steps and steps[0].seq_no > 0 and all(s.type != "Started" for s in steps):
        return Hole(None, steps[0].at, (Ref("frame", steps[0].frame, steps[0].at),))
    for one, other in pairwise(steps):
        if other.seq_no - one.seq_no > 1:
            return Hole(one.at, other.at, tuple(Ref("frame", s.frame, s.at) for s in (one, other)))
    return None


def _longest_hole(case: Case) -> Hole | None:
    """The longest stretch without a reading, where it is longer than three usual intervals."""
    regular = [r for r in case.readings if r.context in ("Sample.Periodic", "Sample.Clock")]
    times = sorted({r.at: r for r in regular}.values(), key=lambda r: r.at)
    steps = [(b.at - a.at).total_seconds() for a, b in pairwise(times)]
    if len(steps) < 3:
        return None
    marks = [(r.at, reading_ref(r)) for r in times]
    first, last = (r.energy_wh for r in (times[0], times[-1]))
    t = case.transaction
    if t and _flowed(t.meter_start_wh, first):
        marks.insert(0, (t.started_at, start_refs(t)[-1]))
    if t and t.stop_received_at and t.stopped_at and _flowed(last, t.meter_stop_wh):
        marks.append((t.stopped_at, stop_refs(t)[-1]))
    longest = max(pairwise(marks), key=lambda pair: pair[1][0] - pair[0][0])
    (since, one), (until, other) = longest
    long = (until - since).total_seconds() > 3 * median(steps) + JITTER_S
    return Hole(since, until, (one, other)) if long else None


def _flowed(before_wh: float | None, after_wh: float | None) -> bool:
    """A station may well read nothing while nothing flows."""
    return before_wh is not None and after_wh is not None and after_wh - before_wh >= 50


def _came_late(case: Case, at: datetime, received_at: datetime) -> bool:
    """Said by the device minutes before we heard it, and it was offline then; where no connection is on record,
    lateness has to speak for itself."""
    late = received_at - at
    if case.offline_at(at):
        return late > timedelta(seconds=30)
    off = not case.story.connections or bool(case.offline_in((at, at + timedelta(minutes=3))))
    return late > timedelta(seconds=TOLERANCE_S) and off
