"""Upgrading: the previous release's database, with its story in it, takes the new migrations while stations talk.

The fixture is that release's own database (see test_backup.RELEASE); the load is written as that release wrote it.
"""

from __future__ import annotations

import asyncio
import subprocess
from datetime import UTC
from pathlib import Path

import asyncpg

from complaints.app import running
from complaints.settings import Settings
from csms import journal
from csms.kit.migrate import find, migrate
from csms.kit.postgres import programs
from tests.database import Databases
from tests.operations.test_backup import RELEASE, facts

HEAD = "select seq, hash from heads where station = $1 for update"
FRAME = """
    insert into frames (station, seq, received_at, kind, message_id, action, frame, hash, prev_hash)
    values ($1, $2, $3, 'received', $4, 'Heartbeat', $5, $6, $7)
"""
READING = """
    insert into readings (station, evse, at, received_at, context, energy_wh, seq)
    values ($1, 1, $2, $2, 'Sample.Periodic', $3, $4) on conflict do nothing
"""
TEXT = '[2,"x","Heartbeat",{}]'
MOVE = "update heads set seq = $2, hash = $3, last_heard_at = $4 where station = $1"


class Talk:
    """Frames and readings as the previous release keeps them: chained, head and rows in one transaction."""

    def __init__(self, dsn: str, station: str) -> None:
        self.dsn, self.station = dsn, station
        self.kept = 0
        self.going = True
        self.beat = asyncio.Event()

    async def run(self) -> None:
        conn = await asyncpg.connect(self.dsn)
        while self.going:
            async with conn.transaction():
                head = await conn.fetchrow(HEAD, self.station)
                await self._one(conn, head["seq"] + 1, head["hash"])
            self.kept += 1
            self.beat.set()
        await conn.close()

    async def more(self, times: int) -> None:
        """Until it has kept so many more."""
        wanted = self.kept + times
        async with asyncio.timeout(100):
            while self.kept < wanted:
                self.beat.clear()
                await self.beat.wait()

    async def _one(self, conn: asyncpg.Connection, seq: int, before: bytes) -> None:
        at = await conn.fetchval("select date_trunc('milliseconds', clock_timestamp())")
        hash = journal.link_hash(before, self.station, seq, at.astimezone(UTC), "received", "x", None, TEXT)
        await conn.execute(FRAME, self.station, seq, at, "x", TEXT, hash, before)
        await conn.execute(READING, self.station, at, float(seq), seq)
        await conn.execute(MOVE, self.station, seq, hash, at)


async def test_the_last_release_s_database_migrates_while_stations_talk(databases: Databases, tmp_path: Path) -> None:
    dsn = await databases.empty()
    await asyncio.to_thread(
        subprocess.run, [programs() / "pg_restore", "--no-owner", f"--dbname={dsn}", RELEASE], check=True
    )
    conn = await asyncpg.connect(dsn)
    stations = [row["station"] for row in await conn.fetch("select station from heads order by station")]
    before = await conn.fetchval("select count(*) from frames")
    applied = {row["name"] for row in await conn.fetch("select name from migrations")}
    talks = [Talk(dsn, station) for station in stations]
    async with asyncio.TaskGroup() as group:
        for talk in talks:
            group.create_task(talk.run())
        await asyncio.gather(*(talk.more(5) for talk in talks))
        done = await migrate(dsn)
        await asyncio.gather(*(talk.more(5) for talk in talks))
        for talk in talks:
            talk.going = False
    assert done == [m.name for m in find() if m.name not in applied]
    assert len(stations) > 1
    found = await facts(dsn)
    assert found["frames"] == found["rows verified"] == before + sum(talk.kept for talk in talks)
    await conn.close()
    await _serves(dsn, tmp_path)


async def _serves(dsn: str, data: Path) -> None:
    """The new release over the old one's data: its cases can be read and judged anew."""
    async with running(Settings.load({}, database=dsn, data=data, http_port=0, ocpp_port=0)) as product:
        async with product.db.acquire() as conn:
            number = await conn.fetchval("select number from complaints")
        version = (await product.desk.case(number)).version
        await product.desk.assess(number)
        assert (await product.desk.case(number)).version >= version
