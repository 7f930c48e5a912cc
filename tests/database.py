"""Databases for tests: one embedded PostgreSQL a run, one migrated template, a fresh copy a test."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import warnings
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from csms.kit.migrate import migrate

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR the package warns while it is imported; elsewhere warnings are errors.
    warnings.simplefilter("ignore", RuntimeWarning)
    warnings.simplefilter("ignore", UserWarning)
    from csms.kit.postgres import EmbeddedPostgres

TEMPLATE = "template_ohmbudsman"
AHEAD = 2
"""Copies that wait once the first was asked for: with hundreds of tables a copy takes longer than most tests."""


MEMORY, ENOUGH = Path("/dev/shm"), 6 * 2**30


def in_memory() -> Path | None:
    """Where files need no disk, if there is room: the copies of a run are tens of gigabytes."""
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ENOUGH:
        return None
    return MEMORY


def with_database(dsn: str, name: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


class Databases:
    """Gives out migrated databases, copied ahead while tests run, and drops them behind their backs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server = EmbeddedPostgres(folder)
        self._numbers = itertools.count(1)
        self._ready: asyncio.Queue[str] = asyncio.Queue(AHEAD)
        self._spent: asyncio.Queue[str] = asyncio.Queue()
        self._works: list[asyncio.Task[None]] = []
        self.admin = ""

    async def start(self) -> None:
        self.admin = await self._server.start()
        # A test's data need not outlive the machine.
        for setting in ("fsync = off", "full_page_writes = off", "synchronous_commit = off"):
            await self._run(f"alter system set {setting}")
        await self._run("select pg_reload_conf()")
        await self._run(f"create database {TEMPLATE}")
        await migrate(with_database(self.admin, TEMPLATE))

    async def create(self) -> str:
        """The DSN of a fresh migrated database."""
        if not self._works:
            self._works = [asyncio.create_task(self._copy()), asyncio.create_task(self._drop())]
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    return with_database(self.admin, await self._ready.get())
            for work in self._works:
                if work.done():  # say why instead of waiting for ever
                    await work

    async def empty(self) -> str:
        """The DSN of a database with nothing in it, not even the migrations."""
        name = f"empty_{os.getpid()}_{next(self._numbers)}"
        await self._run(f"create database {name} template template0")
        return with_database(self.admin, name)

    async def drop(self, dsn: str) -> None:
        """It goes in its own time; the next test need not wait."""
        self._spent.put_nowait(urlsplit(dsn).path[1:])

    async def stop(self) -> None:
        for work in self._works:
            work.cancel()
        await asyncio.gather(*self._works, return_exceptions=True)
        await self._server.stop()

    async def _copy(self) -> None:
        while True:
            name = f"test_{os.getpid()}_{next(self._numbers)}"
            await self._run(f"create database {name} template {TEMPLATE} strategy file_copy")
            await self._ready.put(name)

    async def _drop(self) -> None:
        while True:
            await self._run(f"drop database if exists {await self._spent.get()} with (force)")

    async def _run(self, sql: str) -> None:
        conn = await asyncpg.connect(self.admin)
        try:
            await conn.execute(sql)
        finally:
            await conn.close()
