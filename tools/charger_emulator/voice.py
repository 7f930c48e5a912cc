"""Speaking and listening: our questions one at a time, the central system's answered at once."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from . import link, quirks as oddities
from .clock import Clock
from .ledger import Asked, Entry
from .link import Answer, Link, Nonsense, Payload, Question, Refusal
from .outbox import LOST, Message, Outbox, Reply
from .settings import Settings
from .wire import Wire


@dataclass
class Done:
    """How a question of the central system is answered, and what follows once the answer is out."""

    payload: Payload
    then: Callable[[], None] | None = None
    silent: bool = False
    """Some stations never answer."""


SMALL_QUEUE = 5

Respond = Callable[[str, Payload], Done]
"""Answers (action, payload); raises Refusal for a CALLERROR."""


class Voice:
    """Turns messages into frames and frames into messages, for one station."""

    def __init__(self, clock: Clock, settings: Settings, quirks: frozenset[str], respond: Respond) -> None:
        self.outbox = Outbox()
        self.ledger: list[Entry] = []
        self.asked: list[Asked] = []
        self.ledger_limit: int | None = None
        """How many entries are kept at least of each of both; what is older may go. None: all."""
        self.said = self.acknowledged = 0
        """Counts that outlive the ledger."""
        self.accepted = False
        """Whether the central system has accepted our boot (1.6: 4.2; 2.0.1: B01)."""
        self.message_timeout_s = 30.0
        """How long an answer is waited for, in our seconds."""
        self.malformed = "FormatViolation"
        self.connections = 0
        self.changed: Callable[[], None] = lambda: None
        self.note: Callable[[str], None] = lambda _: None
        self._clock = clock
        self._settings = settings
        self._quirks = quirks
        self._respond = respond
        self._link = Link()
        self._reply: asyncio.Future[Reply] | None = None
        self._stir = asyncio.Event()
        self._questions: deque[Question] = deque()
        self._asked_us = asyncio.Event()
        self._counter = itertools.count(1)
        self._by_id: dict[str, Entry] = {}

    def say(self, message: Message, online: bool) -> Message:
        """Queue a message. What need not outlive an outage is lost at once when there is one."""
        full = "small_queue" in self._quirks and message.kept and len(self.outbox.kept) >= SMALL_QUEUE
        if (online or message.kept) and not full:
            self.outbox.push(message)
        else:
            message.end(LOST)
        self.stir()
        return message

    def stir(self) -> None:
        """Something changed that may let the next message go."""
        self._stir.set()

    def restart_ids(self) -> None:
        """After a boot, a counting station counts from one again."""
        self._counter = itertools.count(1)

    def connected(self) -> None:
        self.connections += 1
        self._link = Link()
        self._questions.clear()
        self.stir()

    def disconnected(self) -> None:
        """Nobody will answer any more; what must not be lost waits for the next connection."""
        self._settle(LOST)
        self.outbox.forget_passing()
        self.stir()

    async def speak(self, wire: Wire) -> None:
        """Send what waits, one question after the other; for ever."""
        while True:
            self._stir.clear()
            message = self.outbox.next(self._clock.now(), self.accepted) if wire.online else None
            if message is None:
                await self._wait_for_work()
            else:
                await self._deliver(message, wire)
                self.changed()

    async def _wait_for_work(self) -> None:
        due = self.outbox.due()
        stirred = asyncio.ensure_future(self._stir.wait())
        waits = [stirred] + ([asyncio.ensure_future(self._clock.sleep_until(due))] if due else [])
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _deliver(self, message: Message, wire: Wire) -> None:
        payload = message.payload()
        if payload is None:
            self.outbox.close(message, LOST)
            return
        payload = oddities.rewrite(self._quirks, message.action, payload)
        reply = await self._ask(self._id_for(message), message.action, payload, wire)
        if reply.refusal is not None and message.kept and message.retried:
            interval = self._settings.number("TransactionMessageRetryInterval")
            limit = self._settings.number("TransactionMessageAttempts")
            self.outbox.retry(message, self._clock.now(), interval, limit)
        elif not reply.lost or not message.kept:
            self.outbox.close(message, reply)

    def _id_for(self, message: Message) -> str:
        if "same_id_retry" in self._quirks and message.id is not None:
            return message.id
        message.id = str(next(self._counter)) if "counter_ids" in self._quirks else str(uuid.uuid4())
        return message.id

    async def _ask(self, id: str, action: str, payload: Payload, wire: Wire) -> Reply:
        entry = Entry(id, action, payload, self._clock.now(), self.connections)
        self.ledger.append(entry)
        self._by_id[id] = entry
        self.said += 1
        self._forget_the_past()
        text = oddities.respell(self._quirks, action, self._link.ask(id, action, payload))
        self._reply = asyncio.get_running_loop().create_future()
        self.note(f"said {action} {id}")
        await wire.send(text)
        self.changed()
        try:
            async with asyncio.timeout(self.message_timeout_s):
                return await self._reply
        except TimeoutError:
            return LOST
        finally:
            self._reply = None
            self._link.give_up()

    def heard(self, text: str | bytes) -> None:
        """Take in a frame without waiting for anything."""
        match self._link.hear(text):
            case Question() as question:
                self._questions.append(question)
                self._asked_us.set()
            case Answer() as answer:
                self._note(answer)
                if answer.expected:
                    self._settle(Reply(answer.payload, answer.refusal))
            case Nonsense(id=id, why=why):
                self._questions.append(Question(id, "", {"why": why}))
                self._asked_us.set()

    def _note(self, answer: Answer) -> None:
        # Also a late answer is an acknowledgement: the central system has taken the message.
        entry = self._by_id.get(answer.id)
        if entry is None:
            return
        if answer.refusal is None:
            self.acknowledged += not entry.acknowledged
            entry.acknowledged, entry.answer = True, answer.payload
        else:
            entry.refusal = answer.refusal

    def _forget_the_past(self) -> None:
        """In halves, so that it costs nothing on the whole."""
        if self.ledger_limit is not None and len(self.ledger) >= 2 * self.ledger_limit + 2:
            for entry in self.ledger[: -self.ledger_limit - 1]:
                self._by_id.pop(entry.message_id, None)
            del self.ledger[: -self.ledger_limit - 1]
            del self.asked[: -self.ledger_limit or None]

    def _settle(self, reply: Reply) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(reply)

    async def answer(self, wire: Wire) -> None:
        """Answer the central system's questions in their order; for ever."""
        while True:
            await self._asked_us.wait()
            self._asked_us.clear()
            while self._questions:
                await self._answer_one(self._questions.popleft(), wire)
                self.changed()

    async def _answer_one(self, question: Question, wire: Wire) -> None:
        asked = Asked(question.id, question.action, question.payload, self._clock.now())
        if question.action:
            self.asked.append(asked)
        try:
            done = self._decide(question)
        except Refusal as refusal:
            asked.refusal = refusal
            self.note(f"asked {question.action}, refused: {refusal}")
            nameless = "error_minus_one" in self._quirks and refusal.code == "NotImplemented"
            await wire.send(link.error("-1" if nameless else question.id, refusal))
            return
        asked.answer = done.payload
        self.note(f"asked {question.action}, answered {done.payload.get('status', '')}")
        if "act_before_answer" in self._quirks and done.then:
            done.then()
            with suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    await self.drained()
            done.then = None
        if not done.silent:
            await wire.send(link.result(question.id, done.payload))
        if done.then:
            done.then()

    def _decide(self, question: Question) -> Done:
        if not question.action:
            raise Refusal(self.malformed, question.payload["why"])
        try:
            return self._respond(question.action, question.payload)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            # Only a payload that breaks its schema gets here.
            raise Refusal(self.malformed, f"{question.action}: {error!r}") from error

    async def drained(self) -> None:
        """Wait until nothing is left to say."""
        while len(self.outbox):
            await asyncio.wait([m.ended for m in self.outbox], return_when=asyncio.ALL_COMPLETED)
