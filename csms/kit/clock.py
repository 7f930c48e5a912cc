"""The only place where the time is read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

Clock = Callable[[], datetime]
"""Gives the current time in UTC."""


def system_clock() -> datetime:
    return datetime.now(UTC)


class SetClock:
    """A clock that stands until it is moved: for tests and for replaying history."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, by: timedelta) -> None:
        self.now += by


def micros(at: datetime) -> int:
    """Whole microseconds since 1970."""
    return (at - EPOCH) // MICROSECOND


def iso(at: datetime) -> str:
    """RFC 3339 in UTC with `Z` and milliseconds. Stations are never sent an offset (steve#136)."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """An aware UTC time from RFC 3339 text; text without a zone counts as UTC. Raises ValueError."""
    at = datetime.fromisoformat(text)
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError as error:  # 0001-01-01T00:00+14:00 lies before all time
        raise ValueError(str(error)) from error
