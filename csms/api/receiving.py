"""Files that stations bring."""

from __future__ import annotations

from datetime import datetime

from csms import commands, events, uploads
from csms.api.behind import Behind
from csms.uploads import Kept, Upload
from csms.vocabulary.heard import Notes


class Receiving(Behind):
    """Part of the public face: files that stations bring."""

    async def upload_expected(self, token: str) -> Upload | None:
        """What the secret of an upload URL is good for now."""
        async with self.db.acquire() as conn:
            return await uploads.expected(conn, token, self.clock())

    async def receive_upload(self, id: str, kept: Kept, name: str) -> Upload | None:
        """Put a file that has come on record; it is the effect its command waits for. None: another came first."""
        async with self.db.acquire() as conn, conn.transaction():
            named = uploads.clean_name(name or await uploads.announced_name(conn, id))
            received = await uploads.receive(conn, id, kept, named, self.clock())
            if received is not None:
                notes = Notes()
                notes.event("upload.received", received.station, id, command=received.command, sha256=kept.sha256)
                seen = commands.Happening(received.station, "upload", self.clock(), detail="Uploaded")
                await commands.observe(conn, [seen], notes)
                await events.write(conn, notes, self.clock())
            return received

    async def upload(self, id: str) -> Upload | None:
        async with self.db.acquire() as conn:
            return await uploads.find(conn, id)

    async def upload_of(self, command: str) -> Upload | None:
        """The file that a log command brought."""
        async with self.db.acquire() as conn:
            return await uploads.of_command(conn, command)

    async def uploads(
        self, *, station: str | None = None, after: tuple[datetime, str] | None = None, limit: int = 100
    ) -> list[Upload]:
        async with self.db.acquire() as conn:
            return await uploads.listing(conn, station, after, limit)
