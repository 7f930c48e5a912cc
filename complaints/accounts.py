"""Accounts as an administrator keeps them: people and their roles, tokens of programs. Every change is on record."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from complaints import changes, staff
from csms.errors import BadInput, Conflict, NotFound
from csms.kit.db import Conn

USERS = "select name, role, active, created_at, locked_until from users order by active desc, name limit 1000"
USER = "select name, role, active, created_at, locked_until from users where name = $1"
ADMINS = "select count(*) from users where role = 'admin' and active and name <> $1"
CHANGE = "update users set role = $2, active = $3 where name = $1"
RENEW = "update users set password_hash = $2, failures = 0, locked_until = null where name = $1"
END_SESSIONS = "delete from web_sessions where name = $1"
TOKENS = """
    select name, role, count(*) as n, min(created_at) as created_at from api_tokens
    where revoked_at is null group by name, role order by name limit 500
"""


@dataclass(frozen=True, slots=True)
class User:
    name: str
    role: str
    active: bool
    created_at: datetime
    locked_until: datetime | None


@dataclass(frozen=True, slots=True)
class Token:
    """Tokens of one name and role that still open; what they are nobody can read again."""

    name: str
    role: str
    n: int
    created_at: datetime


async def users(conn: Conn) -> list[User]:
    return [User(**dict(row)) for row in await conn.fetch(USERS)]


async def user(conn: Conn, name: str) -> User:
    """Raises NotFound."""
    row = await conn.fetchrow(USER, name)
    if row is None:
        raise NotFound(f"there is no user {name}")
    return User(**dict(row))


async def add(conn: Conn, name: str, role: str, password: str, *, by: str, reason: str, now: datetime) -> None:
    """Raises BadInput, Conflict."""
    await staff.add_user(conn, name, role, password, now)
    await changes.note(conn, "user", name, None, {"role": role}, by=by, reason=reason, now=now)


async def change(
    conn: Conn, name: str, *, role: str, active: bool, password: str, by: str, reason: str, now: datetime
) -> None:
    """Another role, shut out or let in again, a new password. Whoever is changed logs in anew.

    Raises BadInput, NotFound, and Conflict where nobody would be left to administer.
    """
    staff.check_role(role)
    before = await user(conn, name)
    if (role != "admin" or not active) and before.role == "admin" and not await conn.fetchval(ADMINS, name):
        raise Conflict("the last administrator stays one")
    after: dict[str, object] = {"role": role, "active": active}
    await conn.execute(CHANGE, name, role, active)
    if password:
        if len(password) < staff.SHORTEST_PASSWORD:
            raise BadInput("password", f"must have at least {staff.SHORTEST_PASSWORD} characters")
        await conn.execute(RENEW, name, await asyncio.to_thread(staff.HASHER.hash, password))
        after["renewed"] = True
    await conn.execute(END_SESSIONS, name)
    was = {"role": before.role, "active": before.active}
    await changes.note(conn, "user", name, was, after, by=by, reason=reason, now=now)


async def tokens(conn: Conn) -> list[Token]:
    return [Token(**dict(row)) for row in await conn.fetch(TOKENS)]


async def new_token(conn: Conn, name: str, role: str, *, by: str, reason: str, now: datetime) -> str:
    """The token: this is the one time it can be read. Raises BadInput."""
    if not name:
        raise BadInput("name", "must not be empty")
    made = await staff.create_token(conn, name, role, now)
    await changes.note(conn, "token", name, None, {"role": role}, by=by, reason=reason, now=now)
    return made


async def revoke(conn: Conn, name: str, *, by: str, reason: str, now: datetime) -> int:
    """All tokens of this name end. Raises NotFound."""
    ended = await staff.revoke_tokens(conn, name, now)
    if not ended:
        raise NotFound(f"there is no token {name}")
    await changes.note(conn, "token", name, {"tokens": ended}, {"tokens": 0}, by=by, reason=reason, now=now)
    return ended
