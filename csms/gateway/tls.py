"""TLS for stations (security profiles 2 and 3): certificates that can be renewed while stations stay connected."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import structlog

from csms.errors import BadInput

log = structlog.get_logger()

# OCPP 2.0.1 A00.FR.318 asks for the first four; stations of old offer no more than the last two.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:AES128-GCM-SHA256:AES256-GCM-SHA384"

STATION_URN = "urn:ocpp:station:"
"""How a certificate names a station whose id is no host name and too long for a common name."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    certificate: Path
    key: Path
    client_ca: Path | None = None
    """Whose client certificates are believed (profile 3)."""

    def marks(self) -> tuple[tuple[int, int, int] | None, ...]:
        """What changes when one of them is replaced."""
        return tuple(_mark(path) for path in (self.certificate, self.key, self.client_ca) if path)


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """What a station showed; its chain has been verified."""

    names: frozenset[str]
    serial: str
    subject: str


@dataclass(slots=True)
class Failures:
    """Handshakes that ended before anybody could say which station it was."""

    certificate: int = 0
    other: int = 0

    def count(self, error: ssl.SSLError) -> None:
        reason = str(error.reason or error)
        if "CERT" in reason or "UNKNOWN_CA" in reason:
            self.certificate += 1
        else:
            self.other += 1
        log.warning("tls_refused", reason=reason)


class _Renewed(ssl.SSLContext):
    """What the listening socket holds: each new station is served by the newest certificates."""

    newest: ssl.SSLContext

    def wrap_bio(self, *args: Any, **named: Any) -> ssl.SSLObject:
        return self.newest.wrap_bio(*args, **named)


class Tls:
    """The certificates in force. A new set is taken as a whole or not at all."""

    def __init__(self, files: TlsFiles) -> None:
        self.files, self.failures = files, Failures()
        self.renewed = 0
        self.context = _Renewed(ssl.PROTOCOL_TLS_SERVER)
        self._marks = files.marks()
        try:
            self.context.newest = self._load()
        except (OSError, ValueError) as error:
            raise BadInput("tls_cert", f"the certificates cannot be used: {error}") from error

    async def reload(self) -> bool:
        """Take the files as they are now; what does not fit together changes nothing."""
        marks = self.files.marks()
        try:
            self.context.newest = await asyncio.to_thread(self._load)
        except (OSError, ValueError) as error:
            log.error("certificates_not_reloaded", error=str(error))
            return False
        self._marks = marks
        self.renewed += 1
        log.info("certificates_reloaded", certificate=str(self.files.certificate))
        return True

    async def reload_if_changed(self) -> bool:
        changed = await asyncio.to_thread(self.files.marks) != self._marks
        return changed and await self.reload()

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        # Every handshake in full: a resumed one would not see that a certificate was taken back.
        context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
        context.num_tickets = 0
        context.load_cert_chain(self.files.certificate, self.files.key)
        if self.files.client_ca:
            context.load_verify_locations(self.files.client_ca)
            context.verify_mode = ssl.CERT_OPTIONAL
        failures = self.failures

        class Watched(ssl.SSLObject):
            def do_handshake(self) -> None:
                try:
                    super().do_handshake()
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    raise
                except ssl.SSLError as error:
                    failures.count(error)
                    raise

        context.sslobject_class = Watched
        return context


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def client_certificate(transport: asyncio.BaseTransport) -> ClientCertificate | None:
    """Of the station at the other end; None when it showed none."""
    connection = transport.get_extra_info("ssl_object")
    shown: dict[str, Any] | None = connection.getpeercert() if connection is not None else None
    if not shown:
        return None
    subject = [(key, value) for part in shown.get("subject", ()) for key, value in part]
    return ClientCertificate(
        frozenset(_names(subject, shown.get("subjectAltName", ()))), str(shown.get("serialNumber", "")).lower(),
        ", ".join(f"{key}={value}" for key, value in subject),
    )


def _names(subject: list[tuple[str, str]], alternatives: Any) -> Iterator[str]:
    yield from (value for key, value in subject if key == "commonName")
    for _, value in alternatives:
        yield unquote(value.removeprefix(STATION_URN)) if value.startswith(STATION_URN) else value
