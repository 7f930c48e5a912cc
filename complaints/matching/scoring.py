"""How well a transaction fits a claim: weights of what agrees, with the reasons in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from complaints.claim import Claim
from complaints.findings import Candidate
from complaints.matching.trail import Trail
from complaints.matching.tries import same_token
from csms.vocabulary import Story, Transaction

NAMED, PAID, TOKEN, BEFORE, CONNECTOR, INSIDE, AMOUNT, NEAR, STATION, FAR, ONLY = 8, 6, 5, 4, 4, 4, 3, 3, 2, 1, 1
OTHER_CONNECTOR = -2
GOOD_ENOUGH = 0.7
"""Reached by six points: connector and time, token and time, or a payment; never by time alone."""
_SLACK = timedelta(minutes=2)

STARTING = frozenset({"cannot_start", "start_failed_charged", "cannot_insert", "screen_or_reader", "station_down",
                      "status_wrong"})
"""Topics in which the driver says that it never began: a good session there then was somebody else's."""
ENOUGH_WH = 500.0


@dataclass(frozen=True, slots=True)
class Who:
    """Who complains, as far as claim and payments tell."""

    tokens: frozenset[str]
    trails: tuple[Trail, ...]
    """His payments."""
    before: frozenset[str] = frozenset()
    """Tokens he used earlier; this time it may have been another."""

    @property
    def known(self) -> bool:
        return bool(self.tokens or self.trails)

    @property
    def all_tokens(self) -> frozenset[str]:
        return self.tokens | self.before


@dataclass(frozen=True, slots=True)
class Scored:
    transaction: Transaction
    points: float
    because: tuple[str, ...]
    apart: timedelta
    """Between the stated time and the session."""
    by_identity: bool

    @property
    def score(self) -> float:
        return round(1 - float(0.8 ** max(self.points, 0.0)), 3)

    @property
    def candidate(self) -> Candidate:
        return Candidate(self.transaction.id, self.score, self.because)


def who(claim: Claim, trails: Sequence[Trail]) -> Who:
    """His payments are those he names, else those of his token or account."""
    own = [t for t in trails if any(_named_by(claim, p.reference, p.order) for p in t.payments)]
    tokens = frozenset(t for trail in own for t in trail.tokens) | ({claim.token} if claim.token else frozenset())
    contacts = {c for c in (claim.phone, claim.email) if c}
    if not own and not (claim.payment_reference or claim.order):
        own = [
            t for t in trails
            if any(any(same_token(p.token, k) for k in tokens) or p.payer in contacts for p in t.payments)
        ]
        tokens |= frozenset(k for t in own for k in t.tokens)
    return Who(tokens, tuple(own), frozenset(claim.also) - tokens)


def score(claim: Claim, story: Story, person: Who) -> list[Scored]:
    """Every transaction that may be the one meant, best first. Strangers' are left out."""
    fitting = [s for t in story.transactions if (s := _score(t, claim, story, person)) is not None]
    return sorted(fitting, key=lambda s: (-s.score, s.apart, -s.transaction.started_at.timestamp(), s.transaction.id))


def apart(claim: Claim, transaction: Transaction) -> timedelta:
    """How far the stated time (or the filing) lies from the session; zero inside it."""
    at = claim.occurred_at or claim.filed_at
    end = transaction.stopped_at or (claim.filed_at if transaction.state == "open" else transaction.started_at)
    if at < transaction.started_at - _SLACK:
        return transaction.started_at - at
    return max(timedelta(0), at - max(end, transaction.started_at))


def _score(t: Transaction, claim: Claim, story: Story, person: Who) -> Scored | None:
    named = any(p.transaction and p.transaction.id == t.id and p.named for p in person.trails)
    paid = any(p.transaction and p.transaction.id == t.id and not p.named for p in person.trails)
    token = any(same_token(t.token, own) for own in person.tokens)
    before = not token and any(same_token(t.token, own) for own in person.before)
    distance = apart(claim, t)
    identity = named or paid or token or before
    if not identity and not _may_be_his(t, claim, person):
        return None
    if not named and claim.occurred_at and distance > timedelta(hours=6):
        return None
    points, because = 0.0, []
    for holds, weight, reason in (
        (named, NAMED, "a payment of the customer names it"),
        (paid, PAID, "a payment of the customer fits it"),
        (token, TOKEN, "the customer's token"),
        (before, BEFORE, "a token the customer used before"),
        (claim.evse is not None and claim.evse == t.evse, CONNECTOR, "same connector"),
        (claim.evse is None and claim.station is not None, STATION, "same station"),
        (claim.evse is not None and t.evse is not None and claim.evse != t.evse, OTHER_CONNECTOR, "another connector"),
        (_amount_equal(t, claim, person), AMOUNT, "the amount is equal"),
        (distance == timedelta(0), INSIDE, _time_words(t, claim)),
        (timedelta(0) < distance <= timedelta(minutes=15), NEAR, _time_words(t, claim)),
        (timedelta(minutes=15) < distance <= timedelta(hours=1), FAR, _time_words(t, claim)),
        (_only_one(t, claim, story), ONLY, "the only session there around that time"),
    ):
        if holds:
            points += weight
            because.append(reason)
    return Scored(t, points, tuple(because), distance, identity)


def _may_be_his(t: Transaction, claim: Claim, person: Who) -> bool:
    """Without token or payment to go by: only where the words say that he charged, and nothing speaks
    against it."""
    if person.known and t.token is not None:
        return False
    if claim.payment_reference or claim.order or claim.category in ("environment", "service", "other"):
        return False
    return not (claim.topic in STARTING and (t.energy_wh or 0.0) >= ENOUGH_WH)


def _only_one(t: Transaction, claim: Claim, story: Story) -> bool:
    hour = timedelta(hours=1)
    if claim.station is None or apart(claim, t) > hour:
        return False
    rivals = [o for o in story.transactions if claim.evse in (None, o.evse) and apart(claim, o) <= hour]
    return [o.id for o in rivals] == [t.id]


def _amount_equal(t: Transaction, claim: Claim, person: Who) -> bool:
    if claim.amount_disputed is None:
        return False
    paid = [p for trail in person.trails if trail.transaction and trail.transaction.id == t.id for p in trail.payments]
    captures = [p.amount for p in paid if p.kind == "capture"]
    return claim.amount_disputed in captures or (bool(captures) and claim.amount_disputed == sum(captures, Decimal(0)))


def _time_words(t: Transaction, claim: Claim) -> str:
    what = "the stated time" if claim.occurred_at else "the filing"
    minutes = round(apart(claim, t).total_seconds() / 60)
    if minutes == 0:
        return f"{what} lies within it"
    at = claim.occurred_at or claim.filed_at
    return f"started {minutes} min after {what}" if t.started_at > at else f"ended {minutes} min before {what}"


def _named_by(claim: Claim, reference: str, order: str | None) -> bool:
    return reference == claim.payment_reference or (order is not None and order == claim.order)
