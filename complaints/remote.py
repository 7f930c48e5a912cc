"""Asking a station for something from a case: guards first, who and why on record, the answer awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from complaints import cases, evidence, remedies, thread
from complaints.actions import REMOTE, Acted, Ask
from complaints.cases import Case
from complaints.claim import Claim
from complaints.findings import RemoteAction
from complaints.guards import remote
from complaints.judge import case_of
from complaints.remedies import Possible, command_for, running_in, safety_guards
from complaints.states import NotAllowedIn
from complaints.thread import Entry
from csms.api import Csms
from csms.errors import BadInput, Conflict, NotFound, Refused
from csms.kit.clock import Clock
from csms.kit.db import Db
from csms.vocabulary import Command, CommandFact, FetchLog, Story

UNSETTLED = ("queued", "sent")
ASK_AGAIN_EVERY_S = 0.05
AHEAD = timedelta(minutes=5)

LogAddress = Callable[[str], Awaitable[str]]


def allowed_by_rules(claim: Claim, story: Story, now: datetime) -> Sequence[RemoteAction]:
    """What guards.py makes of a claim and the station's story at this moment."""
    case = case_of(claim, story)
    return remote(case, case.story, now)


class RemoteControl:
    """Carries the remote actions of cases to csms."""

    def __init__(
        self, db: Db, csms: Csms, clock: Clock, allowed: remedies.Remote, log_address: LogAddress | None
    ) -> None:
        self._db, self._csms, self._clock = db, csms, clock
        self._allowed, self._log_address = allowed, log_address

    async def ask(self, number: str, ask: Ask, by: str) -> Acted:
        """Send it, unless guards forbid it. Waits up to `ask.wait_s` seconds for the station's answer."""
        case, entries, verdicts = await self._read(number)
        if not case.is_open:
            raise NotAllowedIn(ask.action, case.state)
        station = case.where
        if station is None:
            raise Refused(["G6"], "neither the customer nor the evidence names a station")
        story = await self._story(station)
        command = await self._command(case, ask, station, story)
        if safety_guards(ask.action, self._verdicts_now(case, entries, story, verdicts)):
            await self._note_refused(number, ask, ("G1",), by)
            raise remedies.refused_by_safety()
        try:
            fact = await self._csms.send(
                station, command, by=by, reason=ask.reason, complaint=number, override=ask.override,
                cleared=remedies.cleared_on_site(entries),
            )
        except Refused as refused:
            await self._note_refused(number, ask, refused.guards, by)
            raise
        return await self._asked(number, fact, ask.wait_s)

    async def possible(self, number: str) -> list[Possible]:
        """All remote actions, each with the guards that forbid it now. None for a case without a station."""
        case, entries, verdicts = await self._read(number)
        if case.where is None:
            return []
        try:
            story = await self._story(case.where)
        except NotFound:
            return []
        now = self._verdicts_now(case, entries, story, verdicts)
        cleared = remedies.cleared_on_site(entries)
        return [await self._possible(case, action, story, now, cleared) for action in REMOTE]

    async def _possible(
        self, case: Case, action: str, story: Story, verdicts: Sequence[RemoteAction], cleared: datetime | None
    ) -> Possible:
        safety = safety_guards(action, verdicts)
        try:
            command = command_for(case, Ask.model_validate({"action": action}), running_in(story))
        except BadInput:
            return Possible(action, safety)
        assert case.where is not None
        guards = await self._csms.guards(case.where, command, cleared=cleared)
        return Possible(action, tuple(dict.fromkeys((*safety, *guards))))

    async def _read(self, number: str) -> tuple[Case, list[Entry], Sequence[RemoteAction]]:
        async with self._db.acquire() as conn:
            case = await cases.get(conn, number)
            newest = await evidence.newest(conn, number)
            entries = await thread.read(conn, number)
        frozen = newest.judgement["remote"] if newest else ()
        return case, entries, [RemoteAction(r["action"], r["allowed"], tuple(r["guards"])) for r in frozen]

    async def _story(self, station: str) -> Story:
        now = self._clock()
        return await self._csms.story(station, now - remedies.LOOK_BACK, now + AHEAD)

    def _verdicts_now(
        self, case: Case, entries: Sequence[Entry], story: Story, frozen: Sequence[RemoteAction]
    ) -> Sequence[RemoteAction]:
        """What words and records say of danger now, with what they said when the evidence was frozen.

        Once someone on site has cleared it, only what came after that counts.
        """
        now, cleared = self._clock(), remedies.cleared_on_site(entries)
        if cleared is None:
            return [*frozen, *self._allowed(case.claim, story, now)]
        claim = replace(case.claim, text="", topic="other", category="other")
        later = tuple(fault for fault in story.faults if fault.opened_at > cleared)
        return list(self._allowed(claim, replace(story, faults=later, since=cleared), now))

    async def _command(self, case: Case, ask: Ask, station: str, story: Story) -> Command:
        command = command_for(case, ask, running_in(story))
        if not isinstance(command, FetchLog):
            return command
        if self._log_address is None:
            raise Conflict("this installation has no address that a station could upload its log to")
        return replace(command, url=await self._log_address(station), request_id=int(self._clock().timestamp()))

    async def _note_refused(self, number: str, ask: Ask, guards: Sequence[str], by: str) -> None:
        async with self._db.acquire() as conn, conn.transaction():
            await remedies.note_refused(conn, number, ask, guards, by, self._clock())

    async def _asked(self, number: str, fact: CommandFact, wait_s: float) -> Acted:
        """On record first, then the answer. The worker writes the same entries if we don't get to it."""
        async with self._db.acquire() as conn, conn.transaction():
            await remedies.note_asked(conn, number, fact, self._clock())
        fact = await self._settled(fact, wait_s)
        async with self._db.acquire() as conn, conn.transaction():
            if fact.state not in UNSETTLED:
                await remedies.note_settled(conn, number, fact, self._clock())
            case = await cases.get(conn, number)
        return Acted(case, fact.state not in UNSETTLED, {"command": remedies.command_json(fact)})

    async def _settled(self, fact: CommandFact, wait_s: float) -> CommandFact:
        until = asyncio.get_running_loop().time() + wait_s
        while fact.state in UNSETTLED and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(ASK_AGAIN_EVERY_S)
            fact = await self._csms.command(fact.id) or fact
        return fact

