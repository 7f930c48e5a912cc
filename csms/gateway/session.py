"""One connected station: its socket and its conversation.

Reading never waits for handling: a question of the station is decoded and handed to the inbox, which
calls back once it is committed; an answer to ours goes straight to whoever waits for it. So we can ask
while we are being asked, and neither an idle station nor a question costs a task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from csms.errors import Fenced, Overloaded, StationMistake
from csms.gateway.asking import Asking
from csms.gateway.parts import Parts
from csms.gateway.probation import Probation
from csms.gateway.socket import StationSocket
from csms.inbox import Arrival, Departure, Entry
from csms.journal import Line, storable
from csms.ocpp import TRANSLATORS, Answered, Asked, Broken, Disputed, Link, Stray, decode
from csms.ocpp.veil import MASKED, may_hold_secret, veil_text
from csms.vocabulary import CommandState, Message, Reply

log = structlog.get_logger()

REPLACED, OUR_FAULT, RESTARTING, TRY_LATER = 1000, 1011, 1012, 1013
MOST_OPEN = 300
"""Questions a station may have unanswered: OCPP allows one; some hubs tell all their plugs at boot without waiting."""

MOST_UNREAD = 1024 * 1024
"""Bytes of answers a station may leave unread: one that asks and never reads must not fill our memory."""


class Session:
    __slots__ = (
        "_early", "_open", "_tasks", "asking", "link", "number", "parts", "probation", "protocol", "replaced",
        "socket", "station", "strict",
    )

    def __init__(
        self, parts: Parts, socket: StationSocket, station: str, protocol: str, *, strict: bool, admitted: bool
    ) -> None:
        self.parts, self.socket, self.station, self.protocol, self.strict = parts, socket, station, protocol, strict
        self.link = Link(protocol, strict=strict)
        self.probation = None if admitted else Probation()
        self.number: int | None = None
        self.replaced = False
        self._early: list[tuple[datetime, str]] | None = []
        """What is said before the arrival is on record; then None."""
        self._open = 0
        self.asking = Asking(parts, self, self.link)
        self._tasks: set[asyncio.Task[None]] = set()

    # --- life -----------------------------------------------------------------------------------------

    async def run(
        self, address: str | None, ready: Callable[[], Awaitable[None]], oddities: tuple[str, ...] = ()
    ) -> None:
        """Until the socket closes. `ready` is awaited once the arrival is on record, with what was odd about it."""
        self.socket.hear = self._hear
        arrived = await self.parts.inbox.take(Entry(
            replace(self._line("connected"), repairs=oddities), then=Arrival(self.protocol, self.parts.node, address)
        ))
        self.number = arrived.result if isinstance(arrived.result, int) else None
        try:
            await ready()
            early, self._early = self._early or [], None
            for at, text in early:
                self._take_in(at, text)
            await self._read()
        finally:
            self.asking.stop()
            await self._depart()

    async def _read(self) -> None:
        """Until the socket closes; the little that comes this way is heard too."""
        with suppress(ConnectionClosed):
            async for text in self.socket:
                self._hear(text if isinstance(text, str) else text.decode("utf-8", "replace"))
                self.socket.behind -= 1

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
            text = storable(text)
        if isinstance(received, Answered):
            self.asking.answered(at, text, received)
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

    def fenced(self) -> None:
        self.close_soon(REPLACED, "this connection speaks for the station no longer")

    def superseded(self, session: int) -> None:
        if self.number is not None and self.number < session and not self.replaced:
            self.close_soon(REPLACED, "a newer connection has replaced this one")

    @property
    def speaks(self) -> bool:
        """Whether this is the station's open socket, as far as is known here."""
        return self.number is not None and not self.replaced and self.socket.state is State.OPEN

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

    async def perform(self, command: str) -> CommandState | None:
        """Ask the station; see `Asking`."""
        return await self.asking.perform(command)

    # --- the station asks -----------------------------------------------------------------------------

    def _take_down(self, at: datetime, text: str, received: Asked | Stray | Disputed | Broken) -> None:
        """Have it written, and answered once that is done. Raises Overloaded."""
        match received:
            case Asked():
                self._put(self._question(at, text, received))
            case Stray():
                self._start(self.asking.settle_late(at, text, received), f"late answer of {self.station}")
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
            self.fenced()
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
                    self.station, at, "received", text, storable(asked.id), storable(asked.action),
                    session=self.number, repairs=(*asked.repairs, "unreadable"),
                ))
            return self._refusal(at, text, asked.id, asked.action, mistake.code, str(mistake), asked.repairs)
        line = Line(
            self.station, at, "received", text, asked.id, asked.action, getattr(decoded.message, "at", None),
            self.number, repairs=(*asked.repairs, *decoded.repairs),
        )
        answer = partial(_answer, asked.id, decoded.protocol, decoded.message) if asked.answerable else None
        if self.probation is not None and not self.probation.over:
            return self.probation.hear(line, decoded, answer)
        return Entry(line, decoded.message, answer)

    def _refusal(
        self, at: datetime, text: str, id: str, action: str | None, code: str, description: str,
        repairs: tuple[str, ...] = (),
    ) -> Entry:
        """What the station did wrong, told to it; its frame stays on record."""
        line = Line(
            self.station, at, "received", text, storable(id), action and storable(action), session=self.number,
            repairs=repairs,
        )
        return Entry(line, text=storable(Link.refuse(id, code, description)))

    def _line(self, kind: str, frame: str | None = None) -> Line:
        action = self.protocol if kind == "connected" else None
        return Line(self.station, self.parts.clock(), kind, frame, action=action, session=self.number)


def _answer(id: str, protocol: str, message: Message, reply: Reply) -> str:
    return Link.answer(id, TRANSLATORS[protocol].write_reply(message, reply))
