"""One connected station: its socket and its conversation.

Reading never waits for handling: a question of the station is handed to a worker, an answer to ours
goes straight to whoever waits for it. So we can ask while we are being asked.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

import structlog
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from csms import commands
from csms.errors import LinkBusy, Overloaded, StationMistake
from csms.inbox import Arrival, Claim, Departure, Entry, Inbox, Settlement
from csms.journal import Line
from csms.kit.clock import Clock
from csms.kit.db import AWAY, Db
from csms.ocpp import TRANSLATORS, Answered, Asked, Broken, Disputed, Link, Stray, decode
from csms.vocabulary import CommandState, Reply, VariablesReported
from csms.vocabulary.heard import Notes

log = structlog.get_logger()

REPLACED, RESTARTING, TRY_LATER = 1000, 1012, 1013
MOST_WAITING = 100
"""Questions a station may have unanswered: OCPP allows one, some send a few at boot without waiting."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What every session of a gateway works with."""

    db: Db
    inbox: Inbox
    clock: Clock
    node: str
    answer_within_s: float
    log_frames: bool = False


@dataclass(slots=True)
class _Awaited:
    """The answer our open question waits for."""

    answer: asyncio.Future[tuple[datetime, str, Answered]]


class Session:
    __slots__ = (
        "_asking", "_awaited", "_questions", "_turn", "_worker", "link", "number", "parts", "protocol", "replaced",
        "socket", "station", "strict",
    )

    def __init__(self, parts: Parts, socket: ServerConnection, station: str, protocol: str, *, strict: bool) -> None:
        self.parts, self.socket, self.station, self.protocol, self.strict = parts, socket, station, protocol, strict
        self.link = Link(protocol)
        self.number: int | None = None
        self.replaced = False
        self._questions: deque[tuple[datetime, str, Asked | Stray | Disputed | Broken]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._awaited: _Awaited | None = None
        self._turn: asyncio.Lock | None = None
        self._asking = 0

    # --- life -----------------------------------------------------------------------------------------

    async def run(self, address: str | None, ready: Callable[[], None]) -> None:
        """Until the socket closes. `ready` is called once the arrival is on record."""
        arrived = await self.parts.inbox.take(Entry(
            self._line("connected"), then=Arrival(self.protocol, self.parts.node, address)
        ))
        self.number = arrived.result if isinstance(arrived.result, int) else None
        ready()
        try:
            await self._read()
        finally:
            if self._awaited and not self._awaited.answer.done():
                self._awaited.answer.cancel()
            if self._worker:
                await asyncio.wait({self._worker}, timeout=30)
            await self._depart()

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            async for text in self.socket:
                self._hear(text if isinstance(text, str) else text.decode("utf-8", "replace"))

    def _hear(self, text: str) -> None:
        at = self.parts.clock()
        received = self.link.receive(text)
        if isinstance(received, Answered):
            if self._awaited and not self._awaited.answer.done():
                self._awaited.answer.set_result((at, text, received))
            return
        self._questions.append((at, text, received))
        if len(self._questions) > MOST_WAITING:
            self._close_soon(TRY_LATER, "too many questions at once")
        elif self._worker is None:
            self._worker = asyncio.create_task(self._work(), name=f"answers {self.station}")

    def _close_soon(self, code: int, why: str) -> None:
        asyncio.ensure_future(self.socket.close(code, why))  # noqa: RUF006 - the socket keeps itself alive until closed

    async def close(self, code: int, why: str) -> None:
        self.replaced = self.replaced or code == REPLACED
        await self.socket.close(code, why)

    async def _depart(self) -> None:
        code, reason = self.socket.close_code, self.socket.close_reason
        line = self._line("disconnected", frame=str(code) if code else None)
        departure = Departure(code, "replaced by a newer connection" if self.replaced else reason or None)
        with suppress(Overloaded):
            await self.parts.inbox.take(Entry(line, then=departure))

    # --- the station asks -----------------------------------------------------------------------------

    async def _work(self) -> None:
        """Answer what is waiting, in order, then end: an idle station costs no task."""
        try:
            while self._questions:
                at, text, received = self._questions.popleft()
                match received:
                    case Asked():
                        await self._answer(at, text, received)
                    case Stray():
                        await self._settle_late(at, text, received)
                    case _:
                        await self._refuse(at, text, received)
        except ConnectionClosed:
            pass  # what was committed and not acknowledged, the station sends again
        except Overloaded as error:
            await self.socket.close(TRY_LATER, str(error))
        finally:
            self._worker = None

    async def _answer(self, at: datetime, text: str, asked: Asked) -> None:
        try:
            decoded = decode(self.protocol, asked.action, asked.payload, self.strict)
        except StationMistake as mistake:
            return await self._call_error(at, text, asked.id, asked.action, mistake.code, str(mistake), asked.repairs)
        line = Line(
            self.station, at, "received", text, asked.id, asked.action, getattr(decoded.message, "at", None),
            self.number, repairs=(*asked.repairs, *decoded.repairs),
        )

        def write_answer(reply: Reply) -> str:
            return Link.answer(asked.id, decoded.answer(reply))

        answer = write_answer if asked.answerable else None
        entry = await self.parts.inbox.take(Entry(line, decoded.message, answer))
        if entry.text is not None:
            await self.socket.send(entry.text)
        return None

    async def _refuse(self, at: datetime, text: str, received: Broken | Disputed) -> None:
        if isinstance(received, Broken) and received.id is not None:
            await self._call_error(at, text, received.id, received.action, received.code, received.description)
        else:
            await self.parts.inbox.take(Entry(Line(
                self.station, at, "received", _storable(text), received.id, session=self.number,
                repairs=("unreadable",) if isinstance(received, Broken) else (),
            )))

    async def _call_error(
        self, at: datetime, text: str, id: str, action: str | None, code: str, description: str,
        repairs: tuple[str, ...] = (),
    ) -> None:
        """What the station did wrong, told to it; its frame stays on record."""
        refusal = Link.refuse(id, code, description)
        await self.parts.inbox.take(Entry(Line(
            self.station, at, "received", _storable(text), _storable(id), action and _storable(action),
            session=self.number, repairs=repairs,
        )))
        await self.parts.inbox.take(Entry(Line(
            self.station, self.parts.clock(), "sent", _storable(refusal), _storable(id), action and _storable(action),
            session=self.number,
        )))
        await self.socket.send(refusal)

    # --- we ask ---------------------------------------------------------------------------------------

    async def perform(self, command: str) -> CommandState:
        """Send a command and record how it ended; safe to be asked twice."""
        if self._turn is None:
            self._turn = asyncio.Lock()
        async with self._turn:
            async with self.parts.db.acquire() as conn:
                row = await commands.row(conn, command)
            if row is None or row["state"] != CommandState.QUEUED:
                return CommandState(row["state"]) if row else CommandState.OFFLINE
            return await self._ask(row["id"], row["kind"], row["action"], row["payload"], row)

    async def _ask(self, id: object, kind: str, action: str, payload: dict[str, object], row: object) -> CommandState:
        message_id = str(uuid4())
        try:
            text = self.link.ask(message_id, action, payload)
        except LinkBusy:
            return CommandState.QUEUED
        by, complaint = row["requested_by"], row["complaint"]  # type: ignore[index]
        claimed = await self.parts.inbox.take(Entry(
            Line(self.station, self.parts.clock(), "sent", text, message_id, action, session=self.number, by=by,
                 complaint=complaint),
            then=Claim(str(id)),
        ))
        if not claimed.result:
            self.link.give_up()
            return CommandState.QUEUED
        self._awaited = _Awaited(asyncio.get_running_loop().create_future())
        try:
            await self.socket.send(text)
            async with asyncio.timeout(self.parts.answer_within_s):
                at, answer, answered = await self._awaited.answer
        except (TimeoutError, asyncio.CancelledError, ConnectionClosed):
            self.link.give_up()
            return await self._unanswered(str(id), kind)
        finally:
            self._awaited = None
        return await self._settle(str(id), kind, row["evse"], at, answer, answered)  # type: ignore[index]

    async def _settle(
        self, id: str, kind: str, evse: int | None, at: datetime, text: str, answered: Answered
    ) -> CommandState:
        translator = TRANSLATORS[self.protocol]
        state = translator.read_outcome(answered.action, answered.payload, answered.error_code)
        variables = translator.read_variables(answered.action, answered.payload) if answered.payload else ()
        answer = answered.payload if answered.payload is not None else {
            "errorCode": answered.error_code, "errorDescription": answered.error_description
        }
        await self.parts.inbox.take(Entry(
            Line(self.station, at, "received", text, answered.id, answered.action, session=self.number),
            then=Settlement(id, kind, state, answer, evse, VariablesReported(variables) if variables else None),
        ))
        return state

    async def _settle_late(self, at: datetime, text: str, stray: Stray) -> None:
        """An answer after the time-out still tells how the command went."""
        async with self.parts.db.acquire() as conn:
            row = await commands.by_message(conn, self.station, stray.id)
        line = Line(self.station, at, "received", text, stray.id, session=self.number)
        if row is None:
            await self.parts.inbox.take(Entry(line))
            return
        answered = Answered(stray.id, row["action"], stray.payload, stray.error_code, stray.error_description)
        await self._settle(str(row["id"]), row["kind"], row["evse"], at, text, answered)

    async def _unanswered(self, id: str, kind: str) -> CommandState:
        with suppress(*AWAY):
            async with self.parts.db.acquire() as conn, conn.transaction():
                notes = Notes()
                await commands.settle(conn, id, kind, CommandState.UNANSWERED, self.parts.clock(), notes)
                await self.parts.inbox.announce(conn, notes)
        return CommandState.UNANSWERED

    def _line(self, kind: str, frame: str | None = None) -> Line:
        action = self.protocol if kind == "connected" else None
        return Line(self.station, self.parts.clock(), kind, frame, action=action, session=self.number)


def _storable(text: str) -> str:
    """PostgreSQL's text holds no NUL and no lone surrogate: shown by their escapes instead."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\u0000")
