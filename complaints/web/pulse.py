"""What many open pages ask for at once, looked up once for all of them: has a case changed, how is the fleet."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from complaints.worklist import Worklist
from csms.api import Csms
from csms.vocabulary.fleet import Seen

EVERY_S = 1.0
FRESH_S = 2.0


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


class Snapshot:
    """All stations as they were a moment ago: however many look at the fleet, the database is asked once."""

    def __init__(self, csms: Csms) -> None:
        self._csms, self._lock = csms, asyncio.Lock()
        self._at, self._seen = float("-inf"), list[Seen]()

    async def all(self) -> Sequence[Seen]:
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if now - self._at >= FRESH_S:
                self._seen = list(await self._csms.archive.fleet())
                self._at = asyncio.get_running_loop().time()
            return self._seen
