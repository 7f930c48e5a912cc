"""Gathering: where to look for what a complaint is about, and the story found there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from complaints.claim import Claim
from complaints.matching import Match, match, measure, on_our_clock
from csms.api import Csms
from csms.errors import NotFound
from csms.vocabulary import Payment, Station, Story, Transaction

AROUND = timedelta(hours=24)
WITHOUT_A_TIME = timedelta(hours=72)
"""How far back we look when neither the customer nor a payment says when it was."""
AFTER = timedelta(minutes=5)
MOST_TOKENS = 20


@dataclass(frozen=True, slots=True)
class Lead:
    """Where to look: what the claim, its payments and its token lead to."""

    station: str | None
    anchor: datetime
    since: datetime
    until: datetime
    tokens: tuple[str, ...]
    payments: tuple[Payment, ...]


@dataclass(frozen=True, slots=True)
class Gathered:
    """The story, and the claim as it is judged by: with the tokens and the station the records led to."""

    story: Story
    claim: Claim

    @property
    def elsewhere(self) -> bool:
        return self.claim.named_station is not None


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
    return _around(anchor, now)


def _around(anchor: datetime, now: datetime) -> tuple[datetime, datetime, datetime]:
    return anchor, anchor - AROUND, max(anchor + AFTER, min(anchor + AROUND, now + AFTER))


async def lead(csms: Csms, claim: Claim, now: datetime, *, ask_station: bool = True) -> Lead:
    """Find the station: the one named, else by the payment, the order, the card, or the cards he used before."""
    own = (claim.token,) if claim.token else ()
    references = [claim.payment_reference] if claim.payment_reference else []
    orders = [claim.order] if claim.order else []
    asked = own or references or orders
    payments = await csms.payments_of(references=references, orders=orders, tokens=own) if asked else []
    anchor, since, until = window(claim, payments, now)
    mine = named(claim, payments)
    if claim.settled_on and (decided := await _transaction(csms, claim.settled_on)):
        anchor, since, until = _around(decided.started_at, now)
        return Lead(decided.station, anchor, since, until, _tokens(claim, mine), tuple(payments))
    tokens = _tokens(claim, mine)
    station = (claim.station if ask_station else None) or await _station_of_payments(csms, mine)
    if station is None and tokens:
        station = nearest_station(await csms.transactions_of(tokens, since, until), anchor)
    if station is None and (contacts := _contacts(claim)):
        paid = await csms.payments_of(payers=contacts, since=since, until=until)
        station = await _station_of_payments(csms, sorted(paid, key=lambda p: (abs(p.at - anchor), p.reference)))
        payments = [*payments, *(p for p in paid if p not in payments)]
    return Lead(station, anchor, since, until, tokens, tuple(payments))


def _tokens(claim: Claim, payments: Sequence[Payment]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([
        *([claim.token] if claim.token else []), *(p.token for p in payments if p.token), *claim.also
    ]))


def _contacts(claim: Claim) -> list[str]:
    return [c for c in (claim.phone, claim.email, claim.plate) if c]


async def _station_of_payments(csms: Csms, payments: Sequence[Payment]) -> str | None:
    for payment in payments:
        if payment.station:
            return payment.station
        if payment.transaction and (found := await _transaction(csms, payment.transaction)):
            return found.station
    return None


async def _transaction(csms: Csms, id: str) -> Transaction | None:
    """By our id; what else may name one (a station's number, `none`) names none here."""
    try:
        return await csms.transaction(str(UUID(id)))
    except ValueError:
        return None


def nearest_station(transactions: Sequence[Transaction], anchor: datetime) -> str | None:
    """Where the card charged nearest to that time."""
    nearest = min(transactions, key=lambda t: (abs(t.started_at - anchor), t.id), default=None)
    return nearest.station if nearest else None


async def known_before(csms: Csms, claim: Claim, earlier: Sequence[str]) -> Claim:
    """The claim with the tokens of this person: those of his earlier cases, those entered for his phone, mail
    address or plate, and the plate itself, which some stations read as the token."""
    contacts = _contacts(claim)
    if claim.token or not (contacts or earlier):
        return claim
    entered = await csms.tokens_of(contacts) if contacts else []
    plates = [claim.plate, claim.plate.upper()] if claim.plate else []
    also = dict.fromkeys([*earlier, *entered, *plates])
    return replace(claim, also=tuple(also)[:MOST_TOKENS])


async def gather(csms: Csms, claim: Claim, now: datetime, earlier: Sequence[str] = ()) -> Gathered:
    """The story the claim is judged by. A story of nowhere, with the payments, when no station can be found.

    Where the driver's session turns out to be at another station than he named, that station's story.
    """
    claim = await known_before(csms, claim, earlier)
    found = await lead(csms, claim, now)
    story = await _story(csms, found, claim)
    if claim.station is None:
        return Gathered(story or _nowhere(found), claim)
    if story is None:  # a QR sticker we never put up, or a mistyped id: still a complaint
        found = await lead(csms, claim, now, ask_station=False)
        return await _moved(csms, claim, found) or Gathered(_nowhere(replace(found, station=claim.station)), claim)
    if claim.settled_on:
        moved = story.station.id != claim.station
        return Gathered(story, _at(claim, story.station.id) if moved else claim)
    if _points_elsewhere(story):
        matched = await asyncio.to_thread(_matched, claim, story)
        if matched.transaction is None and not matched.tries:
            paid = await _station_of_payments(csms, named(claim, found.payments))
            there = matched.elsewhere.station if matched.elsewhere else paid
            return await _moved(csms, claim, replace(found, station=there)) or Gathered(story, claim)
    return Gathered(story, claim)


def _points_elsewhere(story: Story) -> bool:
    """Cheap, and nearly always no: only then is it worth matching before judging."""
    here = story.station.id
    return bool(story.elsewhere) or any(p.station not in (None, here) or p.transaction for p in story.payments)


def _matched(claim: Claim, story: Story) -> Match:
    return match(claim, on_our_clock(story, measure(story, claim.occurred_at or claim.filed_at)))


def _at(claim: Claim, station: str) -> Claim:
    """The plug he names is one of the station he names."""
    return replace(claim, station=station, evse=None, named_station=claim.station)


async def _moved(csms: Csms, claim: Claim, found: Lead) -> Gathered | None:
    """The story of the station where his session is, or None where the records lead nowhere else."""
    if found.station is None or found.station == claim.station:
        return None
    story = await _story(csms, found, claim)
    if story is None:
        return None
    there = _at(claim, found.station)
    matched = await asyncio.to_thread(_matched, there, story)
    return Gathered(story, there) if matched.transaction or matched.tries else None


async def _story(csms: Csms, found: Lead, claim: Claim) -> Story | None:
    if not found.station:
        return None
    references = dict.fromkeys([
        *([claim.payment_reference] if claim.payment_reference else []),
        *(p.reference for p in found.payments if p.payer and p.payer in (claim.phone, claim.email)),
    ])
    try:
        return await csms.story(
            found.station, found.since, found.until, tokens=found.tokens,
            payment_references=list(references), orders=[claim.order] if claim.order else [],
        )
    except NotFound:
        return None


def _nowhere(found: Lead) -> Story:
    return Story(Station(found.station or ""), found.since, found.until, payments=found.payments)
