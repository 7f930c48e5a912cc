"""Accepting stations: who may come in, in which version, and the newest socket wins."""

from __future__ import annotations

import asyncio
import base64
import gc
import hashlib
import http
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import argon2
import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from csms import commands, stations
from csms.errors import Overloaded
from csms.gateway.relay import Relay
from csms.gateway.session import REPLACED, RESTARTING, TRY_LATER, Parts, Session
from csms.inbox import Departure, Entry
from csms.journal import Line
from csms.kit.db import AWAY

log = structlog.get_logger()

NEWEST_FIRST = ("ocpp2.1", "ocpp2.0.1", "ocpp1.6")
LARGEST_FRAME = 512 * 1024
PING_EVERY_S = 30
LONGEST_ID = 255


@dataclass(slots=True)
class _Guest:
    """What the handshake has found out about a socket, for the session that follows."""

    station: str
    strict: bool


class Gateway:
    """All the sockets of this process."""

    def __init__(self, parts: Parts, relay: Relay, *, unknown_stations: str = "reject") -> None:
        self.parts, self.relay, self.unknown_stations = parts, relay, unknown_stations
        self.sessions: dict[str, Session] = {}
        self._passwords: dict[str, tuple[str, bytes]] = {}
        self._hasher = argon2.PasswordHasher()
        self._server: Server | None = None
        self._deliveries: set[asyncio.Task[None]] = set()

    async def listen(self, host: str, port: int) -> int:
        """Accept from now on; the port (0 picks a free one)."""
        _calm_the_collector()
        self._server = await serve(
            self._accept, host, port, subprotocols=[Subprotocol(p) for p in NEWEST_FIRST],
            select_subprotocol=_select, process_request=self._admit, max_size=LARGEST_FRAME, compression=None,
            ping_interval=PING_EVERY_S, ping_timeout=PING_EVERY_S, close_timeout=5, max_queue=16, server_header=None,
        )
        return int(next(iter(self._server.sockets)).getsockname()[1])

    async def close(self) -> None:
        """Tell every station to come back, and put its going on record."""
        if self._server is None:
            return
        self._server.close(close_connections=False)
        await asyncio.gather(*(s.close(RESTARTING, "restarting") for s in self.sessions.values()))
        async with asyncio.timeout(8):
            await self._server.wait_closed()

    async def recover(self) -> None:
        """After a crash: those who were connected to this node are not, and the journal says so."""
        async with self.parts.db.acquire() as conn:
            left = await stations.left_by(conn, self.parts.node)
        for row in left:
            at = max(row["last_heard_at"], row["connected_at"])
            self.parts.inbox.take(Entry(
                Line(row["id"], at, "disconnected", session=row["session"]),
                then=Departure(None, "the central system stopped"),
            ))

    # --- the handshake --------------------------------------------------------------------------------

    async def _admit(self, socket: ServerConnection, request: Request) -> Response | None:
        station = station_of(request.path)
        if station is None:
            return socket.respond(http.HTTPStatus.NOT_FOUND, "connect to /ocpp/{station id}\n")
        try:
            return await self._judge(socket, request, station)
        except AWAY:
            return socket.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, "come back in a minute\n")

    async def _judge(self, socket: ServerConnection, request: Request, station: str) -> Response | None:
        async with self.parts.db.acquire(timeout=5) as conn:
            found = await stations.admission(conn, station)
            if found is None:
                if self.unknown_stations == "reject":
                    offered = ", ".join(request.headers.get_all("Sec-WebSocket-Protocol"))
                    await stations.knock(conn, station, self.parts.clock(), _address(socket), offered or None)
                    return socket.respond(http.HTTPStatus.NOT_FOUND, f"station {station} is not known here\n")
                await stations.admit(conn, station, quarantined=self.unknown_stations == "quarantine")
        secret = found["password_hash"] if found else None
        if secret and not await self._password_fits(station, secret, request):
            log.warning("wrong_password", station=station, address=_address(socket))
            response = socket.respond(http.HTTPStatus.UNAUTHORIZED, "wrong station password\n")
            response.headers["WWW-Authenticate"] = 'Basic realm="ocpp"'
            return response
        socket.guest = _Guest(station, bool(found and found["strict"]))  # type: ignore[attr-defined]
        return None

    async def _password_fits(self, station: str, secret: str, request: Request) -> bool:
        """Security profiles 1 and 2. What fitted once is remembered hashed: argon2 for every reconnect of a
        fleet would take the server down."""
        password = _basic_password(request.headers.get("Authorization", ""))
        if password is None:
            return False
        digest = hashlib.sha256(station.encode() + b"\0" + password).digest()
        if self._passwords.get(station) == (secret, digest):
            return True
        try:
            await asyncio.to_thread(self._hasher.verify, secret, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False
        self._passwords[station] = (secret, digest)
        return True

    # --- the session ----------------------------------------------------------------------------------

    async def _accept(self, socket: ServerConnection) -> None:
        guest: _Guest = socket.guest  # type: ignore[attr-defined]
        offered = socket.request.headers.get_all("Sec-WebSocket-Protocol") if socket.request else []
        if offered and socket.subprotocol is None:
            # OCPP-J 3.2: the handshake completes without a subprotocol, then the connection is closed.
            await socket.close(1002, "no OCPP version in common")
            return
        if not offered:
            log.info("no_subprotocol_offered", station=guest.station)
        session = Session(
            self.parts, socket, guest.station, socket.subprotocol or "ocpp1.6", strict=guest.strict
        )
        older, self.sessions[guest.station] = self.sessions.get(guest.station), session
        if older:  # whose other end may be long dead: the newer one does not wait for its goodbye
            older.close_soon(REPLACED, "a newer connection has replaced this one")
        await self.relay.attach(guest.station, session.perform)
        try:
            await session.run(_address(socket), lambda: self._deliver_queued(session))
        except Overloaded:
            await socket.close(TRY_LATER, "too busy")
        finally:
            await self.relay.detach(guest.station, session.perform)
            if self.sessions.get(guest.station) is session:
                del self.sessions[guest.station]

    def _deliver_queued(self, session: Session) -> None:
        task = asyncio.create_task(self._deliver(session), name=f"queued commands {session.station}")
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    async def _deliver(self, session: Session) -> None:
        """What waited for the station to come back."""
        try:
            async with self.parts.db.acquire() as conn:
                waiting = await commands.queued(conn, session.station, self.parts.clock())
            for command in waiting:
                await session.perform(command)
        except AWAY:
            log.warning("queued_commands_not_read", station=session.station)


def _calm_the_collector() -> None:
    """What is loaded by now stays, and what a message brings lives for milliseconds and dies by itself: with the
    usual thresholds the collector walks everything there is every few thousand messages and finds nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def station_of(path: str) -> str | None:
    """The station id of `/ocpp/{id}` or `/{id}`, percent-decoded; a trailing slash is tolerated (DAL)."""
    parts = path.partition("?")[0].strip("/").split("/")
    named = unquote(parts[-1]) if len(parts) == 1 or (len(parts) == 2 and parts[0] == "ocpp") else ""
    fit = 0 < len(named) <= LONGEST_ID and named.isprintable() and named != "ocpp"
    return named if fit else None


def _select(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return next((Subprotocol(p) for p in NEWEST_FIRST if p in offered), None)


def _basic_password(header: str) -> bytes | None:
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:  # bytes, not text: the default password of some stations is no UTF-8 (station-surprises 13)
        return base64.b64decode(credentials.strip()).partition(b":")[2]
    except ValueError:
        return None


def _address(socket: ServerConnection) -> str | None:
    return str(socket.remote_address[0]) if socket.remote_address else None
