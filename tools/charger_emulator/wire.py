"""The station's socket: dial, redial with growing and jittered waits, be cut off."""

from __future__ import annotations

import asyncio
import base64
import random
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

SLOW_S = 360.0
STEADY_S = 5.0
"""A connection shorter than this counts as a failed one, so that a closing server is not hammered."""


class Listener(Protocol):
    """Who is told what happens on the wire. Nothing here may wait: reading goes on."""

    def opened(self, subprotocol: str | None) -> None: ...
    def heard(self, text: str | bytes) -> None: ...
    def closed(self) -> None: ...


@dataclass(frozen=True)
class Backoff:
    """Waits between two dials, in our seconds: doubling from `minimum` to `maximum`, plus up to `jitter` (2.0.1: J)."""

    minimum: float = 1.0
    maximum: float = 30.0
    jitter: float = 1.0

    def wait_s(self, failures: int) -> float:
        doubled: float = self.minimum * 2 ** min(max(failures - 1, 0), 16)
        return min(self.maximum, doubled) + random.uniform(0, self.jitter)


@dataclass(frozen=True)
class Line:
    """Where to dial and as whom. `subprotocols` may be empty, as some old stations have it."""

    url: str
    id: str
    subprotocols: Sequence[str]
    password: str | bytes | None = None
    backoff: Backoff = Backoff()
    ssl: ssl.SSLContext | None = None
    ping_s: float | None = 30.0
    habits: frozenset[str] = frozenset()
    """Quirks of dialling."""

    @property
    def address(self) -> str:
        id = self.id.swapcase() if "id_in_other_case" in self.habits else self.id
        slash = "/" if "trailing_slash" in self.habits else ""
        return f"{self.url.rstrip('/')}/{quote(id, safe='')}{slash}"

    def headers(self) -> dict[str, str]:
        """Basic authentication, security profiles 1 and 2 (2.0.1: A00)."""
        if self.password is None:
            return {}
        password = self.password if isinstance(self.password, bytes) else self.password.encode()
        pair = base64.b64encode(f"{self.id}:".encode() + password).decode()
        return {"Authorization": f"Basic {pair}"}


class Wire:
    """Keeps one socket to the central system while it is allowed to."""

    def __init__(self, line: Line, listener: Listener) -> None:
        self.line = line
        self.refused_with: int | None = None
        """HTTP status of the last refused handshake."""
        self.trouble: str | None = None
        """Why the last dial failed."""
        self._listener = listener
        self._socket: ClientConnection | None = None
        self._allowed = asyncio.Event()
        self._failures = 0

    @property
    def online(self) -> bool:
        return self._socket is not None

    def allow(self) -> None:
        """There is power and network: dial."""
        self._failures = 0
        self._allowed.set()

    def cut(self) -> None:
        """The network or the power is gone: no close frame, no redial until `allow`."""
        self._allowed.clear()
        self.drop()

    def drop(self) -> None:
        """Lose the connection without a close frame; dial again soon."""
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.transport.abort()
            self._listener.closed()

    async def hang_up(self) -> None:
        """Close in order and stay away until `allow`."""
        self._allowed.clear()
        socket, self._socket = self._socket, None
        if socket is not None:
            self._listener.closed()
            await socket.close()

    async def send(self, text: str) -> None:
        """Send a text; what cannot be sent any more is lost, and `closed` tells so."""
        if self._socket is not None:
            try:
                await self._socket.send(text)
            except (WebSocketException, OSError):
                self.drop()

    async def run(self) -> None:
        """Dial, converse, redial; for ever."""
        while True:
            await self._allowed.wait()
            began = time.monotonic()
            socket = await self._dial()
            if socket is not None:
                await self._converse(socket)
            steady = socket is not None and time.monotonic() - began > STEADY_S
            self._failures = 1 if steady else self._failures + 1
            if self._allowed.is_set():
                await self._rest(socket is not None)

    async def _rest(self, was_connected: bool) -> None:
        """Wait before the next dial."""
        if was_connected and "never_redial" in self.line.habits:
            self._allowed.clear()
            return
        least = SLOW_S if "slow_redial" in self.line.habits else 0.0
        await asyncio.sleep(max(least, self.line.backoff.wait_s(self._failures)))

    async def _dial(self) -> ClientConnection | None:
        try:
            socket = await connect(
                self.line.address,
                subprotocols=[Subprotocol(name) for name in self.line.subprotocols] or None,
                additional_headers=self.line.headers(),
                compression=None,
                ping_interval=self.line.ping_s,
                close_timeout=2.0,
                ssl=self.line.ssl,
                proxy=None,
                user_agent_header=None,
            )
        except InvalidStatus as error:
            self.refused_with, self.trouble = error.response.status_code, str(error)
        except (OSError, TimeoutError, WebSocketException) as error:
            self.trouble = repr(error)
        else:
            self.refused_with = self.trouble = None
            return socket
        return None

    async def _converse(self, socket: ClientConnection) -> None:
        if not self._allowed.is_set():
            socket.transport.abort()
            return
        second = await self._dial() if "duplicate_sockets" in self.line.habits else None
        if second is not None:  # the first one stays open and silent
            try:
                await self._listen(second)
            finally:
                socket.transport.abort()
            return
        await self._listen(socket)

    async def _listen(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._listener.opened(socket.subprotocol)
        try:
            async for text in socket:
                self._listener.heard(text)
        except WebSocketException:
            pass
        finally:
            if self._socket is socket:
                self._socket = None
                self._listener.closed()
            socket.transport.abort()
