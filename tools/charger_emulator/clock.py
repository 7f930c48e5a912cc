"""The station's time: a second may last a sixtieth of a second, or as long as a test wants."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """A clock whose seconds pass `time_scale` times as fast as ours.

    `time_scale=60` makes a minute a second; `time_scale=0` stands still until `advance` is called.
    One clock may serve many stations. Energy, meter intervals, heartbeats, boot and plug-in times go by
    this clock; message time-outs and reconnect waits go by ours, because the network is not emulated.
    """

    def __init__(self, time_scale: float = 1.0, start: datetime | None = None) -> None:
        self._scale = time_scale
        self._then = start or datetime.now(UTC)
        self._mark = time.monotonic()
        self._changed = asyncio.Event()

    def now(self) -> datetime:
        """The current simulated time, in UTC."""
        return self._then + timedelta(seconds=(time.monotonic() - self._mark) * self._scale)

    @property
    def time_scale(self) -> float:
        """Simulated seconds in one of ours."""
        return self._scale

    @time_scale.setter
    def time_scale(self, scale: float) -> None:
        self._rebase(self.now())
        self._scale = scale

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once. What fell due meanwhile is done late but dated right."""
        self._rebase(self.now() + timedelta(seconds=seconds))

    def to_present(self) -> None:
        """From now on, this clock shows the real time: for a past that was lived quickly and is over."""
        self._rebase(datetime.now(UTC))
        self._scale = 1.0

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` of simulated time."""
        await self.sleep_until(self.now() + timedelta(seconds=seconds))

    async def sleep_until(self, moment: datetime) -> None:
        """Wait for a simulated moment, also when somebody moves the clock meanwhile."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            changed = self._changed
            try:
                async with asyncio.timeout(left / self._scale if self._scale else None):
                    await changed.wait()
            except TimeoutError:
                continue

    def _rebase(self, moment: datetime) -> None:
        self._then, self._mark = moment, time.monotonic()
        self._changed.set()
        self._changed = asyncio.Event()


def iso(moment: datetime) -> str:
    """RFC 3339 in UTC with `Z` and milliseconds, as OCPP wants its dateTime."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_time(text: str) -> datetime:
    """The moment an RFC 3339 text names; a text without a zone counts as UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
