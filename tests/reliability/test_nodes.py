"""Several nodes over one database: the newest session speaks, older ones change nothing, dead ones are missed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest

from csms import journal
from csms.app import Centre
from csms.errors import NameTaken
from csms.gateway.nodes import Nats
from csms.kit.db import Db
from csms.vocabulary import CommandState, Reset, Unlock
from tests.reliability.sockets import Socket, metered, until
from tools.chaos.processes import NatsServer

Dial = Callable[..., Any]


async def two_with_nats(centres: Any, nats: NatsServer) -> tuple[Centre, Centre]:
    a, b = await centres(node="a", nats=nats.url), await centres(node="b", nats=nats.url)
    await both_in_reach(a, b)
    return a, b


async def both_in_reach(*some: Centre) -> None:
    async def so() -> bool:
        return all(isinstance(one.relay, Nats) and one.relay.in_reach for one in some)
    await until(so)


async def answer(socket: Socket, payload: dict[str, Any]) -> str:
    """Answer the next question; what it was."""
    kind, id, action, _ = await socket.hear()
    assert kind == 2
    await socket.send(orjson.dumps([3, id, payload]).decode())
    return str(action)


async def test_a_station_that_reconnects_elsewhere_is_taken_over(
    db: Db, centres: Any, nats: NatsServer, dial: Dial
) -> None:
    a, b = await two_with_nats(centres, nats)
    older = await dial(a, "S-1")
    await older.ask("Heartbeat", {})
    asking = asyncio.create_task(b.csms.send("S-1", Unlock(1), by="test", wait_s=10))
    assert await answer(older, {"status": "Unlocked"}) == "UnlockConnector", "from the node that does not hold it"
    assert (await asking).state == CommandState.ACCEPTED

    newer = await dial(b, "S-1")
    await newer.ask("Heartbeat", {})
    assert (await older.closed())[0] == 1000, "told over NATS"
    await until(lambda: db.fetchval("select count(*) = 1 from frames where kind = 'disconnected'"))
    row = await db.fetchrow("select connected, node, session from stations where id = 'S-1'")
    assert tuple(row) == (True, "b", 2)
    for centre in (a, b):
        asking = asyncio.create_task(centre.csms.send("S-1", Unlock(1), by="test", wait_s=10))
        assert await answer(newer, {"status": "Unlocked"}) == "UnlockConnector"
        assert (await asking).state == CommandState.ACCEPTED
    assert (await a.csms.send("S-1", Unlock(1), by="test", wait_s=0)).state == CommandState.QUEUED
    async with db.acquire() as conn:
        assert (await journal.verify(conn))[1] == []


async def test_an_older_session_changes_nothing_even_if_nobody_told_it(db: Db, centres: Any, dial: Dial) -> None:
    a, b = await centres(node="a"), await centres(node="b")  # no NATS: they do not hear of each other
    older = await dial(a, "S-1")
    assert await older.ask("MeterValues", metered(1)) == {}
    newer = await dial(b, "S-1")
    assert await newer.ask("MeterValues", metered(2)) == {}
    await older.say("MeterValues", metered(3))
    assert (await older.closed())[0] == 1000
    await until(lambda: db.fetchval("select count(*) = 1 from frames where kind = 'disconnected'"))
    assert await newer.ask("MeterValues", metered(4)) == {}
    frames = await db.fetch("select frame from frames where kind = 'received' order by seq")
    said = [orjson.loads(r["frame"])[3]["meterValue"][0]["sampledValue"][0]["value"] for r in frames]
    assert said == ["1001", "1002", "1004"]
    assert await db.fetchval("select connected and node = 'b' from stations")
    async with db.acquire() as conn:
        assert (await journal.verify(conn))[1] == []


async def test_an_older_session_is_given_no_command(db: Db, centres: Any, dial: Dial) -> None:
    a, b = await centres(node="a"), await centres(node="b")
    older = await dial(a, "S-1")
    await older.ask("Heartbeat", {})
    newer = await dial(b, "S-1")
    await newer.ask("Heartbeat", {})
    asked = await a.csms.send("S-1", Reset(hard=False), by="test", wait_s=10)
    assert asked.state == CommandState.OFFLINE, "its own socket does not count, and it reaches no other"
    assert (await older.closed())[0] == 1000
    assert not await db.fetchval("select exists (select from frames where kind = 'sent' and action = 'Reset')")


async def test_what_a_dead_node_left_is_put_on_record_by_those_who_live(db: Db, centres: Any, dial: Dial) -> None:
    dead, alive = await centres(node="dead"), await centres(node="alive")
    socket = await dial(dead, "S-1")
    await socket.ask("Heartbeat", {})
    asked = await dead.csms.send("S-1", Reset(hard=False), by="test")
    await socket.hear()  # and gives no answer
    await db.execute("update nodes set seen_at = seen_at - interval '1 hour' where name = 'dead'")
    await alive.roster.round()
    assert await db.fetchval("select connected from stations"), "it might be us who were away"
    alive.roster._steady_since -= timedelta(minutes=1)  # we have been seen all the time
    await db.execute("update nodes set seen_at = seen_at - interval '1 hour' where name = 'dead'")
    await alive.roster.round()
    await until(lambda: db.fetchval("select not connected from stations"))
    left = await db.fetchrow("select state, effect from commands where id = $1", asked.id)
    assert tuple(left) == ("unanswered", "pending"), "whether the reset helped is watched all the same"
    assert await db.fetchval("select reason from connections") == "its node stopped"
    # And should it live after all, its station has to come anew.
    await socket.say("MeterValues", metered(1))
    assert (await socket.closed())[0] == 1000
    back = await dial(alive, "S-1")
    assert await back.ask("MeterValues", metered(1)) == {}
    assert await db.fetchval("select count(*) from readings") == 1


async def test_two_of_one_name_cannot_both_stay(centres: Any) -> None:
    first, second = await centres(node="a"), await centres(node="a")
    await second.roster.round()
    with pytest.raises(NameTaken):
        await first.roster.round()


async def test_what_waits_is_sent_once_the_nodes_reach_each_other_again(
    db: Db, centres: Any, nats: NatsServer, dial: Dial
) -> None:
    a, b = await two_with_nats(centres, nats)
    socket = await dial(a, "S-1")
    await socket.ask("Heartbeat", {})
    await nats.kill()
    async def apart() -> bool:
        return not b.relay.in_reach  # type: ignore[attr-defined]
    await until(apart)
    asked = await b.csms.send("S-1", Unlock(1), by="test", wait_s=10)
    assert asked.state == CommandState.OFFLINE, "said at once"
    waiting = await b.csms.send(
        "S-1", Unlock(1), by="test", wait_s=10, queue_until=b.clock() + timedelta(minutes=5)
    )
    assert waiting.state == CommandState.QUEUED
    await a.gateway.sweep()  # which needs no NATS: the row is the truth
    await answer(socket, {"status": "Unlocked"})
    await until(lambda: db.fetchval("select state = 'accepted' from commands where id = $1", waiting.id))


async def test_who_stops_tells_its_stations_to_come_back_and_leaves_no_name(
    db: Db, centres: Any, dial: Dial
) -> None:
    centre = await centres(node="a")
    sockets = [await dial(centre, f"S-{n}") for n in range(5)]
    for socket in sockets:
        await socket.ask("Heartbeat", {})
    await centre.stop()
    assert {(await socket.closed())[0] for socket in sockets} == {1012}
    assert await db.fetchval("select count(*) from stations where not connected") == 5
    assert await db.fetchval("select count(*) from nodes") == 0
