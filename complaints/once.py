"""Forms that count once: a phone that lost the answer sends the same key again, and nothing is doubled."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from csms.errors import BadInput
from csms.kit.db import Conn

KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")
KEPT = timedelta(days=30)

TAKE = "insert into submissions (key, who, what, at) values ($1, $2, $3, $4) on conflict (key) do nothing returning key"
DROP_OLD = "delete from submissions where at < $1"


async def first(conn: Conn, key: str, who: str, what: str, now: datetime) -> bool:
    """Whether this form has not been taken before. In the transaction of what it does. Raises BadInput."""
    if not KEY.fullmatch(key):
        raise BadInput("key", "is not one that our forms carry; reload the page")
    await conn.execute(DROP_OLD, now - KEPT)
    return bool(await conn.fetchval(TAKE, key, who, what, now))
