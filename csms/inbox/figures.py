"""How the inbox fares, noted once a batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from csms.inbox.entries import Entry
from csms.kit.figures import SECONDS, SIZES, Distribution


@dataclass(slots=True)
class Figures:
    batches: Distribution = field(default_factory=lambda: Distribution(SIZES))
    acks: Distribution = field(default_factory=lambda: Distribution(SECONDS))
    """Seconds from receipt to commit. No message of a batch waited longer than its oldest: all count as long."""
    quarantined: int = 0

    def note(self, batch: Sequence[Entry], now: datetime) -> None:
        self.batches.note(len(batch))
        if (waited := waited_s(batch, now)) is not None:
            self.acks.note(waited, len(batch))


def waited_s(entries: Iterable[Entry], now: datetime) -> float | None:
    """How long the first message among them has waited; None when there is none."""
    oldest = next((e for e in entries if e.said is not None), None)
    return max((now - oldest.line.received_at).total_seconds(), 0.0) if oldest else None
