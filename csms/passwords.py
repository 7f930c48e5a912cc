"""Passwords of stations: the present one, those on their way, and what is sealed until it is sent.

A new password is told to the station by a command. Its answer may be lost, so old and new are both good until
the station has used the new one; the first handshake with it makes it the only one. Which new ones are good is
read off their command's state: `rejected` or never sent is none.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta

from csms.errors import BadInput
from csms.kit.db import Conn, Row

SHORTEST, LONGEST = 16, 40
HEX = re.compile(r"(?:[0-9a-fA-F]{2}){16,20}")
KEPT = timedelta(days=90)
"""An unused new password is forgotten after this."""

# A question under way may have reached the station; an unanswered one too.
TOLD_STATES = ("sent", "accepted", "unanswered")

ANNOUNCE = "insert into new_passwords (command, station, hash, made_at) values ($1, $2, $3, $4)"

TOLD = """
    select n.command, n.hash from new_passwords n join commands c on c.id = n.command
    where n.station = $1 and c.state = any($2::text[]) order by n.made_at desc limit 4
"""

# What was announced before it is void: the station has one password at a time.
PROMOTE = """
    with used as (
        delete from new_passwords n using new_passwords u
        where u.command = $2 and n.station = u.station and n.made_at <= u.made_at
        returning n.command, n.hash)
    update stations set password_hash = u.hash, updated_at = $3
    from used u where stations.id = $1 and u.command = $2
"""

DROP_ALL = "delete from new_passwords where station = $1"

DROP_VOID = """
    delete from new_passwords n using commands c
    where c.id = n.command and (c.state = any($1::text[]) or n.made_at < $2)
"""

SEAL = "insert into sealed_payloads (command, box, made_at) values ($1, $2, $3)"
BOX = "select box from sealed_payloads where command = $1"
FORGET = "delete from sealed_payloads where command = $1"

FORGET_SETTLED = """
    delete from sealed_payloads s using commands c where c.id = s.command and c.state not in ('queued', 'sent')
"""


# --- rules ------------------------------------------------------------------------------------------


def generate() -> str:
    """20 random bytes as text: as hexadecimal key (1.6) and as password (2.x) of the length allowed."""
    return secrets.token_hex(20)


def check(password: str) -> str:
    """Raises BadInput naming what would be right."""
    if not SHORTEST <= len(password) <= LONGEST or not password.isprintable():
        raise BadInput("password", f"must have {SHORTEST} to {LONGEST} printable characters")
    return password


def as_key(password: str) -> str:
    """As 1.6 carries it, in hexadecimal (security whitepaper, A00). Raises BadInput."""
    if HEX.fullmatch(password):
        return password.lower()
    if len(password.encode()) > LONGEST // 2:
        raise BadInput("password", "a 1.6 station takes 16 to 20 bytes, or 32 to 40 hexadecimal digits")
    return password.encode().hex()


def to_store(wire_form: str) -> str:
    return wire_form.lower() if HEX.fullmatch(wire_form) else wire_form


def readings(given: bytes) -> list[bytes]:
    """What a station may mean by the password it presents: some send the key's bytes, some its hexadecimal text."""
    found = [given]
    if HEX.fullmatch(given.decode("latin-1")):
        found.append(given.lower())
    if SHORTEST <= len(given) <= LONGEST // 2:
        found.append(given.hex().encode())
    return list(dict.fromkeys(found))


# --- rows -------------------------------------------------------------------------------------------


async def announce(conn: Conn, command: str, station: str, hash: str, now: datetime) -> None:
    await conn.execute(ANNOUNCE, command, station, hash, now)


async def told(conn: Conn, station: str) -> list[Row]:
    """New passwords the station may have by now, the newest first."""
    return list(await conn.fetch(TOLD, station, TOLD_STATES))


async def promote(conn: Conn, station: str, command: object, now: datetime) -> bool:
    """The station has used it: from now on it is the only one. False when someone else saw to it."""
    done: str = await conn.execute(PROMOTE, station, command, now)
    return done == "UPDATE 1"


async def drop_all(conn: Conn, station: str) -> None:
    await conn.execute(DROP_ALL, station)


async def seal(conn: Conn, command: str, box: bytes, now: datetime) -> None:
    await conn.execute(SEAL, command, box, now)


async def box(conn: Conn, command: object) -> bytes | None:
    found: bytes | None = await conn.fetchval(BOX, command)
    return found


async def forget(conn: Conn, command: object) -> None:
    await conn.execute(FORGET, command)


async def tidy(conn: Conn, now: datetime) -> None:
    """Forget what no station can come to use."""
    await conn.execute(DROP_VOID, ("rejected", "unsupported", "offline", "expired"), now - KEPT)
    await conn.execute(FORGET_SETTLED)
