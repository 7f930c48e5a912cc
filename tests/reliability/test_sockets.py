"""Sockets: the newest wins, the too large closes, asking and being asked at once blocks nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from csms.app import Centre
from csms.kit.db import Db
from csms.vocabulary import CommandState, Reset, SetAvailability, Unlock
from tests.reliability.sockets import Socket, metered, until

Dial = Callable[..., Any]


async def departed(db: Db, station: str, times: int) -> None:
    """Wait until so many goings of a station are on record."""
    going = "select count(*) = $2 from frames where station = $1 and kind = 'disconnected'"
    await until(lambda: db.fetchval(going, station, times))


async def test_the_newest_socket_wins_and_the_older_one_s_end_does_not_count(
    db: Db, centre: Centre, dial: Dial
) -> None:
    older = await dial(centre, "S-1")
    await older.ask("Heartbeat", {})
    newer = await dial(centre, "S-1")
    assert "currentTime" in await newer.ask("Heartbeat", {})
    assert (await older.closed())[0] == 1000
    await departed(db, "S-1", 1)
    row = await db.fetchrow("select connected, session from stations where id = 'S-1'")
    assert row["connected"]
    ends = await db.fetch("select disconnected_at from connections where station = 'S-1' order by connected_at")
    assert [r["disconnected_at"] is None for r in ends] == [False, True]

    asking = asyncio.create_task(centre.csms.send("S-1", Unlock(1), by="test", wait_s=5))
    kind, id, action, _ = await newer.hear()
    assert (kind, action) == (2, "UnlockConnector")
    await newer.send(orjson.dumps([3, id, {"status": "Unlocked"}]).decode())
    assert (await asking).state == CommandState.ACCEPTED

    await newer.close()
    await departed(db, "S-1", 2)
    assert not await db.fetchval("select connected from stations where id = 'S-1'")


async def test_a_station_comes_back_at_once_although_its_dead_socket_says_nothing(
    db: Db, centre: Centre, dial: Dial
) -> None:
    dead = await dial(centre, "S-1")
    await dead.ask("Heartbeat", {})
    dead.connection.transport.pause_reading()  # half open: it will never answer our close
    back = await dial(centre, "S-1")
    async with asyncio.timeout(8):  # below the ten seconds a closing handshake may take
        assert "currentTime" in await back.ask("Heartbeat", {})
    dead.connection.transport.abort()


async def test_a_message_in_several_frames_is_heard_whole(db: Db, centre: Centre, dial: Dial) -> None:
    socket: Socket = await dial(centre, "S-1")
    await socket.connection.send(['[2,"1",', '"Heartbeat"', ",{}]"])
    assert (await socket.hear())[:2] == [3, "1"]
    await socket.connection.send('[2,"ü","Heartbeat",{}]'.encode())
    assert (await socket.hear())[:2] == [3, "ü"], "a binary frame is read too"


async def test_text_that_is_no_utf_8_ends_its_connection(db: Db, centre: Centre, dial: Dial) -> None:
    socket: Socket = await dial(centre, "S-1")
    await socket.ask("Heartbeat", {})
    await socket.connection.send(b'[2,"\xff","Heartbeat",{}]', text=True)
    assert (await socket.closed())[0] == 1007


async def test_what_is_said_before_the_arrival_is_on_record_is_answered_in_order(
    db: Db, centre: Centre, dial: Dial
) -> None:
    async with db.acquire() as conn, conn.transaction():
        await conn.execute("lock table heads in access exclusive mode")
        socket: Socket = await dial(centre, "S-1")
        ids = [await socket.say("MeterValues", metered(n)) for n in range(3)]
        await until(lambda: conn.fetchval("select exists (select from pg_locks where not granted)"))
    ids.append(await socket.say("MeterValues", metered(3)))
    assert [(await socket.hear())[1] for _ in ids] == ids
    kinds = await db.fetch("select kind from frames where station = 'S-1' order by seq limit 2")
    assert [r["kind"] for r in kinds] == ["connected", "received"]


async def test_a_station_that_was_answered_can_be_asked(
    db: Db, centre: Centre, dial: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it takes until its socket is in reach of commands: no answer leaves before."""
    attach, go_on = centre.relay.attach, asyncio.Event()

    async def slow(*attached: Any) -> None:
        await go_on.wait()
        await attach(*attached)

    monkeypatch.setattr(centre.relay, "attach", slow)
    socket: Socket = await dial(centre, "S-1")
    await socket.say("Heartbeat", {})
    await until(lambda: db.fetchval("select exists (select from stations where id = 'S-1' and connected)"))
    hearing = asyncio.create_task(socket.hear())
    assert not (await asyncio.wait([hearing], timeout=0.3))[0], "answered although no command can reach it"
    go_on.set()
    assert (await hearing)[0] == 3
    asking = asyncio.create_task(centre.csms.send("S-1", Unlock(1), by="test", wait_s=5))
    _, id, action, _ = await socket.hear()
    await socket.send(orjson.dumps([3, id, {"status": "Unlocked"}]).decode())
    assert (action, (await asking).state) == ("UnlockConnector", CommandState.ACCEPTED)


async def test_a_frame_that_is_too_large_ends_its_own_connection_only(db: Db, centre: Centre, dial: Dial) -> None:
    large, other = await dial(centre, "S-large"), await dial(centre, "S-other")
    just_fits = {"vendorId": "v", "data": "x" * (512 * 1024 - 100)}
    assert await large.ask("DataTransfer", just_fits) == {"status": "UnknownVendorId"}
    await large.say("DataTransfer", just_fits | {"messageId": "y" * 200})
    assert (await large.closed())[0] == 1009
    assert await other.ask("MeterValues", metered()) == {}
    await departed(db, "S-large", 1)
    again = await dial(centre, "S-large")
    assert "currentTime" in await again.ask("Heartbeat", {})


@pytest.mark.parametrize("answers_first", [True, False])
async def test_questions_that_cross_block_nobody(db: Db, centre: Centre, dial: Dial, answers_first: bool) -> None:
    socket: Socket = await dial(centre, "S-1")
    await socket.ask("Heartbeat", {})
    asking = asyncio.create_task(centre.csms.send("S-1", SetAvailability(True, 1), by="test", wait_s=10))
    kind, theirs, *_ = await socket.hear()
    assert kind == 2
    answer = orjson.dumps([3, theirs, {"status": "Accepted"}]).decode()
    if answers_first:
        ours = await socket.say("MeterValues", metered())
        await socket.send(answer)
        assert (await socket.hear())[:2] == [3, ours]
    else:  # it insists on its own answer before it gives ours
        assert await socket.ask("MeterValues", metered()) == {}
        await socket.send(answer)
    assert (await asking).state == CommandState.ACCEPTED


async def test_an_answer_that_comes_too_late_still_settles_its_command(db: Db, centres: Any, dial: Dial) -> None:
    centre = await centres(answer_within_s=0.2)
    socket: Socket = await dial(centre, "S-1")
    await socket.ask("Heartbeat", {})
    asked = await centre.csms.send("S-1", Reset(hard=False), by="test", wait_s=5)
    assert asked.state == CommandState.UNANSWERED
    _, id, action, _ = await socket.hear()
    assert action == "Reset"
    await socket.send(orjson.dumps([3, id, {"status": "Accepted"}]).decode())
    await until(lambda: db.fetchval("select state = 'accepted' from commands where station = 'S-1'"))
