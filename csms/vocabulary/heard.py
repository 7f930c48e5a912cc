"""A message as the features receive it, and the notes they hand back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from csms.vocabulary.messages import Message, Reply

M_co = TypeVar("M_co", bound=Message, covariant=True)

CLOCK_SET_SINCE = datetime(2020, 1, 1, tzinfo=UTC)
"""A device time before this is a clock that was never set (MicroOcpp#311), not a time."""

NAMESPACE = uuid.UUID("7d1c1a52-5d0e-4f0e-9a53-0b0d50a10001")


def record_id(kind: str, station: str, seq: int, part: int = 0) -> str:
    """The id of what a frame gave rise to: the same again when projections are rebuilt from the journal."""
    return str(uuid.uuid5(NAMESPACE, f"{kind}/{station}/{seq}/{part}"))


def device_time(said: datetime | None, received_at: datetime) -> datetime:
    """The device's time, or the receipt where it gave none or its clock was plainly unset."""
    return received_at if said is None or said < CLOCK_SET_SINCE else said


@dataclass(frozen=True, slots=True)
class Heard(Generic[M_co]):
    """One message of one station, numbered in that station's journal."""

    station: str
    seq: int
    received_at: datetime
    said: M_co
    recorded: Reply | None = None
    """The answer it got, when history is brought in: ids and statuses come from there."""


@dataclass(slots=True)
class Notes:
    """What the features noticed while writing a batch; the inbox writes it with them."""

    events: list[tuple[str, str, str, Mapping[str, Any]]] = field(default_factory=list)
    """(kind, station, subject, detail)"""
    suspects: list[tuple[str, str | None, str, datetime, int, Mapping[str, Any]]] = field(default_factory=list)
    """(station, transaction, code, at, seq, detail)"""
    rules: list[tuple[str, str, datetime]] = field(default_factory=list)
    """(station, rule, at): what was read by a rule of ours rather than as it was said."""

    def event(self, kind: str, station: str, subject: str, /, **detail: Any) -> None:
        self.events.append((kind, station, subject, detail))

    def suspect(self, heard: Heard[Message], code: str, transaction: str | None = None, /, **detail: Any) -> None:
        self.suspects.append((heard.station, transaction, code, heard.received_at, heard.seq, detail))

    def rule(self, heard: Heard[Message], name: str) -> None:
        self.rules.append((heard.station, name, heard.received_at))
