"""What is handed over as it was written: news, and rows of the journal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from csms.kit.db import Row


@dataclass(frozen=True, slots=True)
class Event:
    """News, written in the same database transaction as what it tells of; `id` only grows."""

    id: int
    at: datetime
    kind: str
    """transaction.started, transaction.ended, fault.opened, fault.cleared, command.settled,
    command.effect, station.booted, station.connected, station.disconnected, payment.recorded,
    upload.received"""
    station: str | None
    subject: str
    """The id of the transaction, fault, command, payment or upload."""
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
    by: str | None = None
    """On whose behalf we sent it; part of what is hashed."""


def frame_row(row: Row) -> FrameRow:
    return FrameRow(
        id=f"{row['station']}:{row['seq']}", station=row["station"], seq=row["seq"], at=row["at"],
        received_at=row["received_at"], kind=row["kind"], message_id=row["message_id"], action=row["action"],
        frame=row["frame"], hash=row["hash"].hex(), prev_hash=row["prev_hash"].hex(),
        repairs=tuple(row["repairs"] or ()), by=row["by"],
    )
