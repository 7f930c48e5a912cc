"""What the station still has to say, in order: transaction messages outlive an outage, the rest does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .link import Payload, Refusal


@dataclass(frozen=True)
class Reply:
    """How a message ended: answered with `payload`, refused (CALLERROR), or `lost` without either."""

    payload: Payload = field(default_factory=dict)
    refusal: Refusal | None = None
    lost: bool = False

    @property
    def ok(self) -> bool:
        return not self.lost and self.refusal is None


LOST = Reply(lost=True)


def _silent(_: Reply) -> None:
    """Most answers need no reaction."""


@dataclass(eq=False)
class Message:
    """One CALL of ours before it is sent.

    `payload` is made when the message goes out, since a stop learns its transactionId only from the answer
    to the start before it; None means that there is nothing left to say. `kept` marks the transaction
    messages (1.6: 4.8 and 3.7.1; 2.0.1: E12), `retried` those sent again after a CALLERROR, `what` their
    kind of event, `early` those allowed before the boot is accepted.
    """

    action: str
    payload: Callable[[], Payload | None]
    kept: bool = False
    retried: bool = True
    what: str = ""
    early: bool = False
    on_reply: Callable[[Reply], None] = _silent
    attempts: int = 0
    not_before: datetime | None = None
    id: str | None = None
    ended: asyncio.Future[Reply] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def end(self, reply: Reply) -> None:
        """Tell whoever waits how it ended; only the first telling counts."""
        if not self.ended.done():
            self.ended.set_result(reply)
            self.on_reply(reply)


class Outbox:
    """The queue of messages. Transaction messages never overtake one another."""

    def __init__(self) -> None:
        self._waiting: list[Message] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Message]:
        return iter(self._waiting)

    def push(self, message: Message) -> None:
        self._waiting.append(message)

    def next(self, now: datetime, accepted: bool) -> Message | None:
        """The message to send now. A transaction message that waits for its retry holds back the later ones."""
        held = False
        for message in self._waiting:
            if not accepted and not message.early:
                continue
            if message.kept and held:
                continue
            if message.not_before is None or message.not_before <= now:
                return message
            held = held or message.kept
        return None

    def due(self) -> datetime | None:
        """When the first waiting retry falls due."""
        return min((m.not_before for m in self._waiting if m.not_before), default=None)

    def close(self, message: Message, reply: Reply) -> None:
        """The message has ended, well or badly; it is gone."""
        if message in self._waiting:
            self._waiting.remove(message)
        message.end(reply)

    def retry(self, message: Message, now: datetime, interval_s: float, limit: int) -> None:
        """It could not be processed: again after interval x attempts, `limit` times in all (1.6: 3.7.1)."""
        message.attempts += 1
        message.not_before = now + timedelta(seconds=interval_s * message.attempts)
        if message.attempts >= limit:
            self.close(message, Reply(refusal=Refusal("InternalError", "given up")))

    def forget_passing(self) -> None:
        """The connection is gone: what is not kept is lost, and retries may go out at once after it is back."""
        for message in [m for m in self._waiting if not m.kept]:
            self.close(message, LOST)
        for message in self._waiting:
            message.not_before = None

    @property
    def kept(self) -> list[Message]:
        """The transaction messages still to be delivered, oldest first."""
        return [m for m in self._waiting if m.kept]
