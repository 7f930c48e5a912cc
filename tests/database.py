"""Databases for tests: one embedded PostgreSQL a run, one migrated template, a fresh copy a test."""

from __future__ import annotations

import itertools
import os
import warnings
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


def with_database(dsn: str, name: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


class Databases:
    """Gives out migrated databases. Copying the template takes some tens of milliseconds."""

    def __init__(self, folder: Path) -> None:
        self._server = EmbeddedPostgres(folder)
        self._numbers = itertools.count(1)
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
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        await self._run(f"create database {name} template {TEMPLATE} strategy file_copy")
        return with_database(self.admin, name)

    async def drop(self, dsn: str) -> None:
        await self._run(f"drop database if exists {urlsplit(dsn).path[1:]} with (force)")

    async def stop(self) -> None:
        await self._server.stop()

    async def _run(self, sql: str) -> None:
        conn = await asyncpg.connect(self.admin)
        try:
            await conn.execute(sql)
        finally:
            await conn.close()
