"""News as it happens (server-sent events): a page is told that something changed and asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

from anyio import CancelScope
from fastapi import Response
from fastapi.responses import StreamingResponse

from complaints.web.frame import Visit
from csms.kit.db import AWAY

LOOK_EVERY_S = 0.7
LASTS = timedelta(minutes=30)
"""A page left open all night asks again by itself; its log-in is looked at then."""
PULSE_S = 15.0
HERE_EVERY_S = 2.5
LIST_EVERY_S = 60.0
"""Time alone makes a case late: a list is shown anew at least so often."""


async def watch(visit: Visit) -> Response:
    """News of one case, and who else has it open."""
    await visit.site.desk.case(visit.part("number"))
    return _stream(_news(visit))


async def watch_list(visit: Visit) -> Response:
    """News of the work list."""
    return _stream(_list_news(visit))


def _stream(news: AsyncIterator[str]) -> Response:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(news, media_type="text/event-stream", headers=headers)


async def _list_news(visit: Visit) -> AsyncIterator[str]:
    yield "retry: 3000\n\n"
    seen, quiet = await _beat(visit), 0.0
    async for _ in _looks(visit):
        quiet += LOOK_EVERY_S
        now = await _beat(visit)
        if now != seen or quiet >= LIST_EVERY_S:
            seen, quiet = now, 0.0
            yield "event: changed\ndata: 1\n\n"
        elif quiet % PULSE_S < LOOK_EVERY_S:
            yield ": still here\n\n"


async def _beat(visit: Visit) -> object:
    try:
        return await visit.site.pulse.beat()
    except AWAY:
        return None


async def _looks(visit: Visit) -> AsyncIterator[int]:
    """Ticks until the page has been open for long or the server stops."""
    for n in range(int(LASTS.total_seconds() / LOOK_EVERY_S)):
        await asyncio.sleep(LOOK_EVERY_S)
        if getattr(visit.request.app.state, "stopping", False):
            return
        yield n


async def _news(visit: Visit) -> AsyncIterator[str]:
    """`changed` whenever the thread, its commands or its verdict have moved on; `people` when others come or go."""
    yield "retry: 3000\n\n"
    look, company, quiet = Look(visit), Company(visit), 0.0
    try:
        if told := await company.news(0):
            yield told
        async for n in _looks(visit):
            quiet += LOOK_EVERY_S
            if told := await company.news(n * LOOK_EVERY_S):
                yield told
            if await look.anything_new():
                quiet = 0.0
                yield "event: changed\ndata: 1\n\n"
            elif quiet >= PULSE_S:
                quiet = 0.0
                yield ": still here\n\n"
    finally:
        # Who closes the page cancels what waits for him; this wait is to end well, or he is shown as here for long.
        with CancelScope(shield=True):
            await company.leave()


class Company:
    """Says that this person has the case open, and tells who else has."""

    def __init__(self, visit: Visit) -> None:
        self._visit, self._number = visit, visit.part("number")
        self._next, self._told = 0.0, ""

    async def news(self, at_s: float) -> str | None:
        if at_s < self._next:
            return None
        self._next = at_s + HERE_EVERY_S
        try:
            others = await self._visit.site.worklist.here(self._number, self._visit.who)
        except AWAY:
            return None
        words = self._visit.say("%(who)s has this case open too.", who=", ".join(others)) if others else ""
        if words == self._told:
            return None
        self._told = words
        return f"event: people\ndata: {words}\n\n"

    async def leave(self) -> None:
        with suppress(*AWAY):
            await self._visit.site.worklist.left(self._number, self._visit.who)


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
