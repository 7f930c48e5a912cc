"""The fleet at a glance: one state a station, and how it has been lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

STATES = ("faulted", "offline", "closed", "never", "busy", "free")
"""The worst first: broken, away, taken out of service, never heard of, in use, free."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A station as the fleet shows it; `state` is one of STATES."""

    id: str
    name: str | None
    site: str | None
    vendor: str | None
    model: str | None
    firmware: str | None
    serial: str | None
    quarantined: bool
    state: str


@dataclass(frozen=True, slots=True)
class Health:
    """Counts since `since`; `online` is the part of that time with a socket, None where it never connected."""

    since: datetime
    connections: int
    connected_at: datetime | None
    online: float | None
    boots: int
    faults: int
    sessions: int
    odd: int
    """How often it said something that could not be right."""
