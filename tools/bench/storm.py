"""All stations lose their connection and come back at once: how long until the last one is answered.

A process of its own: `python -m tools.bench.storm --url ws://... --stations 10000`. Each station dials, boots and tells
two statuses; it counts as back when the last of these is acknowledged. Who is turned away or not answered in time dials
again, as stations do. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from functools import partial
from time import perf_counter, time
from typing import Any

import uvloop

from tools.bench.load import BOOT, STATUS, Load, Station

AGAIN = STATUS.replace('"status",', '"again",')
PATIENCE_S = 60.0
DIALLING = 1000
"""So many dial at the same time; the others are on their way through the network."""


class Storm(Load):
    """Stations that come on their own, not in step."""

    def __init__(self, url: str, stations: int, prefix: str) -> None:
        super().__init__(url, stations, prefix, time())
        self.inside: dict[Station, asyncio.Future[None]] = {}
        self.dialled = 0

    def opened(self, station: Station) -> None:
        if not self.inside[station].done():
            self.inside[station].set_result(None)

    async def come(self, first: Station, turn: asyncio.Semaphore) -> float:
        """When it was back."""
        loop, station = asyncio.get_running_loop(), first
        while True:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    async with turn:
                        self.dialled += 1
                        self.inside[station] = loop.create_future()
                        await loop.create_connection(partial(_itself, station), *self.address, **self.source(station))
                        await self.inside[station]
                    for text in (BOOT, STATUS, AGAIN):
                        await station.say(text)
                return perf_counter()
            except (TimeoutError, OSError):
                if station.transport:
                    station.transport.abort()
                station = Station(self, first.number)
                self.stations[first.number] = station
                await asyncio.sleep(1)

    async def come_all(self) -> list[float]:
        """Seconds each of them took."""
        began, turn = perf_counter(), asyncio.Semaphore(DIALLING)
        return [at - began for at in await asyncio.gather(*(self.come(s, turn) for s in list(self.stations)))]

    def cut(self) -> None:
        for station in self.stations:
            station.transport.abort()


def _itself(station: Station) -> Station:
    return station


async def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--stations", type=int, default=10_000)
    parser.add_argument("--prefix", default="S", help="of the station ids")
    options = parser.parse_args(argv)
    before = Storm(options.url, options.stations, options.prefix)
    await before.come_all()
    before.cut()
    cut_at, storm = time(), Storm(options.url, options.stations, options.prefix)
    took = sorted(await storm.come_all())
    found: dict[str, Any] = {
        "stations": options.stations, "cut_at": cut_at, "dialled": storm.dialled, "refused": storm.refused,
        "half_s": took[len(took) // 2], "all_s": took[-1],
    }
    print(json.dumps(found), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
