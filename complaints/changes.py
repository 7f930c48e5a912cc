"""Changes of settings on record: who changed what, when and why. Nothing of it is ever taken back out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from csms.errors import BadInput
from csms.kit.db import Conn

NOTE = "insert into setting_changes (at, by, kind, name, before, after, reason) values ($1, $2, $3, $4, $5, $6, $7)"
LISTED = """
    select at, by, kind, name, before, after, reason from setting_changes
    where ($1::text is null or kind = $1) and ($2::text is null or name = $2) order by id desc limit $3
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `before` None: it was not there; `after` None: it is gone."""

    at: datetime
    by: str
    kind: str
    name: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    reason: str

    @property
    def fields(self) -> list[tuple[str, Any, Any]]:
        """(field, before, after) of what differs."""
        before, after = self.before or {}, self.after or {}
        names = dict.fromkeys([*before, *after])
        return [(n, before.get(n), after.get(n)) for n in names if before.get(n) != after.get(n)]


async def note(
    conn: Conn, kind: str, name: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, *, by: str,
    reason: str, now: datetime,
) -> None:
    """Raises BadInput where nobody says why."""
    if not reason:
        raise BadInput("reason", "is required: it goes on record with who and when")
    await conn.execute(NOTE, now, by, kind, name, dict(before) if before else None, dict(after) if after else None,
                       reason)


async def listed(conn: Conn, *, kind: str | None = None, name: str | None = None, limit: int = 50) -> list[Change]:
    """Newest first."""
    return [Change(**dict(row)) for row in await conn.fetch(LISTED, kind, name, limit)]
