"""Who visits: the log-in cookie, and the token that every form carries so that no other site can send it for us."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from fastapi import Request, Response

LOGIN = "ohm_session"
SEED = "ohm_seed"
LANGUAGE = "ohm_lang"
YEAR = 365 * 24 * 3600
DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class Seal:
    """The secret a form's token is made of: the log-in, or a visitor's own random seed."""

    secret: str
    fresh: bool = False
    """Made for this visit: the answer has to bring it to the browser."""

    @property
    def token(self) -> str:
        return hashlib.sha256(b"form:" + self.secret.encode()).hexdigest()

    def fits(self, token: str) -> bool:
        return not self.fresh and hmac.compare_digest(self.token.encode(), token.encode())


def seal_of(request: Request, *, staff: bool) -> Seal:
    kept = request.cookies.get(LOGIN) if staff else request.cookies.get(SEED)
    return Seal(kept) if kept else Seal(secrets.token_urlsafe(24), fresh=True)


def from_elsewhere(request: Request) -> bool:
    """Whether a page of another site sent this. Browsers say so; whoever says nothing is no browser."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and origin.partition("://")[2] != request.headers.get("host")


def put_cookie(response: Response, request: Request, name: str, value: str, lasts_s: int) -> None:
    """HttpOnly, same site only, and over TLS only where the page itself came over TLS."""
    response.set_cookie(
        name, value, max_age=lasts_s, path="/", httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )


def drop_cookie(response: Response, name: str) -> None:
    response.delete_cookie(name, path="/")
