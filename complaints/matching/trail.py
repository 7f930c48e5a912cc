"""What each payment paid for: the transaction it names, else the start it came just before."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
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
    starts, called = _starts(story, asked), _called(story)
    return [_follow(group, story, starts, called) for group in _groups(story.payments)]


def _called(story: Story) -> dict[str, list[Transaction]]:
    """What a payment may call a transaction -> those it may mean."""
    found: dict[str, list[Transaction]] = {}
    for transaction in story.transactions:
        for name in dict.fromkeys((transaction.id, transaction.said)):
            found.setdefault(name, []).append(transaction)
    return found


def names(payment: Payment, transaction: Transaction, station: str) -> bool:
    """Whether the payment names it: by our id, or with its station by the station's own."""
    if payment.transaction is None:
        return False
    if payment.transaction == transaction.id:
        return True
    return payment.station in (None, station) and payment.transaction == transaction.said


def _groups(payments: Sequence[Payment]) -> list[tuple[Payment, ...]]:
    """Joined by order, by `of`, and by the transaction they name."""
    group_of: dict[tuple[str, ...], list[Payment]] = {}
    for payment in sorted(payments, key=lambda p: (p.at, p.reference)):
        mine = {id(group_of[key]): group_of[key] for key in _keys(payment) if key in group_of}
        joined = [p for group in mine.values() for p in group] + [payment]
        for member in joined:
            group_of.update(dict.fromkeys(_keys(member), joined))
    groups = {id(g): tuple(sorted(g, key=lambda p: (p.at, p.reference))) for g in group_of.values()}
    return sorted(groups.values(), key=lambda g: (g[0].at, g[0].reference))


def _keys(payment: Payment) -> list[tuple[str, ...]]:
    """What ties a payment to others."""
    keys: list[tuple[str, ...]] = [("payment", payment.reference)]
    if payment.of is not None:
        keys.append(("payment", payment.of))
    if payment.order is not None:
        keys.append(("order", payment.order))
    if payment.transaction is not None:
        keys.append(("transaction", payment.transaction, payment.station or ""))
    return keys


Start = tuple[datetime, Asked | None, Transaction | None]


def _starts(story: Story, asked: Sequence[Asked]) -> list[Start]:
    """All starts at the station in time order: those asked for, and those that began unasked."""
    known = {a.transaction.id for a in asked if a.transaction}
    starts: list[Start] = [(a.at, a, a.transaction) for a in asked]
    starts += [(t.started_at, None, t) for t in story.transactions if t.id not in known]
    return sorted(starts, key=lambda s: s[0])


def _follow(
    group: tuple[Payment, ...], story: Story, starts: Sequence[Start], called: Mapping[str, list[Transaction]]
) -> Trail:
    station = story.station.id
    for payment in group:
        for transaction in called.get(payment.transaction or "", ()):
            if names(payment, transaction, station):
                return Trail(group, transaction, named=True)
    if any(p.transaction is not None for p in group):
        return Trail(group, lost=True)
    first = next((p for p in group if p.kind in ("capture", "hold")), None)
    if first is None or first.station not in (None, station):
        return Trail(group)
    return _by_time(group, first, story, starts)


def _by_time(group: tuple[Payment, ...], first: Payment, story: Story, starts: Sequence[Start]) -> Trail:
    """Paid before: the first start of that token after it. Paid after: the session just ended."""
    soon = bisect_left(starts, first.at - _SLACK, key=lambda s: s[0])
    for at, act, transaction in starts[soon:]:
        if at - first.at > _BEFORE_START:
            break
        token, evse = (act.token, act.evse) if act else (None, None)
        if act is None and transaction is not None:
            token, evse = transaction.token, transaction.evse
        if _fits(first, token, evse):
            return Trail(group, transaction) if transaction else Trail(group, asked=act)
    ended = [
        t for t in story.transactions
        if t.stopped_at and -_SLACK <= first.at - t.stopped_at <= _AFTER_STOP and _fits(first, t.token, t.evse)
    ]
    if ended:
        return Trail(group, max(ended, key=lambda t: t.stopped_at or t.started_at))
    return Trail(group)


def _fits(payment: Payment, token: str | None, evse: int | None) -> bool:
    """The token decides where both have one: a start may well go to another plug than was paid for."""
    if payment.token is not None and token is not None:
        return same_token(payment.token, token)
    return payment.evse is not None and payment.evse == evse
