"""Freezing: a judgement with the frames and facts it rests on, as bytes with a checksum."""

from __future__ import annotations

import asyncio
import hashlib
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson

from complaints import overrides
from complaints.claim import Claim
from complaints.evidence.gather import gather
from complaints.evidence.shape import judgement_json
from complaints.findings import Judgement
from complaints.overrides import Override
from csms.api import Csms, FrameRow
from csms.vocabulary import Story, Transaction

Judge = Callable[[Claim, Story], Judgement]

FRAMES_AROUND = timedelta(minutes=30)
LONGEST_FREEZE = timedelta(hours=26)
MOST_FRAMES = 5_000


@dataclass(frozen=True, slots=True)
class Judged:
    """A judgement with the exact bytes it rests on."""

    judgement: Mapping[str, Any]
    matched: Transaction | None
    frames: tuple[FrameRow, ...]
    evidence: bytes
    """zlib of canonical JSON: claim, story, [frame id, hash] pairs, judgement."""
    checksum: str
    """SHA-256 of that JSON, in hex."""


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)


def canonical(value: Any) -> bytes:
    """The same bytes for the same facts: sorted keys, UTC times with Z, amounts as text."""
    options = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
    return orjson.dumps(value, default=_default, option=options)


async def judge_now(
    csms: Csms, judge: Judge, claim: Claim, now: datetime, *, earlier: Sequence[str] = (),
    decided: Mapping[str, Override] | None = None, given_back: Collection[str] = (),
) -> Judged:
    """Gather, judge, and copy what the judgement rests on. Writes nothing.

    `earlier`: tokens of the same person's earlier cases. `decided`: what a person has put over the rules.
    `given_back`: references of what this very case paid back. That is its outcome and no evidence: a driver who
    was right is not wrong because he has got his money.
    """
    decided = decided or {}
    if chosen := decided.get("transaction"):
        claim = replace(claim, settled_on=str(chosen.value))
    gathered = await gather(csms, claim, now, earlier)
    claim, story = gathered.claim, gathered.story
    if given_back:
        story = replace(story, payments=tuple(p for p in story.payments if p.reference not in given_back))
    # In a thread: stations on this process's sockets are not to wait for a judgement.
    judgement = await asyncio.to_thread(judge, claim, story)
    matched = transaction_of(story, judgement)
    frames = await _frames(csms, story, judgement, matched, claim)
    shape, plain = await asyncio.to_thread(_sealed, claim, story, frames, judgement, decided)
    return Judged(shape, matched, frames, zlib.compress(plain, 3), hashlib.sha256(plain).hexdigest())


async def on_record(
    csms: Csms, recorded: Callable[[Claim, Story], frozenset[str]], claim: Claim, now: datetime
) -> frozenset[str]:
    """What is on record where a claim leads, before it is filed. Writes nothing."""
    gathered = await gather(csms, claim, now)
    return await asyncio.to_thread(recorded, gathered.claim, gathered.story)


def _sealed(
    claim: Claim, story: Story, frames: Sequence[FrameRow], judgement: Judgement, decided: Mapping[str, Override]
) -> tuple[Mapping[str, Any], bytes]:
    """The assessment in the contract's shape, and the bytes that its checksum is of."""
    shape = judgement_json(judgement)
    shape["station"], shape["named_station"] = story.station.id or None, claim.named_station or claim.station
    shape = overrides.apply(shape, decided)
    document = {
        "claim": claim, "story": story, "frames": [[frame.id, frame.hash] for frame in frames], "judgement": shape,
    }
    return shape, canonical(document)


def transaction_of(story: Story, judgement: Judgement) -> Transaction | None:
    """The matched transaction itself."""
    if judgement.transaction is None:
        return None
    return next((t for t in (*story.transactions, *story.elsewhere) if t.id == judgement.transaction.id), None)


async def _frames(
    csms: Csms, story: Story, judgement: Judgement, matched: Transaction | None, claim: Claim
) -> tuple[FrameRow, ...]:
    """The journal of the judged window, and every frame that a finding cites."""
    cited = dict.fromkeys(ref.id for f in judgement.findings for ref in f.refs if ref.kind == "frame")
    since, until = freeze_window(story, matched, claim)
    station = matched.station if matched else story.station.id
    rows = await csms.frames(station, since, until, limit=MOST_FRAMES) if station else []
    have = {row.id for row in rows}
    missing = [id for id in cited if id not in have]
    rows = [*rows, *(await csms.frames_by_id(missing) if missing else [])]
    return tuple(sorted(rows, key=lambda row: (row.station, row.seq)))


def freeze_window(story: Story, matched: Transaction | None, claim: Claim) -> tuple[datetime, datetime]:
    """Receipt times whose frames are copied: around the transaction, or around the stated time. Bounded."""
    if matched:
        since = min(matched.started_at, matched.start_received_at)
        stops = [at for at in (matched.stopped_at, matched.stop_received_at) if at]
        until = max(stops, default=story.until)
    else:
        since = until = claim.occurred_at or story.until
    since, until = since - FRAMES_AROUND, until + FRAMES_AROUND
    return since, min(until, since + LONGEST_FREEZE)
