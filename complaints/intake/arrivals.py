"""What came from outside under a name of its own there: filed once, whatever is repeated."""

from __future__ import annotations

from datetime import datetime

from csms.errors import Conflict
from csms.kit.db import Conn

TAKE = """
    insert into inbound (source, external_id, at) values ($1, $2, $3) on conflict do nothing returning source
"""
KNOWN = "select complaint from inbound where source = $1 and external_id = $2"
NOTE = "update inbound set complaint = $3 where source = $1 and external_id = $2"


async def known(conn: Conn, source: str, external_id: str) -> str | None:
    """The case that this has become."""
    number: str | None = await conn.fetchval(KNOWN, source, external_id)
    return number


async def file(conn: Conn, source: str, external_id: str, number: str, now: datetime) -> None:
    """In the transaction that files it: whoever comes second waits here, and is refused. Raises Conflict."""
    if not await conn.fetchval(TAKE, source, external_id, now):
        raise Conflict(f"{external_id} has come already")
    await conn.execute(NOTE, source, external_id, number)
