"""What passes over HTTP: every request has an id that the log carries, and nobody may ask without end."""

from __future__ import annotations

import asyncio
import hashlib
import math
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from secrets import token_hex

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from csms.kit.traces import span
from csms.rest.http import problem

CASE = re.compile(r"/(?:complaints|cases)/(C[\w-]{4,40})(?:/|$)")
STATION = re.compile(r"/stations/([^/]{1,255})(?:/|$)")
ID = re.compile(rb"[\w.-]{8,64}")


def context_of(path: str) -> dict[str, str]:
    """The case or station that a path names. Paths with secrets in them (uploads, tracking links) name neither."""
    found = {"complaint": CASE.search(path), "station": STATION.search(path)}
    return {name: match[1] for name, match in found.items() if match}


class RequestContext:
    """ASGI middleware: takes the caller's X-Request-Id or makes one, and tells it with the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        given = dict(scope["headers"]).get(b"x-request-id", b"")
        id = given.decode() if ID.fullmatch(given) else token_hex(8)

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = id
            await send(message)

        named_in_path = context_of(scope["path"])
        with (
            structlog.contextvars.bound_contextvars(request=id, **named_in_path),
            span(scope["method"], request=id, **named_in_path) as made,
        ):
            await self.app(scope, receive, named)
            if route := scope.get("route"):
                made.update_name(f"{scope['method']} {route.path}")
        return None


# --- limits -----------------------------------------------------------------------------------------

PUBLIC = ("/r/", "/c/", "/login", "/uploads/", "/api/v1/hooks/")
"""Where whoever is known to nobody may write."""
FREE = ("/health/", "/metrics", "/static/")
BURST_S, PUBLIC_BURST_S = 5.0, 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests a second; 0 for no limit."""

    address: float = 200.0
    token: float = 100.0
    public: float = 0.5


class Buckets:
    """A bucket of requests for each key that fills by `rate` a second, in a memory of a fixed size."""

    def __init__(self, rate: float, burst_s: float, *, room: int = 50_000) -> None:
        self.rate, self.size, self.room = rate, max(rate * burst_s, 1.0), room
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, key: str, now: float) -> float:
        """0 when one may be taken, and takes it; else how long until there is one."""
        if not self.rate:
            return 0.0
        left, at = self._left.pop(key, (self.size, now))
        left = min(self.size, left + (now - at) * self.rate)
        self._left[key] = (left - 1 if left >= 1 else left, now)
        if len(self._left) > self.room:
            self._left.popitem(last=False)
        return 0.0 if left >= 1 else (1 - left) / self.rate


class Throttle:
    """ASGI middleware: 429 with Retry-After for an address or token that asks too much."""

    def __init__(self, app: ASGIApp, *, limits: Limits) -> None:
        self.app = app
        self._addresses = Buckets(limits.address, BURST_S)
        self._tokens = Buckets(limits.token, BURST_S)
        self._public = Buckets(limits.public, PUBLIC_BURST_S)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(FREE):
            return await self.app(scope, receive, send)
        now = asyncio.get_running_loop().time()
        wait = max(buckets.wait_s(key, now) for buckets, key in self._keys(scope))
        if not wait:
            return await self.app(scope, receive, send)
        too_many = problem(429, "Too many requests. Come back later.", headers={"Retry-After": str(math.ceil(wait))})
        return await too_many(scope, receive, send)

    def _keys(self, scope: Scope) -> Iterator[tuple[Buckets, str]]:
        address = scope["client"][0] if scope.get("client") else ""
        yield self._addresses, address
        if scope["method"] not in ("GET", "HEAD") and scope["path"].startswith(PUBLIC):
            yield self._public, address
        if given := dict(scope["headers"]).get(b"authorization"):
            yield self._tokens, hashlib.sha256(given).hexdigest()
