"""Whether anything has changed at the desk: asked by every open list, looked up once for all of them."""

from __future__ import annotations

import asyncio
from datetime import datetime

from complaints.worklist import Worklist

EVERY_S = 1.0


class Pulse:
    """However many lists are open, the database is asked once a second."""

    def __init__(self, worklist: Worklist) -> None:
        self._worklist = worklist
        self._lock = asyncio.Lock()
        self._looked = float("-inf")
        self._found: datetime | None = None

    async def beat(self) -> datetime | None:
        """When any case last changed, at most a second old."""
        async with self._lock:
            at = asyncio.get_running_loop().time()
            if at - self._looked >= EVERY_S:
                self._found = await self._worklist.changed_at()
                self._looked = at
            return self._found
