"""What passes over HTTP: every request has an id, and what is logged while it is answered carries it."""

from __future__ import annotations

import re
from secrets import token_hex

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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

        with structlog.contextvars.bound_contextvars(request=id, **context_of(scope["path"])):
            await self.app(scope, receive, named)
        return None
