"""What stations say that needs nothing of each other: one kind of message after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from csms import faults, firmware, reports, stations, variables
from csms.inbox.entries import ACCEPTED, Entry, Policy
from csms.inbox.happenings import UNEVENTFUL, statuses
from csms.kit.db import Conn
from csms.vocabulary import (
    Booted,
    DataPassed,
    EventsNoted,
    GridAlarm,
    ProgressNoted,
    Reply,
    SecurityNoted,
    StatusReported,
)
from csms.vocabulary.heard import Heard, Notes


async def note(
    conn: Conn, kind: type[Any], entries: Sequence[Entry], notes: Notes, policy: Policy
) -> None:
    """Messages that need nothing of each other. Transactions and tokens follow on their own."""
    for entry in entries:
        entry.reply = Reply(entry.line.received_at, ACCEPTED)
    if kind in UNEVENTFUL:
        return
    heards: list[Heard[Any]] = [e.heard() for e in entries]
    if kind is StatusReported:
        await stations.note_statuses(conn, heards)
    elif kind is Booted:
        await _boot(conn, entries, heards, notes, policy)
    elif kind is SecurityNoted:
        await stations.note_security(conn, heards)
    elif kind is ProgressNoted:
        await stations.note_progress(conn, heards)
        await firmware.follow(conn, heards)
    elif kind in reports.NOTED:
        await reports.NOTED[kind](conn, heards)
        for entry, heard in zip(entries, heards, strict=True):
            entry.reply = await reports.reply(conn, heard, policy.authority)
    elif kind is DataPassed:
        await _transfer(conn, entries, heards)
    if kind is EventsNoted:
        await variables.note_events(conn, heards)
        await stations.note_statuses(conn, [
            Heard(h.station, h.seq, h.received_at, status) for h in heards for status in statuses(h.said)
        ])
    if kind in (StatusReported, EventsNoted, GridAlarm):
        await _hear_faults(conn, heards, notes)


async def _boot(
    conn: Conn, entries: Sequence[Entry], heards: Sequence[Heard[Booted]], notes: Notes, policy: Policy
) -> None:
    admitted = await stations.admissions(conn, [h.station for h in heards])
    for entry, heard in zip(entries, heards, strict=True):
        known = admitted.get(heard.station) == "known"
        entry.reply = heard.recorded or Reply(
            heard.received_at, ACCEPTED if known else "Pending",
            interval_s=policy.heartbeat_s if known else policy.pending_s,
        )
        notes.event("station.booted", heard.station, heard.station, reason=heard.said.reason)
    await firmware.note_boots(conn, heards)
    await stations.note_boots(conn, heards, [e.reply.status or ACCEPTED for e in entries if e.reply])


async def _transfer(conn: Conn, entries: Sequence[Entry], heards: Sequence[Heard[DataPassed]]) -> None:
    """DataTransfer is kept; nobody here speaks the vendor's language, and both versions have a word for that."""
    for entry in entries:
        entry.reply = Reply(entry.line.received_at, "UnknownVendorId")
    await stations.note_transfers(conn, heards)


async def _hear_faults(conn: Conn, heards: Sequence[Heard[Any]], notes: Notes) -> None:
    known = await faults.load(conn, [h.station for h in heards])
    for heard in heards:
        if isinstance(heard.said, StatusReported):
            faults.hear_status(known, heard, notes)
        elif isinstance(heard.said, GridAlarm):
            faults.hear_alarm(known, heard, notes)
        else:
            faults.hear_events(known, heard, notes)
    await faults.store(conn, known)
