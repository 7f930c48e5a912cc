"""Tokens and transactions: what is decided on what the database knows about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from csms import meters, reservations, stations, tokens, transactions
from csms.inbox.entries import ACCEPTED, Entry, Policy
from csms.kit.db import Conn
from csms.vocabulary import Message, Reply, TokenPresented, TransactionEnded, TransactionStarted
from csms.vocabulary.heard import Heard, Notes, device_time


async def standings(
    conn: Conn, batch: Sequence[Entry], policy: Policy
) -> dict[tuple[str, str], tokens.Standing]:
    live = [e for e in batch if e.said is not None and e.recorded is None]
    presented = {
        (e.line.station, token): e.line.received_at for e in live if (token := getattr(e.said, "token", None))
    }
    if not presented:
        return {}
    found = await tokens.standings(
        conn, list(presented), accept_unknown=policy.accept_unknown_tokens, now=max(presented.values())
    )
    strangers = {e.line.station for e in live if e.stranger}
    return found | {key: tokens.NOWHERE for key in found if key[0] in strangers} if strangers else found


async def authorize(
    conn: Conn, entries: Sequence[Entry], standing: Mapping[tuple[str, str], tokens.Standing]
) -> None:
    presented = []
    for entry in entries:
        heard: Heard[TokenPresented] = entry.heard()
        entry.reply = heard.recorded or _token_reply(heard, standing)
        presented.append((heard, heard.said.token, entry.reply.token_status or ACCEPTED))
    await tokens.keep(conn, presented)


def _token_reply(
    heard: Heard[Any], standing: Mapping[tuple[str, str], tokens.Standing], number: int | None = None
) -> Reply:
    token = heard.said.token
    found = standing.get((heard.station, token)) if token else None
    return Reply(
        heard.received_at, ACCEPTED, number=number, token_status=found.status if found else None,
        token_parent=found.parent if found else None, token_expires_at=found.expires_at if found else None,
    )


async def follow_transactions(
    conn: Conn, entries: Sequence[Entry], standing: Mapping[tuple[str, str], tokens.Standing], notes: Notes
) -> list[meters.Column]:
    """Starts, events and stops; the rows of their readings."""
    if not entries:
        return []
    heards = [e.heard() for e in entries]
    known = await transactions.load(conn, heards)
    fresh = [e for e in entries if e.recorded is None and is_numbered_start(e.said)]
    numbers = iter(await transactions.allot_numbers(conn, len(fresh)))
    rows: list[meters.Column] = []
    trail: list[tuple[Any, ...]] = []
    spoken_of: list[tuple[Any, transactions.Record]] = []
    for entry, heard in zip(entries, heards, strict=True):
        number = next(numbers) if entry in fresh else entry.recorded.number if entry.recorded else None
        record = _follow_one(known, entry, heard, number, standing, notes)
        said = heard.said
        spoken_of.append((said, record))
        at = device_time(said.at, heard.received_at)
        rows += [
            meters.row_of(record.station, record.evse or 0, record.said, reading, heard.received_at, heard.seq)
            for reading in said.readings
        ]
        if said.reference is not None and said.charging_state:
            trail.append((record.station, record.evse or 0, record.connector, said.charging_state, at,
                          heard.received_at, "transaction", record.reference, heard.seq))
    await _doubt_units(conn, spoken_of)
    await transactions.keep_steps(conn, heards)
    now = max(h.received_at for h in heards)
    notes.rules += [(station, code, now) for station, code in await transactions.store(conn, known)]
    await reservations.end(conn, [
        (record.station, said.reservation, "used", record.started_at, record.id) for said, record in spoken_of
        if isinstance(said, TransactionStarted) and said.reservation is not None
    ])
    await transactions.skip_numbers(conn, [e.recorded.number for e in entries if e.recorded and e.recorded.number])
    await stations.keep_statuses(conn, trail)
    return rows


async def _doubt_units(conn: Conn, spoken_of: Sequence[tuple[Any, transactions.Record]]) -> None:
    """A 1.6 stop whose register is the thousandth of the last reading's was said in kWh (lbbrhzn#1810)."""
    stopped = [(said, r) for said, r in spoken_of if isinstance(said, TransactionEnded) and said.reference is None]
    if not stopped:
        return
    last = await meters.last_energy(conn, [(r.id, r.station, r.said, r.started_at) for _, r in stopped])
    for said, record in stopped:
        read = max((r.energy_wh for r in said.readings if r.energy_wh is not None), default=last.get(record.id))
        if transactions.in_kwh(record.meter_stop_wh, read):
            record.doubt("register_kwh")


def is_numbered_start(said: Message | None) -> bool:
    return isinstance(said, TransactionStarted) and said.reference is None


def _follow_one(
    known: transactions.Known, entry: Entry, heard: Heard[Any], number: int | None,
    standing: Mapping[tuple[str, str], tokens.Standing], notes: Notes,
) -> transactions.Record:
    reply = heard.recorded or _token_reply(heard, standing, number)
    if heard.said.reference is not None:
        record = transactions.follow(known, heard, reply.token_status, notes)
    elif isinstance(heard.said, TransactionStarted):
        record = transactions.begin(known, heard, number, reply.token_status or ACCEPTED, notes)
        reply = _renumbered(reply, record.number)
    else:
        record = transactions.end(known, heard, notes)
    entry.reply = reply
    return record


def _renumbered(reply: Reply, number: int | None) -> Reply:
    """Same question, same answer: a start heard again is given the number it was given first."""
    return Reply(
        reply.now, reply.status, number=number, token_status=reply.token_status or ACCEPTED,
        token_parent=reply.token_parent, token_expires_at=reply.token_expires_at,
    )
