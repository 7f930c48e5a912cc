"""What every version of OCPP lets a station say; the two dialects fill it in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from .connectors import Connector, Fault, Reading, Transaction
from .link import Payload
from .outbox import Message
from .tokens import Leave, Token
from .voice import Done


@dataclass(frozen=True)
class BootAnswer:
    """Accepted, Pending or Rejected; `interval_s` is the heartbeat's or the next boot's."""

    status: str
    interval_s: float
    at: datetime | None


class Speech(Protocol):
    """One OCPP version's way to say what happened. None where a version has no word for it."""

    version: str
    status_tells_faults: bool
    """Whether a fault is part of the status (1.6) or an event of its own."""
    malformed: str
    """The CALLERROR code for a payload that breaks its schema; the versions spell it differently."""
    asked: dict[str, Callable[[Payload], Done]]
    """What this station answers to, by action."""

    def boot(self, reason: str) -> Message: ...
    def boot_answer(self, payload: Payload) -> BootAnswer: ...
    def heartbeat(self) -> Message: ...
    def word(self, connector: Connector) -> str: ...
    def status(self, connector: Connector) -> Message | None: ...
    def authorize(self, token: Token) -> Message: ...
    def leave(self, payload: Payload) -> Leave: ...
    def begun(self, tx: Transaction, trigger: str) -> Message: ...
    def changed(
        self, tx: Transaction, trigger: str, reading: Reading | None, token: Token | None = None
    ) -> Message | None: ...
    def sampled(self, connector: Connector, tx: Transaction | None, reading: Reading) -> Message: ...
    def ended(self, tx: Transaction, trigger: str) -> Message: ...
    def fault_event(self, connector: Connector, fault: Fault, cleared: bool) -> Message | None: ...
    def log_status(self, status: str, request_id: int | None) -> Message: ...
    def firmware_status(self, status: str, request_id: int | None) -> Message: ...
    def reservation_ended(self, id: int, status: str) -> Message | None: ...
