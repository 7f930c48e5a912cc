"""Many stations in one process, coming up one after the other, and drivers who use them."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from types import TracebackType
from typing import Any, Self

from .clock import Clock
from .physics import Vehicle
from .station import Station


def names(prefix: str, count: int) -> list[str]:
    """`count` ids from `{prefix}0001` on; the prefix alone if only one is wanted."""
    return [prefix] if count == 1 else [f"{prefix}{n:04d}" for n in range(1, count + 1)]


@dataclass(frozen=True)
class Totals:
    """What a fleet has come to. Cheap to take, also of thousands of stations."""

    stations: int
    online: int
    speaking: int
    statuses: Counter[str]
    said: int
    acknowledged: int
    waiting: int
    charging: int
    ended: int
    power_w: float
    energy_wh: float
    troubles: Counter[str]
    """Why stations cannot dial."""


class Fleet:
    """Stations with these `ids`, coming up `stagger_s` (our seconds) apart, on one clock.

    With `sessions`, drivers come and go at every station, at random but the same for the same `seed`.
    `protocols` are dealt out in turn. Other options are Station's; for long runs give a `ledger_limit`.
    """

    def __init__(
        self,
        url: str,
        ids: Sequence[str],
        *,
        stagger_s: float = 0.05,
        sessions: bool = False,
        seed: int = 1,
        time_scale: float = 1.0,
        protocols: Sequence[str] = ("ocpp1.6",),
        **options: Any,
    ) -> None:
        clock = Clock(time_scale)
        if protocol := options.pop("protocol", None):
            protocols = (protocol,)
        dealt = zip(ids, cycle(protocols), strict=False)
        self.stations = [Station(url, id, protocol, clock=clock, **options) for id, protocol in dealt]
        self._stagger_s = stagger_s
        self._sessions = sessions
        self._seed = seed

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self, *, wait: bool = False, timeout: float = 60.0) -> None:
        """Bring the stations up. With `wait`, returns once every boot is accepted."""
        for number, station in enumerate(self.stations):
            await station.start(wait=False)
            if self._sessions:
                station.spawn(live(station, random.Random(self._seed * 100_003 + number)), "drivers")
            await asyncio.sleep(self._stagger_s)
        if wait:
            await asyncio.gather(*(s.wait_for(lambda one: one.speaking, timeout=timeout) for s in self.stations))

    async def stop(self) -> None:
        """End the emulation of all of them."""
        await asyncio.gather(*(s.shutdown() for s in self.stations))


    def totals(self) -> Totals:
        """As they stand now."""
        connectors = [c for s in self.stations for c in s.connectors.values()]
        troubles = (s.wire.trouble for s in self.stations if s.wire.trouble and not s.online)
        return Totals(
            stations=len(self.stations),
            online=sum(s.online for s in self.stations),
            speaking=sum(s.speaking for s in self.stations),
            statuses=Counter(c.status for c in connectors),
            said=sum(s.voice.said for s in self.stations),
            acknowledged=sum(s.voice.acknowledged for s in self.stations),
            waiting=sum(len(s.voice.outbox) for s in self.stations),
            charging=sum(c.transaction is not None for c in connectors),
            ended=sum(len(s.sessions.history) for s in self.stations),
            power_w=sum(c.power_w for c in connectors),
            energy_wh=sum(c.meter_wh for c in connectors),
            troubles=Counter(why.split("(", 1)[0] for why in troubles),
        )


async def live(station: Station, chance: random.Random) -> None:
    """Drivers at one station for ever: come, plug in, show a card, charge a while, leave."""
    while True:
        await station.clock.sleep(chance.uniform(20, 300))
        evse = chance.choice(sorted(station.connectors))
        if station.powered and station.connectors[evse].status == "Available":
            await visit(station, evse, chance)


async def visit(station: Station, evse: int, chance: random.Random) -> None:
    """One driver's visit: 10 to 60 minutes, unless the vehicle is full or the card is refused before."""
    vehicle = Vehicle(battery_kwh=chance.choice((40, 60, 77, 100)), soc=chance.uniform(10, 60))
    card = f"CARD{chance.randrange(1000):04d}"
    await station.plug_in(evse, vehicle)
    await station.clock.sleep(chance.uniform(5, 30))
    if await station.present_token(evse, card) == "Accepted":
        await station.clock.sleep(chance.uniform(600, 3600))
        await station.stop(evse, "Local", card)
    await station.clock.sleep(chance.uniform(5, 120))
    await station.unplug(evse)
