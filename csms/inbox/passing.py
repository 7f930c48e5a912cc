"""Sockets that come and go, and commands that are claimed and answered: entries in which no station speaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from csms import answers, commands, stations
from csms.inbox.entries import Arrival, Claim, Departure, Entry, Lost, Recall, Settlement
from csms.kit.db import Conn
from csms.vocabulary import Command, UpdateFirmware, WriteVariables
from csms.vocabulary.heard import Notes


async def come_and_go(conn: Conn, batch: Sequence[Entry], notes: Notes) -> None:
    came = [e for e in batch if isinstance(e.then, Arrival)]
    live = [(e.line.station, a.node, a.protocol, e.line.received_at) for e in came if (a := _arrival(e)).node]
    sessions = await stations.connect(conn, live) if live else {}
    await stations.open_connections(conn, [
        (e.line.station, e.seq, sessions.get(e.line.station), a.node, a.protocol, a.address, e.line.received_at)
        for e in came if (a := _arrival(e))
    ])
    for entry in came:
        entry.result = sessions.get(entry.line.station)
        notes.event("station.connected", entry.line.station, entry.line.station)
    gone = [(e, e.then) for e in batch if isinstance(e.then, Departure)]
    await stations.disconnect(conn, [
        (e.line.station, e.line.session, e.line.received_at, d.code, d.reason) for e, d in gone
    ])
    for entry, _ in gone:
        notes.event("station.disconnected", entry.line.station, entry.line.station)
    if lost := [e for e in batch if isinstance(e.then, Lost)]:
        await _lose(conn, lost, notes)
    await _settle(conn, batch, notes)


async def _lose(conn: Conn, lost: Sequence[Entry], notes: Notes) -> None:
    """Their node is dead, and with it whoever waited for what these stations were asked."""
    lines = [e.line for e in lost]
    sessions = await stations.lose(conn, [
        (e.line.station, e.line.session or 0, e.line.received_at, e.then.reason) for e in lost
        if isinstance(e.then, Lost)
    ])
    for entry in lost:
        entry.result = sessions.get(entry.line.station)
        notes.event("station.disconnected", entry.line.station, entry.line.station)
    await commands.abandon(conn, [(line.station, line.session or 0, line.received_at) for line in lines], notes)


def _arrival(entry: Entry) -> Arrival:
    assert isinstance(entry.then, Arrival)
    return entry.then


async def _settle(conn: Conn, batch: Sequence[Entry], notes: Notes) -> None:
    """Claims and answers of commands: rare, so one by one."""
    for entry in batch:
        line, then = entry.line, entry.then
        if isinstance(then, Claim):
            assert line.message_id is not None
            entry.result = await commands.claim(
                conn, then.command, at=line.received_at, message_id=line.message_id, seq=entry.seq, session=line.session
            )
        elif isinstance(then, Recall):
            await commands.recall(
                conn, then.command, line.station, then.asked, then.action, then.payload, by=line.by or "unknown",
                complaint=line.complaint, at=line.received_at, message_id=line.message_id or "", seq=entry.seq,
            )
        elif isinstance(then, Settlement):
            entry.result = await _settle_one(conn, entry, then, notes)


async def _settle_one(conn: Conn, entry: Entry, settled: Settlement, notes: Notes) -> bool:
    """The row, and what the answer has changed at the station. False when the row had moved on."""
    line, asked, told = entry.line, settled.asked, settled.told
    word = answers.word_of(settled.answer, told)
    if not settled.on_record and not await commands.settle(
        conn, settled.command, settled.kind, settled.state, line.received_at, notes, answer=settled.answer,
        body=asdict(asked) if asked is not None else None, word=word,
        seen=await _before(conn, line.station, asked, word), seq=entry.seq,
        already=await _already(conn, line.station, settled), session=line.session,
    ):
        return False
    if asked is not None:
        await answers.follow(conn, answers.Answered(
            line.station, entry.seq, line.received_at, asked, settled.state, word, told, settled.by
        ), notes)
    return True


async def _before(conn: Conn, station: str, asked: Command | None, word: str | None) -> Mapping[str, Any]:
    """What its effect will be told by later."""
    if isinstance(asked, WriteVariables) and word == "RebootRequired":
        return {"reboot": True}
    if isinstance(asked, UpdateFirmware):
        found = await stations.find_many(conn, [station])
        return {"from": found[0].firmware} if found and found[0].firmware else {}
    return {}


async def _already(conn: Conn, station: str, settled: Settlement) -> bool:
    """An unlocked connector that was already reported free needs no further word."""
    if settled.kind != "unlock":
        return False
    found = await stations.find_many(conn, [station])
    return any(c.evse == settled.evse and c.status == "Available" for s in found for c in s.connectors)
