"""Everything derived from a batch of messages, set by set, and each one's reply."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from csms import commands, events, journal, meters, transactions
from csms.inbox.charging import authorize, follow_transactions, is_numbered_start, standings
from csms.inbox.entries import ACCEPTED, Entry, Policy
from csms.inbox.happenings import UNEVENTFUL, happenings, wanted
from csms.inbox.passing import come_and_go
from csms.inbox.talk import note
from csms.kit.clock import system_clock
from csms.kit.db import Conn
from csms.vocabulary import (
    MeterReported,
    Reply,
    TokenPresented,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
)
from csms.vocabulary.heard import Heard, Notes


async def project(
    conn: Conn, batch: Sequence[Entry], policy: Policy, vouched: transactions.Vouched
) -> None:
    """Derive everything from entries that are in the journal already, and tell nobody."""
    notes = Notes()
    await meters.keep(conn, await derive(conn, batch, policy, notes, vouched, {}))
    await journal.count_repairs(conn, [e.line for e in batch], notes.rules)
    notes.events.clear()
    await events.write(conn, notes, system_clock())


async def derive(
    conn: Conn, batch: Sequence[Entry], policy: Policy, notes: Notes, vouched: transactions.Vouched,
    triggered: dict[str, datetime],
) -> list[meters.Column]:
    """Everything derived from the batch's messages, written set by set, and each one's reply.

    Gives the readings: they are still to be kept.
    """
    passing = [e for e in batch if e.then is not None]
    if passing:
        await come_and_go(conn, passing, notes)
    said: dict[type[Any], list[Entry]] = {}
    for entry in batch:
        if entry.said is not None:
            said.setdefault(type(entry.said), []).append(entry)
    telling = [e for kind, entries in said.items() if kind not in UNEVENTFUL for e in entries]
    standing = await standings(conn, telling, policy)
    for kind, entries in said.items():
        await note(conn, kind, entries, notes, policy)
    await authorize(conn, said.get(TokenPresented, []), standing)
    spoken = [e for t in (TransactionStarted, TransactionUpdated, TransactionEnded) for e in said.get(t, [])]
    rows = await follow_transactions(conn, spoken, standing, notes)
    for entry in spoken:
        if not isinstance(entry.said, TransactionUpdated):
            vouched.forget(entry.line.station)
    named: list[Heard[MeterReported]] = []
    for entry in said.get(MeterReported, []):
        assert isinstance(entry.said, MeterReported)
        rows += meters.rows_of(entry.line.station, entry.said, entry.line.received_at, entry.seq)
        if vouched.is_new(entry.line.station, entry.said):
            named.append(entry.heard())
    if named:
        await transactions.look_into(conn, named, vouched, notes)
    triggers = wanted(passing, said, triggered) if triggered or passing else []
    await commands.observe(conn, happenings([*passing, *telling, *triggers]), notes)
    return rows


async def acknowledge_only(conn: Conn, batch: Sequence[Entry], policy: Policy) -> None:
    """Replies that derive nothing: for a message that cannot be projected, the station must not be held up."""
    for entry in batch:
        if entry.said is not None:
            numbers = await transactions.allot_numbers(conn, 1) if is_numbered_start(entry.said) else [None]
            entry.reply = Reply(
                entry.line.received_at, ACCEPTED, interval_s=policy.heartbeat_s, number=numbers[0],
                token_status=ACCEPTED,
            )
