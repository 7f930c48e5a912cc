"""News of a case as it happens (server-sent events): the page is told that something changed and asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

from fastapi import Response
from fastapi.responses import StreamingResponse

from complaints.web.frame import Visit
from csms.kit.db import AWAY

LOOK_EVERY_S = 0.7
LASTS = timedelta(minutes=30)
"""A page left open all night asks again by itself; its log-in is looked at then."""
PULSE_S = 15.0


async def watch(visit: Visit) -> Response:
    await visit.site.desk.case(visit.part("number"))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_news(visit), media_type="text/event-stream", headers=headers)


async def _news(visit: Visit) -> AsyncIterator[str]:
    """`changed` whenever the thread, its commands or its verdict have moved on."""
    yield "retry: 3000\n\n"
    look, quiet = Look(visit), 0.0
    for _ in range(int(LASTS.total_seconds() / LOOK_EVERY_S)):
        await asyncio.sleep(LOOK_EVERY_S)
        if getattr(visit.request.app.state, "stopping", False):
            break
        quiet += LOOK_EVERY_S
        if await look.anything_new():
            quiet = 0.0
            yield "event: changed\ndata: 1\n\n"
        elif quiet >= PULSE_S:
            quiet = 0.0
            yield ": still here\n\n"


class Look:
    """Sees whether there is something new to show. As long as no command is under way a look costs one row."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._case: tuple[object, ...] | None = None
        self._commands: tuple[object, ...] = ()
        self._running = True

    async def anything_new(self) -> bool:
        try:
            return await self._look()
        except AWAY:
            return False

    async def _look(self) -> bool:
        site = self._visit.site
        case = await site.desk.case(self._visit.part("number"))
        now = (case.updated_at, case.version)
        if now == self._case and not self._running:
            return False
        view = await site.desk.view(case.number)
        found = await site.watch.of(view.entries, self._visit.tongue, site.clock())
        commands = tuple(p.print for p in found)
        # The first look comes after the page was made: what moved in between shows as well.
        new = (now, commands) != (self._case, self._commands) and (self._case is not None or self._since_page(now))
        self._case, self._commands = now, commands
        self._running = any(p.pending for p in found)
        return new

    def _since_page(self, now: tuple[object, ...]) -> bool:
        return self._visit.query("seen") not in ("", str(now[0]))
