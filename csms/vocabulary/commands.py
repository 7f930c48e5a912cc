"""What we ask of stations, and how it ended. No OCPP version in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from csms.vocabulary.controls import Profile
from csms.vocabulary.orders import Order


@dataclass(frozen=True, slots=True)
class Reset:
    """Restart the station; with `evse`, only that EVSE (2.0.1 B11/B12, where the station allows it)."""

    hard: bool = False
    """1.6 Hard / 2.0.1 Immediate; otherwise Soft / OnIdle."""
    evse: int | None = None


@dataclass(frozen=True, slots=True)
class Unlock:
    evse: int
    connector: int = 1


@dataclass(frozen=True, slots=True)
class Start:
    """RemoteStartTransaction / RequestStartTransaction."""

    token: str
    evse: int | None = None
    token_type: str = "Central"  # noqa: S105 - IdTokenEnumType of 2.0.1
    remote_start_id: int | None = None
    profile: Profile | None = None
    """Holds for the transaction that begins."""


@dataclass(frozen=True, slots=True)
class Stop:
    """RemoteStopTransaction / RequestStopTransaction. `transaction` is its number or reference, in text."""

    transaction: str


@dataclass(frozen=True, slots=True)
class Trigger:
    """TriggerMessage. `what` is the action wanted, e.g. StatusNotification."""

    what: str
    evse: int | None = None
    connector: int | None = None


@dataclass(frozen=True, slots=True)
class SetAvailability:
    operative: bool
    evse: int | None = None
    """None or 0: the whole station."""
    connector: int | None = None


@dataclass(frozen=True, slots=True)
class FetchLog:
    """GetDiagnostics / GetLog, to a one-time URL of ours."""

    url: str
    request_id: int
    type: str = "DiagnosticsLog"


@dataclass(frozen=True, slots=True)
class ReadVariables:
    """GetConfiguration / GetVariables. Names are 1.6 keys or `Component.Variable`; empty asks for all (1.6 only)."""

    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OtherCommand:
    """Any other message to a station, in the words of its version."""

    action: str
    payload: Mapping[str, Any]


Command = Reset | Unlock | Start | Stop | Trigger | SetAvailability | FetchLog | ReadVariables | Order | OtherCommand


class CommandState(StrEnum):
    """How far a command has come. The row is the truth."""

    QUEUED = "queued"
    SENT = "sent"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNANSWERED = "unanswered"
    OFFLINE = "offline"
    UNSUPPORTED = "unsupported"
    EXPIRED = "expired"


class Effect(StrEnum):
    """Whether an accepted command was seen to work: accepted is not fixed."""

    PENDING = "pending"
    OBSERVED = "observed"
    NOT_OBSERVED = "not_observed"
    NOT_APPLICABLE = "not_applicable"
