"""What an assessment is made of: findings with their proof, a bill, a verdict, remedies."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

Stance = Literal["supports", "contradicts", "inconclusive"]
Verdict = Literal["upheld", "partly_upheld", "not_upheld", "inconclusive"]
Liability = Literal[
    "station", "vehicle", "customer", "network", "backoffice", "payment", "grid", "site", "third_party", "unknown"
]
RefKind = Literal["frame", "transaction", "reading", "fault", "command", "payment", "connection"]


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence in the product's languages."""

    en: str
    zh: str
    """Simplified Chinese."""
    zh_hant: str = ""
    """Traditional Chinese; derived from `zh` where left empty."""


@dataclass(frozen=True, slots=True)
class Ref:
    """What proves it: the record's kind and id, and its time."""

    kind: RefKind
    id: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A statement about the records, and what it means for this claim."""

    code: str
    stance: Stance
    confidence: float
    grade: Literal["A", "B", "C", "D", "E"]
    summary: Words
    refs: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A transaction that may be the one meant, scored 0 to 1, with the reasons in English words."""

    id: str
    score: float
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BillLine:
    what: str
    quantity: str
    price: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Bill:
    """What it should have cost and what was taken. `charged` is captures minus refunds; holds apart."""

    currency: str
    expected: Decimal
    charged: Decimal
    lines: tuple[BillLine, ...] = ()
    held: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Remedy:
    kind: str
    amount: Decimal | None = None
    currency: str | None = None
    note: Words | None = None


@dataclass(frozen=True, slots=True)
class RemoteAction:
    """Whether staff may do it from the case now, and which guards forbid it (contract/codes.md)."""

    action: str
    allowed: bool
    guards: tuple[str, ...] = ()
    why: Words = field(default_factory=lambda: Words("", ""))


@dataclass(frozen=True, slots=True)
class Judgement:
    """Everything the rules conclude about one claim from one story."""

    transaction: Candidate | None
    alternatives: tuple[Candidate, ...]
    findings: tuple[Finding, ...]
    verdict: Verdict
    liability: Liability
    bill: Bill | None
    remedies: tuple[Remedy, ...]
    remote: tuple[RemoteAction, ...]
    explanation: Words
    steps: tuple[str, ...] = ()
    """Why this verdict: the rows of the verdict table that fired, in order."""
    agent_note: Words = field(default_factory=lambda: Words("", ""))
    """A paragraph for whoever answers the driver."""
    decisive: tuple[str, ...] = ()
    """Codes of the findings that the verdict rests on."""
