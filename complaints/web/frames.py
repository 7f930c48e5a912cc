"""The frame viewer of a station: both ways, question and answer side by side, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import Response

from complaints.web.frame import Visit, url
from complaints.web.gloss import gloss
from complaints.web.proof import frame_facts, page
from complaints.web.stations import head, station_of
from csms.api import FrameRow
from csms.errors import BadInput, NotFound

FRAMES = 40
BACK, BACK_FOR_WORDS = timedelta(days=31), timedelta(days=3)
"""How far back one look goes: what is rare is looked for step by step."""
ANSWERED_WITHIN = timedelta(minutes=10)
ACTIONS = (
    "StatusNotification", "BootNotification", "StartTransaction", "StopTransaction", "TransactionEvent", "MeterValues",
    "Authorize", "Heartbeat", "NotifyEvent", "NotifyReport", "SecurityEventNotification", "DataTransfer", "Reset",
    "UnlockConnector", "TriggerMessage", "ChangeAvailability", "GetConfiguration", "GetVariables", "GetDiagnostics",
    "GetLog", "RemoteStartTransaction", "RequestStartTransaction", "RemoteStopTransaction", "RequestStopTransaction",
)
WAYS = ("received", "sent", "connected", "disconnected")


@dataclass(frozen=True, slots=True)
class Pair:
    """A question with its answer; or one of them alone, or a connection event."""

    first: FrameRow
    answer: FrameRow | None
    words: str
    reply: str

    @property
    def refused(self) -> bool:
        told = self.answer or self.first
        return bool(told.frame and told.frame.startswith("[4"))

    @property
    def took_s(self) -> float | None:
        return (self.answer.received_at - self.first.received_at).total_seconds() if self.answer else None


async def listed(visit: Visit) -> Response:
    station = await station_of(visit)
    action, way, words = visit.query("action"), visit.query("way"), visit.query("q")[:100]
    before = _before(visit) or visit.now + timedelta(minutes=5)
    since = before - (BACK_FOR_WORDS if words else BACK)
    rows = await visit.site.csms.archive.latest_frames(
        station.id, before, since=since, action=action or None, kind=way if way in WAYS else None, words=words or None,
        limit=FRAMES,
    )
    found = [row_of(row) for row in rows]
    pairs = paired(await _with_answers(visit, station.id, found), visit, keep={r.id for r in found})
    last = found[-1].received_at if len(found) == FRAMES else since
    kept = {"action": action, "way": way, "q": words}
    return visit.page(
        "station_frames.html" if visit.partial else "station_frames_page.html", **head(station, "frames"),
        pairs=pairs, actions=ACTIONS, chosen=kept, looked_back_to=since if len(found) < FRAMES else None,
        older=url("desk", "stations", station.id, "frames", **kept, before=last.isoformat()),
        newest=url("desk", "stations", station.id, "frames", **kept) if visit.query("before") else None,
    )


async def _with_answers(visit: Visit, id: str, rows: Sequence[FrameRow]) -> list[FrameRow]:
    """A filter leaves answers out: fetch them, and the questions of answers that stand alone."""
    ids = [r.message_id for r in rows if r.message_id]
    if not ids:
        return list(rows)
    since, until = rows[-1].received_at - ANSWERED_WITHIN, rows[0].received_at + ANSWERED_WITHIN
    more = await visit.site.csms.archive.answers(id, since, until, ids)
    known = {r.id for r in rows}
    found = [*rows, *(r for row in more if (r := row_of(row)).id not in known)]
    return sorted(found, key=lambda r: (r.received_at, r.seq), reverse=True)


def _before(visit: Visit) -> datetime | None:
    try:
        found = datetime.fromisoformat(visit.query("before")) if visit.query("before") else None
    except ValueError:
        raise BadInput("before", "must be a time") from None
    return found if found is None or found.tzinfo else None


def row_of(row: Any) -> FrameRow:
    return FrameRow(
        id=f"{row['station']}:{row['seq']}", station=row["station"], seq=row["seq"], at=row["at"],
        received_at=row["received_at"], kind=row["kind"], message_id=row["message_id"], action=row["action"],
        frame=row["frame"], hash=row["hash"].hex(), prev_hash=row["prev_hash"].hex(),
        repairs=tuple(row["repairs"] or ()), by=row["by"],
    )


def paired(rows: Sequence[FrameRow], visit: Visit, keep: set[str]) -> list[Pair]:
    """Newest first; an answer stands beside its question. Only pairs with one of `keep` in them."""
    answers = {(r.message_id, r.kind): r for r in rows if _is_answer(r)}
    asked = {(r.message_id, "sent" if r.kind == "received" else "received") for r in rows if not _is_answer(r)}
    made = []
    for row in rows:
        if _is_answer(row) and (row.message_id, row.kind) in asked:
            continue
        other = "sent" if row.kind == "received" else "received"
        answer = None if _is_answer(row) or not row.message_id else answers.get((row.message_id, other))
        if row.id not in keep and (answer is None or answer.id not in keep):
            continue
        words = gloss(row.kind, row.action, row.frame, visit.tongue)
        reply = gloss(answer.kind, answer.action, answer.frame, visit.tongue) if answer else ""
        made.append(Pair(row, answer, words, reply))
    return made


def _is_answer(row: FrameRow) -> bool:
    return bool(row.frame) and str(row.frame).lstrip().startswith(("[3", "[4"))


async def one(visit: Visit) -> Response:
    id = f"{visit.part('id')}:{visit.part('seq')}"
    found = next(iter(await visit.site.csms.frames_by_id([id])), None)
    if found is None:
        raise NotFound(f"there is no frame {id}")
    return page(visit, **frame_facts(visit, found), back=url("desk", "stations", visit.part("id"), "frames"))
