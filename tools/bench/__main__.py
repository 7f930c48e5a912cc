"""`python -m tools.bench`: what a durable message costs here, against two servers anybody can read."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
import time
import warnings
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from csms.kit import logs
from csms.kit.migrate import migrate
from tools.bench import report, scale
from tools.bench.processes import crowd, load, memory_kib, server

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # without XDG_RUNTIME_DIR the package warns while it is imported
    from csms.kit.postgres import EmbeddedPostgres

SERVERS = ("ours", "ocpp", "echo")


@dataclass
class Cost:
    """One server under full load, over all rounds."""

    messages: int = 0
    seconds: float = 0.0
    server_cpu_s: float = 0.0
    database_cpu_s: float = 0.0
    waits: list[tuple[float, float]] = field(default_factory=list)

    def add(self, result: dict[str, Any]) -> None:
        if result["refused"] or result["lost"]:
            raise RuntimeError(f"answers went wrong: {result}")
        self.messages += result["messages"]
        self.seconds += result["seconds"]
        self.server_cpu_s += result["server_cpu_s"]
        self.database_cpu_s += result["database_cpu_s"]
        self.waits.append((result["p50_ms"], result["p99_ms"]))

    @property
    def rate(self) -> float:
        return self.messages / self.seconds

    @property
    def server_us(self) -> float:
        return 1e6 * self.server_cpu_s / self.messages

    @property
    def database_us(self) -> float:
        return 1e6 * self.database_cpu_s / self.messages


@dataclass
class Databases:
    """A durable PostgreSQL as we ship it (fsync on), one database a server."""

    dsn: str
    postmaster: int

    async def create(self, name: str) -> str:
        conn = await asyncpg.connect(self.dsn)
        await conn.execute(f"create database {name}")
        await conn.close()
        made = urlunsplit(urlsplit(self.dsn)._replace(path=f"/{name}"))
        if name.startswith("ours"):
            await migrate(made)
        return made

    async def drop(self, name: str) -> None:
        conn = await asyncpg.connect(self.dsn)
        await conn.execute(f"drop database {name}")
        await conn.close()


def full_load(databases: Databases, dsns: dict[str, str], options: argparse.Namespace) -> dict[str, Cost]:
    """The servers take turns, so that whatever else the machine does hits all of them."""
    costs = {name: Cost() for name in options.only}
    with ExitStack() as stack:
        running = {name: stack.enter_context(server(name, dsns[name])) for name in options.only}
        for turn in range(options.rounds):
            for name, (pid, url) in running.items():
                say(f"full load, {name}, round {turn + 1}")
                costs[name].add(load(
                    url, stations=options.stations, seconds=options.seconds / options.rounds, server=pid,
                    database=databases.postmaster, prefix=f"F{turn}-",
                ))
    return costs


def half_load(
    databases: Databases, dsns: dict[str, str], costs: dict[str, Cost], options: argparse.Namespace
) -> dict[str, Cost]:
    """How long an ack takes at half of the rate each server has just reached."""
    found = {name: Cost() for name in costs}
    for name, cost in costs.items():
        say(f"half load, {name}: {cost.rate / 2:,.0f} messages/s")
        with server(name, dsns[name]) as (pid, url):
            found[name].add(load(
                url, stations=options.stations, seconds=options.seconds, rate=cost.rate / 2, server=pid,
                database=databases.postmaster, prefix="H-",
            ))
    return found


def idle_memory(dsns: dict[str, str], options: argparse.Namespace) -> dict[str, float]:
    """KiB a connected station that has booted and is silent; the first hundred warm the server up."""
    found = {}
    for name in [n for n in ("ours", "echo") if n in options.only]:
        say(f"idle memory, {name}: {options.idle} stations")
        with server(name, dsns[name]) as (pid, url), crowd(url, stations=100, prefix="W", introduce=True):
            before = memory_kib(pid)
            with crowd(url, stations=options.idle, prefix="I", introduce=True):
                time.sleep(1)  # what answering has left behind is collected meanwhile
                found[name] = (memory_kib(pid) - before) / options.idle
    return found


def say(text: str) -> None:
    print(f"... {text}", flush=True)


async def run(options: argparse.Namespace) -> None:
    busy = report.load_average()
    with tempfile.TemporaryDirectory(prefix="ohmbudsman-bench-") as folder:
        postgres = EmbeddedPostgres(Path(folder))
        dsn = await postgres.start()
        try:
            databases = Databases(dsn, postgres.pid or 0)
            dsns = {name: "" if name == "echo" else await databases.create(name) for name in SERVERS}
            memory = idle_memory(dsns, options) if options.idle else {}
            full = full_load(databases, dsns, options)
            half = half_load(databases, dsns, full, options) if not options.no_latency else {}
        finally:
            await postgres.stop()
    table = report.table(full, half, memory, options, busy)
    print("\n" + table)
    if options.write:
        report.write(table, "bench")
        print(f"written to {report.PAGE.relative_to(report.ROOT)}")


def main() -> None:
    if sys.argv[1:2] == ["scale"]:
        scale.main(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=9, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="turns in which full load is measured")
    parser.add_argument("--stations", type=int, default=200)
    parser.add_argument("--idle", type=int, default=1000, help="silent stations; 0 skips that measurement")
    parser.add_argument("--only", nargs="+", choices=SERVERS, default=list(SERVERS))
    parser.add_argument("--no-latency", action="store_true", help="skip the measurement at half load")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an ordered end: PostgreSQL and the servers end too
    logs.configure(level="warning")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
