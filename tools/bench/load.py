"""The load: stations that say MeterValues over raw sockets, as cheaply as they can.

A process of its own: `python -m tools.bench.load --url ws://... --stations 200 --seconds 8`. Prints one
JSON object. The server's processor time is read at both ends of the measured window, so that neither
connecting nor warming up counts.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from time import perf_counter, time
from typing import Any
from urllib.parse import urlsplit

import uvloop

from tools.bench.processes import cpu_s

# Of a fixed length, so that the WebSocket header is the same for all. Four sampled values each.
FRAME = (
    '[2,"%012d","MeterValues",{"connectorId":1,"transactionId":%d,"meterValue":[{"timestamp":"%s.%03dZ",'
    '"sampledValue":[{"value":"%09d","context":"Sample.Periodic","measurand":"Energy.Active.Import.Register",'
    '"unit":"Wh"},{"value":"%05d.5","context":"Sample.Periodic","measurand":"Power.Active.Import","unit":"W"},'
    '{"value":"%02d.25","context":"Sample.Periodic","measurand":"Current.Import","unit":"A"},'
    '{"value":"%02d","context":"Sample.Periodic","measurand":"SoC","unit":"Percent","location":"EV"}]}]}]'
)
BOOT = '[2,"boot","BootNotification",{"chargePointVendor":"Bench","chargePointModel":"Load"}]'
STATUS = '[2,"status","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Available"}]'
REQUEST = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
)


def frame(text: str) -> bytes:
    """A client's text frame. The mask is zero: legal, and the server cannot tell."""
    data = text.encode()
    size = len(data)
    header = bytes((0x81, 0x80 | size)) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
    return header + b"\0\0\0\0" + data


@lru_cache
def seconds_of(stamp: float) -> str:
    return datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class Station(asyncio.Protocol):
    """One socket. It asks one question at a time, as OCPP wants it."""

    def __init__(self, load: Load, number: int) -> None:
        self.load, self.number = load, number
        self.transport: Any = None
        self.upgraded = False
        self.asked = 0
        self.asked_at = 0.0
        self.free = True
        self.buffer = b""
        self.expected: deque[asyncio.Future[None]] = deque()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        path = f"{self.load.path}/{self.load.prefix}{self.number:05d}"
        transport.write(REQUEST.format(path=path, host=self.load.host, key=key).encode())

    def data_received(self, data: bytes) -> None:
        data = self.buffer + data
        if not self.upgraded:
            head, found, data = data.partition(b"\r\n\r\n")
            if not found:
                self.buffer = head
                return
            if not head.startswith(b"HTTP/1.1 101"):
                raise ConnectionError(head.partition(b"\r\n")[0])
            self.upgraded = True
            self.load.opened(self)
        while len(data) >= 2:
            size, start = data[1], 2
            if size == 126:
                size, start = int.from_bytes(data[2:4], "big"), 4
            if len(data) < start + size:
                break
            if data[0] == 0x81:
                self._heard(data[start : start + size])
            elif data[0] == 0x89:
                self.transport.write(bytes((0x8A, 0x80 | size)) + b"\0\0\0\0" + data[start : start + size])
            data = data[start + size :]
        self.buffer = data

    def _heard(self, answer: bytes) -> None:
        if not answer.startswith((b"[3,", b"[2,")):  # an echo comes back as it was sent
            self.load.refused += 1
        if self.expected:
            self.expected.popleft().set_result(None)
            return
        self.free = True
        self.load.answered(self)

    def connection_lost(self, _: Exception | None) -> None:
        self.load.lost += 1

    async def say(self, text: str) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.expected.append(done)
        self.transport.write(frame(text))
        await done

    def ask(self, since: float) -> None:
        """The next MeterValues; `since` is when it was due."""
        self.asked += 1
        self.free, self.asked_at = False, since
        load, n = self.load, self.asked
        moment = load.began + n  # each a second further: no reading comes twice
        self.transport.write(load.header + (FRAME % (
            n, 100_000 + self.number, seconds_of(moment), n % 1000, 1_000_000 + n * 7, 20_000 + n % 5000, n % 90 + 9,
            n % 89 + 10,
        )).encode())


def _itself(station: Station) -> Station:
    return station


@dataclass
class Result:
    stations: int
    messages: int
    seconds: float
    server_cpu_s: float
    database_cpu_s: float
    p50_ms: float
    p99_ms: float
    refused: int
    lost: int


class Load:
    """All stations of this process."""

    def __init__(self, url: str, stations: int, prefix: str, began: float) -> None:
        parts = urlsplit(url)
        self.host, self.path, self.prefix, self.began = parts.netloc, parts.path.rstrip("/"), prefix, began
        self.address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.stations = [Station(self, n) for n in range(stations)]
        size = len(FRAME % (0, 100_000, seconds_of(began), 0, 0, 0, 10, 10))
        self.header = b"\x81\xfe" + size.to_bytes(2, "big") + b"\0\0\0\0"
        self.refused = self.lost = self.open = 0
        self.closed_loop = False
        self.waits: list[float] | None = None
        self.queue: deque[float] = deque()
        self.idle: deque[Station] = deque()
        self.all_open = asyncio.Event()

    def opened(self, _: Station) -> None:
        self.open += 1
        if self.open == len(self.stations):
            self.all_open.set()

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        for first in range(0, len(self.stations), 50):
            some = self.stations[first : first + 50]
            await asyncio.gather(*(
                loop.create_connection(partial(_itself, s), *self.address, **self.source(s)) for s in some
            ))
        await asyncio.wait_for(self.all_open.wait(), 60 + len(self.stations) / 50)

    def source(self, station: Station) -> dict[str, Any]:
        """An address of its own for every thousand stations: where many ports are taken, the kernel seeks long for
        a free one, on the generator's time.
        """
        host = f"127.0.0.{2 + station.number // 1000}"
        return {"local_addr": (host, 0)} if self.address[0] == "127.0.0.1" else {}

    async def introduce(self) -> None:
        """Boot and tell a status, as every station does."""
        for first in range(0, len(self.stations), 200):
            some = self.stations[first : first + 200]
            await asyncio.gather(*(s.say(BOOT) for s in some))
            await asyncio.gather(*(s.say(STATUS) for s in some))

    def answered(self, station: Station) -> None:
        now = perf_counter()
        if self.waits is not None:
            self.waits.append(now - station.asked_at)
        if self.closed_loop:
            station.ask(now)
        elif self.queue:
            station.ask(self.queue.popleft())
        else:
            self.idle.append(station)

    async def drive(self, seconds: float, rate: float, warm_up: float, pids: Sequence[int], database: int) -> Result:
        """As fast as answers come, or `rate` a second whether they come or not."""
        self.closed_loop = not rate
        pacing = None
        if rate:
            self.idle.extend(self.stations)
            pacing = asyncio.create_task(self._pace(rate), name="pace")
        else:
            for station in self.stations:
                station.ask(perf_counter())
        await asyncio.sleep(warm_up)
        server, postgres, began = self._cpu(pids, database)
        self.waits = []
        await asyncio.sleep(seconds)
        waits, self.waits = sorted(self.waits), None
        server_end, postgres_end, ended = self._cpu(pids, database)
        self.closed_loop = False
        if pacing:
            pacing.cancel()
        return Result(
            len(self.stations), len(waits), ended - began, server_end - server, postgres_end - postgres,
            1000 * waits[len(waits) // 2], 1000 * waits[len(waits) * 99 // 100], self.refused, self.lost,
        )

    @staticmethod
    def _cpu(pids: Sequence[int], database: int) -> tuple[float, float, float]:
        return sum(cpu_s(pid) for pid in pids), cpu_s(database, family=True) if database else 0.0, perf_counter()

    async def _pace(self, rate: float) -> None:
        """A message is due at its time, not when the one before was answered: waiting in line counts."""
        due = perf_counter()
        while True:
            now = perf_counter()
            while due <= now:
                if self.idle:
                    self.idle.popleft().ask(due)
                else:
                    self.queue.append(due)
                due += 1 / rate
            await asyncio.sleep(0.001)


async def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--stations", type=int, default=200)
    parser.add_argument("--prefix", default="B", help="of the station ids")
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--warm-up", type=float, default=1.5)
    parser.add_argument("--rate", type=float, default=0, help="messages a second; 0 is as fast as answers come")
    parser.add_argument("--server", type=int, action="append", default=[], help="process ids to measure")
    parser.add_argument("--database", type=int, default=0, help="process id of the postmaster")
    parser.add_argument("--idle", action="store_true", help="connect, say so, and stay until stdin closes")
    parser.add_argument("--introduce", action="store_true", help="boot and tell a status first")
    options = parser.parse_args(argv)
    began, load = perf_counter(), Load(options.url, options.stations, options.prefix, time())
    await load.connect()
    if options.introduce:
        await load.introduce()
    if options.idle:
        print(f"connected {perf_counter() - began}", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        return
    result = await load.drive(options.seconds, options.rate, options.warm_up, options.server, options.database)
    print(json.dumps(asdict(result)), flush=True)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
