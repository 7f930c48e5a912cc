"""The public face of csms: everything another package may do with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from csms.vocabulary import Command, CommandFact, Payment, Station, Story, Tariff, Transaction


@dataclass(frozen=True, slots=True)
class Event:
    """News, written in the same database transaction as what it tells of; `id` only grows."""

    id: int
    at: datetime
    kind: str
    """transaction.started, transaction.ended, fault.opened, fault.cleared, command.settled,
    command.effect, station.booted, station.connected, station.disconnected, payment.recorded"""
    station: str | None
    subject: str
    """The id of the transaction, fault, command or payment."""
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FrameRow:
    """One row of the journal, as the contract shows it. `id` is `station:seq`."""

    id: str
    station: str
    seq: int
    at: datetime | None
    received_at: datetime
    kind: str
    message_id: str | None
    action: str | None
    frame: str | None
    hash: str
    prev_hash: str
    repairs: tuple[str, ...]


class Csms:
    """Implemented over one database pool and the gateway's relay."""

    async def station(self, id: str) -> Station | None:
        """The station with its connectors, or None."""
        raise NotImplementedError

    async def stations(self, *, site: str | None = None) -> list[Station]:
        raise NotImplementedError

    async def story(
        self, station: str, since: datetime, until: datetime, *,
        tokens: Sequence[str] = (), payment_references: Sequence[str] = (), orders: Sequence[str] = (),
    ) -> Story:
        """Everything recorded about a station between two times, and what belongs to it elsewhere.

        Payments: those of this station in the window, plus any that carry one of the tokens, references
        or orders, plus all that share an order or transaction with those. Raises NotFound.
        """
        raise NotImplementedError

    async def transaction(self, id: str) -> Transaction | None:
        raise NotImplementedError

    async def transactions_of(self, tokens: Sequence[str], since: datetime, until: datetime) -> list[Transaction]:
        """Transactions of these tokens at any station."""
        raise NotImplementedError

    async def payments_of(
        self, *, references: Sequence[str] = (), orders: Sequence[str] = (), tokens: Sequence[str] = (),
        transactions: Sequence[str] = (),
    ) -> list[Payment]:
        """Payments by any of these keys (no station needed: how a complaint without one finds its station)."""
        raise NotImplementedError

    async def record_payment(self, payment: Payment) -> bool:
        """True when new, False when the same was known. Raises Conflict on another body."""
        raise NotImplementedError

    async def tariff_versions(self, id: str) -> list[Tariff]:
        raise NotImplementedError

    async def frames(
        self, station: str, since: datetime, until: datetime, *, limit: int = 10_000
    ) -> list[FrameRow]:
        """The journal between two receipt times, oldest first."""
        raise NotImplementedError

    async def frames_by_id(self, ids: Sequence[str]) -> list[FrameRow]:
        raise NotImplementedError

    async def guards(self, station: str, command: Command) -> list[str]:
        """Which of G2, G3, G4, G5, G7 forbid it now; G1 is the complaint side's to add."""
        raise NotImplementedError

    async def send(
        self, station: str, command: Command, *, by: str, reason: str | None = None, complaint: str | None = None,
        override: bool = False, wait_s: float = 0, queue_until: datetime | None = None,
    ) -> CommandFact:
        """Ask a station. Waits up to `wait_s` for the answer. Raises Refused (guards), NotFound."""
        raise NotImplementedError

    async def command(self, id: str) -> CommandFact | None:
        raise NotImplementedError

    async def events_after(self, id: int, *, limit: int = 500) -> list[Event]:
        """News in order of id; the reader remembers the last id it has acted on."""
        raise NotImplementedError
