"""The relays: whether all sockets are here or some on other nodes, a command finds the one that holds its station."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from csms.gateway.nodes import Nats, subject_of
from csms.gateway.relay import InProcess, Relay
from csms.vocabulary import CommandState
from tests.reliability.sockets import until
from tools.chaos.line import Line
from tools.chaos.processes import NatsServer

Relays = tuple[Relay, Relay, Relay]
"""Of two gateways and a desk."""


@dataclass(eq=False)
class Holding:
    """Stands where a session would."""

    answer: CommandState | None = CommandState.ACCEPTED
    asked: list[str] = field(default_factory=list)
    superseded_by: asyncio.Queue[int] = field(default_factory=asyncio.Queue)

    async def perform(self, command: str) -> CommandState | None:
        self.asked.append(command)
        return self.answer

    def superseded(self, session: int) -> None:
        self.superseded_by.put_nowait(session)


class Nodes:
    """NATS relays, ended after the test."""

    def __init__(self, server: NatsServer) -> None:
        self.server = server
        self.made: list[Nats] = []
        self._running: list[asyncio.Task[None]] = []

    async def add(self, url: str | None = None) -> Nats:
        relay = Nats([url or self.server.url], f"n{len(self.made)}", patience_s=5)
        self.made.append(relay)
        self._running.append(asyncio.create_task(relay.run()))
        return relay

    async def all_in_reach(self) -> None:
        async def so() -> bool:
            return all(relay.in_reach for relay in self.made)
        await until(so)

    async def end(self) -> None:
        for relay in self.made:
            await relay.close()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


@pytest.fixture
async def nodes(nats: NatsServer) -> AsyncIterator[Nodes]:
    made = Nodes(nats)
    yield made
    await made.end()


@pytest.fixture(params=["in_process", "nats"])
async def relays(request: Any, nodes: Nodes) -> Relays:
    """The same relay three times, or three that reach each other over NATS."""
    if request.param == "in_process":
        one = InProcess()
        return one, one, one
    made = await nodes.add(), await nodes.add(), await nodes.add()
    await nodes.all_in_reach()
    return made


async def delivered(relay: Relay, station: str, state: CommandState) -> None:
    """What is attached on one node is in reach of the others once NATS has passed it on."""
    async def so() -> bool:
        return await relay.deliver(station, "look") == state
    await until(so)


async def test_a_command_reaches_who_holds_the_station_from_every_node(relays: Relays) -> None:
    gateway, other, desk = relays
    held = Holding()
    await gateway.attach("S-1", held, 1)
    for relay in (gateway, other, desk):
        await delivered(relay, "S-1", CommandState.ACCEPTED)
    assert await desk.deliver("S-2", "c") == CommandState.OFFLINE
    held.answer = CommandState.REJECTED
    assert await desk.deliver("S-1", "this one") == CommandState.REJECTED
    assert held.asked[-1] == "this one"


async def test_the_newer_holder_is_asked_and_the_older_one_is_told(relays: Relays) -> None:
    gateway, other, desk = relays
    older, newer = Holding(), Holding(CommandState.REJECTED)
    await gateway.attach("S-1", older, 1)
    await delivered(desk, "S-1", CommandState.ACCEPTED)
    await other.attach("S-1", newer, 2)
    async with asyncio.timeout(10):
        while await older.superseded_by.get() != 2:
            pass
    older.answer = None  # its socket speaks for the station no longer
    await delivered(desk, "S-1", CommandState.REJECTED)
    await gateway.detach("S-1", older)
    assert await desk.deliver("S-1", "d") == CommandState.REJECTED
    assert "d" not in older.asked


async def test_who_has_left_is_offline(relays: Relays) -> None:
    gateway, _, desk = relays
    held = Holding()
    await gateway.attach("S-1", held, 1)
    await delivered(desk, "S-1", CommandState.ACCEPTED)
    await gateway.detach("S-1", held)
    await delivered(desk, "S-1", CommandState.OFFLINE)
    held.answer = None
    await gateway.attach("S-1", held, 2)
    await delivered(desk, "S-1", CommandState.OFFLINE)


async def test_who_is_attached_is_found_at_once_however_far_the_server_is(nats: NatsServer, nodes: Nodes) -> None:
    line = Line([nats.port])
    await line.start()
    try:
        gateway, desk = await nodes.add(f"nats://127.0.0.1:{line.port}"), await nodes.add()
        await nodes.all_in_reach()
        line.delay_s = 0.2
        await gateway.attach("S-1", Holding(), 1)
        assert await desk.deliver("S-1", "c") == CommandState.ACCEPTED
    finally:
        await line.stop()


async def test_without_nats_what_is_here_is_reached_the_rest_says_so_at_once_and_all_heals(
    nats: NatsServer, nodes: Nodes
) -> None:
    await nats.kill()
    gateway, desk = await nodes.add(), await nodes.add()
    early, late = Holding(), Holding()
    await gateway.attach("S-1", early, 1)  # before NATS was ever there
    assert await gateway.deliver("S-1", "c") == CommandState.ACCEPTED
    assert await desk.deliver("S-1", "d") == CommandState.OFFLINE
    await nats.start()
    await nodes.all_in_reach()
    await delivered(desk, "S-1", CommandState.ACCEPTED)
    await nats.kill()
    await gateway.attach("S-2", late, 1)  # while it is away
    await gateway.detach("S-1", early)
    assert await gateway.deliver("S-2", "e") == CommandState.ACCEPTED
    await delivered(desk, "S-2", CommandState.OFFLINE)
    await nats.start()
    await nodes.all_in_reach()
    await delivered(desk, "S-2", CommandState.ACCEPTED)
    await delivered(desk, "S-1", CommandState.OFFLINE)


async def test_who_waits_for_an_answer_when_nats_goes_is_not_left_waiting(nats: NatsServer, nodes: Nodes) -> None:
    gateway, desk = await nodes.add(), await nodes.add()
    asked = asyncio.Event()

    class Slow(Holding):
        async def perform(self, command: str) -> CommandState | None:
            asked.set()
            await asyncio.Event().wait()
            return None

    await nodes.all_in_reach()
    await gateway.attach("S-1", Slow(), 1)
    async def heard() -> bool:
        return asked.is_set()
    waiting = asyncio.create_task(delivered(desk, "S-1", CommandState.QUEUED))
    await until(heard)
    await nats.kill()
    async with asyncio.timeout(4):  # its own patience is longer
        await waiting


@pytest.mark.parametrize("station", ["S-1", "a.b", "*", ">", "桩 1", "a~b%2E", "x" * 255, "\u200d😀"])
def test_every_station_has_a_subject_of_its_own(station: str) -> None:
    prefix, _, token = subject_of(station).rpartition(".")
    assert prefix == "csms.station"
    assert token.isascii()
    assert not set(token) & set(" .*>\t")
    assert len(token) < 4000
    assert subject_of(station + "%") != subject_of(station)
