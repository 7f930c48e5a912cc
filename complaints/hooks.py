"""Hooks: other systems that we call and that call us, each with a secret that signs both ways."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from csms.errors import BadInput
from csms.kit.clock import iso
from csms.kit.db import Conn

PUT = """
    insert into hooks (name, url, secret, created_by, created_at) values ($1, $2, $3, $4, $5)
    on conflict (name) do update set url = excluded.url, secret = excluded.secret, active = true,
        created_by = excluded.created_by, created_at = excluded.created_at
"""
FIND = "select url, secret from hooks where name = $1 and active"
LISTED = "select name, url, active, created_by, created_at from hooks order by name"
END = "update hooks set active = false where name = $1 and active returning name"
SHORTEST_SECRET = 16


async def put(conn: Conn, name: str, url: str, secret: str, by: str, now: datetime) -> None:
    """Raises BadInput. `url` may be empty for a system that only calls us."""
    if not name.replace("_", "").replace("-", "").isalnum():
        raise BadInput("name", "must be of letters, digits, - and _")
    if url and not url.startswith(("https://", "http://")):
        raise BadInput("url", "must be an http(s) address, or empty")
    if len(secret) < SHORTEST_SECRET:
        raise BadInput("secret", f"must have at least {SHORTEST_SECRET} characters")
    await conn.execute(PUT, name, url, secret, by, now)


async def find(conn: Conn, name: str) -> tuple[str, str] | None:
    """(url, secret) of one in use."""
    row = await conn.fetchrow(FIND, name)
    return (row["url"], row["secret"]) if row else None


async def end(conn: Conn, name: str) -> bool:
    return bool(await conn.fetchval(END, name))


async def listed(conn: Conn) -> list[dict[str, Any]]:
    """Without the secrets."""
    return [dict(row) | {"created_at": iso(row["created_at"])} for row in await conn.fetch(LISTED)]


DESCRIBE = "update hooks set channel = $2, mapping = $3 where name = $1"


async def describe(conn: Conn, name: str, channel: str | None, mapping: Any) -> None:
    """What a platform's messages mean: the channel they count as, and where their fields stand."""
    await conn.execute(DESCRIBE, name, channel, dict(mapping) if mapping else None)
