"""The door: who may come in, by which security profile, and who has to wait first (OCPP 2.0.1 A00)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import http
import math
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

import argon2
import structlog
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from csms import doors, passwords, stations
from csms.gateway.backoff import Backoff
from csms.gateway.parts import Parts
from csms.gateway.tls import ClientCertificate, client_certificate
from csms.kit.db import AWAY, Row
from csms.oddities import ID_RESPELLED, TRAILING_SLASH

log = structlog.get_logger()

LONGEST_ID = 255
REMEMBERED = 100_000

OPEN, PLAIN_PASSWORD, PASSWORD_OVER_TLS, CERTIFICATE = 0, 1, 2, 3
"""The security profiles."""


class Turned(StrEnum):
    """Why somebody was turned away; the type of the security event it leaves."""

    WRONG_PASSWORD = "wrong_password"  # noqa: S105
    WRONG_CERTIFICATE = "wrong_certificate"
    NO_CERTIFICATE = "no_certificate"
    DOWNGRADE = "downgrade"


WORDS = {
    Turned.WRONG_PASSWORD: (http.HTTPStatus.UNAUTHORIZED, "wrong station password"),
    Turned.WRONG_CERTIFICATE: (http.HTTPStatus.FORBIDDEN, "this certificate is not this station's"),
    Turned.NO_CERTIFICATE: (http.HTTPStatus.FORBIDDEN, "this station must show its certificate"),
    Turned.DOWNGRADE: (http.HTTPStatus.FORBIDDEN, "this station must come over TLS"),
}


@dataclass(slots=True)
class Guest:
    """What the handshake has found out about a socket, for the session that follows."""

    station: str
    strict: bool
    admitted: bool
    oddities: tuple[str, ...] = ()
    """What was odd about its coming."""


def way_in(
    minimum: int, station: str, *, secure: bool, certificate: ClientCertificate | None, has_password: bool
) -> int | Turned:
    """By which profile it would come in, its password still to be checked in 1 and 2; or why it may not."""
    if certificate is not None:
        return CERTIFICATE if station in certificate.names else Turned.WRONG_CERTIFICATE
    if minimum >= PASSWORD_OVER_TLS and not secure:
        return Turned.DOWNGRADE
    if minimum == CERTIFICATE:
        return Turned.NO_CERTIFICATE
    if has_password or minimum:
        return PASSWORD_OVER_TLS if secure else PLAIN_PASSWORD
    return OPEN


class Door:
    def __init__(self, parts: Parts, *, unknown_stations: str = "reject") -> None:
        self.parts, self.unknown_stations = parts, unknown_stations
        self.backoff = Backoff()
        self._remembered: OrderedDict[str, tuple[str, bytes]] = OrderedDict()
        self._hasher = argon2.PasswordHasher()

    async def admit(self, socket: ServerConnection, request: Request) -> Response | None:
        """The answer that turns it away; None lets it in, with `socket.guest` set."""
        station = station_of(request.path)
        if station is None:
            return socket.respond(http.HTTPStatus.NOT_FOUND, "connect to /ocpp/{station id}\n")
        if wait := self.backoff.wait_s(station, address_of(socket) or "", self.parts.clock()):
            response = socket.respond(http.HTTPStatus.TOO_MANY_REQUESTS, "too many failures, wait\n")
            response.headers["Retry-After"] = str(math.ceil(wait))
            return response
        try:
            return await self._judge(socket, request, station)
        except AWAY:
            return socket.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, "come back in a minute\n")

    async def _judge(self, socket: ServerConnection, request: Request, station: str) -> Response | None:
        """No connection of the database is held while a password is checked: that takes its time."""
        spelled = station
        secure = socket.transport.get_extra_info("ssl_object") is not None
        certificate = client_certificate(socket.transport) if secure else None
        async with self.parts.db.acquire(timeout=5) as conn:
            found = await stations.admission(conn, station)
            if found is None and (entered := await stations.spelled(conn, station)) != station:
                station, found = entered, await stations.admission(conn, entered)
            if found is None and self.unknown_stations == "reject":
                offered = ", ".join(request.headers.get_all("Sec-WebSocket-Protocol"))
                await stations.knock(conn, station, self.parts.clock(), address_of(socket), offered or None)
                return socket.respond(http.HTTPStatus.NOT_FOUND, f"station {station} is not known here\n")
            if found is None:
                await stations.admit(conn, station, quarantined=self.unknown_stations == "quarantine")
            admitted = found["admission"] == "known" if found else self.unknown_stations != "quarantine"
            told = await passwords.told(conn, station) if found and found["rotating"] else []
            revoked = certificate is not None and await doors.is_revoked(conn, certificate.serial)
        minimum, present = (found["security_profile"], found["password_hash"]) if found else (OPEN, None)
        way = Turned.WRONG_CERTIFICATE if revoked else way_in(
            minimum, station, secure=secure, certificate=certificate, has_password=bool(present or told)
        )
        if way in (PLAIN_PASSWORD, PASSWORD_OVER_TLS):
            way = await self._by_password(way, station, present, told, request)
        if isinstance(way, Turned):
            return await self._turn_away(socket, station, way, certificate)
        if minimum and way > minimum:
            await self._raise(station, way)
        self.backoff.succeeded(station, address_of(socket) or "")
        socket.guest = Guest(  # type: ignore[attr-defined]
            station, bool(found and found["strict"]), admitted, tuple(_oddities(request.path, spelled, station))
        )
        return None

    async def _raise(self, station: str, profile: int) -> None:
        now = self.parts.clock()
        async with self.parts.db.acquire(timeout=5) as conn, conn.transaction():
            if await doors.raise_profile(conn, station, profile, now):
                await doors.note(conn, station, "profile_raised", now, info=f"to {profile}: the station has come by it")

    async def _turn_away(
        self, socket: ServerConnection, station: str, why: Turned, certificate: ClientCertificate | None
    ) -> Response:
        address, now = address_of(socket), self.parts.clock()
        log.warning(why.value, station=station, address=address)
        self.backoff.failed(station, address or "", now)
        with suppress(*AWAY):
            async with self.parts.db.acquire(timeout=5) as conn:
                await doors.note(
                    conn, station, why, now, address=address, info=certificate.subject if certificate else None
                )
        status, words = WORDS[why]
        response = socket.respond(status, words + "\n")
        if why is Turned.WRONG_PASSWORD:
            response.headers["WWW-Authenticate"] = 'Basic realm="ocpp"'
        return response

    # --- passwords ------------------------------------------------------------------------------------

    async def _by_password(
        self, way: int, station: str, present: str | None, told: Sequence[Row], request: Request
    ) -> int | Turned:
        """New ones count as much as the present one; the first use of a new one makes it the present one."""
        given = basic_password(request.headers.get("Authorization", ""))
        if given is None:
            return Turned.WRONG_PASSWORD
        if present and await self._fits(station, present, given):
            return way
        for row in told:
            if await self._fits(station, row["hash"], given):
                await self._promote(station, row["command"])
                return way
        return Turned.WRONG_PASSWORD

    async def _promote(self, station: str, command: object) -> None:
        now = self.parts.clock()
        async with self.parts.db.acquire(timeout=5) as conn, conn.transaction():
            if await passwords.promote(conn, station, command, now):
                await doors.note(conn, station, "password_changed", now, info="the station has used its new password")

    async def _fits(self, station: str, hash: str, given: bytes) -> bool:
        """What fitted once is remembered hashed: argon2 for every reconnect of a fleet would take the server down."""
        digest = hashlib.sha256(station.encode() + b"\0" + given).digest()
        if self._remembered.get(station) == (hash, digest):
            return True
        for meant in passwords.readings(given):
            with suppress(argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
                await self._verify(hash, meant)
                self._remembered[station] = (hash, digest)
                while len(self._remembered) > REMEMBERED:
                    self._remembered.popitem(last=False)
                return True
        return False

    async def _verify(self, hash: str, given: bytes) -> None:
        await asyncio.to_thread(self._hasher.verify, hash, given)


def station_of(path: str) -> str | None:
    """The station id of `/ocpp/{id}` or `/{id}`, percent-decoded; a trailing slash is tolerated (DAL)."""
    parts = path.partition("?")[0].strip("/").split("/")
    named = unquote(parts[-1]) if len(parts) == 1 or (len(parts) == 2 and parts[0] == "ocpp") else ""
    fit = 0 < len(named) <= LONGEST_ID and named.isprintable() and named != "ocpp"
    return named if fit else None


def _oddities(path: str, spelled: str, station: str) -> Iterator[str]:
    if path.partition("?")[0].endswith("/"):
        yield TRAILING_SLASH
    if spelled != station:
        yield ID_RESPELLED


def basic_password(header: str) -> bytes | None:
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:  # bytes, not text: the default password of some stations is no UTF-8 (station-surprises 13)
        return base64.b64decode(credentials.strip()).partition(b":")[2]
    except ValueError:
        return None


def address_of(socket: ServerConnection) -> str | None:
    return str(socket.remote_address[0]) if socket.remote_address else None
