"""Keeping: versions of a case's assessment, with the frozen evidence of each."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from complaints import phrases, thread
from complaints.cases import Case
from complaints.chinese import traditional
from complaints.evidence.freeze import Judged
from complaints.evidence.shape import differences, note_of
from complaints.evidence.why import in_chinese
from complaints.findings import Words
from complaints.states import can
from complaints.thread import SYSTEM, Draft
from csms.api import FrameRow
from csms.kit.clock import iso
from csms.kit.db import Conn, Row

TOLD = ("verdict", "bill", "remedies")
"""What the customer is told of when later records change it; the result itself comes from a person."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """One version of what was judged. `judgement` is in the contract's shape."""

    complaint: str
    version: int
    assessed_at: datetime
    asked_by: str
    reason: str | None
    checksum: str
    judgement: Mapping[str, Any]
    changed: Sequence[Mapping[str, Any]]


def as_json(assessment: Assessment) -> dict[str, Any]:
    """The contract's assessment, with what changed since the version before."""
    return {
        "complaint": assessment.complaint, "version": assessment.version,
        "assessed_at": iso(assessment.assessed_at), "checksum": assessment.checksum,
        **assessment.judgement, "asked_by": assessment.asked_by, "reason": assessment.reason,
        "changed": list(assessment.changed),
    }


LOCK = "select version, assess_because from complaints where number = $1 for update"
ADD = """
    insert into assessments (complaint, version, assessed_at, asked_by, reason, checksum, judgement, changed, evidence)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
COPY_FRAMES = """
    insert into evidence_frames (complaint, id, version, station, seq, at, received_at, kind, message_id, action,
        frame, hash, prev_hash, repairs, by)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    on conflict (complaint, id) do nothing
"""
ASSESSED = """
    update complaints set version = $2, verdict = $3, matched = $4, matched_station = $5, matched_evse = $6
    where number = $1
"""
# News that came after the facts were gathered is still to be looked at.
SEEN = """
    update complaints set reassess = coalesce(news_at > $2, false),
        assess_because = case when news_at > $2 then assess_because end
    where number = $1
"""


async def keep(
    conn: Conn, case: Case, judged: Judged, *, by: str, reason: str | None, now: datetime, always: bool
) -> Assessment:
    """Store a new version. Without `always`, a judgement that says the same makes none: gives the one there is.

    `now` is from before the facts were gathered: what is older than that has been seen.
    """
    row = await conn.fetchrow(LOCK, case.number)
    version, reason = row["version"], reason or row["assess_because"]
    await conn.execute(SEEN, case.number, now)
    latest = await newest(conn, case.number) if version else None
    changed = differences(latest.judgement, judged.judgement) if latest else []
    if latest and not changed and not always:
        return latest
    made = Assessment(case.number, version + 1, now, by, reason, judged.checksum, judged.judgement, changed)
    kept = (now, by, reason, made.checksum, dict(made.judgement), changed, judged.evidence)
    await conn.execute(ADD, case.number, made.version, *kept)
    await conn.executemany(COPY_FRAMES, [_frame_row(case.number, made.version, frame) for frame in judged.frames])
    await _note(conn, case, made, judged, now)
    return made


def _frame_row(number: str, version: int, f: FrameRow) -> tuple[Any, ...]:
    return (
        number, f.id, version, f.station, f.seq, f.at, f.received_at, f.kind, f.message_id, f.action, f.frame, f.hash,
        f.prev_hash, list(f.repairs), f.by,
    )


async def _note(conn: Conn, case: Case, made: Assessment, judged: Judged, now: datetime) -> None:
    """The case knows its newest assessment, and the thread that and why it came."""
    matched = judged.matched
    verdict = made.judgement["verdict"]
    await conn.execute(
        ASSESSED, case.number, made.version, verdict, matched.id if matched else None,
        matched.station if matched else None, matched.evse if matched else None,
    )
    note = note_of(made.changed)
    body = {
        "version": made.version, "checksum": made.checksum, "verdict": verdict,
        "liability": made.judgement["liability"], "changed": [change["field"] for change in made.changed],
        "note": {"en": note.en, "zh": note.zh},
    }
    if made.judgement["station"] != made.judgement["named_station"]:
        body |= {"station": made.judgement["station"], "named_station": made.judgement["named_station"]}
    text = _told(made.reason or "", note, case.language)
    move = "assess" if can("assess", case.state) else None
    draft = Draft("assessment", made.asked_by, text, body=body, move=move)
    await thread.add(conn, case.number, draft, now)
    if made.asked_by == SYSTEM and any(change["field"] in TOLD for change in made.changed):
        said = phrases.say("looked_again", case.language)
        draft = Draft("message", SYSTEM, said, "customer", {"cause": "looked_again"}, key=f"again:{made.version}")
        await thread.add(conn, case.number, draft, now)


def _told(reason: str, note: Words, language: str) -> str:
    """Why it was judged again and what it changed, for whoever reads the thread."""
    if language == "en":
        return ". ".join(filter(None, (reason, note.en)))
    said = "。".join(filter(None, (in_chinese(reason), note.zh)))
    return traditional(said) if language == "zh-Hant" else said


COLUMNS = "complaint, version, assessed_at, asked_by, reason, checksum, judgement, changed"
NEWEST = f"select {COLUMNS} from assessments where complaint = $1 order by version desc limit 1"
VERSIONS = f"select {COLUMNS} from assessments where complaint = $1 order by version"
FROZEN = "select evidence from assessments where complaint = $1 and version = $2"
CHECKSUM = "select checksum from assessments where complaint = $1 and version = $2"
FRAMES = """
    select id, station, seq, at, received_at, kind, message_id, action, frame, hash, prev_hash, repairs, by
    from evidence_frames where complaint = $1 order by received_at, station, seq
"""


def _assessment(row: Row) -> Assessment:
    return Assessment(**dict(row))


FRAME = """
    select id, station, seq, at, received_at, kind, message_id, action, frame, hash, prev_hash, repairs, by
    from evidence_frames where complaint = $1 and id = $2
"""


async def newest(conn: Conn, number: str) -> Assessment | None:
    row = await conn.fetchrow(NEWEST, number)
    return _assessment(row) if row else None


async def versions(conn: Conn, number: str) -> list[Assessment]:
    """All versions, oldest first."""
    return [_assessment(row) for row in await conn.fetch(VERSIONS, number)]


async def frozen(conn: Conn, number: str, version: int) -> dict[str, Any] | None:
    """What a version rests on: claim, story, frames, judgement. Raises ValueError when the bytes were altered."""
    plain = await frozen_bytes(conn, number, version)
    if plain is None:
        return None
    if hashlib.sha256(plain).hexdigest() != await conn.fetchval(CHECKSUM, number, version):
        raise ValueError(f"the evidence of {number} version {version} does not fit its checksum")
    found: dict[str, Any] = orjson.loads(plain)
    return found


async def frozen_bytes(conn: Conn, number: str, version: int) -> bytes | None:
    """The very bytes a version's checksum is of, for others to check."""
    packed = await conn.fetchval(FROZEN, number, version)
    return zlib.decompress(packed) if packed is not None else None


async def frames(conn: Conn, number: str) -> list[FrameRow]:
    """The frozen frames of a case, all versions, by receipt."""
    return [FrameRow(**dict(row) | {"repairs": tuple(row["repairs"])}) for row in await conn.fetch(FRAMES, number)]


async def frame(conn: Conn, number: str, id: str) -> FrameRow | None:
    """One frozen frame of a case."""
    row = await conn.fetchrow(FRAME, number, id)
    return FrameRow(**dict(row) | {"repairs": tuple(row["repairs"])}) if row else None
