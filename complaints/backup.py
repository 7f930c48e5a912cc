"""A backup in a folder, and back: the database as pg_dump writes it, and the files that lie beside it.

For large installations docs/operations.md has base backups and point in time; this is for the others and for drills.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import asyncpg

from csms.errors import BadInput, WeErred
from csms.kit.clock import iso
from csms.kit.migrate import find as find_migrations
from csms.kit.postgres import programs

DUMP, LABEL = "database.dump", "label.json"
BESIDE = ("uploads", "heads", "ca", "secret.key", "heads.key")
"""What lies in the data folder and is not in the database. Keys among it: a backup is as secret as the server."""

TABLES = "select count(*) from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"


class BackupFailed(WeErred):
    """pg_dump or pg_restore has failed; says what they said."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup folder says about itself."""

    made_at: str
    migrations: int
    sha256: str


async def make(dsn: str, data: Path | None, to: Path, now: datetime) -> Backup:
    """Write a backup to a folder that is not there yet. The server goes on meanwhile: it is one snapshot."""
    part = await asyncio.to_thread(_begin, to)
    await _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={part / DUMP}", "-d", dsn)
    await asyncio.to_thread(_copy, data, part)
    backup = Backup(iso(now), len(find_migrations()), await asyncio.to_thread(_sha256, part / DUMP))
    await asyncio.to_thread(_end, part, to, backup)
    return backup


def _begin(to: Path) -> Path:
    if to.exists():
        raise BadInput("to", f"{to} is there already")
    part = to.with_name(to.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True, mode=0o700)
    return part


def _end(part: Path, to: Path, backup: Backup) -> None:
    """A folder of that name is whole."""
    (part / LABEL).write_text(json.dumps(asdict(backup), indent=2) + "\n")
    part.rename(to)


async def restore(dsn: str, data: Path | None, source: Path) -> Backup:
    """Into an empty database, and beside it. Raises BadInput when it is not empty or the backup is damaged."""
    if not (source / LABEL).exists():
        raise BadInput("source", f"{source} is no whole backup")
    backup = Backup(**json.loads((source / LABEL).read_text()))
    if await asyncio.to_thread(_sha256, source / DUMP) != backup.sha256:
        raise BadInput("source", f"{source / DUMP} is not what was written")
    conn = await asyncpg.connect(dsn)
    try:
        if await conn.fetchval(TABLES):
            raise BadInput("database", "it is not empty; restore into a new one")
    finally:
        await conn.close()
    await _run("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction",
               f"--dbname={dsn}", str(source / DUMP))
    await asyncio.to_thread(_copy, source, data)
    return backup


def _copy(source: Path | None, to: Path | None) -> None:
    if source is None or to is None:
        return
    for name in BESIDE:
        there = source / name
        if there.is_dir():
            shutil.copytree(there, to / name, dirs_exist_ok=True)
        elif there.exists():
            shutil.copy2(there, to / name)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def _run(program: str, *arguments: str) -> None:
    """The programs of the embedded PostgreSQL: as new as any server we take, so they fit it."""
    process = await asyncio.create_subprocess_exec(
        programs() / program, *arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    if process.returncode:
        raise BackupFailed(f"{program}: {said.decode(errors='replace').strip()[-2000:]}")
