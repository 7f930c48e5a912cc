"""Gathering: where to look for what a complaint is about, and the story found there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from complaints.claim import Claim
from csms.api import Csms
from csms.errors import NotFound
from csms.vocabulary import Payment, Station, Story, Transaction

AROUND = timedelta(hours=24)
WITHOUT_A_TIME = timedelta(hours=72)
"""How far back we look when neither the customer nor a payment says when it was."""
AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Lead:
    """Where to look: what the claim, its payments and its token lead to."""

    station: str | None
    anchor: datetime
    since: datetime
    until: datetime
    tokens: tuple[str, ...]
    payments: tuple[Payment, ...]


def named(claim: Claim, payments: Sequence[Payment]) -> tuple[Payment, ...]:
    """The payments that the claim names, by reference or order."""
    return tuple(
        p for p in payments
        if p.reference == claim.payment_reference or (claim.order is not None and p.order == claim.order)
    )


def window(claim: Claim, payments: Sequence[Payment], now: datetime) -> tuple[datetime, datetime, datetime]:
    """(anchor, since, until): a day around the stated time, else around the named payment, else the last days."""
    paid = [p.at for p in named(claim, payments) if p.at <= now + AFTER]
    if claim.occurred_at is None and not paid:
        return claim.filed_at, claim.filed_at - WITHOUT_A_TIME, min(claim.filed_at + AROUND, now + AFTER)
    anchor = claim.occurred_at or min(paid)
    return anchor, anchor - AROUND, max(anchor + AFTER, min(anchor + AROUND, now + AFTER))


async def lead(csms: Csms, claim: Claim, now: datetime) -> Lead:
    """Find the station: the one named, else by the payment, the order, or the card."""
    tokens = (claim.token,) if claim.token else ()
    payments = await csms.payments_of(
        references=[claim.payment_reference] if claim.payment_reference else [],
        orders=[claim.order] if claim.order else [], tokens=tokens,
    ) if tokens or claim.payment_reference or claim.order else []
    anchor, since, until = window(claim, payments, now)
    tokens = tuple(dict.fromkeys((*tokens, *(p.token for p in named(claim, payments) if p.token))))
    station = claim.station or await _station_of_payments(csms, named(claim, payments))
    if station is None and tokens:
        station = nearest_station(await csms.transactions_of(tokens, since, until), anchor)
    return Lead(station, anchor, since, until, tokens, tuple(payments))


async def _station_of_payments(csms: Csms, payments: Sequence[Payment]) -> str | None:
    for payment in payments:
        if payment.station:
            return payment.station
        if payment.transaction and (found := await csms.transaction(payment.transaction)):
            return found.station
    return None


def nearest_station(transactions: Sequence[Transaction], anchor: datetime) -> str | None:
    """Where the card charged nearest to that time."""
    nearest = min(transactions, key=lambda t: (abs(t.started_at - anchor), t.id), default=None)
    return nearest.station if nearest else None


async def gather(csms: Csms, claim: Claim, now: datetime) -> Story:
    """The story the claim is judged by. A story of nowhere, with the payments, when no station can be found."""
    found = await lead(csms, claim, now)
    if found.station:
        try:
            return await csms.story(
                found.station, found.since, found.until, tokens=found.tokens,
                payment_references=[claim.payment_reference] if claim.payment_reference else [],
                orders=[claim.order] if claim.order else [],
            )
        except NotFound:
            pass  # a QR sticker we never put up, or a mistyped id: still a complaint
    return Story(Station(found.station or ""), found.since, found.until, payments=found.payments)
