"""The decision: one transaction, or the tries that never became one, or neither. Never a silent guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from complaints.claim import Claim
from complaints.findings import Candidate
from complaints.matching.scoring import ENOUGH_WH, GOOD_ENOUGH, STARTING, Scored, Who, apart, score, who
from complaints.matching.trail import Trail, names, trails
from complaints.matching.tries import Try, same_token, starts_asked, tries_of
from csms.vocabulary import Payment, Story, Transaction

_AROUND = timedelta(minutes=30)
_QUARTER = timedelta(minutes=15)
_HOUR = timedelta(hours=1)
_SESSIONLESS = frozenset({"environment", "service", "other"})
_SESSIONS = frozenset({"stopped_early", "slow", "cannot_stop"})
"""Topics of equipment that are about a session; the others are about the plug he stands at."""
NONE = "none"
"""As `Claim.settled_on`: a person decided that no transaction is meant."""


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
    """The driver's tokens: of the claim, of his payments, of the matched transaction."""
    payments: tuple[Payment, ...] = ()
    """Payments of the transaction or try, and those the claim names, in time order."""
    elsewhere: Transaction | None = None
    """The driver's transaction at another station at that time: gather that station's story instead."""


def match(claim: Claim, story: Story) -> Match:
    """`story` is on our clock (see `clock.on_our_clock`)."""
    asked = starts_asked(story)
    paths = trails(story, asked)
    person = who(claim, paths)
    tries = _own_tries(claim, tries_of(asked, claim.filed_at), person)
    scored = score(claim, story, person)
    best = _settled(claim, scored, story) if claim.settled_on else _best(scored, tries, claim, person)
    transaction = best.transaction if best else None
    start, end = _window(claim, transaction, tries)
    tokens = person.all_tokens | ({transaction.token} if transaction and transaction.token else frozenset())
    visit = tuple(t for t in tries if start <= t.at <= end)
    return Match(
        start, end, transaction,
        best.candidate if best else None,
        tuple(s.candidate for s in scored if s is not best and s.points > 0)[:5],
        visit,
        _evse(claim, transaction, visit, person),
        tokens,
        _payments(paths, person, transaction, visit),
        None if transaction or visit else _elsewhere(claim, story, person),
    )


def _settled(claim: Claim, scored: Sequence[Scored], story: Story) -> Scored | None:
    """What a person decided stands, however it scores."""
    chosen = next((t for t in story.transactions if t.id == claim.settled_on), None)
    if chosen is None:
        return None
    fitting = next((s for s in scored if s.transaction is chosen), None)
    reasons = ("a person decided so", *(fitting.because if fitting else ()))
    return Scored(chosen, 99.0, reasons, apart(claim, chosen), by_identity=True)


def _best(scored: Sequence[Scored], tries: Sequence[Try], claim: Claim, person: Who) -> Scored | None:
    good = [s for s in scored if s.score >= GOOD_ENOUGH or (s.by_identity and s.score >= 0.6)]
    if not good:
        return None
    best = good[0]
    rivals = [s for s in good[1:] if best.score - s.score < 0.02]
    if rivals and not best.by_identity:
        return None  # two strangers' sessions fit equally well
    return None if _a_try_is_meant(best, tries, claim, person) else best


def _a_try_is_meant(best: Scored, tries: Sequence[Try], claim: Claim, person: Who) -> bool:
    """His session is on record, but it is his failed try that he speaks of."""
    if claim.payment_reference or claim.order:
        if any(p.transaction and p.transaction.id == best.transaction.id for p in person.trails):
            return False
        if any(p.asked for p in person.trails):
            return True
    at = claim.occurred_at or claim.filed_at
    nearest = min((abs(t.at - at) for t in tries), default=None)
    if nearest is None or nearest > _HOUR:
        return False
    if best.apart > _HOUR:
        return True
    delivered = (best.transaction.energy_wh or 0.0) >= ENOUGH_WH
    return claim.topic in STARTING and delivered and nearest <= _QUARTER and nearest <= _from_start(best, at)


def _from_start(best: Scored, at: datetime) -> timedelta:
    return abs(best.transaction.started_at - at)


def _own_tries(claim: Claim, tries: Sequence[Try], person: Who) -> list[Try]:
    """By token; without one, tries at the named plug at the stated time, if he says it did not start."""
    failed = [t for t in tries if t.outcome != "pending"]
    at = claim.occurred_at or claim.filed_at
    if person.known:
        reach = _HOUR if claim.occurred_at else timedelta(days=1)
        own = [t for t in failed if any(same_token(t.token, k) for k in person.tokens) and abs(t.at - at) <= reach]
        paid = [p.asked.at for p in person.trails if p.asked]
        return own or [t for t in failed if t.at in paid]
    if claim.category in _SESSIONLESS or claim.topic not in STARTING or claim.station is None:
        return []
    return [t for t in failed if abs(t.at - at) <= _QUARTER and (t.evse is None or claim.evse in (None, t.evse))]


def _window(claim: Claim, transaction: Transaction | None, tries: Sequence[Try]) -> tuple[datetime, datetime]:
    if transaction is not None:
        end = transaction.stopped_at or (claim.filed_at if transaction.state == "open" else transaction.started_at)
        return transaction.started_at - _AROUND, end + _AROUND
    stated = claim.occurred_at
    if stated is None and not tries:
        return claim.filed_at - _AROUND, claim.filed_at
    marks = ([stated] if stated else []) + [t.at for t in tries if stated is None or abs(t.at - stated) <= _HOUR]
    return min(marks) - _AROUND, max(marks) + _AROUND


def _evse(claim: Claim, transaction: Transaction | None, tries: Sequence[Try], person: Who) -> int | None:
    if transaction is not None and transaction.evse is not None:
        return transaction.evse
    asked = [t.evse for t in tries if t.evse is not None]
    paid = [p.evse for trail in person.trails for p in trail.payments if p.evse is not None]
    return next(iter([*asked[-1:], *([claim.evse] if claim.evse is not None else []), *paid]), None)


def _payments(
    paths: Sequence[Trail], person: Who, transaction: Transaction | None, tries: Sequence[Try]
) -> tuple[Payment, ...]:
    """Of the transaction whoever paid; else the driver's own that paid for no other session."""
    if transaction is not None:
        mine = [p for p in paths if p.transaction and p.transaction.id == transaction.id]
        mine += [p for p in person.trails if p not in mine and p.transaction is None and p.asked is None and not p.lost
                 and _close(p, transaction)]
    else:
        tried = {t.at for t in tries}
        mine = [p for p in person.trails if p.transaction is None or p.asked]
        mine += [p for p in paths if p not in mine and p.asked and p.asked.at in tried]
    return tuple(sorted((p for trail in mine for p in trail.payments), key=lambda p: (p.at, p.reference)))


def _close(trail: Trail, transaction: Transaction) -> bool:
    end = transaction.stopped_at or transaction.started_at
    return any(transaction.started_at - _HOUR <= p.at <= end + timedelta(days=1) for p in trail.payments)


def _elsewhere(claim: Claim, story: Story, person: Who) -> Transaction | None:
    """By the payment he names; by his token only where he speaks of a session, not of the plug he stands at."""
    lost = [p for trail in person.trails if trail.lost for p in trail.payments]
    for t in story.elsewhere:
        if any(names(p, t, t.station) for p in lost):
            return t
    if claim.danger or claim.settled_on or not (claim.about_money or claim.topic in _SESSIONS):
        return None
    own = [t for t in story.elsewhere if any(same_token(t.token, k) for k in person.all_tokens)]
    if claim.topic in STARTING:
        own = [t for t in own if (t.energy_wh or 0.0) < ENOUGH_WH]  # it began there, and not where he says it did not
    near = [t for t in own if apart(claim, t) <= _HOUR]
    return min(near, key=lambda t: (apart(claim, t), t.id), default=None)
