"""The journal, and what was odd in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from pydantic import Field

from csms.kit.db import Row
from csms.rest.shapes.base import Shape, exact, some, when


class FrameShape(Shape):
    seq: int
    station: str
    at: datetime | None = Field(description="The device's time, where the message has one.")
    received_at: datetime
    kind: str
    message_id: str | None
    action: str | None
    frame: list[Any] | str | None = Field(description="The JSON array, or the text as it came where it is none.")
    hash: str
    prev_hash: str
    repairs: list[str]
    by: str | None
    complaint: str | None
    protocol: str | None = Field(None, description="Of `connected`.")
    code: int | None = Field(None, description="Of `disconnected`: the WebSocket close code.")
    text: str | None = Field(None, description="With `?raw=true`: exactly what was hashed.")


def frame(row: Row, *, raw: bool = False) -> dict[str, Any]:
    kind, said = row["kind"], row["frame"]
    shape = {
        "seq": row["seq"], "station": row["station"], "at": when(row["at"]), "received_at": exact(row["received_at"]),
        "kind": kind, "message_id": row["message_id"], "action": row["action"],
        "frame": None if kind == "disconnected" else parsed(said), "hash": row["hash"].hex(),
        "prev_hash": row["prev_hash"].hex(), "repairs": list(row["repairs"] or ()), "by": row["by"],
        "complaint": row["complaint"],
    }
    if kind == "connected":
        shape |= {"action": None, "protocol": row["action"]}
    if kind == "disconnected":
        shape["code"] = code_of(said)
    if raw:
        shape["text"] = said
    return shape


def parsed(text: str | None) -> list[Any] | str | None:
    """A frame as the JSON array it is, otherwise as text."""
    try:
        value = orjson.loads(text or "")
    except orjson.JSONDecodeError:
        return text
    return value if isinstance(value, list) else text


def code_of(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


class RejectedLine(Shape):
    line: int
    message: str


class ImportShape(Shape):
    accepted: int
    duplicates: int
    rejected: list[RejectedLine]


class BrokenShape(Shape):
    station: str
    seq: int
    why: str = Field(description="altered, removed, inserted or cut off")


class VerifiedShape(Shape):
    intact: bool
    rows: int
    broken: list[BrokenShape] = Field(description="The first row of each station that does not fit.")


class RepairShape(Shape):
    vendor: str
    model: str
    firmware: str
    name: str
    times: int
    last_at: datetime
    meaning: str


def repair(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**some(row, "vendor", "model", "firmware", "name", "times", "meaning"), "last_at": when(row["last_at"])}


class QuarantineShape(Shape):
    station: str
    seq: int
    received_at: datetime
    action: str | None
    error: str
    frame: list[Any] | str | None


def quarantined(row: Row) -> dict[str, Any]:
    return {
        **some(row, "station", "seq", "action", "error"), "received_at": when(row["received_at"]),
        "frame": parsed(row["frame"]),
    }


class SuspectShape(Shape):
    id: str
    station: str
    transaction: str | None
    code: str
    at: datetime
    seq: int
    detail: dict[str, Any]


def suspect(row: Row) -> dict[str, Any]:
    return {
        **some(row, "station", "code", "seq", "detail"), "id": str(row["id"]), "at": when(row["at"]),
        "transaction": str(row["transaction"]) if row["transaction"] else None,
    }
