"""Reaching the sockets of other nodes over NATS: who holds a station's socket is subscribed to its subject.

A request carries a command's id and nothing else: the row is the truth, and who holds the socket claims it. A
message without a reply subject carries a session number: the station has come in with it somewhere. What is held
here is reached without NATS, so that its absence costs only the other nodes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError, NoRespondersError

from csms.gateway.relay import Holder
from csms.kit.traces import carried, continued
from csms.vocabulary import CommandState

log = structlog.get_logger()

NOT_MINE = b""
"""What a node answers whose socket speaks for the station no longer."""
TRIES, BETWEEN_TRIES_S = 4, 0.1
"""Such a node unsubscribes at once; then only the right one hears the question."""
REDIAL_S = 1
PING_S, MOST_PINGS = 5, 2
"""A server that went without a word is missed within some 10 s; one whose socket closes, at once."""
KNOWN_WITHIN_S = 1
"""So long a station's first answers wait, at most, for NATS to say that it knows where the station is."""


class Nats:
    """The sockets of this node and, while a NATS server can be reached, those of the others."""

    def __init__(self, servers: Sequence[str], name: str, *, patience_s: float) -> None:
        """`patience_s`: how long another node may take for a command, the station's own time in it."""
        self._servers, self._name, self._patience_s = list(servers), name, patience_s
        self._client: Client | None = None
        self._held: dict[str, Holder] = {}
        self._subscriptions: dict[str, Subscription] = {}
        self._turn = asyncio.Lock()
        self._asking: set[asyncio.Future[Msg]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def in_reach(self) -> bool:
        """Whether the other nodes can be asked now."""
        return self._client is not None and self._client.is_connected

    async def run(self) -> None:
        """Connect, however long it takes. From then on the client redials by itself and subscribes anew."""
        client = Client()
        await client.connect(
            self._servers, name=self._name, max_reconnect_attempts=-1, reconnect_time_wait=REDIAL_S,
            connect_timeout=5, ping_interval=PING_S, max_outstanding_pings=MOST_PINGS, error_cb=self._erred,
            disconnected_cb=self._lost, reconnected_cb=self._found,
        )
        async with self._turn:
            self._client = client
            for station in self._held:
                await self._subscribe(client, station)
        await self._passed_on(client)
        await self._found()

    async def close(self) -> None:
        client, self._client = self._client, None
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if client is not None:
            with suppress(NatsError, OSError):
                await client.close()
            await asyncio.sleep(0)  # its tasks, cancelled, come to their end

    # --- this node's stations -------------------------------------------------------------------------

    async def attach(self, station: str, holder: Holder, session: int) -> None:
        older, self._held[station] = self._held.get(station), holder
        if older is not None and older is not holder:
            older.superseded(session)
        async with self._turn:
            client = self._client
            if client is None or self._held.get(station) is not holder:
                return  # `run` subscribes to all that is held
            with suppress(NatsError):  # out of reach for so long that its buffer is full: the fence tells the older
                if station not in self._subscriptions:
                    await self._subscribe(client, station)
                await client.publish(subject_of(station), str(session).encode())
        await self._passed_on(client)  # not in turn: many stations wait for one round trip together

    async def detach(self, station: str, holder: Holder) -> None:
        if self._held.get(station) is not holder:
            return
        del self._held[station]
        async with self._turn:
            if station not in self._held and (subscription := self._subscriptions.pop(station, None)):
                with suppress(NatsError):
                    await subscription.unsubscribe()

    async def _subscribe(self, client: Client, station: str) -> None:
        async def heard(message: Msg) -> None:
            if holder := self._held.get(station):
                if message.reply:
                    self._start(self._perform(holder, message), f"asked for {station}")
                else:
                    holder.superseded(int(message.data))

        self._subscriptions[station] = await client.subscribe(subject_of(station), cb=heard)

    async def _passed_on(self, client: Client) -> None:
        """Once NATS has read all that was written to it: who is asked for right after an answer of ours is found."""
        if client.is_connected:
            with suppress(NatsError, OSError):
                await client.flush(KNOWN_WITHIN_S)

    async def _perform(self, holder: Holder, message: Msg) -> None:
        command = message.data.decode()
        with continued("asked by another node", message.headers, command=command):
            state = await holder.perform(command)
        with suppress(NatsError):
            await message.respond(NOT_MINE if state is None else state.encode())

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- everybody's stations -------------------------------------------------------------------------

    async def deliver(self, station: str, command: str) -> CommandState:
        holder = self._held.get(station)
        if holder and (state := await holder.perform(command)) is not None:
            return state
        for _ in range(TRIES):
            if not self.in_reach:
                log.warning("other_nodes_out_of_reach", station=station, command=command)
                return CommandState.OFFLINE
            try:
                answer = await self._ask(subject_of(station), command.encode())
            except NoRespondersError:
                return CommandState.OFFLINE
            except (NatsError, TimeoutError):
                return CommandState.QUEUED
            if answer != NOT_MINE:
                return CommandState(answer.decode())
            await asyncio.sleep(BETWEEN_TRIES_S)
        return CommandState.OFFLINE

    async def _ask(self, subject: str, question: bytes) -> bytes:
        """The first answer. Raises TimeoutError, also when NATS goes away meanwhile."""
        assert self._client
        asked = asyncio.ensure_future(
            self._client.request(subject, question, timeout=self._patience_s, headers=carried() or None)
        )
        self._asking.add(asked)
        try:
            return (await asked).data
        except asyncio.CancelledError:
            if (here := asyncio.current_task()) and here.cancelling():
                raise
            raise TimeoutError("NATS went away") from None
        finally:
            self._asking.discard(asked)
            asked.cancel()

    # --- NATS itself ----------------------------------------------------------------------------------

    async def _lost(self) -> None:
        if self._client is not None:
            log.error("nats_away")
        for asked in list(self._asking):
            asked.cancel()

    async def _found(self) -> None:
        log.info("nats_in_reach", stations=len(self._held))

    async def _erred(self, error: Exception) -> None:
        log.debug("nats_error", error=repr(error))


def subject_of(station: str) -> str:
    """The station's subject: whatever else a subject gives a meaning (dots, wildcards, blanks) is percent-encoded."""
    return "csms.station." + quote(station, safe="").replace(".", "%2E").replace("~", "%7E")
