"""Making a case's scenario: its frozen evidence, and the journal around it while that is still there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from complaints.desk import Desk
from complaints.scenario.write import Material, write
from csms.api import Csms, FrameRow
from csms.errors import NotFound
from csms.kit.clock import parse_time

MOST_FRAMES = 50_000
ANSWERED_WITHIN = timedelta(minutes=2)


async def make(desk: Desk, number: str, version: int | None = None) -> dict[str, Any]:
    """The scenario of a case as one version judged it (the newest without). Raises NotFound."""
    case = await desk.case(number)
    versions = {a.version: a for a in await desk.assessments(number)}
    assessment = versions.get(version or max(versions, default=0))
    frozen = await desk.frozen(number, assessment.version) if assessment else None
    if assessment is None or frozen is None:
        raise NotFound(f"there is no such assessment of {number} yet")
    story = frozen["story"]
    frames = await _frames(desk, number, story)
    named = {case.station, story["station"]["id"], *(t["station"] for t in story["elsewhere"]),
             *(c["station"] for c in story["neighbours"])}
    known = frozenset([id for id in named if id and await desk.csms.station(id) is not None])
    return write(Material(
        case, assessment.assessed_at, story, assessment.judgement, frozen["claim"], frames, known
    ))


async def _frames(desk: Desk, number: str, story: Mapping[str, Any]) -> Sequence[FrameRow]:
    """The judged window of the journal, and what the story knows from outside of it, with the answers to that."""
    csms, station = desk.csms, story["station"]["id"]
    found = {frame.id: frame for frame in await desk.frames(number)}
    if station:
        since, until = parse_time(story["since"]), parse_time(story["until"])
        window = await csms.frames(station, since, until, limit=MOST_FRAMES)
        found |= {frame.id: frame for frame in window}
    outside = [id for id in cited(story) if id not in found]
    for frame in await csms.frames_by_id(outside) if outside else []:
        found[frame.id] = frame
    for frame in [found[id] for id in outside if id in found]:
        if answer := await _answer(csms, frame):
            found[answer.id] = answer
    return list(found.values())


async def _answer(csms: Csms, asked: FrameRow) -> FrameRow | None:
    if asked.kind != "received" or not asked.message_id:
        return None
    after = await csms.frames(asked.station, asked.received_at, asked.received_at + ANSWERED_WITHIN, limit=200)
    return next(
        (f for f in after if f.seq > asked.seq and f.kind == "sent" and f.message_id == asked.message_id), None
    )


def cited(story: Mapping[str, Any]) -> list[str]:
    """Ids of all frames that anything in the story stands on."""
    groups = (
        "transactions", "elsewhere", "readings", "statuses", "steps", "faults", "authorizations", "commands", "boots",
        "limits",
    )
    rows: Iterable[Mapping[str, Any]] = (row for group in groups for row in story.get(group, ()))
    names = ("frame", "start_frame", "stop_frame", "answer_frame")
    found = [row[name] for row in rows for name in names if row.get(name)]
    found += [row["frame"] for row in story["last_status_before"].values()]
    return list(dict.fromkeys(found))
