"""Everything that can break, put together: PostgreSQL, NATS, gateways, a desk, and the network before them."""

from __future__ import annotations

import asyncio
import os
import subprocess
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil

from complaints.staff import create_token
from csms.kit.clock import system_clock
from csms.kit.db import AWAY, Db, connect
from csms.kit.migrate import migrate
from tools.chaos.line import Line
from tools.chaos.processes import STARTS_WITHIN_S, NatsServer, Ours, Postgres

DISK_MB = 700
"""Of the small disk, where one can be made."""


class Site:
    def __init__(self, folder: Path, *, gateways: int = 2, small_disk: bool = False) -> None:
        self.folder, self._count, self._small_disk = folder, gateways, small_disk
        self.disk: Path | None = None
        """A disk of its own for PostgreSQL, that can be filled; None where we may not mount one."""
        self.postgres = Postgres(folder / "database")
        self.nats = NatsServer(folder)
        self.gateways: list[Ours] = []
        self.desk = Ours("desk", folder / "desk.log")
        self.line = Line([])
        self.token = ""
        self.dsn = ""
        self.db: Db = None

    async def start(self) -> None:
        database = self.folder / "database"
        database.mkdir(parents=True)
        if self._small_disk and _mount(database):
            self.disk = database
        self.dsn = await self.postgres.start()
        await migrate(self.dsn)
        self.db = await connect(self.dsn, most=4)
        await self.db.execute("alter system set max_wal_size = '128MB'")
        async with self.db.acquire() as conn, conn.transaction():
            self.token = await create_token(conn, "chaos", "admin", system_clock())
        await self.nats.start()
        common = ("--database", self.dsn, "--nats", self.nats.url)
        self.gateways = [
            Ours("gateway", self.folder / f"gateway{n}.log", *common, "--node", f"gateway{n}")
            for n in range(self._count)
        ]
        self.desk = Ours("desk", self.folder / "desk.log", *common, "--data", str(self.folder / "desk"))
        for process in (*self.gateways, self.desk):
            await process.start()
        self.line = Line([gateway.port for gateway in self.gateways])
        await self.line.start()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.line.port}/ocpp"

    async def database_back(self) -> None:
        """Start PostgreSQL if it is down, and wait until it writes."""
        async with asyncio.timeout(STARTS_WITHIN_S):
            while True:
                with suppress(*AWAY, asyncpg.PostgresError, subprocess.SubprocessError, RuntimeError):
                    assert await self.postgres.start() == self.dsn
                    conn = await asyncpg.connect(self.dsn)
                    try:
                        await conn.execute("create table if not exists chaos_probe (n int)")
                        return
                    finally:
                        await conn.close()
                await asyncio.sleep(0.2)

    def memory_mib(self) -> dict[tuple[str, int], float]:
        """Unique set size of our processes that live: (role, process id) -> MiB."""
        found = {}
        for process in (*self.gateways, self.desk):
            if process.running:
                with suppress(psutil.Error):
                    uss = psutil.Process(process.pid).memory_full_info().uss
                    found[process.log.stem, process.pid] = uss / 2**20
        return found

    async def stop(self) -> None:
        await self.line.stop()
        for process in (*self.gateways, self.desk):
            await process.end()
        await self.nats.end()
        if self.db is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.db.close(), 10)
        await self.postgres.end()
        if self.disk:
            await asyncio.to_thread(subprocess.run, ["umount", "-l", str(self.disk)], check=False)


def _mount(folder: Path) -> bool:
    """A disk in memory of a size that can be filled; only root may."""
    if os.geteuid() != 0:
        return False
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=0755", "tmpfs", str(folder)], check=False,
        capture_output=True,
    )
    return made.returncode == 0
