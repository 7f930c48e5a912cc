"""Stations behind a balancer that passes TCP on: who they are is said by the PROXY protocol, before anything else.

Without it every station has the balancer's address, and one that guesses passwords would make all of them wait. TLS
(profiles 2 and 3) begins after that header and still ends here.
"""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import structlog
from proxyprotocol import ProxyProtocolIncompleteError
from proxyprotocol.detect import ProxyProtocolDetect

from csms.gateway.socket import StationSocket
from csms.gateway.tls import Tls

log = structlog.get_logger()

PATIENCE_S = 10.0
"""For the header, and again for the handshake of TLS."""
LONGEST = 536
"""Bytes of a header: two addresses, and what balancers add in practice (the specification's own advice)."""
PARSER = ProxyProtocolDetect()


class Header:
    """Collects the header, versions 1 and 2 (haproxy.org/download/3.2/doc/proxy-protocol.txt, section 2)."""

    def __init__(self) -> None:
        self._read, self._rest = b"", b""

    def feed(self, data: bytes) -> tuple[tuple[str, int] | None, bytes] | None:
        """(address of the station, what follows the header) once it is whole. The address is None when the balancer
        speaks for itself.

        Raises ValueError for what is no such header.
        """
        self._rest += data
        while True:
            try:
                peer = PARSER.unpack(self._read).peername
            except ProxyProtocolIncompleteError as more:
                if not self._take(more.want_read.want_bytes):
                    return None
            except (struct.error, IndexError, KeyError) as error:
                raise ValueError(f"its fields do not fit: {error}") from error
            else:
                return (str(peer[0]), int(peer[1])) if isinstance(peer, tuple) else None, self._rest

    def _take(self, wanted: int | None) -> bool:
        """Move what the parser asks for, so many bytes or (None) up to the end of a line, if it is here."""
        size = wanted if wanted is not None else self._rest.find(b"\n") + 1
        if len(self._read) + (size or len(self._rest)) > LONGEST:
            raise ValueError("longer than a header of the PROXY protocol")
        if not size or size > len(self._rest):
            return False
        self._read, self._rest = self._read + self._rest[:size], self._rest[size:]
        return True


class ProxiedSocket(StationSocket):
    """A socket that begins once its header has been read, and its TLS, if any, is agreed on."""

    def __init__(self, *args: Any, tls: Tls | None = None, **named: Any) -> None:
        super().__init__(*args, **named)
        self._tls = tls
        self._header: Header | None = Header()
        self._begun = False
        self._early = b""
        """What came within TLS before we could begin."""
        self._peer: tuple[str, int] | None = None
        self._work: asyncio.Task[None] | None = None

    @property
    def remote_address(self) -> Any:
        return self._peer or super().remote_address

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._raw: Any = transport
        self._timer = asyncio.get_running_loop().call_later(PATIENCE_S, transport.abort)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        if self._begun:
            return super().data_received(data)
        if self._header is None:
            self._early += data
            return None
        try:
            found = self._header.feed(data)
        except ValueError as error:
            log.warning("no_proxy_header", address=self._raw.get_extra_info("peername"), error=str(error))
            self._raw.abort()
            return None
        if found is None:
            return None
        self._header, (self._peer, rest) = None, found
        self._timer.cancel()
        if self._tls is None:
            return self._begin(self._raw, rest)
        self._work = asyncio.get_running_loop().create_task(self._secure(self._tls, rest), name="TLS behind a balancer")
        return None

    def _begin(self, transport: Any, rest: bytes) -> None:
        self._begun = True
        super().connection_made(transport)
        if rest:
            super().data_received(rest)

    async def _secure(self, tls: Tls, rest: bytes) -> None:
        loop, raw = asyncio.get_running_loop(), self._raw
        handshake = loop.create_task(loop.start_tls(
            raw, self, tls.context, server_side=True, ssl_handshake_timeout=PATIENCE_S, ssl_shutdown_timeout=5
        ))
        await asyncio.sleep(0)  # now its protocol reads from the transport: what we have read too far is its first
        loop.call_soon(_hand_over, raw, rest)
        try:
            secure = await handshake
        except (OSError, asyncio.CancelledError):  # counted where the handshake failed; ssl.SSLError is an OSError
            raw.abort()
            return
        self._begin(secure, self._early)

    def eof_received(self) -> None:
        if self._begun:
            super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        if self._begun:
            super().connection_lost(exc)


def _hand_over(transport: Any, data: bytes) -> None:
    protocol = transport.get_protocol()
    while data and not transport.is_closing():
        room = protocol.get_buffer(len(data))
        size = min(len(room), len(data))
        room[:size] = data[:size]
        protocol.buffer_updated(size)
        data = data[size:]
