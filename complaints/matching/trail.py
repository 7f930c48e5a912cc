"""What each payment paid for: the transaction it names, else the start it came just before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from complaints.matching.tries import Asked, same_token
from csms.vocabulary import Payment, Story, Transaction

_BEFORE_START = timedelta(minutes=15)
_AFTER_STOP = timedelta(hours=2)
_SLACK = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Trail:
    """Payments that belong together (order, refund of, void of), and what they were for."""

    payments: tuple[Payment, ...]
    transaction: Transaction | None = None
    asked: Asked | None = None
    """A start nothing came of."""
    named: bool = False
    """A payment says so itself; otherwise token and time do."""
    lost: bool = False
    """It names a transaction that is not in this story."""

    @property
    def tokens(self) -> frozenset[str]:
        return frozenset(p.token for p in self.payments if p.token)


def trails(story: Story, asked: Sequence[Asked]) -> list[Trail]:
    return [_follow(group, story, asked) for group in _groups(story.payments)]


def names(payment: Payment, transaction: Transaction, station: str) -> bool:
    """Whether the payment names it: by our id, or with its station by the station's own."""
    if payment.transaction is None:
        return False
    if payment.transaction == transaction.id:
        return True
    return payment.station in (None, station) and payment.transaction == transaction.said


def _groups(payments: Sequence[Payment]) -> list[tuple[Payment, ...]]:
    """Joined by order, by `of`, and by the transaction they name."""
    groups: list[list[Payment]] = []
    for payment in sorted(payments, key=lambda p: (p.at, p.reference)):
        mine = [g for g in groups if any(_together(payment, other) for other in g)]
        joined = [p for g in mine for p in g] + [payment]
        groups = [g for g in groups if g not in mine] + [joined]
    return [tuple(sorted(g, key=lambda p: (p.at, p.reference))) for g in groups]


def _together(one: Payment, other: Payment) -> bool:
    if one.order is not None and one.order == other.order:
        return True
    if one.transaction is not None and (one.transaction, one.station) == (other.transaction, other.station):
        return True
    return one.of == other.reference or other.of == one.reference


def _follow(group: tuple[Payment, ...], story: Story, asked: Sequence[Asked]) -> Trail:
    station = story.station.id
    for payment in group:
        for transaction in story.transactions:
            if names(payment, transaction, station):
                return Trail(group, transaction, named=True)
    if any(p.transaction is not None for p in group):
        return Trail(group, lost=True)
    first = next((p for p in group if p.kind in ("capture", "hold")), None)
    if first is None or first.station not in (None, station):
        return Trail(group)
    return _by_time(group, first, story, asked)


def _by_time(group: tuple[Payment, ...], first: Payment, story: Story, asked: Sequence[Asked]) -> Trail:
    """Paid before: the first start of that token after it. Paid after: the session just ended."""
    known = {a.transaction.id for a in asked if a.transaction}
    starts: list[tuple[datetime, Asked | None, Transaction | None]] = [
        (a.at, a, a.transaction) for a in asked if _fits(first, a.token, a.evse)
    ]
    starts += [
        (t.started_at, None, t) for t in story.transactions if t.id not in known and _fits(first, t.token, t.evse)
    ]
    ahead = [s for s in starts if -_SLACK <= s[0] - first.at <= _BEFORE_START]
    if ahead:
        _, act, transaction = min(ahead, key=lambda s: s[0])
        return Trail(group, transaction) if transaction else Trail(group, asked=act)
    ended = [
        t for t in story.transactions
        if _fits(first, t.token, t.evse) and t.stopped_at and -_SLACK <= first.at - t.stopped_at <= _AFTER_STOP
    ]
    if ended:
        return Trail(group, max(ended, key=lambda t: t.stopped_at or t.started_at))
    return Trail(group)


def _fits(payment: Payment, token: str | None, evse: int | None) -> bool:
    """The token decides where both have one: a start may well go to another plug than was paid for."""
    if payment.token is not None and token is not None:
        return same_token(payment.token, token)
    return payment.evse is not None and payment.evse == evse
