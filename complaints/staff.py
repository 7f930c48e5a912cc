"""Staff: people who log in at the desk, and tokens that programs call with."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error

from csms.errors import BadInput, Conflict
from csms.kit.clock import Clock
from csms.kit.db import Conn, Db
from csms.rest.http import ROLES, Principal

ALLOWED_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
SHORTEST_PASSWORD = 8
HASHER = PasswordHasher()


def fingerprint(secret: str) -> bytes:
    """What is stored of a token or a session id: useless to whoever reads the table."""
    return hashlib.sha256(secret.encode()).digest()


def locked_until(failures: int, now: datetime) -> datetime | None:
    """After every fifth wrong password in a row the account rests."""
    return now + LOCKED_FOR if failures and failures % ALLOWED_FAILURES == 0 else None


def check_role(role: str) -> None:
    if role not in ROLES:
        raise BadInput("role", f"must be one of {', '.join(ROLES)}")


# --- rows -------------------------------------------------------------------------------------

KEEP_KEY = "insert into api_tokens (hash, name, role, created_at) values ($1, $2, $3, $4)"


async def create_token(conn: Conn, name: str, role: str, now: datetime) -> str:
    """A new API token of 256 random bits. Only its hash is kept: this is the one time it can be read."""
    check_role(role)
    token = "ohm_" + secrets.token_urlsafe(32)
    await conn.execute(KEEP_KEY, fingerprint(token), name, role, now)
    return token


REVOKE_KEYS = "update api_tokens set revoked_at = $2 where name = $1 and revoked_at is null"


async def revoke_tokens(conn: Conn, name: str, now: datetime) -> int:
    """Ends all tokens of this name; gives how many there were."""
    return int((await conn.execute(REVOKE_KEYS, name, now)).split()[-1])


KEY_HOLDER = "select name, role from api_tokens where hash = $1 and revoked_at is null"


async def token_principal(conn: Conn, token: str) -> Principal | None:
    row = await conn.fetchrow(KEY_HOLDER, fingerprint(token))
    return Principal(row["name"], row["role"]) if row else None


ADD_USER = "insert into users (name, role, password_hash, created_at) values ($1, $2, $3, $4)"


async def add_user(conn: Conn, name: str, role: str, password: str, now: datetime) -> None:
    """A person for the desk. Raises BadInput, or Conflict where the name is taken."""
    check_role(role)
    if not name.strip():
        raise BadInput("name", "must not be empty")
    if len(password) < SHORTEST_PASSWORD:
        raise BadInput("password", f"must have at least {SHORTEST_PASSWORD} characters")
    hashed = await asyncio.to_thread(HASHER.hash, password)
    try:
        await conn.execute(ADD_USER, name.strip(), role, hashed, now)
    except asyncpg.UniqueViolationError:
        raise Conflict(f"there is a user {name} already") from None


USER = "select role, password_hash, failures, locked_until from users where name = $1 and active"
LOG_IN_GOOD = "update users set failures = 0, locked_until = null where name = $1"
LOG_IN_WRONG = "update users set failures = failures + 1 where name = $1 returning failures"
LOCK_USER = "update users set locked_until = $2 where name = $1"
ADD_SESSION = "insert into web_sessions (hash, name, created_at, expires_at) values ($1, $2, $3, $4)"
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
        return await token_principal(self._db, token)

    async def log_in(self, name: str, password: str) -> LogIn:
        """A session id for the cookie. Five wrong passwords in a row lock the account for 15 minutes."""
        now = self._clock()
        user = await self._db.fetchrow(USER, name)
        if user and user["locked_until"] and user["locked_until"] > now:
            return LogIn(None, user["locked_until"])
        if not await self._fits(user["password_hash"] if user else self._nobody, password) or not user:
            return LogIn(None, await self._failed(name, now))
        session = secrets.token_urlsafe(32)
        async with self._db.acquire() as conn, conn.transaction():
            await conn.execute(LOG_IN_GOOD, name)
            await conn.execute(DROP_EXPIRED_SESSIONS, now)
            await conn.execute(ADD_SESSION, fingerprint(session), name, now, now + self._session_lasts)
        return LogIn(session)

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
