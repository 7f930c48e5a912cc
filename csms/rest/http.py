"""What every HTTP endpoint shares: problem documents, who is asking, pages of a list, bounded bodies."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

import orjson
import structlog
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from csms.errors import BadInput, Conflict, NotFound, Overloaded, Refused, TheyErred
from csms.kit.db import AWAY

log = structlog.get_logger()

ROLES = ("agent", "technician", "finance", "supervisor", "auditor", "admin", "integration")

DEFAULT_LIMIT = 256 * 1024
DRAIN = 64 * 1024 * 1024
"""An oversize body is read and thrown away up to here, so that its sender gets to see the answer."""


# --- problems ---------------------------------------------------------------------------------


def problem(
    status: int, detail: str, *, errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None, **members: Any,
) -> Response:
    """An RFC 9457 problem document. `members` are its extension members, e.g. guards=["G2"]."""
    title = HTTPStatus(status).phrase
    body = {
        "type": "urn:ohmbudsman:problem:" + title.lower().replace(" ", "-"),
        "title": title, "status": status, "detail": detail, "errors": list(errors), **members,
    }
    return Response(orjson.dumps(body), status, headers, media_type="application/problem+json")


def problem_of(error: TheyErred) -> Response:
    """How each branch of the error tree is told to the one who erred."""
    members: dict[str, Any] = getattr(error, "members", {})
    match error:
        case BadInput():
            return problem(422, f"{error.field}: {error}", errors=[{"field": error.field, "message": str(error)}])
        case NotFound():
            return problem(404, str(error) or "There is no such thing here.")
        case Refused():
            return problem(409, str(error), guards=list(error.guards), **members)
        case Conflict():
            return problem(409, str(error), **members)
        case _:
            return problem(400, str(error))


def answer_with_problems(app: FastAPI) -> None:
    """Every error of this app becomes a problem document; our own trouble is told without its details."""
    app.add_exception_handler(TheyErred, _they_erred)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StarletteHTTPException, _http)
    for kind in (*AWAY, Overloaded):
        app.add_exception_handler(kind, _away)
    app.add_exception_handler(Exception, _we_erred)


async def _they_erred(_: Request, error: Exception) -> Response:
    assert isinstance(error, TheyErred)
    return problem_of(error)


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)
    return problem(error.status_code, str(error.detail), headers=error.headers)


async def _away(request: Request, error: Exception) -> Response:
    log.warning("away", path=request.url.path, error=repr(error))
    return problem(503, "The records cannot be reached just now. Ask again shortly.", headers={"Retry-After": "5"})


async def _we_erred(request: Request, error: Exception) -> Response:
    log.error("we_erred", method=request.method, path=request.url.path, exc_info=error)
    return problem(500, "Something went wrong on our side. It has been noted.")


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [{"field": field_path(e["loc"]), "message": plain_words(e)} for e in error.errors()]
    return problem(422, "; ".join(f"{e['field']}: {e['message']}" for e in errors[:5]), errors=errors)


def field_path(loc: Sequence[str | int]) -> str:
    """('body', 'attachments', 0, 'data') -> 'attachments[0].data'."""
    inside = loc[1:] if loc and loc[0] in ("body", "query", "path", "header") else loc
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in inside).lstrip(".")
    return "body" if not path or path[0] == "[" else path


def plain_words(error: Mapping[str, Any]) -> str:
    """What is wrong with a field and what would be right, for someone who has never seen our code."""
    about: Mapping[str, Any] = error.get("ctx") or {}
    match error["type"]:
        case "missing":
            return "is required"
        case "json_invalid":
            return f"is not valid JSON: {about.get('error', '')}".rstrip(": ")
        case "literal_error" | "enum":
            return f"must be one of {about['expected']}"
        case "string_too_long":
            return f"has {len(error['input']):,} characters, at most {about['max_length']:,} are taken"
        case "string_too_short":
            return "must not be empty"
        case "datetime_from_date_parsing" | "datetime_parsing" | "datetime_type":
            return "must be a time such as 2026-11-22T01:00:00Z"
        case "value_error":
            return str(about.get("error", error["msg"]))
        case _:
            return str(error["msg"]).removeprefix("Input should be ").removeprefix("Value error, ")


# --- who is asking ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a person's or a token's name, and its role."""

    name: str
    role: str
    scopes: tuple[str, ...] = ()
    """`area:read`, `area:write` (which reads too), `*:read`; none: all that the role may."""

    def reaches(self, method: str, path: str) -> bool:
        """Whether its scopes let it there. The area is the first word of a path below /api/v1."""
        if not self.scopes:
            return True
        parts = [part for part in path.split("/") if part]
        area = next(iter(parts[2:] if parts[:2] == ["api", "v1"] else parts), "")
        needed = ("read", "write") if method in ("GET", "HEAD") else ("write",)
        return any(f"{one}:{right}" in self.scopes for one in (area, "*") for right in needed)

    def may(self, *roles: str) -> bool:
        return self.role == "admin" or self.role in roles


Authenticate = Callable[[str], Awaitable[Principal | None]]
"""Finds who a bearer token belongs to. The app carries one as `app.state.authenticate`."""


async def principal(request: Request) -> Principal:
    """Dependency: who asks. 401 without a valid bearer token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    authenticate: Authenticate = request.app.state.authenticate
    who = await authenticate(token.strip()) if scheme.lower() == "bearer" and token.strip() else None
    if who is None:
        raise HTTPException(
            401, "A valid API token is needed: Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"}
        )
    if not who.reaches(request.method, request.url.path):
        raise HTTPException(403, f"This token is only for {', '.join(who.scopes)}.")
    return who


def need(*roles: str) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency that lets these roles in (admin always); 403 for others, naming who may.

    Without roles, anyone who is known.
    """
    assert set(roles) <= set(ROLES)

    async def check(who: Annotated[Principal, Depends(principal)]) -> Principal:
        if roles and not who.may(*roles):
            raise HTTPException(403, f"The role {who.role} may not do this; {', '.join(roles)} or admin may.")
        return who

    return check


# --- pages of a list --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted: `limit` rows after the one that `after` describes."""

    limit: int = 100
    after: tuple[Any, ...] | None = None

    def cut(self, rows: Sequence[Any], key: Callable[[Any], Sequence[Any]]) -> tuple[list[Any], str | None]:
        """(items, next_cursor) from up to limit + 1 rows; `key` gives what the next page starts after."""
        items = list(rows[: self.limit])
        return items, cursor(key(items[-1])) if len(rows) > self.limit else None


def cursor(key: Sequence[Any]) -> str:
    """Opaque to clients: where a page ended."""
    return base64.urlsafe_b64encode(orjson.dumps(list(key), default=str)).decode().rstrip("=")


async def page(
    limit: Annotated[int, Query(ge=1, le=1000, description="Rows wanted, at most 1,000.")] = 100,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
) -> Page:
    """Dependency: the contract's paging."""
    if cursor is None:
        return Page(limit)
    try:
        after = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        after = None
    if not isinstance(after, list):
        raise BadInput("cursor", "must be the next_cursor of an earlier page")
    return Page(limit, tuple(after))


# --- bounded bodies ---------------------------------------------------------------------------


class BodyLimit:
    """ASGI middleware: a request body over its limit gets 413, and is never held in memory.

    `larger` maps path prefixes to their own limits in bytes; the longest prefix that fits counts.
    """

    def __init__(self, app: ASGIApp, *, limit: int = DEFAULT_LIMIT, larger: Mapping[str, int] | None = None) -> None:
        self.app = app
        self.limit = limit
        self.larger = dict(larger or {})

    def limit_for(self, path: str) -> int:
        fitting = [prefix for prefix in self.larger if path.startswith(prefix)]
        return self.larger[max(fitting, key=len)] if fitting else self.limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.limit_for(scope["path"])
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
            await _drain(receive, int(declared))
            await _too_large(limit)(scope, receive, send)
        else:
            await self.app(scope, _counting(receive, limit), send)


def _too_large(limit: int) -> Response:
    text = f"is larger than the {limit:,} bytes that are taken here"
    return problem(413, f"The body {text}.", errors=[{"field": "body", "message": text}])


async def _drain(receive: Receive, declared: int) -> None:
    if declared <= DRAIN:
        while (await receive()).get("more_body"):
            pass


def _counting(receive: Receive, limit: int) -> Receive:
    """For bodies that don't declare their length: counts, and stops the reader with 413."""
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            # FastAPI lets an HTTPException out of its body reading unchanged.
            raise HTTPException(413, f"The body is larger than the {limit:,} bytes that are taken here.")
        return message

    return counted
