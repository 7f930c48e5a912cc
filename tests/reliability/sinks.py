"""The world outside a desk: a mail server and a payment side that take what is sent and remember it."""

from __future__ import annotations

import asyncio
import email
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

from aiosmtpd.smtp import SMTP

SLOW_S = 0.05
"""A receiver takes a moment to answer: there are many moments in which the sender may die."""


@dataclass
class Sinks:
    """What has arrived. `calls` by idempotency key: every body that came with it."""

    dice: Random
    mails: list[tuple[str, str]] = field(default_factory=list)
    calls: dict[str, list[bytes]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def arrived(self) -> int:
        return len(self.mails) + sum(map(len, self.calls.values()))

    @property
    def repeated_mails(self) -> list[tuple[str, str]]:
        return [mail for mail, times in Counter(self.mails).items() if times > 1]

    async def take_mail(self, recipient: str, content: bytes) -> None:
        await asyncio.sleep(self.dice.uniform(0, SLOW_S))
        message = email.message_from_bytes(content)
        parts = [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]
        with self._lock:
            self.mails.append((recipient, b"".join(p for p in parts if isinstance(p, bytes)).decode()))

    def take_call(self, key: str, body: bytes) -> None:
        time.sleep(self.dice.uniform(0, SLOW_S))
        with self._lock:
            self.calls.setdefault(key, []).append(body)


class Outside:
    """Both sinks, listening on the loopback until the block is left."""

    def __init__(self, seed: int) -> None:
        self.sinks = Sinks(Random(seed))
        self._calls = ThreadingHTTPServer(("127.0.0.1", 0), _calls(self.sinks))
        self._mail: asyncio.Server | None = None

    async def __aenter__(self) -> Outside:
        threading.Thread(target=self._calls.serve_forever, name="payment side", daemon=True).start()
        handler = _Mail(self.sinks)
        loop = asyncio.get_running_loop()
        self._mail = await loop.create_server(lambda: SMTP(handler, hostname="sink"), "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._mail
        self._mail.close()
        await asyncio.to_thread(self._calls.shutdown)
        self._calls.server_close()

    @property
    def payments(self) -> str:
        return f"http://127.0.0.1:{self._calls.server_port}/refunds"

    @property
    def environment(self) -> Mapping[str, str]:
        """Where a desk finds them."""
        assert self._mail
        port = self._mail.sockets[0].getsockname()[1]
        mail = f"mailto://127.0.0.1:{port}?from=desk@example.org&mode=insecure&to={{to}}"
        return {"OHMBUDSMAN_NOTIFY_EMAIL": mail, "OHMBUDSMAN_HOOK_NETWORKS": "127.0.0.0/8"}


class _Mail:
    def __init__(self, sinks: Sinks) -> None:
        self._sinks = sinks

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        await self._sinks.take_mail(envelope.rcpt_tos[0], envelope.content)
        return "250 OK"


def _calls(sinks: Sinks) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sinks.take_call(self.headers["Idempotency-Key"], body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return Handler
