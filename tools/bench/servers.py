"""The three servers under test, each a process of its own: `python -m tools.bench.servers ours|ocpp|echo`.

All run on uvloop with `websockets` and no compression; `ready PORT` on stdout says that one accepts.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import asyncpg
import uvloop
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

OCPP16: Any = "ocpp1.6"
TABLE = """
    create table if not exists messages (
        id bigint generated always as identity primary key, station text not null,
        received_at timestamptz not null, action text not null, frame text not null)
"""
INSERT = "insert into messages (station, received_at, action, frame) values ($1, $2, $3, $4)"


async def ours(dsn: str) -> None:
    """Ohmbudsman as it is served: journal, hash chain, readings and ledgers, committed before the ack."""
    from csms.app import Centre, CentreOptions
    from csms.kit import db, logs

    logs.configure(level="warning", readable=False)
    pool = await db.connect(dsn)
    centre = Centre(pool, CentreOptions(unknown_stations="accept", accept_unknown_tokens=True))
    await _ready(await centre.start("127.0.0.1", 0))


async def package(dsn: str) -> None:
    """What the documentation of the `ocpp` package shows, its handler made durable by one INSERT."""
    from ocpp.routing import on
    from ocpp.v16 import ChargePoint, call_result
    from ocpp.v16.enums import Action

    pool = await asyncpg.create_pool(dsn, min_size=20, max_size=20)
    await pool.execute(TABLE)

    class Point(ChargePoint):  # type: ignore[misc]
        frame = ""

        async def route_message(self, raw_msg: str) -> None:
            self.frame = raw_msg
            await super().route_message(raw_msg)

        @on(Action.meter_values)  # type: ignore[untyped-decorator]
        async def metered(self, **_: Any) -> Any:
            await pool.execute(INSERT, self.id, datetime.now(UTC), "MeterValues", self.frame)
            return call_result.MeterValues()

    async def accept(socket: ServerConnection) -> None:
        assert socket.request is not None
        with suppress(ConnectionClosed):
            await Point(socket.request.path.rpartition("/")[2], socket).start()

    await _serve(accept)


async def echo(_: str) -> None:
    """The floor: the same frames over the same sockets, nothing done with them."""

    async def accept(socket: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            async for text in socket:
                await socket.send(text)

    await _serve(accept)


async def _serve(accept: Any) -> None:
    async with serve(accept, "127.0.0.1", 0, subprotocols=[OCPP16], compression=None) as server:
        await _ready(int(next(iter(server.sockets)).getsockname()[1]))


async def _ready(port: int) -> None:
    """Serve until whoever started us closes our stdin, or is gone."""
    print(f"ready {port}", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


SERVERS = {"ours": ours, "ocpp": package, "echo": echo}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("server", choices=SERVERS)
    parser.add_argument("--database", default="", help="DSN; `echo` needs none")
    chosen = parser.parse_args()
    uvloop.run(SERVERS[chosen.server](chosen.database))
