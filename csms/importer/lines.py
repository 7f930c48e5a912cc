"""The lines of a journal file, read and judged (contract/journal.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from csms.errors import BadInput
from csms.kit.clock import parse_time
from csms.ocpp import TRANSLATORS

KINDS = ("connected", "received", "sent", "disconnected")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a journal file."""

    number: int
    """Its line number, from 1."""
    station: str
    at: datetime
    kind: str
    frame: str | None = None
    protocol: str | None = None
    by: str | None = None
    complaint: str | None = None
    code: int | None = None
    repairs: tuple[str, ...] = ()
    """Of our own journal: what was odd about an arrival, and that a secret was masked, cannot be read off it again."""

    @property
    def identity(self) -> tuple[datetime, str, str]:
        return self.at, self.kind, self.frame or ""


@dataclass(slots=True)
class Report:
    """What became of an import."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)

    def reject(self, number: int, message: str) -> None:
        self.rejected.append({"line": number, "message": message})


def read_line(number: int, text: str | bytes) -> Row:
    """Raises BadInput naming the field."""
    try:
        line = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadInput("line", f"is not JSON: {error}") from None
    if not isinstance(line, dict):
        raise BadInput("line", "a line is one JSON object")
    station, kind = line.get("station"), line.get("kind")
    if not isinstance(station, str) or not 0 < len(station) <= 255 or not station.isprintable():
        raise BadInput("station", "the station's id, as text of at most 255 characters")
    if kind not in KINDS:
        raise BadInput("kind", f"one of {', '.join(KINDS)}")
    return Row(
        number, station, _time(line.get("at")), kind, _frame(line, kind), _protocol(line.get("protocol")),
        _text(line, "by"), _text(line, "complaint"), _code(line.get("code")),
    )


def _time(value: object) -> datetime:
    try:
        return parse_time(value) if isinstance(value, str) else _no_time()
    except ValueError:
        return _no_time()


def _no_time() -> datetime:
    raise BadInput("at", "an RFC 3339 time such as 2026-11-22T01:00:00.000Z")


def _frame(line: Mapping[str, Any], kind: str) -> str | None:
    """The frame's text: an array as JSON, unreadable text as it came; a close code for `disconnected`."""
    frame = line.get("frame")
    if kind == "disconnected":
        code = _code(line.get("code"))
        return str(code) if code is not None else None
    if kind == "connected":
        return None
    if isinstance(frame, str):
        return frame.replace("\x00", "\\u0000")
    if not isinstance(frame, list):
        raise BadInput("frame", "the OCPP-J array, or the raw text where it was not valid JSON")
    return orjson.dumps(frame).decode()


def _protocol(value: object) -> str | None:
    if value is not None and value not in TRANSLATORS:
        raise BadInput("protocol", f"one of {', '.join(TRANSLATORS)}")
    return value


def _text(line: Mapping[str, Any], name: str) -> str | None:
    value = line.get(name)
    if value is not None and not isinstance(value, str):
        raise BadInput(name, "text or null")
    return value


def _code(value: object) -> int | None:
    if value is not None and not isinstance(value, int):
        raise BadInput("code", "the WebSocket close code, a number")
    return value
