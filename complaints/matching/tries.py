"""Starts that were asked for and never became a transaction. "Accepted" is not "started"."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from csms.vocabulary import Authorization, CommandFact, Story, Transaction

TIMEOUT = timedelta(minutes=10)
"""How long after it was asked for a transaction still belongs to a start: ConnectionTimeOut of real
stations is 1 to 5 minutes, and a driver may plug in and be slow."""
_SAME_ACT = timedelta(seconds=60)
_EARLY = timedelta(seconds=15)

Outcome = Literal["token_refused", "rejected", "unanswered", "offline", "no_transaction", "pending"]


@dataclass(frozen=True, slots=True)
class Try:
    """One act of starting: a start command of ours or a token presented at the station."""

    at: datetime
    token: str | None
    evse: int | None
    outcome: Outcome
    command: CommandFact | None = None
    authorization: Authorization | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A start that was asked for, and the transaction that came of it, if any."""

    at: datetime
    token: str | None
    evse: int | None
    command: CommandFact | None = None
    authorization: Authorization | None = None
    transaction: Transaction | None = None


def same_token(one: str | None, other: str | None) -> bool:
    """Tokens are case-insensitive (1.6 CiString, 2.0.1 identifierString)."""
    return one is not None and other is not None and one.casefold() == other.casefold()


def starts_asked(story: Story) -> list[Asked]:
    """Every start asked for at the station, in time order, tied to the transaction it led to."""
    acts = [a for a in _acts(story) if not _was_a_stop(a, story)]
    taken: dict[int, Transaction] = {}
    for transaction in story.transactions:
        index = _cause(transaction, acts, taken)
        if index is not None:
            taken[index] = transaction
    return [
        Asked(a.at, a.token, a.evse, a.command, a.authorization, taken.get(i) or _running(a, story))
        for i, a in enumerate(acts)
    ]


def tries_of(asked: Iterable[Asked], now: datetime) -> list[Try]:
    """The starts nothing came of. One that may still begin is `pending`."""
    return [
        Try(a.at, a.token, a.evse, _outcome(a, now), a.command, a.authorization)
        for a in asked
        if a.transaction is None
    ]


def _running(act: Asked, story: Story) -> Transaction | None:
    """A transaction of that token already under way: 2.x may open it at the plug and learn the token later
    (TxStartPoint EVConnected), and a card may be shown again."""
    if not _may_start(act):
        return None
    mine = [t for t in story.transactions if same_token(t.token, act.token) and t.started_at <= act.at]
    return next((t for t in mine if act.at <= (t.stopped_at or _last_heard(t, story))), None)


def _last_heard(t: Transaction, story: Story) -> datetime:
    """The last sign of a transaction whose end is not on record: a stale one takes no start away."""
    return max([t.started_at + _SAME_ACT, *(r.at for r in story.readings if r.transaction == t.id)])


def _acts(story: Story) -> list[Asked]:
    acts = [
        Asked(c.requested_at, c.token, c.evse, command=c) for c in story.commands if c.kind == "start"
    ]
    for auth in story.authorizations:
        # AuthorizeRemoteTxRequests: the station asks us about the token we have just sent it.
        echo = auth.status == "Accepted" and any(
            same_token(a.token, auth.token) and timedelta(0) <= auth.at - a.at <= _SAME_ACT for a in acts if a.command
        )
        if not echo:
            acts.append(Asked(auth.at, auth.token, None, authorization=auth))
    return sorted(acts, key=lambda a: (a.at, a.command is None, a.token or ""))


def _was_a_stop(act: Asked, story: Story) -> bool:
    """A card is also shown to stop: then its own transaction is running and ends within moments."""
    auth = act.authorization
    if auth is None:
        return False
    for t in story.transactions:
        if t.started_at + _SAME_ACT / 4 >= auth.at and t.start_received_at >= auth.at:
            continue
        mine = same_token(t.token, auth.token) or same_token(t.stop_token, auth.token)
        if mine and auth.status == "Accepted" and (t.stopped_at is None or auth.at <= t.stopped_at + _SAME_ACT):
            return t.stopped_at is None or t.stopped_at - auth.at <= 2 * _SAME_ACT
    return False


def _cause(t: Transaction, acts: list[Asked], taken: dict[int, Transaction]) -> int | None:
    """The act a transaction came of: the one it names, else the latest of its token before it."""
    if t.remote_start_id is not None:
        named = [
            i for i, a in enumerate(acts)
            if a.command and a.command.remote_start_id == t.remote_start_id
            and (t.stopped_at is None or a.at <= t.stopped_at)
        ]
        if named:
            return named[-1]
    before = [
        i for i, a in enumerate(acts)
        if i not in taken and a.at - _EARLY <= t.started_at <= a.at + TIMEOUT and _may_start(a)
    ]
    mine = [i for i in before if same_token(acts[i].token, t.token)]
    if mine:
        return mine[-1]
    # Some stations put another form of the token into the transaction: same plug, asked a moment ago.
    near = [
        i for i in before
        if acts[i].command and acts[i].evse == t.evse and t.started_at - acts[i].at <= _SAME_ACT
    ]
    return near[-1] if near and t.remote_start_id is None and t.token is None else None


def _may_start(act: Asked) -> bool:
    if act.authorization is not None:
        return act.authorization.status == "Accepted"
    return act.command is not None and act.command.state not in ("rejected", "unsupported", "expired")


def _outcome(act: Asked, now: datetime) -> Outcome:
    if act.authorization is not None:
        if act.authorization.status != "Accepted":
            return "token_refused"
        return "pending" if now - act.at < timedelta(minutes=3) else "no_transaction"
    assert act.command is not None
    match act.command.state:
        case "rejected" | "unsupported":
            return "rejected"
        case "offline" | "expired":
            return "offline"
        case "queued" | "sent":
            return "pending" if now - act.at < timedelta(minutes=1) else "unanswered"
        case "unanswered":
            return "unanswered"
        case _:
            return "pending" if now - act.at < timedelta(minutes=3) else "no_transaction"


def within(tries: Iterable[Try], start: datetime, end: datetime) -> tuple[Try, ...]:
    return tuple(t for t in tries if start <= t.at <= end)
