"""Slowing down who fails again and again: waits that double, in a memory of a fixed size."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST_S = 300.0
FORGOTTEN_AFTER = timedelta(minutes=15)

FREE_OF_STATION = 4
"""Failures of one station before it waits: a person who mistypes a password is not an attack."""
FREE_OF_ADDRESS = 20
"""Failures from one address: a whole site may be behind it."""


@dataclass(slots=True)
class _Strikes:
    times: int
    last: datetime
    until: datetime


class Backoff:
    """Counts failures by station and by address.

    From where a station came in last, only its own failures there count: whoever knows its id could otherwise
    keep it out, or a neighbour behind the same address could.
    """

    def __init__(self, *, room: int = 10_000) -> None:
        self.slowed = 0
        """Handshakes turned away because of earlier ones."""
        self._room = room
        self._strikes: OrderedDict[str, _Strikes] = OrderedDict()
        self._homes: OrderedDict[str, str] = OrderedDict()

    def __len__(self) -> int:
        return len(self._strikes)

    def wait_s(self, station: str, address: str, now: datetime) -> float:
        """How long this one has to stay away; 0 when it may try."""
        found = [self._strikes.get(key) for key, _ in self._keys(station, address)]
        wait = max(((s.until - now).total_seconds() for s in found if s is not None), default=0.0)
        self.slowed += wait > 0
        return max(wait, 0.0)

    def failed(self, station: str, address: str, now: datetime) -> None:
        for key, free in self._keys(station, address):
            old = self._strikes.pop(key, None)
            times = old.times + 1 if old and now - old.last < FORGOTTEN_AFTER else 1
            wait = min(2.0 ** min(times - free - 1, 20), LONGEST_S) if times > free else 0.0
            self._strikes[key] = _Strikes(times, now, now + timedelta(seconds=wait))
        while len(self._strikes) > self._room:
            self._strikes.popitem(last=False)

    def succeeded(self, station: str, address: str) -> None:
        if self._homes.get(station) != address:
            self._homes[station] = address
            while len(self._homes) > self._room:
                self._homes.popitem(last=False)
        self._homes.move_to_end(station)
        self._strikes.pop(f"at home {station}", None)

    def _keys(self, station: str, address: str) -> list[tuple[str, int]]:
        if self._homes.get(station) == address:
            return [(f"at home {station}", FREE_OF_STATION)]
        return [(f"station {station}", FREE_OF_STATION), (f"address {address}", FREE_OF_ADDRESS)]
