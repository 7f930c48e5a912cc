"""Uploads: logs that stations bring to a URL of ours, each URL good for one file and one hour."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from csms.errors import BadInput
from csms.kit.db import Conn, Row

LASTS = timedelta(hours=1)
LARGEST = 256 * 1024 * 1024
"""Bytes a station may bring; diagnostics of months are some tens of MB."""
CHUNK = 256 * 1024
UNFIT = re.compile(r"[^\w.\- ()]+")

CREATE = "insert into uploads (token, station, created_at, expires_at) values ($1, $2, $3, $4)"
ASSIGN = "update uploads set command = $2 where token = $1"

EXPECTED = "select * from uploads where token = $1 and received_at is null and expires_at > $2"

# Two at once: only one row is still waiting.
RECEIVE = """
    update uploads set received_at = $2, name = $3, bytes = $4, sha256 = $5, path = $6
    where token = $1 and received_at is null
    returning *
"""

ONE = "select * from uploads where token = $1"
OF_COMMAND = "select * from uploads where command = $1::uuid and received_at is not null"

LIST = """
    select * from uploads
    where command is not null and ($1::text is null or station = $1)
      and ($2::timestamptz is null or (created_at, token) < ($2, $3::text))
    order by created_at desc, token desc limit $4
"""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is expected, or has come. `id` is the hash of its URL's secret."""

    id: str
    station: str
    command: str | None
    created_at: datetime
    expires_at: datetime
    received_at: datetime | None
    name: str | None
    bytes: int | None
    sha256: str | None
    path: str | None
    """Below the uploads folder."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file on disk, before it is on record."""

    path: str
    bytes: int
    sha256: str


def clean_name(said: str | None) -> str:
    """The file's name as the station gave it, fit to be shown and saved under: no folders, nothing hidden."""
    last = re.split(r"[/\\]", said or "")[-1]
    return UNFIT.sub("_", last).strip(" ._")[:100] or "log"


def id_of(token: str) -> str:
    """What is stored of a URL's secret: useless to whoever reads the table."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


# --- the file ---------------------------------------------------------------------------------------


async def keep(folder: Path, chunks: AsyncIterator[bytes], *, largest: int = LARGEST) -> Kept:
    """Write what comes to disk. Raises BadInput when it is empty or too large, and leaves nothing behind."""
    path = folder / f"{secrets.token_hex(16)}.upload"
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    file: BinaryIO = await asyncio.to_thread(path.open, "xb")
    try:
        size, digest = await _write(file, chunks, largest)
    except BaseException:
        await asyncio.to_thread(path.unlink)
        raise
    finally:
        await asyncio.to_thread(file.close)
    if not size:
        await asyncio.to_thread(path.unlink)
        raise BadInput("body", "the file is empty")
    return Kept(path.name, size, digest)


async def _write(file: BinaryIO, chunks: AsyncIterator[bytes], largest: int) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    async for chunk in chunks:
        size += len(chunk)
        if size > largest:
            raise BadInput("body", f"the file is larger than {largest:,} bytes")
        digest.update(chunk)
        await asyncio.to_thread(file.write, chunk)
    return size, digest.hexdigest()


async def discard(folder: Path, kept: Kept) -> None:
    await asyncio.to_thread((folder / kept.path).unlink, missing_ok=True)


# --- rows -------------------------------------------------------------------------------------------


async def create(conn: Conn, station: str, now: datetime) -> str:
    """The secret part of a new URL."""
    token = secrets.token_urlsafe(24)
    await conn.execute(CREATE, id_of(token), station, now, now + LASTS)
    return token


async def assign(conn: Conn, url: str, command: str) -> None:
    """Which command the file will answer. A URL that is none of ours is nobody's."""
    _, ours, token = url.rpartition("/uploads/")
    if ours:
        await conn.execute(ASSIGN, id_of(token.partition("/")[0]), command)


async def expected(conn: Conn, token: str, now: datetime) -> Upload | None:
    """What this secret is good for; None when it is unknown, used or too old."""
    row = await conn.fetchrow(EXPECTED, id_of(token), now)
    return fact(row) if row else None


async def receive(conn: Conn, id: str, kept: Kept, name: str, now: datetime) -> Upload | None:
    """Put the file on record; None when another came first."""
    row = await conn.fetchrow(RECEIVE, id, now, name, kept.bytes, kept.sha256, kept.path)
    return fact(row) if row else None


async def find(conn: Conn, id: str) -> Upload | None:
    row = await conn.fetchrow(ONE, id)
    return fact(row) if row else None


async def of_command(conn: Conn, command: str) -> Upload | None:
    """The file that a command brought, once it is here."""
    row = await conn.fetchrow(OF_COMMAND, command)
    return fact(row) if row else None


async def listing(
    conn: Conn, station: str | None, after: tuple[datetime, str] | None, limit: int
) -> list[Upload]:
    return [fact(row) for row in await conn.fetch(LIST, station, *(after or (None, None)), limit)]


def fact(row: Row) -> Upload:
    return Upload(
        id=row["token"], station=row["station"], command=str(row["command"]) if row["command"] else None,
        created_at=row["created_at"], expires_at=row["expires_at"], received_at=row["received_at"], name=row["name"],
        bytes=row["bytes"], sha256=row["sha256"], path=row["path"],
    )
