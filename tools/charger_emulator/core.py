"""What every part of a station leans on: its facts, its news, its clock, its tasks."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Self

from . import quirks as oddities
from .clock import Clock, iso
from .connectors import Connector, Transaction
from .keys import Keys
from .ledger import Asked, Entry
from .link import Payload
from .monitors import Monitors
from .outbox import LOST, Message
from .sessions import Sessions
from .settings import Settings
from .shelf import Shelf
from .voice import Voice
from .wire import Wire

LOG_LINES = 1000


class Core:
    """A station's facts and its housekeeping; Machine gives it a life, Station people."""

    voice: Voice
    wire: Wire
    sessions: Sessions
    settings: Settings
    itself: Connector
    connectors: dict[int, Connector]

    def __init__(self, id: str, clock: Clock, quirks: frozenset[str]) -> None:
        self.id = id
        self.clock = clock
        self.quirks = quirks
        self.log: deque[str] = deque(maxlen=LOG_LINES)
        self.crash: BaseException | None = None
        self.boot_status: str | None = None
        self.shelf = Shelf()
        self.keys = Keys(id)
        self.monitors = Monitors()
        self._skew = timedelta()
        self._up_since = clock.now()
        self._booting = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._news = asyncio.Event()
        self._busy = asyncio.Event()

    # What can be seen

    @property
    def online(self) -> bool:
        """Whether the socket is open."""
        return self.wire.online

    @property
    def speaking(self) -> bool:
        """Whether messages can be delivered: connected, and the boot accepted."""
        return self.wire.online and self.voice.accepted

    @property
    def ledger(self) -> list[Entry]:
        """Every CALL this station sent, in order."""
        return self.voice.ledger

    @property
    def asked(self) -> list[Asked]:
        """Every CALL of the central system, with our answer."""
        return self.voice.asked

    @property
    def transactions(self) -> list[Transaction]:
        """Ended and running transactions, ended ones first."""
        running = [c.transaction for c in self.connectors.values() if c.transaction]
        return [*self.sessions.history, *running]

    def sent(self, action: str) -> list[Payload]:
        """Payloads of the CALLs of one action, in order."""
        return [e.payload for e in self.ledger if e.action == action]

    async def wait_for(self, what: str | Callable[[Self], bool], evse: int = 1, timeout: float = 10.0) -> None:
        """Wait until connector `evse` has this 1.6 status, or the station fulfils this condition.

        `timeout` is in our seconds; TimeoutError says what was waited for and what was there instead.
        """
        fulfilled = (lambda s: s.connectors[evse].status == what) if isinstance(what, str) else what
        try:
            async with asyncio.timeout(timeout):
                while not fulfilled(self):
                    self._raise_crash()
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            seen = {n: c.status for n, c in self.connectors.items()}
            line = "online" if self.online else f"offline ({self.wire.trouble})"
            awaited = what if isinstance(what, str) else what.__doc__ or "what was to come"
            raise TimeoutError(f"{self.id}, {line}: waited for {awaited}, there is {seen}") from None

    async def drained(self, timeout: float = 10.0) -> None:
        """Wait until everything said so far has been answered."""
        async with asyncio.timeout(timeout):
            await self.voice.drained()
        self._raise_crash()

    # Telling the central system

    def say(self, message: Message) -> Message:
        """Queue a message, with whatever this station's quirks make of it."""
        if oddities.swallows(self.quirks, message, self._booting):
            message.end(LOST)
            return message
        # A pending boot holds back all but what was triggered (1.6: 4.2; 2.0.1: B02).
        message.early = message.early or (not message.kept and self.boot_status == "Pending")
        for one in (message, *oddities.again(self.quirks, message)):
            self.voice.say(one, self.speaking or (one.early and self.online))
        if message.action == "StopTransaction" and "repeat_stop_forever" in self.quirks:
            self.later(10, partial(self._again, message))
        return message

    def _again(self, message: Message) -> None:
        self.say(oddities.same(message))

    # Time

    def now(self) -> datetime:
        """Simulated time as it is, whatever the station's own clock shows."""
        return self.clock.now()

    def stamp(self, moment: datetime | None = None) -> str:
        """A moment as this station's clock has it, for a message."""
        moment = moment or self.now()
        up_s = (moment - self._up_since).total_seconds()
        return iso(oddities.shift(self.quirks, moment + self._skew, up_s))

    def _set_clock(self, at: datetime | None) -> None:
        # A station that lives faster than the central system keeps its own calendar.
        if at is not None and self.clock.time_scale == 1.0 and "no_clock_sync" not in self.quirks:
            skew = at - self.now()
            self._skew = skew if abs(skew) > timedelta(seconds=1) else timedelta()

    def later(self, seconds: float, then: Callable[[], None]) -> None:
        """Do something after `seconds` of simulated time."""

        async def wait() -> None:
            await self.clock.sleep(seconds)
            then()

        self.spawn(wait(), "later")

    # Keeping house

    def stir(self) -> None:
        """A transaction is running: time matters."""
        self._busy.set()

    def changed(self) -> None:
        """Something observable changed: whoever waits looks again."""
        self._news.set()

    def note(self, line: str) -> None:
        """A line in the station's own log, the one it uploads."""
        self.log.append(f"{self.stamp()} {line}")

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run something beside; if it dies, every later call on the station raises."""
        task = asyncio.create_task(work, name=f"{self.id} {name}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.crash = self.crash or error
            self._news.set()

    def _raise_crash(self) -> None:
        if self.crash is not None:
            raise self.crash
