"""Migrations: plain SQL files in order, each in its own transaction, under one advisory lock."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import asyncpg
import structlog

from csms.errors import WeErred

log = structlog.get_logger()

LOCK = 0x0B0D50A1  # any constant: all our processes agree on it

CREATE = """
    create table if not exists migrations (
        name text primary key, checksum text not null, applied_at timestamptz not null default now())
"""
THERE = "select to_regclass('migrations') is not null"
APPLIED = "select name, checksum from migrations"
NOTE = "insert into migrations (name, checksum) values ($1, $2)"


class MigrationFailed(WeErred):
    """A migration could not be applied, or an applied one was edited. The schema is as it was."""


@dataclass(frozen=True, slots=True)
class Migration:
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def find() -> list[Migration]:
    """The migrations of this installation: beside the packages in a checkout, inside csms in a wheel."""
    checkout = Path(__file__).parents[2] / "migrations"
    inside = Path(str(resources.files("csms") / "migrations"))
    folder = inside if inside.is_dir() else checkout
    return [Migration(path.name, path.read_text("utf-8")) for path in sorted(folder.glob("*.sql"))]


async def migrate(dsn: str, migrations: list[Migration] | None = None) -> list[str]:
    """Apply what is missing and give the names applied. Raises MigrationFailed, naming the file."""
    conn = await asyncpg.connect(dsn, server_settings={"application_name": "ohmbudsman-migrate"})
    try:
        await conn.execute("select pg_advisory_lock($1)", LOCK)
        if not await conn.fetchval(THERE):  # who serves may have no right to create even what is there
            await conn.execute(CREATE)
        applied = {row["name"]: row["checksum"] for row in await conn.fetch(APPLIED)}
        return [m.name for m in (migrations or find()) if await _apply(conn, m, applied.get(m.name))]
    finally:
        await conn.close()


async def _apply(conn: asyncpg.Connection, migration: Migration, applied: str | None) -> bool:
    if applied is not None:
        if applied != migration.checksum:
            raise MigrationFailed(f"{migration.name} was edited after it had been applied")
        return False
    try:
        async with conn.transaction():
            await conn.execute(migration.sql)
            await conn.execute(NOTE, migration.name, migration.checksum)
    except asyncpg.PostgresError as error:
        raise MigrationFailed(f"{migration.name} failed, the schema is as it was: {error}") from error
    log.info("migrated", name=migration.name)
    return True
