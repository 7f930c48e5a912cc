"""What is refused or fails before a page is reached (no such address, too much at once), as a page for a browser.

Programs get a problem document; whoever comes with a browser reads what happened and what to do, in his language.
"""

from __future__ import annotations

import math

import structlog
from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from complaints.web import errors, session
from complaints.web.frame import HEADERS, Site, Visit

log = structlog.get_logger()

PROBLEM = b"application/problem+json"
WE_ERRED: Message = {"type": "http.response.start", "status": 500, "headers": []}
MACHINES = ("/api/", "/uploads/", "/health", "/metrics", "/static/")


class Faces:
    """ASGI middleware: gives problem documents a face."""

    def __init__(self, app: ASGIApp, *, site: Site) -> None:
        self.app, self.site = app, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _read_by_people(scope):
            return await self.app(scope, receive, send)
        refused: list[Message] = []
        begun = False

        async def passed(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start" and _header(message, b"content-type") == PROBLEM:
                refused.append(message)
            elif not refused:
                begun = True
                await send(message)
            elif not message.get("more_body"):
                begun = True
                await _face(self.site, Request(scope), refused[0])(scope, receive, send)

        try:
            await self.app(scope, receive, passed)
        except Exception:
            if begun:
                raise  # half a page is out already; nothing can be said any more
            log.exception("page_failed", path=scope["path"])
            await _face(self.site, Request(scope), WE_ERRED)(scope, receive, send)
        return None


def _read_by_people(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["path"].startswith(MACHINES):
        return False
    return b"text/html" in dict(scope["headers"]).get(b"accept", b"")


def _header(message: Message, name: bytes) -> bytes:
    return next((value for key, value in message["headers"] if key.lower() == name), b"")


def _face(site: Site, request: Request, start: Message) -> Response:
    visit = Visit(site, request, None, session.seal_of(request, staff=False))
    made = _page(visit, start["status"], _header(start, b"retry-after").decode())
    for name, value in HEADERS.items():
        made.headers.setdefault(name, value)
    for kept in (b"retry-after", b"allow"):
        if told := _header(start, kept):
            made.headers[kept.decode()] = told.decode()
    return made


def _page(visit: Visit, status: int, wait: str) -> Response:
    match status:
        case 404 | 405:
            return errors.nothing_here(visit, status)
        case 413:
            return errors.too_large(visit)
        case 429:
            return errors.too_many(visit, _minutes(wait))
        case 503:
            return errors.away(visit)
        case _ if status >= 500:
            return errors.we_erred(visit)
        case _:
            return errors.not_possible(visit, status)


def _minutes(wait: str) -> int:
    return max(1, math.ceil(int(wait or 60) / 60))

