"""Reviews of the whole process: what was looked at, what was decided. Rows, never changed afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from csms.kit.db import Conn

NOTE = """
    insert into reviews (since, until, figures, decisions, by, at) values ($1, $2, $3, $4, $5, $6) returning id
"""
LISTED = "select id, since, until, figures, decisions, by, at from reviews order by id desc limit 200"


async def note(
    conn: Conn, since: datetime, until: datetime, figures: Mapping[str, Any], decisions: str, by: str, now: datetime
) -> int:
    return int(await conn.fetchval(NOTE, since, until, dict(figures), decisions, by, now))


async def listed(conn: Conn) -> list[dict[str, Any]]:
    return [dict(row) for row in await conn.fetch(LISTED)]
