"""Accepting stations: in which version they speak, and the newest socket wins. Who may come in: door.py."""

from __future__ import annotations

import asyncio
import gc
import math
from collections.abc import Sequence
from functools import partial
from typing import cast

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.typing import Subprotocol

from csms import commands
from csms.errors import Overloaded
from csms.gateway import waiting
from csms.gateway.door import Door, Guest, address_of
from csms.gateway.parts import Parts
from csms.gateway.proxied import ProxiedSocket
from csms.gateway.relay import Relay
from csms.gateway.session import REPLACED, RESTARTING, TRY_LATER, Session
from csms.gateway.socket import StationSocket
from csms.gateway.tls import Tls
from csms.oddities import NO_SUBPROTOCOL

NEWEST_FIRST = ("ocpp2.1", "ocpp2.0.1", "ocpp1.6")
LARGEST_FRAME = 512 * 1024
PING_EVERY_S = 30
MOST_DIALLING = 4096
"""Sockets the kernel holds until we take them. Beyond that (or `net.core.somaxconn`) it drops them, and stations that
come back all at once dial again after 1, 3, 7, 15 seconds.
"""
DRAIN_STEPS, FEW, DRAIN_WITHIN_S = 50, 20, 8.0
"""On the way out stations are sent away in so many steps, but no fewer than a few at once; all of it within the 10 s
that service managers wait before they kill.
"""


class Gateway:
    """All the sockets of this process."""

    def __init__(
        self, parts: Parts, relay: Relay, *, unknown_stations: str = "reject", drain_s: float = 0.0,
        proxy_protocol: bool = False,
    ) -> None:
        self.parts, self.relay, self.drain_s, self.proxy_protocol = parts, relay, drain_s, proxy_protocol
        self.door = Door(parts, unknown_stations=unknown_stations)
        self.sessions: dict[str, Session] = {}
        self._servers: list[Server] = []
        self._deliveries: set[asyncio.Task[None]] = set()

    async def listen(self, host: str, port: int, tls: Tls | None = None) -> int:
        """Accept from now on, here too; the port (0 picks a free one)."""
        _calm_the_collector()
        make, context = StationSocket, tls.context if tls else None
        if self.proxy_protocol:  # its header comes before TLS
            make, context = cast("type[StationSocket]", partial(ProxiedSocket, tls=tls)), None
        server = await serve(
            self._accept, host, port, subprotocols=[Subprotocol(p) for p in NEWEST_FIRST],
            select_subprotocol=_select, process_request=self.door.admit, max_size=LARGEST_FRAME, compression=None,
            ping_interval=PING_EVERY_S, ping_timeout=PING_EVERY_S, close_timeout=5, max_queue=16, server_header=None,
            ssl=context, create_connection=make, backlog=MOST_DIALLING,
        )
        self._servers.append(server)
        return int(next(iter(server.sockets)).getsockname()[1])

    async def close(self) -> None:
        """Tell every station to come back, and put its going on record."""
        for server in self._servers:
            server.close(close_connections=False)
        async with asyncio.timeout(max(DRAIN_WITHIN_S, self.drain_s + 3)):
            await self._send_away(list(self.sessions.values()))
            await asyncio.gather(*(server.wait_closed() for server in self._servers))

    async def _send_away(self, sessions: Sequence[Session]) -> None:
        """A few at a time, spread over `drain_s`: their new node is not to be met by all of them at once. Nobody waits
        for the goodbye of one whose other end is long dead.
        """
        size = max(math.ceil(len(sessions) / DRAIN_STEPS), FEW)
        for start in range(0, len(sessions), size):
            if start:
                await asyncio.sleep(self.drain_s * size / len(sessions))
            for session in sessions[start:start + size]:
                session.close_soon(RESTARTING, "restarting")

    # --- the session ----------------------------------------------------------------------------------

    async def _accept(self, socket: ServerConnection) -> None:
        assert isinstance(socket, StationSocket)
        guest: Guest = socket.guest  # type: ignore[attr-defined]
        offered = socket.request.headers.get_all("Sec-WebSocket-Protocol") if socket.request else []
        if offered and socket.subprotocol is None:
            # OCPP-J 3.2: the handshake completes without a subprotocol, then the connection is closed.
            await socket.close(1002, "no OCPP version in common")
            return
        oddities = guest.oddities if offered else (*guest.oddities, NO_SUBPROTOCOL)
        structlog.contextvars.bind_contextvars(station=guest.station, node=self.parts.node)
        session = Session(
            self.parts, socket, guest.station, socket.subprotocol or "ocpp1.6", strict=guest.strict,
            admitted=guest.admitted,
        )
        older, self.sessions[guest.station] = self.sessions.get(guest.station), session
        if older:  # whose other end may be long dead: the newer one does not wait for its goodbye
            older.close_soon(REPLACED, "a newer connection has replaced this one")
        try:
            await session.run(address_of(socket), lambda: self._arrived(session), oddities)
        except Overloaded:
            await socket.close(TRY_LATER, "too busy")
        finally:
            await self.relay.detach(guest.station, session)
            if self.sessions.get(guest.station) is session:
                del self.sessions[guest.station]

    async def _arrived(self, session: Session) -> None:
        """Its coming is on record: from now on it is the one that speaks for the station."""
        if session.number is not None:
            await self.relay.attach(session.station, session, session.number)
        self._deliver_queued(session)

    async def sweep(self) -> None:
        """Send what still waits for stations that are here: asked for on a node that could not reach this one,
        or while another question was open.
        """
        async with self.parts.db.acquire() as conn:
            waiting = await commands.waited_for(conn, self.parts.node, self.parts.clock())
        for station in waiting:
            session = self.sessions.get(station)
            if session and session.number is not None:
                self._deliver_queued(session)

    def _deliver_queued(self, session: Session) -> None:
        task = asyncio.create_task(waiting.deliver(self.parts, session), name=f"queued commands {session.station}")
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)


def _calm_the_collector() -> None:
    """What is loaded by now stays, and what a message brings lives for milliseconds and dies by itself: with the
    usual thresholds the collector walks everything there is every few thousand messages and finds nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def _select(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return next((Subprotocol(p) for p in NEWEST_FIRST if p in offered), None)

