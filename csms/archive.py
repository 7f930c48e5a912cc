"""The archive: the journal page by page, what was odd, what stations say of themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from csms import episodes, faults, fleet, journal, oddities, partitions, records, stations, uploads
from csms.episodes import Episode
from csms.gateway import wire
from csms.importer import Report, export_lines, import_lines
from csms.journal import Broken
from csms.kit.clock import Clock
from csms.kit.db import AWAY, Db, Row
from csms.kit.figures import Meter
from csms.kit.migrate import find as find_migrations
from csms.uploads import Upload
from csms.vocabulary import Station
from csms.vocabulary.fleet import Health, Seen

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Archive:
    """What staff and integrators look up, and history brought in. Part of the public face, `Csms.archive`."""

    def __init__(self, db: Db, clock: Clock) -> None:
        self.db, self.clock = db, clock

    async def import_lines(self, lines: Iterable[str | bytes], *, dry_run: bool = False) -> Report:
        """Bring in history, or only see what would become of it."""
        return await import_lines(self.db, self.clock, lines, dry_run=dry_run)

    async def verify(self, station: str | None = None) -> tuple[int, list[Broken]]:
        """Walk the hash chains: (rows checked, the first misfit of each station)."""
        async with self.db.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
            return await journal.verify(conn, station)

    async def export_lines(
        self, station: str | None, since: datetime | None = None, until: datetime | None = None
    ) -> AsyncIterator[bytes]:
        """The journal of one station, or of each in turn, in the format that is taken in."""
        named = [station] if station else await self._journalled("")
        while named:
            for one in named:
                async for line in export_lines(self.db, one, since, until):
                    yield line
            named = [] if station else await self._journalled(named[-1])

    async def _journalled(self, after: str) -> list[str]:
        async with self.db.acquire() as conn:
            return await records.journalled(conn, after, 1000)

    async def frames(
        self, station: str, since: datetime, until: datetime, *, after: int = 0, limit: int = 100
    ) -> list[Row]:
        """Rows of the journal, as they are chained; `after` is the number of the last one seen."""
        async with self.db.acquire() as conn:
            return await records.frames(conn, station, since, until, after, limit)

    async def latest_frames(
        self, station: str, before: datetime, *, since: datetime | None = None, action: str | None = None,
        kind: str | None = None, words: str | None = None, limit: int = 100,
    ) -> list[Row]:
        """What came and went last, newest first: of one message, one way (kind), or with words in it."""
        async with self.db.acquire() as conn:
            return await records.latest_frames(
                conn, station, before, since or BEGINNING, action=action, kind=kind, words=words, limit=limit
            )

    async def answers(self, station: str, since: datetime, until: datetime, ids: Sequence[str]) -> list[Row]:
        """Everything between two receipt times that has one of these message ids."""
        async with self.db.acquire() as conn:
            return await records.answers(conn, station, since, until, ids)

    async def fleet(self) -> Sequence[Seen]:
        """Every station, with the one state that matters most."""
        async with self.db.acquire() as conn:
            return await fleet.seen(conn)

    async def health(self, station: str, back: timedelta) -> Health:
        """How it has been lately."""
        async with self.db.acquire() as conn:
            return await fleet.health(conn, station, self.clock(), back)

    async def connections(self, station: str, *, limit: int = 30) -> list[Row]:
        """Its sockets, the latest first: connected_at, disconnected_at, code, reason, protocol, address, node."""
        async with self.db.acquire() as conn:
            return await records.connections(conn, station, limit)

    async def boots(self, station: str, *, limit: int = 30) -> list[Row]:
        """Its starts, the latest first: at, reason, seq."""
        async with self.db.acquire() as conn:
            return await records.boots(conn, station, limit)

    async def stations(self, ids: Sequence[str]) -> list[Station]:
        """Those that are known, by id."""
        async with self.db.acquire() as conn:
            return await stations.find_many(conn, ids)

    async def upload_texts(
        self, words: str, *, station: str | None = None, limit: int = 100
    ) -> list[tuple[Upload, str]]:
        """Logs whose text holds these words, with where it stands first."""
        async with self.db.acquire() as conn:
            return [(uploads.fact(r), r["excerpt"]) for r in await uploads.search(conn, words, station, None, limit)]

    async def upload_text(self, id: str) -> str | None:
        """The text of a log, as far as it was read."""
        async with self.db.acquire() as conn:
            return await uploads.text_of(conn, id)

    async def fault_vocabulary(self, since: datetime) -> list[Row]:
        """Codes that stations have sent: code, vendor_code, vendor, model, reports, stations, last_at, example."""
        async with self.db.acquire() as conn:
            return await faults.spoken(conn, since)

    async def episodes(
        self, *, since: datetime, until: datetime, station: str | None = None, only_open: bool | None = None,
        after: tuple[datetime, str] | None = None, limit: int = 100,
    ) -> list[Episode]:
        """Fault episodes that began between two times, newest first."""
        async with self.db.acquire() as conn:
            return await episodes.listing(
                conn, station=station, since=since, until=until, only_open=only_open, after=after, limit=limit,
                now=self.clock(),
            )

    async def repairs(
        self, *, after: tuple[str, str, str, str] = ("", "", "", ""), limit: int = 100
    ) -> list[Mapping[str, Any]]:
        """How often each repair and rule was needed to make sense of a model, and what it means."""
        async with self.db.acquire() as conn:
            rows = await records.repairs(conn, after, limit)
        return [{**row, "meaning": wire.REPAIRS.get(row["name"]) or oddities.MEANINGS.get(row["name"], "")}
                for row in rows]

    async def quarantine(
        self, *, station: str | None = None, after: tuple[datetime, str, int] | None = None, limit: int = 100
    ) -> list[Row]:
        async with self.db.acquire() as conn:
            return await records.quarantine(conn, station, after, limit)

    async def suspects(
        self, *, station: str | None = None, code: str | None = None, after: tuple[datetime, str] | None = None,
        limit: int = 100,
    ) -> list[Row]:
        async with self.db.acquire() as conn:
            return await records.suspects(conn, station, code, after, limit)

    async def knocks(self, *, after: tuple[datetime, str] | None = None, limit: int = 100) -> list[Row]:
        """Stations nobody has told us of, that tried to come in."""
        async with self.db.acquire() as conn:
            return await records.knocks(conn, after, limit)

    # --- the process ----------------------------------------------------------------------------------

    async def figures(self) -> Sequence[Meter]:
        """What only the database knows; the same from whichever process it is asked."""
        now = self.clock()
        async with self.db.acquire() as conn:
            ended = await records.commands_since(conn, now - timedelta(days=1))
            covered = await partitions.covered_until(conn)
            size = float(await conn.fetchval(records.SIZE))
        left = (covered - now).total_seconds() if covered else 0.0
        return [
            Meter("ohmbudsman_commands_day", "Commands of the last 24 hours, by how they ended and what was seen.",
                  lambda: ended, labels=("kind", "state", "effect")),
            Meter("ohmbudsman_partitions_left_seconds", "For how long partitions are made ahead.", lambda: left),
            Meter("ohmbudsman_database_bytes", "Size of the database.", lambda: size),
        ]

    async def unready(self) -> str | None:
        """Why this process cannot serve just now; None when it can."""
        try:
            async with asyncio.timeout(2), self.db.acquire() as conn:
                applied = await records.migrated(conn)
        except (*AWAY, asyncpg.PostgresError) as error:
            return f"database: {type(error).__name__}"
        missing = sorted({m.name for m in find_migrations()} - applied)
        return f"migrations not applied: {', '.join(missing)}" if missing else None
