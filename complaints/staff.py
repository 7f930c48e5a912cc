"""Staff: people who log in at the desk, and tokens that programs call with."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error

from csms.errors import BadInput, Conflict, NotFound
from csms.kit.clock import Clock
from csms.kit.db import Conn, Db
from csms.rest.http import ROLES, Principal

ALLOWED_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
SHORTEST_PASSWORD = 8
HASHER = PasswordHasher()
NOTED_EVERY = timedelta(hours=1)
SCOPE = re.compile(r"(\*|[a-z][a-z-]*):(read|write)")


def fingerprint(secret: str) -> bytes:
    """What is stored of a token or a session id: useless to whoever reads the table."""
    return hashlib.sha256(secret.encode()).digest()


def locked_until(failures: int, now: datetime) -> datetime | None:
    """After every fifth wrong password in a row the account rests."""
    return now + LOCKED_FOR if failures and failures % ALLOWED_FAILURES == 0 else None


def check_role(role: str) -> None:
    if role not in ROLES:
        raise BadInput("role", f"must be one of {', '.join(ROLES)}")


def check_scopes(scopes: Sequence[str]) -> None:
    """Raises BadInput."""
    for scope in scopes:
        if not SCOPE.fullmatch(scope):
            raise BadInput("scopes", f"{scope!r} is not of the form complaints:read, stations:write or *:read")


# --- tokens -----------------------------------------------------------------------------------

KEEP_KEY = """
    insert into api_tokens (hash, name, role, created_at, scopes, expires_at, created_by)
    values ($1, $2, $3, $4, $5, $6, $7)
"""


async def create_token(
    conn: Conn, name: str, role: str, now: datetime, *, scopes: Sequence[str] = (), expires_at: datetime | None = None,
    by: str = "command line",
) -> str:
    """A new API token of 256 random bits. Only its hash is kept: this is the one time it can be read."""
    check_role(role)
    check_scopes(scopes)
    if not name.strip():
        raise BadInput("name", "must not be empty")
    if expires_at is not None and expires_at <= now:
        raise BadInput("expires_at", "must lie ahead")
    token = "ohm_" + secrets.token_urlsafe(32)
    await conn.execute(KEEP_KEY, fingerprint(token), name, role, now, list(scopes), expires_at, by)
    await note(conn, by, "token.created", name, now, role=role, scopes=list(scopes))
    return token


REVOKE_KEYS = "update api_tokens set revoked_at = $2 where name = $1 and revoked_at is null"
REVOKE_KEY = "update api_tokens set revoked_at = $2 where id = $1 and revoked_at is null returning name"
KEYS = """
    select id, name, role, scopes, created_at, created_by, expires_at, used_at, revoked_at from api_tokens
    order by id desc limit 500
"""


async def revoke_tokens(conn: Conn, name: str, now: datetime, *, by: str = "command line") -> int:
    """Ends all tokens of this name; gives how many there were."""
    ended = int((await conn.execute(REVOKE_KEYS, name, now)).split()[-1])
    await note(conn, by, "token.revoked", name, now, tokens=ended)
    return ended


async def revoke_token(conn: Conn, id: int, now: datetime, by: str) -> None:
    """Ends one. Raises NotFound."""
    name = await conn.fetchval(REVOKE_KEY, id, now)
    if name is None:
        raise NotFound(f"there is no token {id} that is still good")
    await note(conn, by, "token.revoked", name, now, token=id)


async def tokens(conn: Conn) -> list[dict[str, Any]]:
    """All tokens, the newest first; never the tokens themselves."""
    return [dict(row) for row in await conn.fetch(KEYS)]


KEY_HOLDER = """
    select name, role, scopes, used_at from api_tokens
    where hash = $1 and revoked_at is null and (expires_at is null or expires_at > $2)
"""
KEY_USED = "update api_tokens set used_at = $2 where hash = $1"


async def token_principal(conn: Conn, token: str, now: datetime) -> Principal | None:
    """Whose token it is. That it is in use is noted once an hour, not at every call."""
    row = await conn.fetchrow(KEY_HOLDER, fingerprint(token), now)
    if row is None:
        return None
    if row["used_at"] is None or now - row["used_at"] > NOTED_EVERY:
        await conn.execute(KEY_USED, fingerprint(token), now)
    return Principal(row["name"], row["role"], tuple(row["scopes"]))


LOG = "insert into staff_log (at, by, what, about, detail) values ($1, $2, $3, $4, $5)"
LOGGED = "select id, at, by, what, about, detail from staff_log order by id desc limit $1"


async def note(conn: Conn, by: str, what: str, about: str, now: datetime, **detail: Any) -> None:
    """On record: what was done with users and tokens."""
    await conn.execute(LOG, now, by, what, about, detail)


async def logged(conn: Conn, limit: int = 200) -> list[dict[str, Any]]:
    return [dict(row) for row in await conn.fetch(LOGGED, limit)]


# --- people -----------------------------------------------------------------------------------

ADD_USER = "insert into users (name, role, password_hash, created_at) values ($1, $2, $3, $4)"
NAMED_ALIKE = "select name from users where lower(name) = lower($1)"


async def add_user(
    conn: Conn, name: str, role: str, password: str, now: datetime, *, by: str = "command line"
) -> None:
    """A person for the desk. Raises BadInput, or Conflict where the name is taken."""
    check_role(role)
    if not name.strip():
        raise BadInput("name", "must not be empty")
    if alike := await conn.fetchval(NAMED_ALIKE, name.strip()):
        raise Conflict(f"there is a user {alike} already")
    hashed = await _hashed(password)
    try:
        await conn.execute(ADD_USER, name.strip(), role, hashed, now)
    except asyncpg.UniqueViolationError:
        raise Conflict(f"there is a user {name} already") from None
    await note(conn, by, "user.added", name.strip(), now, role=role)


async def _hashed(password: str) -> str:
    if len(password) < SHORTEST_PASSWORD:
        raise BadInput("password", f"must have at least {SHORTEST_PASSWORD} characters")
    return await asyncio.to_thread(HASHER.hash, password)


USERS = """
    select u.name, u.role, u.active, u.locked_until, u.created_at, u.issuer is not null as elsewhere, u.email,
        (select count(*) from web_sessions s where s.name = u.name and s.expires_at > $1) as sessions,
        coalesce((select array_agg(team order by team) from team_members m where m.name = u.name), '{}') as teams
    from users u order by u.name
"""
CHANGE_USER = """
    update users set role = coalesce($2, role), active = coalesce($3, active),
        password_hash = coalesce($4, password_hash), failures = case when $5 then 0 else failures end,
        locked_until = case when $5 then null else locked_until end
    where name = $1 returning role, active
"""
LAST_ADMIN = "select count(*) from users where role = 'admin' and active and name <> $1"
END_SESSIONS = "delete from web_sessions where name = $1"


async def users(conn: Conn, now: datetime) -> list[dict[str, Any]]:
    """Everybody, those who are switched off too."""
    return [dict(row) for row in await conn.fetch(USERS, now)]


async def change_user(
    conn: Conn, name: str, by: str, now: datetime, *, role: str | None = None, active: bool | None = None,
    password: str | None = None, unlock: bool = False,
) -> None:
    """Another role or password, off or on again, unlocked. Ends his sessions, unless it only unlocks.

    Raises NotFound, BadInput, Conflict: somebody has to be left who may do this.
    """
    if role is not None:
        check_role(role)
    if (role not in (None, "admin") or active is False) and not await conn.fetchval(LAST_ADMIN, name):
        raise Conflict(f"{name} would leave no admin behind")
    hashed = await _hashed(password) if password is not None else None
    if await conn.fetchrow(CHANGE_USER, name, role, active, hashed, unlock) is None:
        raise NotFound(f"there is no user {name}")
    if role is not None or active is not None or password is not None:
        await conn.execute(END_SESSIONS, name)
    done = {"role": role, "active": active, "password": password is not None or None, "unlock": unlock or None}
    await note(conn, by, "user.changed", name, now, **{k: v for k, v in done.items() if v is not None})


# Phones begin a name with a capital letter. Of two older names that differ by that alone, the exact one counts.
USER = """
    select name, password_hash, locked_until from users
    where lower(name) = lower($1) and active and password_hash is not null
    order by name = $1 desc limit 1
"""
LOG_IN_GOOD = "update users set failures = 0, locked_until = null where name = $1"
LOG_IN_WRONG = "update users set failures = failures + 1 where name = $1 returning failures"
LOCK_USER = "update users set locked_until = $2 where name = $1"
ADD_SESSION = "insert into web_sessions (hash, name, created_at, expires_at, how) values ($1, $2, $3, $4, $5)"
SESSION = """
    select u.name, u.role from web_sessions s join users u using (name)
    where s.hash = $1 and s.expires_at > $2 and u.active
"""
END_SESSION = "delete from web_sessions where hash = $1"
DROP_EXPIRED_SESSIONS = "delete from web_sessions where expires_at <= $1"
ANYBODY = "select exists(select from users)"
# Two browsers at once make one first user.
ALONE = "lock table users in share row exclusive mode"
PEOPLE = "select name, role from users where active order by name"


async def people(conn: Conn) -> list[Principal]:
    """Everybody a case may be assigned to."""
    return [Principal(row["name"], row["role"]) for row in await conn.fetch(PEOPLE)]


# --- the desk's door --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LogIn:
    """How an attempt to log in ended: a session, or why not."""

    session: str | None
    locked_until: datetime | None = None


class Staff:
    """Who is who. `authenticate` serves API tokens, `who` the desk's sessions."""

    def __init__(self, db: Db, clock: Clock, *, session_lasts: timedelta = timedelta(hours=12)) -> None:
        self._db = db
        self._clock = clock
        self._session_lasts = session_lasts
        # A wrong name takes as long as a wrong password, so that names cannot be guessed by the clock.
        self._nobody = HASHER.hash(secrets.token_hex(16))
        self.setup_code = secrets.token_urlsafe(12)
        """Whoever can read what `serve` prints may make the first user in the browser. Good until there is one."""

    async def nobody_yet(self) -> bool:
        """There is no user at all: the product is new."""
        return not await self._db.fetchval(ANYBODY)

    async def begin(self, code: str, name: str, password: str) -> None:
        """The first user, an admin. Raises BadInput for a wrong code, Conflict once there is anybody."""
        if not hmac.compare_digest(code.encode(), self.setup_code.encode()):
            raise BadInput("code", "is not the one that `ohmbudsman serve` printed when it started")
        async with self._db.acquire() as conn, conn.transaction():
            await conn.execute(ALONE)
            if await conn.fetchval(ANYBODY):
                raise Conflict("there is somebody who can log in already")
            await add_user(conn, name, "admin", password, self._clock())

    async def authenticate(self, token: str) -> Principal | None:
        """Whose API token this is; None for an unknown or revoked one."""
        return await token_principal(self._db, token, self._clock())

    async def log_in(self, name: str, password: str) -> LogIn:
        """A session id for the cookie. Five wrong passwords in a row lock the account for 15 minutes."""
        now = self._clock()
        user = await self._db.fetchrow(USER, name)
        if user and user["locked_until"] and user["locked_until"] > now:
            return LogIn(None, user["locked_until"])
        if not await self._fits(user["password_hash"] if user else self._nobody, password) or not user:
            return LogIn(None, await self._failed(user["name"] if user else name, now))
        return LogIn(await self.begin_session(user["name"], "password"))

    async def begin_session(self, name: str, how: str) -> str:
        """A new session of somebody who has shown who he is."""
        session, now = secrets.token_urlsafe(32), self._clock()
        async with self._db.acquire() as conn, conn.transaction():
            await conn.execute(LOG_IN_GOOD, name)
            await conn.execute(DROP_EXPIRED_SESSIONS, now)
            await conn.execute(ADD_SESSION, fingerprint(session), name, now, now + self._session_lasts, how)
        return session

    async def _fits(self, hashed: str, password: str) -> bool:
        try:
            return await asyncio.to_thread(HASHER.verify, hashed, password)
        except Argon2Error:
            return False

    async def _failed(self, name: str, now: datetime) -> datetime | None:
        failures = await self._db.fetchval(LOG_IN_WRONG, name)
        until = locked_until(failures or 0, now)
        if until:
            await self._db.execute(LOCK_USER, name, until)
        return until

    async def who(self, session: str) -> Principal | None:
        """Whose session this is; None once it has expired or ended."""
        row = await self._db.fetchrow(SESSION, fingerprint(session), self._clock())
        return Principal(row["name"], row["role"]) if row else None

    async def log_out(self, session: str) -> None:
        await self._db.execute(END_SESSION, fingerprint(session))

    async def people(self) -> list[Principal]:
        async with self._db.acquire() as conn:
            return await people(conn)
