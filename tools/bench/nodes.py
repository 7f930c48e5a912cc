"""`python -m tools.bench.nodes`: several gateways over one PostgreSQL, and what a command to another node costs.

Everything runs on this machine, the load too: more gateways than cores show that they get along, not how they scale.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import orjson
import psutil
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from csms.app import Centre, CentreOptions
from csms.gateway.nodes import Nats
from csms.kit import db as database, logs
from csms.kit.migrate import migrate
from csms.vocabulary import CommandState, ReadVariables
from tools.bench.processes import load
from tools.chaos.processes import NatsServer, Ours

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # without XDG_RUNTIME_DIR the package warns while it is imported
    from csms.kit.postgres import EmbeddedPostgres

STATIONS = 200


async def throughput(folder: Path, dsn: str, postmaster: int, nats: str, count: int, seconds: float) -> dict[str, Any]:
    """`count` gateways, each with its part of the stations and a load generator of its own, all at once."""
    gateways = [
        Ours("gateway", folder / f"g{n}.log", "--database", dsn, "--nats", nats, "--node", f"bench{count}-{n}",
             "--log-level", "warning") for n in range(count)
    ]
    await asyncio.gather(*(gateway.start() for gateway in gateways))
    try:
        with ThreadPoolExecutor(count) as pool:
            loop = asyncio.get_running_loop()
            found = await asyncio.gather(*(
                loop.run_in_executor(pool, lambda n=n, g=gateway: load(
                    g.url, stations=STATIONS // count, seconds=seconds, server=g.pid, prefix=f"N{count}-{n}-",
                    warm_up=3, database=postmaster if n == 0 else 0,
                )) for n, gateway in enumerate(gateways)
            ))
    finally:
        await asyncio.gather(*(gateway.end() for gateway in gateways))
    messages = sum(r["messages"] for r in found)
    assert not sum(r["lost"] + r["refused"] for r in found), found
    return {
        "gateways": count, "rate": sum(r["messages"] / r["seconds"] for r in found),
        "server_us": 1e6 * sum(r["server_cpu_s"] for r in found) / messages,
        "database_us": 1e6 * found[0]["database_cpu_s"] / messages, "p50": max(r["p50_ms"] for r in found),
        "p99": max(r["p99_ms"] for r in found),
    }


async def answering(url: str, station: str) -> tuple[ClientConnection, asyncio.Task[None]]:
    """A station that answers GetConfiguration at once."""
    socket = await connect(f"{url}/{station}", subprotocols=[Subprotocol("ocpp1.6")], compression=None)

    async def answer() -> None:
        try:
            async for text in socket:
                kind, id, *_ = orjson.loads(text)
                if kind == 2:
                    await socket.send(orjson.dumps([3, id, {"configurationKey": [], "unknownKey": ["x"]}]).decode())
        except ConnectionClosed:
            pass

    return socket, asyncio.create_task(answer())


async def round_trips(folder: Path, dsn: str, nats: str, times: int) -> dict[str, list[float]]:
    """Milliseconds of commands to a station of this process and to one on another node, in turn; and of a question
    over NATS alone.
    """
    pool = await database.connect(dsn)
    centre = Centre(pool, CentreOptions(node="asking", nats=nats, unknown_stations="accept"))
    port = await centre.start("127.0.0.1", 0)
    other = Ours("gateway", folder / "other.log", "--database", dsn, "--nats", nats, "--node", "other",
                 "--log-level", "warning")
    await other.start()
    relay = Nats([nats], "bench", patience_s=5)
    await relay.run()
    here = await answering(f"ws://127.0.0.1:{port}/ocpp", "R-here")
    there = await answering(other.url, "R-there")

    async def asked(station: str) -> None:
        fact = await centre.csms.send(station, ReadVariables(("x",)), by="bench", wait_s=10)
        assert fact.state == CommandState.ACCEPTED, fact

    class Echo:
        async def perform(self, _: str) -> CommandState:
            return CommandState.ACCEPTED

        def superseded(self, session: int) -> None: ...

    await relay.attach("echo", Echo(), 1)

    async def relayed(_: str) -> None:
        assert isinstance(centre.relay, Nats)
        assert await centre.relay.deliver("echo", "x") == CommandState.ACCEPTED

    found: dict[str, list[float]] = {"here": [], "there": [], "nats": []}
    ways: list[tuple[str, Callable[[str], Awaitable[None]], str]] = [
        ("here", asked, "R-here"), ("there", asked, "R-there"), ("nats", relayed, "")
    ]
    try:
        await asyncio.sleep(2)
        for number in range(times + 20):
            for name, way, station in ways:
                began = time.perf_counter()
                await way(station)
                if number >= 20:
                    found[name].append(1000 * (time.perf_counter() - began))
    finally:
        for socket, task in (here, there):
            await socket.close()
            await task
        await relay.close()
        await centre.stop()
        await other.end()
        await pool.close()
    return found


def quantile(times: list[float], part: float) -> float:
    return sorted(times)[min(int(len(times) * part), len(times) - 1)]


async def run(options: argparse.Namespace) -> None:
    busy = os.getloadavg()[0]
    rows, trips = [], {}
    with tempfile.TemporaryDirectory(prefix="ohmbudsman-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        postgres, nats = EmbeddedPostgres(folder), NatsServer(folder)
        admin = await postgres.start()
        await nats.start()
        try:
            for count in (*options.gateways, 0):
                conn = await asyncpg.connect(admin)
                await conn.execute(f"create database nodes{count}")
                await conn.close()
                dsn = urlunsplit(urlsplit(admin)._replace(path=f"/nodes{count}"))
                await migrate(dsn)
                if count:
                    print(f"... {count} gateways", flush=True)
                    rows.append(await throughput(
                        folder, dsn, postgres.pid or 0, nats.url, count, options.seconds
                    ))
                else:
                    print("... commands", flush=True)
                    trips = await round_trips(folder, dsn, nats.url, options.commands)
        finally:
            await nats.end()
            await postgres.stop()
    print(f"\n{psutil.cpu_count()} cores, load average before: {busy:.1f}, {STATIONS} stations\n")
    print("| gateways | acks/s | gateway CPU, us a message | PostgreSQL CPU, us a message | p50 / p99 ack |")
    print("|" + "---|" * 5)
    for row in rows:
        print(f"| {row['gateways']} | {row['rate']:,.0f} | {row['server_us']:.0f} | {row['database_us']:.0f} "
              f"| {row['p50']:.0f} / {row['p99']:.0f} ms |")
    print("\n| a command and its answer | p50 | p99 |\n|---|---|---|")
    for name, words in (("here", "station on this node"), ("there", "station on another node, over NATS"),
                        ("nats", "the question over NATS alone")):
        print(f"| {words} | {quantile(trips[name], 0.5):.1f} ms | {quantile(trips[name], 0.99):.1f} ms |")
    ratio = quantile(trips["there"], 0.5) / quantile(trips["here"], 0.5)
    print(f"\nOn another node / on this one: {ratio:.2f}x at p50.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8, help="of each measurement of throughput")
    parser.add_argument("--gateways", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--commands", type=int, default=300)
    logs.configure(level="warning")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
