"""A database whose user dies at a chosen statement: before it runs, or after it ran and before anything else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from csms.kit.db import Db
from tests.complaints.desk import Killed

ASKED = ("execute", "fetch", "fetchrow", "fetchval", "executemany")


class Mortal:
    """Stands in for a pool. `left`: statements until death; None: it lives."""

    def __init__(self, db: Db) -> None:
        self._db = db
        self.left: int | None = None
        self.after = False
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        return self._mortal(getattr(self._db, name)) if name in ASKED else getattr(self._db, name)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        async with self._db.acquire() as conn:
            yield _Connection(self, conn)

    def _mortal(self, ask: Any) -> Any:
        async def asked(*args: Any, **more: Any) -> Any:
            self.asked += 1
            dies = self.left is not None and self.asked > self.left
            if dies and not self.after:
                raise Killed
            found = await ask(*args, **more)
            if dies:
                raise Killed
            return found

        return asked


class _Connection:
    def __init__(self, mortal: Mortal, conn: Any) -> None:
        self._mortal_db, self._conn = mortal, conn

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._conn, name)
        return self._mortal_db._mortal(found) if name in ASKED else found
