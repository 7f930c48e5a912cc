"""Batches: one bad message harms nobody, what waits is bounded, what cannot be read is answered."""

from __future__ import annotations

import random
import string
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from csms import journal
from csms.app import Centre
from csms.gateway.session import MOST_OPEN
from csms.kit.db import Db
from tests.reliability.sockets import Socket, metered, until

Dial = Callable[..., Any]


@asynccontextmanager
async def held_up(db: Db, centre: Centre, first: Socket) -> AsyncIterator[None]:
    """While the block runs, a batch with a heartbeat of `first` is under way and cannot be committed."""
    async with db.acquire() as conn, conn.transaction():
        await conn.execute("lock table heads in access exclusive mode")
        await first.say("Heartbeat", {})
        await until(lambda: conn.fetchval("select exists (select from pg_locks where not granted)"))
        assert not centre.inbox.waiting
        yield


async def gathered(centre: Centre, messages: int) -> None:
    async def so_many() -> bool:
        return len(centre.inbox.waiting) == messages
    await until(so_many)


async def in_journal(db: Db, station: str) -> list[tuple[str, str]]:
    rows = await db.fetch("select kind, frame from frames where station = $1 order by seq", station)
    return [(row["kind"], row["frame"]) for row in rows if row["kind"] in ("received", "sent")]


async def test_a_message_that_cannot_be_projected_harms_nobody_in_its_batch(
    db: Db, centre: Centre, dial: Dial
) -> None:
    sockets: list[Socket] = [await dial(centre, f"S-{n}") for n in range(20)]
    first = await dial(centre, "S-first")
    for socket in (*sockets, first):
        await socket.ask("Heartbeat", {})
    # No index of PostgreSQL takes a key of this size, and it does not compress.
    dice = random.Random(1)
    monster = metered(5, context="".join(dice.choices(string.ascii_letters, k=9000)))
    async with held_up(db, centre, first):
        for n, socket in enumerate(sockets):
            await socket.say("MeterValues", monster if n == 7 else metered(n))
        await gathered(centre, len(sockets))
    for socket in sockets:
        assert (await socket.hear())[0] == 3
    assert await sockets[7].ask("MeterValues", metered(30)) == {}, "its station carries on"

    kept = await db.fetch("select station from readings")
    assert sorted(r["station"] for r in kept) == sorted(f"S-{n}" for n in range(20))
    quarantined = await db.fetch("select * from quarantine")
    assert [(r["station"], r["action"]) for r in quarantined] == [("S-7", "MeterValues")]
    assert "ProgramLimitExceeded" in quarantined[0]["error"]
    (kind, frame), (_, answer) = (await in_journal(db, "S-7"))[2:4]
    assert (kind, orjson.loads(frame)[3]) == ("received", monster)
    assert orjson.loads(answer)[:2] == [3, "q2"]
    async with db.acquire() as conn:
        assert (await journal.verify(conn))[1] == []


async def test_when_too_much_waits_a_station_is_told_to_come_back_later(db: Db, centre: Centre, dial: Dial) -> None:
    sockets: list[Socket] = [await dial(centre, f"S-{n}") for n in range(7)]
    for socket in sockets:
        await socket.ask("Heartbeat", {})
    centre.inbox.room = 5
    async with held_up(db, centre, sockets[0]):
        for socket in sockets[1:6]:
            await socket.say("Heartbeat", {})
        await gathered(centre, 5)
        await sockets[6].say("Heartbeat", {})
        assert (await sockets[6].closed())[0] == 1013
    for socket in sockets[:6]:
        assert (await socket.hear())[0] == 3
    await until(lambda: db.fetchval("select not connected from stations where id = 'S-6'"))  # its going found room


async def test_a_station_that_floods_is_told_to_come_back_later(db: Db, centre: Centre, dial: Dial) -> None:
    flooding, calm = await dial(centre, "S-flood"), await dial(centre, "S-calm")
    for socket in (flooding, calm):
        await socket.ask("Heartbeat", {})
    async with held_up(db, centre, calm):
        for _ in range(MOST_OPEN + 1):
            await flooding.say("Heartbeat", {})
        assert (await flooding.closed())[0] == 1013
    assert (await calm.hear())[0] == 3


async def test_questions_asked_without_waiting_are_answered_in_order(db: Db, centre: Centre, dial: Dial) -> None:
    socket = await dial(centre, "S-1")
    ids = [await socket.say("MeterValues", metered(n)) for n in range(20)]
    assert [(await socket.hear())[1] for _ in ids] == ids
    received = [orjson.loads(frame)[1] for kind, frame in await in_journal(db, "S-1") if kind == "received"]
    assert received == ids


@pytest.mark.parametrize(("protocol", "code"), [("ocpp1.6", "FormationViolation"), ("ocpp2.0.1", "FormatViolation")])
async def test_a_question_that_cannot_be_read_is_refused_and_kept(
    db: Db, centre: Centre, dial: Dial, protocol: str, code: str
) -> None:
    socket = await dial(centre, "S-1", protocol)
    await socket.send('[2,"abc","Heartbeat",{"x":')
    assert (await socket.hear())[:3] == [4, "abc", code]
    (_, question), (kind, refusal) = await in_journal(db, "S-1")
    assert question == '[2,"abc","Heartbeat",{"x":'
    assert (kind, orjson.loads(refusal)[:3]) == ("sent", [4, "abc", code])
    async with db.acquire() as conn:
        assert (await journal.verify(conn))[1] == []


async def test_a_frame_with_the_end_of_a_c_string_is_answered_and_kept(db: Db, centre: Centre, dial: Dial) -> None:
    socket = await dial(centre, "S-1")
    await socket.send('[2,"1","Heartbeat",{}]\0')
    assert (await socket.hear())[:2] == [3, "1"]
    assert (await in_journal(db, "S-1"))[0] == ("received", '[2,"1","Heartbeat",{}]\\u0000')


class Interrupted:
    """A connection on whose every query a station speaks before the next."""

    def __init__(self, conn: Any, socket: Socket) -> None:
        self._conn, self._socket = conn, socket

    def __getattr__(self, name: str) -> Any:
        return getattr(self._conn, name)

    async def fetch(self, *query: Any) -> Any:
        rows = await self._conn.fetch(*query)
        await self._socket.ask("Heartbeat", {})
        return rows

    async def fetchrow(self, *query: Any) -> Any:
        row = await self._conn.fetchrow(*query)
        await self._socket.ask("Heartbeat", {})
        return row


async def test_the_chain_of_a_station_that_is_talking_can_be_verified(db: Db, centre: Centre, dial: Dial) -> None:
    socket = await dial(centre, "S-1")
    await socket.ask("Heartbeat", {})
    async with db.acquire() as conn:
        assert await journal.verify(Interrupted(conn, socket)) == (5, [])
