"""`python -m tools.bench.path`: the way of one MeterValues through one process, without sockets.

A deterministic loop for who works on the hot path: frames are put into the sockets' own callback, answers are taken
from a transport that only counts them; everything between is the real thing, the database too. What is left out is
the kernel. Gives processor time of this process a message; `--profile` says where it goes.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import tempfile
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from csms.app import Centre, CentreOptions
from csms.kit import db, logs
from csms.kit.migrate import migrate
from tools.bench.load import FRAME, REQUEST, frame

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from csms.kit.postgres import EmbeddedPostgres


class Wire(asyncio.Transport):
    """Where a socket writes to; counts."""

    written = goal = 0
    reached: asyncio.Event

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.upgraded = asyncio.Event()

    def write(self, _: Any) -> None:
        Wire.written += 1
        if Wire.written == Wire.goal:
            Wire.reached.set()
        self.upgraded.set()

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False

    def close(self) -> None: ...
    def abort(self) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...


async def factory_of(dsn: str) -> tuple[Centre, Callable[[], Any]]:
    """The central system as it is served, and what it makes a socket's protocol with."""
    made: list[Callable[[], Any]] = []
    loop: Any = asyncio.get_running_loop()
    create_server = loop.create_server

    def caught(factory: Callable[[], Any], *args: Any, **options: Any) -> Any:
        made.append(factory)
        return create_server(factory, *args, **options)

    loop.create_server = caught
    centre = Centre(await db.connect(dsn), CentreOptions(unknown_stations="accept", accept_unknown_tokens=True))
    await centre.start("127.0.0.1", 0)
    return centre, made[0]


async def plug_in(factory: Callable[[], Any], stations: int) -> list[Any]:
    protocols = []
    for n in range(stations):
        wire, protocol = Wire(), factory()
        protocol.connection_made(wire)
        request = REQUEST.format(path=f"/ocpp/P{n:05d}", host="localhost", key="dGhlIHNhbXBsZSBub25jZQ==")
        protocol.data_received(request.encode())
        await wire.upgraded.wait()
        protocols.append(protocol)
    return protocols


def frames(stations: int, turn: int) -> list[bytes]:
    moment = (datetime(2026, 11, 30, tzinfo=UTC) + timedelta(seconds=turn)).strftime("%Y-%m-%dT%H:%M:%S")
    return [
        frame(FRAME % (turn, 100_000 + n, moment, turn % 1000, 1_000_000 + turn * 7, 20_000 + turn % 5000,
                       turn % 90 + 9, turn % 89 + 10))
        for n in range(stations)
    ]


async def measure(options: argparse.Namespace) -> list[float]:
    """Microseconds of processor time a message, one figure a turn of all stations."""
    with tempfile.TemporaryDirectory(prefix="ohmbudsman-path-") as folder:
        postgres = EmbeddedPostgres(Path(folder))
        dsn = await postgres.start()
        try:
            await migrate(dsn)
            centre, factory = await factory_of(dsn)
            protocols = await plug_in(factory, options.stations)
            async with asyncio.timeout(60):
                while centre.inbox.committed < options.stations:  # noqa: ASYNC110 - it rings no bell
                    await asyncio.sleep(0.01)
            profile = cProfile.Profile() if options.profile else None
            costs = [await turn(protocols, n, profile if n > 20 else None) for n in range(options.turns + 20)][20:]
            if profile:
                pstats.Stats(profile).sort_stats(options.profile).print_stats(45)
            for protocol in protocols:
                protocol.connection_lost(None)
            await centre.stop()
            await centre.db.close()
        finally:
            await postgres.stop()
    return costs


async def turn(protocols: list[Any], n: int, profile: cProfile.Profile | None) -> float:
    said = frames(len(protocols), n)
    Wire.goal, Wire.reached = Wire.written + len(protocols), asyncio.Event()
    if profile:
        profile.enable()
    began = time.process_time()
    for protocol, data in zip(protocols, said, strict=True):
        protocol.data_received(data)
    await Wire.reached.wait()
    spent = time.process_time() - began
    if profile:
        profile.disable()
    return 1e6 * spent / len(protocols)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=100)
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--profile", choices=("tottime", "cumtime"))
    logs.configure(level="warning")
    chosen = parser.parse_args()
    found = sorted(uvloop.run(measure(chosen)))
    best = found[: max(1, len(found) // 20)]
    print(f"{median(best):.1f} us in the best twentieth of turns, {median(found):.1f} in the median one")
