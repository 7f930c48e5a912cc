"""What can go wrong. Each fault does its harm and lifts it again; what follows has to happen by itself."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

import asyncpg
import orjson
import psutil
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from csms.kit.db import AWAY
from tools.chaos.fleet import Fleet
from tools.chaos.processes import NatsServer, Ours, postmaster
from tools.chaos.site import Site

Fault = Callable[[Site, Fleet, random.Random], Awaitable[None]]

HEARTBEAT = '[2,"%d","Heartbeat",{}]'


# --- processes are killed ---------------------------------------------------------------------------


async def kill_gateway(site: Site, fleet: Fleet, dice: random.Random) -> None:
    victim = dice.choice(site.gateways)
    await victim.kill()
    await asyncio.sleep(dice.uniform(0, 1))
    await victim.start()


async def kill_all_gateways(site: Site, fleet: Fleet, dice: random.Random) -> None:
    for victim in site.gateways:
        await victim.kill()
    await asyncio.gather(*(victim.start() for victim in site.gateways))


async def kill_desk(site: Site, fleet: Fleet, dice: random.Random) -> None:
    """The worker runs in the desk's process and dies with it."""
    await site.desk.kill()
    await site.desk.start()


async def kill_postgres(site: Site, fleet: Fleet, dice: random.Random) -> None:
    await site.postgres.kill()
    await asyncio.sleep(dice.uniform(0, 1))
    await site.database_back()


async def kill_backend(site: Site, fleet: Fleet, dice: random.Random) -> None:
    """One server process of PostgreSQL: it ends all the others and recovers by itself."""
    async with site.db.acquire() as conn:
        found = await conn.fetch(
            "select pid from pg_stat_activity where application_name = 'ohmbudsman' and pid <> pg_backend_pid()"
        )
    with suppress(ProcessLookupError):
        os.kill(dice.choice(found)["pid"], signal.SIGKILL)
    await asyncio.sleep(0.2)
    await site.database_back()


async def kill_nats(site: Site, fleet: Fleet, dice: random.Random) -> None:
    await site.nats.kill()
    await asyncio.sleep(dice.uniform(0, 2))
    await site.nats.start()


# --- processes stop, or hang -------------------------------------------------------------------------


async def drain_gateway(site: Site, fleet: Fleet, dice: random.Random) -> None:
    victim = dice.choice(site.gateways)
    await victim.end()
    await victim.start()


async def freeze_gateway(site: Site, fleet: Fleet, dice: random.Random) -> None:
    """For so long that the others put its stations on record as lost: when it wakes, it has nothing to say."""
    await _freeze(dice.choice(site.gateways), 14)


async def freeze_nats(site: Site, fleet: Fleet, dice: random.Random) -> None:
    await _freeze(site.nats, 5)


async def _freeze(victim: Ours | NatsServer, seconds: float) -> None:
    victim.send(signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        victim.send(signal.SIGCONT)


# --- PostgreSQL has trouble --------------------------------------------------------------------------


async def restart_postgres(site: Site, fleet: Fleet, dice: random.Random) -> None:
    await site.postgres.stop(signal.SIGINT)
    await site.database_back()


async def slow_postgres(site: Site, fleet: Fleet, dice: random.Random) -> None:
    """It runs for a tenth of the time."""
    for _ in range(12):
        server = postmaster(site.postgres.cluster)
        family = server.children(recursive=True) if server else []
        for each in family:
            with suppress(psutil.Error):
                each.suspend()
        await asyncio.sleep(0.45)
        for each in family:
            with suppress(psutil.Error):
                each.resume()
        await asyncio.sleep(0.05)


async def read_only_postgres(site: Site, fleet: Fleet, dice: random.Random) -> None:
    await _set(site, "alter system set default_transaction_read_only = on")
    await asyncio.sleep(3)
    await _set(site, "alter system reset default_transaction_read_only")


async def _set(site: Site, sql: str) -> None:
    conn = await asyncpg.connect(site.dsn)
    try:
        await conn.execute("set default_transaction_read_only = off")
        await conn.execute(sql)
        await conn.execute("select pg_reload_conf()")
    finally:
        await conn.close()


async def full_disk(site: Site, fleet: Fleet, dice: random.Random) -> None:
    """Not one byte is left on PostgreSQL's disk, its log of transactions included."""
    assert site.disk
    ballast = site.disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(2**20))
    await asyncio.sleep(4)
    ballast.unlink()
    await site.database_back()


async def cut_database_connections(site: Site, fleet: Fleet, dice: random.Random) -> None:
    for _ in range(8):
        with suppress(*AWAY):
            conn = await asyncpg.connect(site.dsn)
            try:
                await conn.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where application_name = 'ohmbudsman' and pid <> pg_backend_pid()"
                )
            finally:
                await conn.close()
        await asyncio.sleep(dice.uniform(0.05, 0.3))


# --- the network has trouble -------------------------------------------------------------------------


async def cut_network(site: Site, fleet: Fleet, dice: random.Random) -> None:
    site.line.down = True
    site.line.cut()
    await asyncio.sleep(dice.uniform(0.5, 2))
    site.line.down = False


async def half_open(site: Site, fleet: Fleet, dice: random.Random) -> None:
    """All stations come back while the gateways still hold their dead sockets; those end much later."""
    lost = site.line.half_open()
    await fleet.heard_again(1)
    for pair in lost:
        pair.abort()


async def slow_network(site: Site, fleet: Fleet, dice: random.Random) -> None:
    site.line.delay_s = 0.4
    await asyncio.sleep(4)
    site.line.calm()


async def repeated_messages(site: Site, fleet: Fleet, dice: random.Random) -> None:
    site.line.twice = True
    await asyncio.sleep(4)
    site.line.calm()
    site.line.cut()


async def byte_by_byte(site: Site, fleet: Fleet, dice: random.Random) -> None:
    site.line.byte_by_byte = True
    await asyncio.sleep(4)
    site.line.calm()


async def reconnect_storm(site: Site, fleet: Fleet, dice: random.Random) -> None:
    for _ in range(5):
        site.line.cut()
        await asyncio.sleep(dice.uniform(0.1, 0.5))


# --- stations misbehave ------------------------------------------------------------------------------


async def clock_steps(site: Site, fleet: Fleet, dice: random.Random) -> None:
    """The stations' clocks jump: a third of them each by up to ten minutes ahead."""
    for station in dice.sample(fleet.stations, len(fleet.stations) // 3):
        station.clock.advance(dice.uniform(60, 600))
    await asyncio.sleep(1)


async def flooding_station(site: Site, fleet: Fleet, dice: random.Random) -> None:
    """Five thousand questions as fast as the socket takes them, and no answer is read."""
    async with _bare(site, f"X-flood-{dice.randrange(10**6)}") as socket:
        socket.transport.pause_reading()
        with suppress(ConnectionClosed, TimeoutError):
            async with asyncio.timeout(10):
                for n in range(5000):
                    await socket.send(HEARTBEAT % n)
        socket.transport.abort()


async def mute_station(site: Site, fleet: Fleet, dice: random.Random) -> None:
    """Comes, and never says a word more; what it is asked stays without an answer."""
    async with _bare(site, f"X-mute-{dice.randrange(10**6)}") as socket:
        await asyncio.sleep(3)
        socket.transport.abort()


async def huge_message(site: Site, fleet: Fleet, dice: random.Random) -> None:
    async with _bare(site, f"X-huge-{dice.randrange(10**6)}") as socket:
        text = orjson.dumps([2, "1", "DataTransfer", {"vendorId": "v", "data": "x" * 10 * 2**20}]).decode()
        with suppress(ConnectionClosed):
            await socket.send(text)
            await socket.recv()
        if socket.close_code not in (1009, 1006):
            raise RuntimeError(f"ten megabytes were taken: {socket.close_code}")


def _bare(site: Site, station: str) -> connect:
    return connect(
        f"{site.url}/{station}", subprotocols=[Subprotocol("ocpp1.6")], compression=None, ping_interval=None,
        close_timeout=1, open_timeout=30,
    )


FAULTS: dict[str, Fault] = {fault.__name__: fault for fault in (
    kill_gateway, kill_all_gateways, kill_desk, kill_postgres, kill_backend, kill_nats, drain_gateway, freeze_gateway,
    freeze_nats, restart_postgres, slow_postgres, read_only_postgres, full_disk, cut_database_connections, cut_network,
    half_open, slow_network, repeated_messages, byte_by_byte, reconnect_storm, clock_steps, flooding_station,
    mute_station, huge_message,
)}
KILLS = {"kill_gateway": 1, "kill_all_gateways": 2, "kill_desk": 1, "kill_postgres": 1, "kill_backend": 1,
         "kill_nats": 1}
"""How many processes of ours, of PostgreSQL or NATS a fault ends by SIGKILL; PostgreSQL with all of its own is one."""
