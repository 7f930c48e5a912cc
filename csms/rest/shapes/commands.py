"""Commands and the files they bring."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from csms.rest.shapes.base import Shape, when
from csms.uploads import Upload
from csms.vocabulary import CommandFact


class CommandShape(Shape):
    id: str
    station: str
    action: str
    payload: dict[str, Any]
    state: str
    answer: dict[str, Any] | None
    effect: str
    effect_at: datetime | None
    requested_by: str
    requested_at: datetime
    sent_at: datetime | None
    settled_at: datetime | None
    reason: str | None
    complaint: str | None
    frame: str | None
    answer_frame: str | None


def command(fact: CommandFact) -> dict[str, Any]:
    return {
        "id": fact.id, "station": fact.station, "action": fact.action, "payload": dict(fact.payload),
        "state": fact.state, "answer": dict(fact.answer) if fact.answer is not None else None, "effect": fact.effect,
        "effect_at": when(fact.effect_at), "requested_by": fact.requested_by,
        "requested_at": when(fact.requested_at), "sent_at": when(fact.sent_at), "settled_at": when(fact.settled_at),
        "reason": fact.reason, "complaint": fact.complaint, "frame": fact.frame, "answer_frame": fact.answer_frame,
    }


class UploadShape(Shape):
    id: str
    station: str
    command: str | None
    created_at: datetime
    expires_at: datetime
    received_at: datetime | None
    name: str | None
    bytes: int | None
    sha256: str | None
    complaint: str | None
    excerpt: str | None
    """Where the words that were looked for stand first."""


def upload(fact: Upload, excerpt: str | None = None) -> dict[str, Any]:
    return {
        "complaint": fact.complaint, "excerpt": excerpt,
        "id": fact.id, "station": fact.station, "command": fact.command, "created_at": when(fact.created_at),
        "expires_at": when(fact.expires_at), "received_at": when(fact.received_at), "name": fact.name,
        "bytes": fact.bytes, "sha256": fact.sha256,
    }
