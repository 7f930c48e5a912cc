"""Files that stations bring: kept piece by piece, put on record when they are whole, and read for search."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from weakref import WeakValueDictionary

import structlog

from csms import texts, uploads
from csms.api import Csms
from csms.errors import BadInput, NotFound, TheyErred
from csms.kit.db import AWAY, Row
from csms.uploads import LARGEST, Kept, Upload

log = structlog.get_logger()

PIECES_LAST_S = 2 * 3600


class OutOfPlace(TheyErred):
    """A piece does not begin where the one before has ended; `offset` is where it would."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"the next piece begins at {offset}")
        self.offset = offset


class Files:
    """The uploads folder of this process, and what is on record of it."""

    def __init__(self, csms: Csms, folder: Path) -> None:
        self.csms, self.folder = csms, folder
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def expected(self, token: str) -> Upload:
        """Raises NotFound."""
        found = await self.csms.upload_expected(token)
        if found is None:
            raise NotFound("no file is expected here: the address is unknown, used or too old")
        return found

    async def keep(self, upload: Upload, chunks: AsyncIterator[bytes], name: str) -> Upload:
        """The file in one piece. Raises BadInput, NotFound when another came first."""
        kept = await uploads.keep(self.folder, chunks)
        return await self._receive(upload, kept, name)

    def _pieces(self, upload: Upload) -> Path:
        return self.folder / f"{upload.id}.part"

    async def offset(self, upload: Upload) -> int:
        """How much of it is here."""
        path = self._pieces(upload)
        return await asyncio.to_thread(lambda: path.stat().st_size if path.exists() else 0)

    async def add(
        self, upload: Upload, chunks: AsyncIterator[bytes], name: str, *, start: int, end: int, total: int | None
    ) -> tuple[int, Upload | None]:
        """Bytes `start` to `end`; (how much is here now, the file once it is whole).

        What came of a piece that broke off stays: its sender asks for the offset and goes on from there.
        Raises OutOfPlace, BadInput.
        """
        if (total or 0) > LARGEST or end >= LARGEST:
            raise BadInput("Content-Range", f"the file is larger than {LARGEST:,} bytes")
        async with self._alone(upload):
            here = await self.offset(upload)
            if here != start:
                raise OutOfPlace(here)
            await asyncio.to_thread(self.folder.mkdir, parents=True, exist_ok=True)
            await asyncio.to_thread(self._sweep)
            here = await _append(self._pieces(upload), chunks, here, end + 1)
            if total is None or here < total:
                return here, None
            return here, await self.finish(upload, self._pieces(upload), name)

    async def finish(self, upload: Upload, path: Path, name: str) -> Upload:
        """A file that lies here already, whole. Raises BadInput when it is empty."""
        kept = await asyncio.to_thread(_adopt, path, self.folder)
        return await self._receive(upload, kept, name)

    @asynccontextmanager
    async def _alone(self, upload: Upload) -> AsyncIterator[None]:
        async with self._locks.setdefault(upload.id, asyncio.Lock()):
            yield

    async def _receive(self, upload: Upload, kept: Kept, name: str) -> Upload:
        received = await self.csms.receive_upload(upload.id, kept, name)
        if received is None:
            await uploads.discard(self.folder, kept)
            raise NotFound("another file has come first")
        await self._read(received)
        return received

    async def _read(self, received: Upload) -> None:
        """So that its words can be found. The file is kept whatever becomes of this."""
        if received.path is None:
            return
        text, whole = await asyncio.to_thread(texts.read, self.folder / received.path)
        if text:
            with suppress(*AWAY):
                async with self.csms.db.acquire() as conn:
                    await uploads.keep_text(conn, received.id, text, whole)

    def _sweep(self) -> None:
        """Pieces that nobody goes on with."""
        for path in self.folder.glob("*.part"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > PIECES_LAST_S:
                    path.unlink()

    async def search(
        self, words: str, *, station: str | None = None, after: tuple[datetime, str] | None = None, limit: int = 100
    ) -> list[Row]:
        """Files in whose text the words stand, newest first, each with the place."""
        async with self.csms.db.acquire() as conn:
            return await uploads.search(conn, words, station, after, limit)


async def _append(path: Path, chunks: AsyncIterator[bytes], here: int, until: int) -> int:
    file = await asyncio.to_thread(path.open, "ab")
    try:
        async for chunk in chunks:
            if here + len(chunk) > until:
                raise BadInput("body", "there is more than Content-Range says")
            await asyncio.to_thread(file.write, chunk)
            here += len(chunk)
    finally:
        await asyncio.to_thread(file.close)
    return here


def _adopt(path: Path, folder: Path) -> Kept:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(uploads.CHUNK):
            digest.update(chunk)
            size += len(chunk)
    if not size:
        raise BadInput("body", "the file is empty")
    final = folder / f"{uploads.fresh_name()}.upload"
    path.replace(final)
    return Kept(final.name, size, digest.hexdigest())
