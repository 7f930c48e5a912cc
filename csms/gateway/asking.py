"""Our questions to one station: one open at a time, and how each ended is recorded (OCPP-J 4.1)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import uuid4

import structlog
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from csms import commands, passwords
from csms.errors import Fenced, LinkBusy, Overloaded
from csms.gateway.parts import Parts
from csms.gateway.probation import Probation
from csms.gateway.socket import StationSocket
from csms.inbox import Claim, Entry, Settlement
from csms.journal import Line, storable
from csms.kit.db import AWAY, Row
from csms.kit.traces import span
from csms.ocpp import TRANSLATORS, Answered, Link, Stray
from csms.ocpp.veil import MASKED
from csms.vocabulary import CommandState
from csms.vocabulary.heard import Notes

log = structlog.get_logger()


class Speaker(Protocol):
    """The session that asks."""

    socket: StationSocket
    station: str
    protocol: str
    number: int | None
    probation: Probation | None

    @property
    def speaks(self) -> bool: ...
    def fenced(self) -> None: ...


@dataclass(slots=True)
class _Awaited:
    """The answer our open question waits for."""

    answer: asyncio.Future[tuple[datetime, str, Answered]]


class Asking:
    __slots__ = ("_awaited", "_turn", "link", "parts", "session")

    def __init__(self, parts: Parts, session: Speaker, link: Link) -> None:
        self.parts, self.session, self.link = parts, session, link
        self._awaited: _Awaited | None = None
        self._turn: asyncio.Lock | None = None

    async def perform(self, command: str) -> CommandState | None:
        """Send a command and record how it ended; safe to be asked twice. None: this socket is out."""
        if self._turn is None:
            self._turn = asyncio.Lock()
        try:
            async with self._turn:
                return await self._perform(command) if self.session.speaks else None
        except AWAY:
            return CommandState.QUEUED

    def answered(self, at: datetime, text: str, received: Answered) -> None:
        """The station has answered the open question."""
        if self._awaited and not self._awaited.answer.done():
            self._awaited.answer.set_result((at, text, received))

    def stop(self) -> None:
        """The socket has closed: what is open stays without an answer."""
        if self._awaited and not self._awaited.answer.done():
            self._awaited.answer.cancel()

    async def _perform(self, command: str) -> CommandState | None:
        async with self.parts.db.acquire() as conn:
            row = await commands.row(conn, command)
            payload = await self.parts.vault.payload(conn, row) if row else None
        if row is None or row["state"] != CommandState.QUEUED:
            return CommandState(row["state"]) if row else CommandState.OFFLINE
        if payload is None:
            return await self._unsendable(str(row["id"]), row["kind"])
        return await self._ask(row["id"], row["kind"], row["action"], payload, row)

    async def _ask(
        self, id: object, kind: str, action: str, payload: dict[str, object], row: Row
    ) -> CommandState | None:
        message_id = str(uuid4())
        try:
            text = self.link.ask(message_id, action, payload)
        except LinkBusy:
            return CommandState.QUEUED
        by, complaint = row["requested_by"], row["complaint"]
        secret = payload is not row["payload"]
        shown = Link.question(message_id, action, row["payload"]) if secret else text
        try:
            claimed = await self.parts.inbox.take(Entry(
                Line(self.session.station, self.parts.clock(), "sent", shown, message_id, action,
                     session=self.session.number, by=by, complaint=complaint, repairs=(MASKED,) if secret else ()),
                then=Claim(str(id), kind),
            ))
        except (Overloaded, Fenced) as error:
            self.link.give_up()
            if isinstance(error, Fenced):
                self.session.fenced()
                return None
            return CommandState.QUEUED
        if not claimed.result:
            self.link.give_up()
            return CommandState.QUEUED
        if secret:
            await self._forget_secret(row["id"])
        if self.session.probation is not None:
            self.session.probation.ask(TRANSLATORS[self.session.protocol].read_command(action, payload))
        self._awaited = _Awaited(asyncio.get_running_loop().create_future())
        try:
            if self.session.socket.state is not State.OPEN:  # it went while the claim was written: nothing was sent
                self.link.give_up()
                return await self._take_back(row, message_id)
            with span("station answers", station=self.session.station, action=action, message=message_id):
                async with asyncio.timeout(self.parts.answer_within_s):
                    await self.session.socket.send(text)
                    at, answer, answered = await self._awaited.answer
        except (TimeoutError, asyncio.CancelledError, ConnectionClosed):
            self.link.give_up()
            return await self._unanswered(str(id), kind)
        finally:
            self._awaited = None
        return await self._settle(row, at, answer, answered)

    async def _forget_secret(self, command: object) -> None:
        """It is sent once and never read again; what an outage leaves here, `passwords.tidy` finds."""
        with suppress(*AWAY):
            async with self.parts.db.acquire() as conn:
                await passwords.forget(conn, command)

    async def _take_back(self, row: Row, message_id: str) -> CommandState | None:
        """As if it had not been claimed. What cannot be taken back now, `commands.tidy` finds unanswered."""
        with suppress(*AWAY):
            async with self.parts.db.acquire() as conn:
                await commands.take_back(conn, row["id"], message_id, self.session.number)
        return None

    async def _unsendable(self, id: str, kind: str) -> CommandState:
        """Its secret was sealed with a key that is gone, by a process that is gone."""
        log.error("secret_not_readable", station=self.session.station, command=id)
        async with self.parts.db.acquire() as conn, conn.transaction():
            notes = Notes()
            await commands.settle(conn, id, kind, CommandState.EXPIRED, self.parts.clock(), notes)
            await self.parts.inbox.announce(conn, notes)
        return CommandState.EXPIRED

    async def _settle(self, row: Row, at: datetime, text: str, answered: Answered) -> CommandState:
        translator = TRANSLATORS[self.session.protocol]
        state = translator.read_outcome(answered.action, answered.payload, answered.error_code)
        told = None
        if answered.payload is not None:
            told = translator.read_answer(answered.action, row["payload"], answered.payload)
        answer = answered.payload if answered.payload is not None else {
            "errorCode": answered.error_code, "errorDescription": answered.error_description
        }
        await self.parts.inbox.take(Entry(
            Line(self.session.station, at, "received", text, answered.id, answered.action, session=self.session.number),
            then=Settlement(
                str(row["id"]), row["kind"], state, answer, row["evse"],
                translator.read_command(row["action"], row["payload"]), told, row["requested_by"],
            ),
        ))
        return state

    async def settle_late(self, at: datetime, text: str, stray: Stray) -> None:
        """An answer after the time-out still tells how the command went."""
        row = None
        with suppress(*AWAY):
            async with self.parts.db.acquire() as conn:
                row = await commands.by_message(conn, self.session.station, stray.id)
        if row is None:
            with suppress(Overloaded, Fenced):
                await self.parts.inbox.take(Entry(Line(
                    self.session.station, at, "received", text, storable(stray.id), session=self.session.number
                )))
            return
        answered = Answered(stray.id, row["action"], stray.payload, stray.error_code, stray.error_description)
        await self._settle(row, at, text, answered)

    async def _unanswered(self, id: str, kind: str) -> CommandState:
        with suppress(*AWAY):
            async with self.parts.db.acquire() as conn, conn.transaction():
                notes = Notes()
                await commands.settle(
                    conn, id, kind, CommandState.UNANSWERED, self.parts.clock(), notes, session=self.session.number
                )
                await self.parts.inbox.announce(conn, notes)
        return CommandState.UNANSWERED
