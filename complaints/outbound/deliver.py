"""The courier: takes what is due from the outbox and hands it to the transport of its channel.

A row is claimed in a transaction of its own before anything leaves. If we die in between, nobody knows whether it
left: a transport that recognises a repetition by its key is asked again, any other is not, and staff are told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from complaints import alarms, deadlines
from complaints.outbound import outbox
from complaints.outbound.outbox import Queued
from complaints.outbound.quiet import allowed_from
from csms.kit.clock import Clock
from csms.kit.db import Conn, Db

log = structlog.get_logger()

LEASE = timedelta(minutes=2)
MOST_ATTEMPTS = 8
BACK_OFF = timedelta(seconds=30)
MOST_A_ROUND = 200


class Undelivered(Exception):
    """It certainly did not arrive; it may be tried again."""


class Unwanted(Exception):
    """It certainly did not arrive and never will: a wrong address, a refused call."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a transport carries. `key` stays the same however often it is tried."""

    key: str
    channel: str
    address: str | None
    subject: str
    text: str
    language: str
    payload: Mapping[str, Any] | None = None
    complaint: str | None = None


class Transport(Protocol):
    """Carries messages of one channel."""

    @property
    def repeatable(self) -> bool:
        """Whether the same key twice arrives once."""
        ...

    async def send(self, message: Message) -> None:
        """Raises Undelivered, Unwanted; any other error means that nobody knows."""
        ...


class Courier:
    """Delivers the outbox. `transports` by channel: email, sms, staff, hook."""

    def __init__(
        self, db: Db, clock: Clock, transports: Mapping[str, Transport], *, zone: str,
        heard: Callable[[Queued, str], Awaitable[None]] | None = None,
    ) -> None:
        """`heard` is told how a signed call ended, before that is put on record; it must bear being told twice."""
        self._db, self._clock, self._transports, self._zone, self._heard = db, clock, transports, zone, heard

    def _transport(self, channel: str) -> Transport | None:
        return self._transports.get(channel) or self._transports.get(channel.partition(":")[0])

    async def round(self) -> int:
        """Send what is due; the number of messages that left."""
        await self._recover()
        sent = 0
        for _ in range(MOST_A_ROUND):
            batch = await self._claim()
            if batch is None:
                break
            sent += bool(batch) and await self._send(batch)
        return sent

    async def _claim(self) -> list[Queued] | None:
        """The next message's rows; empty when it has to wait; None when nothing is due."""
        now = self._clock()
        async with self._db.acquire() as conn, conn.transaction():
            leader = await outbox.next_due(conn, now)
            if leader is None:
                return None
            quiet = (await deadlines.policy_now(conn, now)).quiet
            allowed = allowed_from(now, leader.zone or self._zone, quiet, urgent=leader.urgent)
            if allowed > now:
                await outbox.wait(conn, leader.id, allowed)
                return []
            return await outbox.claim(conn, leader, now)

    async def _send(self, rows: list[Queued]) -> bool:
        first = rows[0]
        transport = self._transport(first.channel)
        if transport is None or (first.whom == "staff" and not first.address):
            return await self._end(first, "no_channel")
        try:
            await transport.send(message_of(rows))
        except Undelivered as error:
            return await self._try_later(first, str(error))
        except Unwanted as error:
            return await self._end(first, "failed", str(error), alarm=True)
        except Exception as error:
            log.warning("delivery_unclear", complaint=first.complaint, key=first.key, error=repr(error))
            if transport.repeatable:
                return await self._try_later(first, repr(error))
            return await self._end(first, "unclear", repr(error), alarm=True)
        await self._end(first, "sent")
        return True

    async def _end(self, row: Queued, state: str, error: str | None = None, *, alarm: bool = False) -> bool:
        now = self._clock()
        if row.whom == "hook" and self._heard is not None:
            await self._heard(replace(row, error=error), state)
        async with self._db.acquire() as conn, conn.transaction():
            await outbox.end(conn, _batch(row), state, now, error)
            if alarm:
                await _alarm(conn, row, state, error, now)
        return False

    async def _try_later(self, row: Queued, error: str) -> bool:
        if row.attempts >= MOST_ATTEMPTS:
            return await self._end(row, "failed", error, alarm=True)
        wait = BACK_OFF * 2 ** (row.attempts - 1)
        async with self._db.acquire() as conn, conn.transaction():
            await outbox.retry(conn, _batch(row), self._clock() + wait, error)
        return False

    async def _recover(self) -> None:
        """What was claimed by somebody who died before he could say how it ended."""
        now = self._clock()
        async with self._db.acquire() as conn, conn.transaction():
            for row in await outbox.left_sending(conn, now - LEASE):
                transport = self._transport(row.channel)
                if transport is not None and transport.repeatable:
                    await outbox.retry(conn, _batch(row), now, "asked again after a crash, with the same key")
                else:
                    await outbox.end(conn, _batch(row), "unclear", now, "the process died while sending")
                    await _alarm(conn, row, "unclear", "the process died while sending", now)


def _batch(row: Queued) -> str:
    return row.batch or row.key


async def _alarm(conn: Conn, row: Queued, state: str, error: str | None, now: datetime) -> None:
    await alarms.raise_(
        conn, f"delivery:{_batch(row)}", f"delivery.{state}", now, complaint=row.complaint,
        detail={"outbox": row.id, "channel": row.channel, "error": error},
    )


def message_of(rows: list[Queued]) -> Message:
    first = rows[0]
    subject = first.subject or (first.complaint or "")
    return Message(
        _batch(first), first.channel, first.address, subject, outbox.together(rows), first.language, first.payload,
        first.complaint,
    )
