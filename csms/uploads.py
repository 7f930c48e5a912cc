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
from urllib.parse import urlsplit

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
# 1.6 and 2.x spell it differently.
ANNOUNCED = """
    select coalesce(c.answer ->> 'fileName', c.answer ->> 'filename')
    from uploads u join commands c on c.id = u.command where u.token = $1
"""
OF_FTP_USER = """
    select * from uploads
    where ftp_password is not null and left(token, 16) = $1 and received_at is null and expires_at > $2
"""
BY_FTP = "update uploads set ftp_password = $2 where token = $1"
OF_COMMAND = "select * from uploads where command = $1::uuid and received_at is not null"

LIST = """
    select u.*, c.complaint from uploads u left join commands c on c.id = u.command
    where u.command is not null and ($1::text is null or u.station = $1)
      and ($2::timestamptz is null or (u.created_at, u.token) < ($2, $3::text))
    order by u.created_at desc, u.token desc limit $4
"""

KEEP_TEXT = """
    insert into upload_texts (upload, content, complete) values ($1, $2, $3) on conflict do nothing
"""

TEXT_OF = "select content from upload_texts where upload = $1"

# `place` is where it stands first, as it is written there.
SEARCH = """
    select u.*, c.complaint, substring(t.content from greatest(t.place - 100, 1) for 300) as excerpt
    from (select upload, content, position(lower($1::text) in lower(content)) as place from upload_texts) t
    join uploads u on u.token = t.upload left join commands c on c.id = u.command
    where t.place > 0 and ($2::text is null or u.station = $2)
      and ($3::timestamptz is null or (u.created_at, u.token) < ($3, $4::text))
    order by u.created_at desc, u.token desc limit $5
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
    complaint: str | None = None
    """Whose evidence it is."""


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


def ftp_url(base: str, user: str, password: str) -> str:
    """`base` is ftp://host:port."""
    return f"ftp://{user}:{password}@{urlsplit(base).netloc}/"


def fresh_name() -> str:
    return secrets.token_hex(16)


# --- the file ---------------------------------------------------------------------------------------


async def keep(folder: Path, chunks: AsyncIterator[bytes], *, largest: int = LARGEST) -> Kept:
    """Write what comes to disk. Raises BadInput when it is empty or too large, and leaves nothing behind."""
    path = folder / f"{fresh_name()}.upload"
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


async def create_ftp(conn: Conn, station: str, now: datetime) -> tuple[str, str]:
    """(user, password) good for one file."""
    id, password = id_of(await create(conn, station, now)), secrets.token_hex(12)
    await conn.execute(BY_FTP, id, id_of(password))
    return id[:16], password


async def by_ftp_user(conn: Conn, user: str, now: datetime) -> tuple[Upload, str] | None:
    """What it is good for, and its password as we keep it."""
    row = await conn.fetchrow(OF_FTP_USER, user, now)
    return (fact(row), row["ftp_password"]) if row else None


async def assign(conn: Conn, url: str, command: str, now: datetime) -> None:
    """Which command the file will answer. A URL that is none of ours is nobody's."""
    _, ours, token = url.rpartition("/uploads/")
    user = urlsplit(url).username if url.startswith("ftp://") else None
    if user and (found := await by_ftp_user(conn, user, now)):
        await conn.execute(ASSIGN, found[0].id, command)
    elif ours:
        await conn.execute(ASSIGN, id_of(token.partition("/")[0]), command)


async def expected(conn: Conn, token: str, now: datetime) -> Upload | None:
    """What this secret is good for; None when it is unknown, used or too old."""
    row = await conn.fetchrow(EXPECTED, id_of(token), now)
    return fact(row) if row else None


async def announced_name(conn: Conn, id: str) -> str | None:
    """What the station called its file when it was asked; most bring it to the bare address."""
    name: str | None = await conn.fetchval(ANNOUNCED, id)
    return name


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


async def keep_text(conn: Conn, id: str, content: str, complete: bool) -> None:
    await conn.execute(KEEP_TEXT, id, content, complete)


async def text_of(conn: Conn, id: str) -> str | None:
    found: str | None = await conn.fetchval(TEXT_OF, id)
    return found


async def search(
    conn: Conn, words: str, station: str | None, after: tuple[datetime, str] | None, limit: int
) -> list[Row]:
    return list(await conn.fetch(SEARCH, words, station, *(after or (None, None)), limit))


def fact(row: Row) -> Upload:
    return Upload(
        id=row["token"], station=row["station"], command=str(row["command"]) if row["command"] else None,
        created_at=row["created_at"], expires_at=row["expires_at"], received_at=row["received_at"], name=row["name"],
        bytes=row["bytes"], sha256=row["sha256"], path=row["path"],
        complaint=row.get("complaint"),
    )
