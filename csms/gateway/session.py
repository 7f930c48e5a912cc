"""One connected station: its socket and its conversation.

Reading never waits for handling: a question of the station is decoded and handed to the inbox, which
calls back once it is committed; an answer to ours goes straight to whoever waits for it. So we can ask
while we are being asked, and neither an idle station nor a question costs a task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

import structlog
from websockets.asyncio.server import ServerConnection, broadcast
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.protocol import State

from csms import commands, passwords
from csms.errors import Fenced, LinkBusy, Overloaded, StationMistake
from csms.gateway.framing import SHORT, short_text, whole_text
from csms.gateway.vault import Vault
from csms.inbox import Arrival, Claim, Departure, Entry, Inbox, Settlement
from csms.journal import Line
from csms.kit.clock import Clock
from csms.kit.db import AWAY, Db, Row
from csms.ocpp import TRANSLATORS, Answered, Asked, Broken, Disputed, Link, Stray, decode
from csms.ocpp.veil import MASKED, may_hold_secret, veil_text
from csms.vocabulary import CommandState, Message, Reply
from csms.vocabulary.heard import Notes

log = structlog.get_logger()

REPLACED, OUR_FAULT, RESTARTING, TRY_LATER = 1000, 1011, 1012, 1013
MOST_OPEN = 300
"""Questions a station may have unanswered: OCPP allows one; some hubs tell all their plugs at boot without waiting."""

MOST_UNREAD = 1024 * 1024
"""Bytes of answers a station may leave unread: one that asks and never reads must not fill our memory."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What every session of a gateway works with."""

    db: Db
    inbox: Inbox
    clock: Clock
    node: str
    answer_within_s: float
    log_frames: bool = False
    vault: Vault = field(default_factory=Vault)


@dataclass(slots=True)
class _Awaited:
    """The answer our open question waits for."""

    answer: asyncio.Future[tuple[datetime, str, Answered]]


class StationSocket(ServerConnection):
    """A socket whose messages are heard as they arrive: whoever hears one only notes it and goes on, so no task
    needs to be woken to fetch it from a queue.

    A message that arrives as one plain frame is read here, and a short answer is written here: both are most of what
    happens, and take a tenth of the library's general way. All else goes that way: what comes in pieces or in several
    frames, what is no UTF-8, and every control frame.
    """

    hear: Callable[[str], None] | None = None

    def data_received(self, data: bytes) -> None:
        if self.hear and self._is_between_frames() and (payload := whole_text(data)) is not None:
            with suppress(UnicodeDecodeError):
                text = payload.decode()
                return self.hear(text)
        return super().data_received(data)

    def _is_between_frames(self) -> bool:
        """Nothing of a frame or of a message in several frames has been read and awaits its rest."""
        protocol: Any = self.protocol
        if protocol.state is not State.OPEN or protocol.current_size is not None:
            return False
        frames = protocol.parser.gi_yieldfrom  # to which the generator of the handshake has handed over
        waits_for = frames and frames.gi_yieldfrom
        return waits_for is not None and waits_for.__name__ == "at_eof"

    def process_event(self, event: Any) -> None:
        if self.hear and isinstance(event, Frame) and event.opcode is Opcode.TEXT and event.fin:
            with suppress(UnicodeDecodeError):
                text = bytes(event.data).decode()
                return self.hear(text)
        return super().process_event(event)

    def tell(self, text: str) -> None:
        """Send without waiting. A socket that is closing is skipped: what was committed and not acknowledged, the
        station sends again.
        """
        payload = text.encode()
        if len(payload) < SHORT and self.protocol.state is State.OPEN:
            self.transport.write(short_text(payload))
        else:
            broadcast((self,), text)


class Session:
    __slots__ = (
        "_awaited", "_early", "_open", "_tasks", "_turn", "link", "number", "parts", "protocol", "replaced", "socket",
        "station", "strict",
    )

    def __init__(self, parts: Parts, socket: StationSocket, station: str, protocol: str, *, strict: bool) -> None:
        self.parts, self.socket, self.station, self.protocol, self.strict = parts, socket, station, protocol, strict
        self.link = Link(protocol)
        self.number: int | None = None
        self.replaced = False
        self._early: list[tuple[datetime, str]] | None = []
        """What is said before the arrival is on record; then None."""
        self._open = 0
        self._awaited: _Awaited | None = None
        self._turn: asyncio.Lock | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # --- life -----------------------------------------------------------------------------------------

    async def run(self, address: str | None, ready: Callable[[], Awaitable[None]]) -> None:
        """Until the socket closes. `ready` is awaited once the arrival is on record."""
        self.socket.hear = self._hear
        arrived = await self.parts.inbox.take(Entry(
            self._line("connected"), then=Arrival(self.protocol, self.parts.node, address)
        ))
        self.number = arrived.result if isinstance(arrived.result, int) else None
        try:
            await ready()
            early, self._early = self._early or [], None
            for at, text in early:
                self._take_in(at, text)
            await self._read()
        finally:
            if self._awaited and not self._awaited.answer.done():
                self._awaited.answer.cancel()
            await self._depart()

    async def _read(self) -> None:
        """Until the socket closes; the little that comes this way is heard too."""
        with suppress(ConnectionClosed):
            async for text in self.socket:
                self._hear(text if isinstance(text, str) else text.decode("utf-8", "replace"))

    def _hear(self, text: str) -> None:
        at = self.parts.clock()
        if self._early is None:
            self._take_in(at, text)
        elif len(self._early) < MOST_OPEN:
            self._early.append((at, text))
        else:
            self.close_soon(TRY_LATER, "too many questions at once")

    def _take_in(self, at: datetime, text: str) -> None:
        if self.replaced:  # not acknowledged: the station says it again on its newer connection
            return
        veiled = veil_text(text) if may_hold_secret(text) else text  # a station that tells its password
        masked, text = veiled is not text and veiled != text, veiled
        received = self.link.receive(text)
        if masked and isinstance(received, Asked):
            received = replace(received, repairs=(*received.repairs, MASKED))
        if "\x00" in text:  # mended for its reader; PostgreSQL's text does not hold it
            text = _storable(text)
        if isinstance(received, Answered):
            if self._awaited and not self._awaited.answer.done():
                self._awaited.answer.set_result((at, text, received))
        elif self._open >= MOST_OPEN:
            self.close_soon(TRY_LATER, "too many questions at once")
        else:
            try:
                self._take_down(at, text, received)
            except Overloaded as error:
                self.close_soon(TRY_LATER, str(error))

    def close_soon(self, code: int, why: str) -> None:
        if code == REPLACED:
            if self.replaced:
                return
            self.replaced = True  # at once: what it still says is not heard
        self._start(self.close(code, why), f"close {self.station}")

    async def close(self, code: int, why: str) -> None:
        self.replaced = self.replaced or code == REPLACED
        await self.socket.close(code, why)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _depart(self) -> None:
        code, reason = self.socket.close_code, self.socket.close_reason
        line = self._line("disconnected", frame=str(code) if code else None)
        departure = Departure(code, "replaced by a newer connection" if self.replaced else reason or None)
        await self.parts.inbox.take(Entry(line, then=departure))

    # --- the station asks -----------------------------------------------------------------------------

    def _take_down(self, at: datetime, text: str, received: Asked | Stray | Disputed | Broken) -> None:
        """Have it written, and answered once that is done. Raises Overloaded."""
        match received:
            case Asked():
                self._put(self._question(at, text, received))
            case Stray():
                self._start(self._settle_late(at, text, received), f"late answer of {self.station}")
            case Broken(id=str(id)):
                self._put(self._refusal(at, text, id, received.action, received.code, received.description))
            case _:
                unreadable = ("unreadable",) if isinstance(received, Broken) else ()
                self._put(Entry(Line(
                    self.station, at, "received", text, received.id, session=self.number, repairs=unreadable
                )))

    def _put(self, entry: Entry) -> None:
        self.parts.inbox.put(entry, self._committed)
        self._open += 1

    def _committed(self, entry: Entry) -> None:
        """All that follows from it is on disk: the station may forget its question."""
        self._open -= 1
        if isinstance(entry.failed, Fenced):  # its station says it again where it speaks now
            self.close_soon(REPLACED, "this connection speaks for the station no longer")
        elif entry.failed:
            log.error("message_not_kept", station=self.station, error=str(entry.failed), frame=entry.line.frame)
            self.close_soon(OUR_FAULT, "this message cannot be kept")
        elif entry.text is not None:
            self.socket.tell(entry.text)
            if self.socket.transport.get_write_buffer_size() > MOST_UNREAD:
                self.close_soon(TRY_LATER, "answers are not read")

    def _question(self, at: datetime, text: str, asked: Asked) -> Entry:
        try:
            decoded = decode(self.protocol, asked.action, asked.payload, self.strict)
        except StationMistake as mistake:
            if not asked.answerable:  # a SEND of 2.1: nobody waits for an answer, not even for a no
                return Entry(Line(
                    self.station, at, "received", text, _storable(asked.id), _storable(asked.action),
                    session=self.number, repairs=(*asked.repairs, "unreadable"),
                ))
            return self._refusal(at, text, asked.id, asked.action, mistake.code, str(mistake), asked.repairs)
        line = Line(
            self.station, at, "received", text, asked.id, asked.action, getattr(decoded.message, "at", None),
            self.number, repairs=(*asked.repairs, *decoded.repairs),
        )
        answer = partial(_answer, asked.id, decoded.protocol, decoded.message) if asked.answerable else None
        return Entry(line, decoded.message, answer)

    def _refusal(
        self, at: datetime, text: str, id: str, action: str | None, code: str, description: str,
        repairs: tuple[str, ...] = (),
    ) -> Entry:
        """What the station did wrong, told to it; its frame stays on record."""
        line = Line(
            self.station, at, "received", text, _storable(id), action and _storable(action), session=self.number,
            repairs=repairs,
        )
        return Entry(line, text=_storable(Link.refuse(id, code, description)))

    # --- we ask ---------------------------------------------------------------------------------------

    async def perform(self, command: str) -> CommandState | None:
        """Send a command and record how it ended; safe to be asked twice. None: this socket is out."""
        if self._turn is None:
            self._turn = asyncio.Lock()
        try:
            async with self._turn:
                return await self._perform(command) if self.speaks else None
        except AWAY:
            return CommandState.QUEUED

    @property
    def speaks(self) -> bool:
        """Whether this is the station's open socket, as far as is known here."""
        return self.number is not None and not self.replaced and self.socket.state is State.OPEN

    def superseded(self, session: int) -> None:
        if self.number is not None and self.number < session and not self.replaced:
            self.close_soon(REPLACED, "a newer connection has replaced this one")

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
                Line(self.station, self.parts.clock(), "sent", shown, message_id, action, session=self.number, by=by,
                     complaint=complaint, repairs=(MASKED,) if secret else ()),
                then=Claim(str(id), kind),
            ))
        except (Overloaded, Fenced) as error:
            self.link.give_up()
            if isinstance(error, Fenced):
                self.close_soon(REPLACED, "this connection speaks for the station no longer")
                return None
            return CommandState.QUEUED
        if not claimed.result:
            self.link.give_up()
            return CommandState.QUEUED
        if secret:
            await self._forget_secret(row["id"])
        self._awaited = _Awaited(asyncio.get_running_loop().create_future())
        try:
            if self.socket.state is not State.OPEN:  # it went while the claim was written: nothing was sent
                self.link.give_up()
                return await self._take_back(row, message_id)
            async with asyncio.timeout(self.parts.answer_within_s):
                await self.socket.send(text)
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
                await commands.take_back(conn, row["id"], message_id, self.number)
        return None

    async def _unsendable(self, id: str, kind: str) -> CommandState:
        """Its secret was sealed with a key that is gone, by a process that is gone."""
        log.error("secret_not_readable", station=self.station, command=id)
        async with self.parts.db.acquire() as conn, conn.transaction():
            notes = Notes()
            await commands.settle(conn, id, kind, CommandState.EXPIRED, self.parts.clock(), notes)
            await self.parts.inbox.announce(conn, notes)
        return CommandState.EXPIRED

    async def _settle(self, row: Row, at: datetime, text: str, answered: Answered) -> CommandState:
        translator = TRANSLATORS[self.protocol]
        state = translator.read_outcome(answered.action, answered.payload, answered.error_code)
        told = None
        if answered.payload is not None:
            told = translator.read_answer(answered.action, row["payload"], answered.payload)
        answer = answered.payload if answered.payload is not None else {
            "errorCode": answered.error_code, "errorDescription": answered.error_description
        }
        await self.parts.inbox.take(Entry(
            Line(self.station, at, "received", text, answered.id, answered.action, session=self.number),
            then=Settlement(
                str(row["id"]), row["kind"], state, answer, row["evse"],
                translator.read_command(row["action"], row["payload"]), told, row["requested_by"],
            ),
        ))
        return state

    async def _settle_late(self, at: datetime, text: str, stray: Stray) -> None:
        """An answer after the time-out still tells how the command went."""
        row = None
        with suppress(*AWAY):
            async with self.parts.db.acquire() as conn:
                row = await commands.by_message(conn, self.station, stray.id)
        if row is None:
            with suppress(Overloaded, Fenced):
                await self.parts.inbox.take(Entry(Line(
                    self.station, at, "received", text, _storable(stray.id), session=self.number
                )))
            return
        answered = Answered(stray.id, row["action"], stray.payload, stray.error_code, stray.error_description)
        await self._settle(row, at, text, answered)

    async def _unanswered(self, id: str, kind: str) -> CommandState:
        with suppress(*AWAY):
            async with self.parts.db.acquire() as conn, conn.transaction():
                notes = Notes()
                await commands.settle(
                    conn, id, kind, CommandState.UNANSWERED, self.parts.clock(), notes, session=self.number
                )
                await self.parts.inbox.announce(conn, notes)
        return CommandState.UNANSWERED

    def _line(self, kind: str, frame: str | None = None) -> Line:
        action = self.protocol if kind == "connected" else None
        return Line(self.station, self.parts.clock(), kind, frame, action=action, session=self.number)


def _answer(id: str, protocol: str, message: Message, reply: Reply) -> str:
    return Link.answer(id, TRANSLATORS[protocol].write_reply(message, reply))


def _storable(text: str) -> str:
    """PostgreSQL's text holds no NUL and no lone surrogate: shown by their escapes instead."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\u0000")
