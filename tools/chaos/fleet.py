"""Fifty stations that charge all day, and the comparison of what they remember with what the server kept."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from itertools import cycle
from typing import Any

import orjson

from charger_emulator import Backoff, Entry, Station
from csms import journal
from csms.kit.clock import parse_time
from csms.kit.db import Conn
from csms.ocpp import decode

QUICK = Backoff(minimum=0.05, maximum=0.4, jitter=0.2)
PATIENCE_S = 240.0
MOST_WAITING = 10
"""Messages a station may have waiting before its next driver begins."""
VERSIONS = ("ocpp1.6", "ocpp2.0.1")


class Fleet:
    """Stations of both versions. While it works, every station begins and ends sessions without a pause."""

    def __init__(
        self, url: str, size: int, seed: int, *, message_timeout_s: float = 30.0, time_scale: float = 60.0
    ) -> None:
        self.dice = random.Random(seed)
        self.stations = [
            Station(
                url, f"F-{n:03d}", version, connectors=(60.0, 11.0), time_scale=time_scale, boot_time_s=3.0,
                backoff=QUICK, message_timeout_s=message_timeout_s, settings={"MeterValueSampleInterval": "20"},
            )
            for n, version in zip(range(size), cycle(VERSIONS), strict=False)
        ]
        self._working = False
        self._days: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await asyncio.gather(*(station.start() for station in self.stations))
        self._working = True
        self._days = [asyncio.create_task(self._day(s), name=f"day of {s.id}") for s in self.stations]

    async def _day(self, station: Station) -> None:
        for number in range(1_000_000):
            if not self._working:
                return
            with suppress(TimeoutError):  # drivers come no faster than their station gets rid of what it has to say
                await station.wait_for(lambda s: len(s.voice.outbox) < MOST_WAITING, timeout=PATIENCE_S)
            evse = 1 + number % 2
            await station.plug_in(evse)
            await station.start_locally(evse, f"T{self.dice.randrange(10_000)}")
            await asyncio.sleep(self.dice.uniform(0.4, 1.6))
            await station.stop(evse)
            await station.unplug(evse)

    async def all_online(self) -> None:
        await asyncio.gather(*(s.wait_for(lambda s: s.speaking, timeout=PATIENCE_S) for s in self.stations))

    async def heard_again(self, messages: int) -> None:
        """Until every station has had so many more messages acknowledged: it carries on."""
        async def one(station: Station) -> None:
            wanted = _acknowledged(station) + messages
            await station.wait_for(lambda s: _acknowledged(s) >= wanted, timeout=PATIENCE_S)
        await asyncio.gather(*(one(s) for s in self.stations))

    async def rest(self) -> None:
        """End what runs and deliver what waits; nobody gives up anything.

        All are patient by now: on a machine that does much else, asking again too soon only makes the queue longer.
        """
        self._working = False
        for station in self.stations:
            station.voice.message_timeout_s = PATIENCE_S
        await asyncio.gather(*self._days)
        await self.all_online()
        await asyncio.gather(*(s.drained(PATIENCE_S) for s in self.stations))

    async def end(self) -> None:
        self._working = False
        for day in self._days:
            day.cancel()
        await asyncio.gather(*self._days, return_exceptions=True)
        for station in self.stations:
            with suppress(Exception):
                await station.shutdown()

    @property
    def acknowledged(self) -> int:
        return sum(_acknowledged(s) for s in self.stations)

    @property
    def refusals(self) -> list[tuple[str, Entry]]:
        return [(s.id, entry) for s in self.stations for entry in s.ledger if entry.refusal is not None]


def _acknowledged(station: Station) -> int:
    return sum(entry.acknowledged for entry in station.ledger)


# --- what must be true in the end -------------------------------------------------------------------


async def assert_nothing_lost_or_doubled(conn: Conn, fleet: Fleet) -> None:
    """Every acknowledged message is in the journal as it was sent and projected once; the chain holds."""
    assert fleet.acknowledged > 10 * len(fleet.stations), "there was no load"
    for station in fleet.stations:
        await assert_station_right(conn, station)
    checked, broken = await journal.verify(conn)
    assert not broken, broken
    assert checked >= fleet.acknowledged
    assert not (quarantined := await conn.fetch("select * from quarantine")), quarantined


async def assert_station_right(conn: Conn, station: Station, *, strict: bool = True) -> None:
    """Not `strict`: the network has repeated messages, so the journal rightly has some of them twice."""
    await _journal_holds(conn, station, strict)
    await _transactions_are_right(conn, station)
    await _readings_are_right(conn, station)
    await _statuses_are_right(conn, station)


async def _journal_holds(conn: Conn, station: Station, strict: bool) -> None:
    rows = await conn.fetch("select kind, message_id, frame from frames where station = $1 order by seq", station.id)
    received = [(r["message_id"], orjson.loads(r["frame"])) for r in rows if r["kind"] == "received"]
    sent = {r["message_id"]: orjson.loads(r["frame"]) for r in rows if r["kind"] == "sent"}
    times = Counter(id for id, _ in received)
    assert max(times.values()) == 1 or not strict
    frames = dict(received)
    for entry in station.ledger:
        if entry.acknowledged:
            assert frames.get(entry.message_id) == [2, entry.message_id, entry.action, entry.payload]
            assert sent[entry.message_id] == [3, entry.message_id, entry.answer]


def _told(station: Station, *actions: str) -> Iterator[tuple[Entry, dict[str, Any]]]:
    for entry in station.ledger:
        if entry.acknowledged and entry.action in actions:
            yield entry, entry.payload


async def _transactions_are_right(conn: Conn, station: Station) -> None:
    """One row for each transaction, however often its start was said."""
    rows = await conn.fetch("select * from transactions where station = $1", station.id)
    if station.speech.version == "ocpp1.6":
        begun = {
            (p["connectorId"], p["idTag"], parse_time(p["timestamp"]), p["meterStart"])
            for _, p in _told(station, "StartTransaction")
        }
        numbers = {(entry.answer or {})["transactionId"] for entry, _ in _told(station, "StartTransaction")}
        ended = {p["transactionId"] for _, p in _told(station, "StopTransaction")}
        assert Counter(
            (r["evse"], r["token"], r["said_start_at"], r["meter_start_wh"]) for r in rows
        ) == Counter(begun)
        assert {r["number"] for r in rows} == numbers
        assert {r["number"] for r in rows if r["stopped_at"]} == ended == numbers
    else:
        begun = {p["transactionInfo"]["transactionId"] for _, p in _told(station, "TransactionEvent")}
        assert Counter(r["reference"] for r in rows) == Counter(begun)
        assert all(r["stopped_at"] for r in rows)
        steps = await conn.fetch("select said, seq_no from steps where station = $1", station.id)
        said = {
            (p["transactionInfo"]["transactionId"], p["seqNo"]) for _, p in _told(station, "TransactionEvent")
        }
        assert Counter((r["said"], r["seq_no"]) for r in steps) == Counter(said)


async def _readings_are_right(conn: Conn, station: Station) -> None:
    """One row for each reading, with the register it said."""
    rows = await conn.fetch("select evse, said, at, context, energy_wh from readings where station = $1", station.id)
    stored = Counter((r["evse"], r["said"], r["at"], r["context"], r["energy_wh"]) for r in rows)
    assert stored == Counter(set(_readings_said(station)))


def _readings_said(station: Station) -> Iterator[tuple[int, str | None, datetime, str, float | None]]:
    version = station.speech.version
    evses = {
        str((entry.answer or {})["transactionId"]): p["connectorId"] for entry, p in _told(station, "StartTransaction")
    } | {
        p["transactionInfo"]["transactionId"]: p["evse"]["id"]
        for _, p in _told(station, "TransactionEvent") if "evse" in p
    }
    for entry, payload in _told(station, "MeterValues", "StopTransaction", "TransactionEvent"):
        message: Any = decode(version, entry.action, payload).message
        match entry.action:
            case "MeterValues":
                said, evse = message.transaction, message.evse
            case "StopTransaction":
                said, evse = str(message.number), evses[str(message.number)]
            case _:
                said, evse = message.reference, evses[message.reference]
        for reading in message.readings:
            yield evse, said, reading.at, reading.context, reading.energy_wh


async def _statuses_are_right(conn: Conn, station: Station) -> None:
    rows = await conn.fetch(
        "select evse, status, at from statuses where station = $1 and source = 'connector'", station.id
    )
    stored = Counter((r["evse"], r["status"], r["at"]) for r in rows)
    for entry, payload in _told(station, "StatusNotification"):
        message: Any = decode(station.speech.version, entry.action, payload).message
        assert stored[message.evse, message.status, message.at] == 1
