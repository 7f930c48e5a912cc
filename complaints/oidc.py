"""Logging in elsewhere: OpenID Connect, authorisation code with PKCE. The role comes from a claim, at every log-in.

The provider is asked with authlib's client; what it signed is checked with joserfc: signature, issuer, audience, time,
nonce. Nothing of it is kept but issuer, subject and mail.
"""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from complaints import staff
from complaints.settings import Settings
from complaints.staff import Staff, fingerprint
from csms.errors import BadInput, Conflict, TheyErred
from csms.kit.clock import Clock
from csms.kit.db import Conn, Db
from csms.rest.http import ROLES

with warnings.catch_warnings():
    from authlib.deprecate import AuthlibDeprecationWarning  # loaded first: it has itself shown always

    # It would like a successor of httpx that nobody else here uses.
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from authlib.integrations.httpx_client import AsyncOAuth2Client

log = structlog.get_logger()

LASTS = timedelta(minutes=10)
"""How long somebody may take at the provider."""
DISCOVERED_FOR = timedelta(hours=1)
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
"""Asymmetric ones only: a token signed with our own secret proves nothing about the provider."""
TIMEOUT_S = 10.0


class NotLetIn(TheyErred):
    """The provider's answer does not let this person in. `why` is a code, for pages to put into words."""

    def __init__(self, why: str, detail: str = "") -> None:
        super().__init__(f"{why} {detail}".strip())
        self.why = why


@dataclass(frozen=True, slots=True)
class OidcOptions:
    """`roles`: value of the claim -> role here; the first one in this order that a person has counts."""

    issuer: str
    client_id: str
    client_secret: str | None = None
    role_claim: str = "groups"
    roles: Sequence[tuple[str, str]] = ()
    scope: str = "openid profile email"


def roles_of(text: str) -> tuple[tuple[str, str], ...]:
    """`leads=supervisor,desk=agent` as pairs. Raises BadInput."""
    pairs = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        value, _, role = part.rpartition("=")
        if not value or role not in ROLES:
            raise BadInput("oidc_roles", f"{part!r} is not of the form value=role, role one of {', '.join(ROLES)}")
        pairs.append((value, role))
    return tuple(pairs)


def role_of(claims: Mapping[str, Any], options: OidcOptions) -> str | None:
    """The role that a person's claim gives, or None. Dots in the claim's name lead inwards. Pure."""
    found: Any = claims
    for part in options.role_claim.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    values = {found} if isinstance(found, str) else {str(v) for v in found} if isinstance(found, list) else set()
    return next((role for value, role in options.roles if value in values), None)


BEGIN = "insert into oidc_pending (state, verifier, nonce, back_to, created_at) values ($1, $2, $3, $4, $5)"
DROP_OLD = "delete from oidc_pending where created_at < $1"
TAKE = "delete from oidc_pending where state = $1 and created_at >= $2 returning verifier, nonce, back_to"
BY_SUBJECT = "select name, role, active from users where issuer = $1 and subject = $2"
TAKEN = "select 1 from users where name = $1"
ADD = """
    insert into users (name, role, issuer, subject, email, created_at) values ($1, $2, $3, $4, $5, $6)
"""
CHANGE_ROLE = "update users set role = $2, email = $3 where name = $1"


class Oidc:
    """One provider. `back` is our own address that it sends people back to."""

    def __init__(self, db: Db, staff: Staff, options: OidcOptions, clock: Clock) -> None:
        self._db, self._staff, self.options, self._clock = db, staff, options, clock
        self._found: tuple[datetime, Mapping[str, Any], KeySet] | None = None

    async def begin(self, back: str, to: str) -> tuple[str, str]:
        """(where to send somebody, the state his browser keeps); `to` is where he goes once he is in."""
        about, _ = await self._discover()
        state, nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        now = self._clock()
        async with self._db.acquire() as conn, conn.transaction():
            await conn.execute(DROP_OLD, now - LASTS)
            await conn.execute(BEGIN, fingerprint(state), verifier, nonce, to, now)
        async with self._client(back) as client:
            url, _ = client.create_authorization_url(
                about["authorization_endpoint"], state=state, code_verifier=verifier, nonce=nonce
            )
        return str(url), state

    async def finish(self, back: str, query: Mapping[str, str], kept_state: str) -> tuple[str, str]:
        """(session, where to go). Raises NotLetIn."""
        state = query.get("state", "")
        if not state or not secrets.compare_digest(state.encode(), kept_state.encode()):
            raise NotLetIn("another_browser")
        async with self._db.acquire() as conn:
            pending = await conn.fetchrow(TAKE, fingerprint(state), self._clock() - LASTS)
        if pending is None:
            raise NotLetIn("too_late")
        if "code" not in query:
            raise NotLetIn("refused_there", query.get("error", ""))
        claims = await self._claims(back, query["code"], pending["verifier"], pending["nonce"])
        async with self._db.acquire() as conn, conn.transaction():
            name = await self._person(conn, claims)
        return await self._staff.begin_session(name, "oidc"), str(pending["back_to"])

    async def _claims(self, back: str, code: str, verifier: str, nonce: str) -> Mapping[str, Any]:
        about, keys = await self._discover()
        try:
            async with self._client(back) as client:
                told = await client.fetch_token(about["token_endpoint"], code=code, code_verifier=verifier)
            return self._checked(str(told["id_token"]), keys, nonce)
        except (httpx.HTTPError, KeyError, JoseError, ValueError) as error:
            log.warning("oidc_refused", why=repr(error))
            raise NotLetIn("not_believed") from error
        except Exception as error:  # authlib's own errors share no base with httpx's
            log.warning("oidc_refused", why=repr(error))
            raise NotLetIn("refused_there") from error

    def _checked(self, token: str, keys: KeySet, nonce: str) -> Mapping[str, Any]:
        claims: dict[str, Any] = dict(jwt.decode(token, keys, algorithms=ALGORITHMS).claims)
        now = int(self._clock().timestamp())
        jwt.JWTClaimsRegistry(
            now=now, leeway=60, iss={"essential": True, "value": self.options.issuer},
            aud={"essential": True, "value": self.options.client_id}, exp={"essential": True},
            sub={"essential": True}, nonce={"essential": True, "value": nonce},
        ).validate(claims)
        return claims

    async def _person(self, conn: Conn, claims: Mapping[str, Any]) -> str:
        """Who it is here; new ones are added, roles follow the claim."""
        role, now = role_of(claims, self.options), self._clock()
        if role is None:
            raise NotLetIn("no_role")
        issuer, subject, email = self.options.issuer, str(claims["sub"]), claims.get("email")
        known = await conn.fetchrow(BY_SUBJECT, issuer, subject)
        if known is not None and not known["active"]:
            raise NotLetIn("switched_off")
        if known is None:
            name = str(claims.get("preferred_username") or email or subject)[:100]
            if await conn.fetchval(TAKEN, name):
                raise NotLetIn("name_taken", name)
            await conn.execute(ADD, name, role, issuer, subject, email, now)
            await staff.note(conn, "oidc", "user.added", name, now, role=role, issuer=issuer)
            return name
        await conn.execute(CHANGE_ROLE, known["name"], role, email)
        if role != known["role"]:
            await staff.note(conn, "oidc", "user.changed", known["name"], now, role=role)
        return str(known["name"])

    def _client(self, back: str) -> AsyncOAuth2Client:
        secret = self.options.client_secret
        return AsyncOAuth2Client(
            self.options.client_id, secret, scope=self.options.scope, redirect_uri=back, timeout=TIMEOUT_S,
            code_challenge_method="S256", token_endpoint_auth_method="client_secret_basic" if secret else "none",
        )

    async def _discover(self) -> tuple[Mapping[str, Any], KeySet]:
        """What the provider says of itself, and its keys; asked again after an hour. Raises Conflict."""
        now = self._clock()
        if self._found and now - self._found[0] < DISCOVERED_FOR:
            return self._found[1], self._found[2]
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
                about = await _json(client, self.options.issuer.rstrip("/") + "/.well-known/openid-configuration")
                if about.get("issuer") != self.options.issuer:
                    raise ValueError(f"it calls itself {about.get('issuer')}")
                keys = KeySet.import_key_set(await _json(client, about["jwks_uri"]))  # type: ignore[arg-type]
        except (httpx.HTTPError, KeyError, ValueError, JoseError) as error:
            log.warning("oidc_provider_away", issuer=self.options.issuer, why=repr(error))
            raise Conflict("the log-in provider cannot be reached just now; try again shortly") from error
        self._found = now, about, keys
        return about, keys


def oidc_of(settings: Settings, db: Db, staff: Staff, clock: Clock) -> Oidc | None:
    """The provider that the settings name, if they do."""
    if not settings.oidc_issuer or not settings.oidc_client_id:
        return None
    secret = settings.oidc_client_secret
    return Oidc(db, staff, OidcOptions(
        settings.oidc_issuer, settings.oidc_client_id, secret.get_secret_value() if secret else None,
        settings.oidc_role_claim, roles_of(settings.oidc_roles),
    ), clock)


async def _json(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    answer = await client.get(url)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found
