"""The decision: one transaction, or the tries that never became one, or neither. Never a silent guess."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from complaints.claim import Claim
from complaints.findings import Candidate
from complaints.matching.tries import Try
from csms.vocabulary import Payment, Story, Transaction


@dataclass(frozen=True, slots=True)
class Match:
    """What the claim is about, as far as the records tell."""

    start: datetime
    """The window to look at: the transaction with 30 minutes around it, else the stated time with them."""
    end: datetime
    transaction: Transaction | None = None
    candidate: Candidate | None = None
    alternatives: tuple[Candidate, ...] = ()
    tries: tuple[Try, ...] = ()
    """The driver's own tries of that visit that never became a transaction."""
    evse: int | None = None
    """The EVSE meant: the transaction's, else the tried one, else the one the driver names."""
    tokens: frozenset[str] = frozenset()
    """The driver's tokens, from the claim and from his payments."""
    payments: tuple[Payment, ...] = ()
    """Payments of the transaction or try, and those the claim names, in time order."""
    elsewhere: Transaction | None = None
    """The driver's transaction at another station at that time: gather that station's story instead."""


def match(claim: Claim, story: Story) -> Match:
    raise NotImplementedError
