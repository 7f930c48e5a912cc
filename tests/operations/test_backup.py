"""Backup and restore, with the programs an operator uses; what comes back still proves that nobody edited it."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

import asyncpg
import pytest

from complaints import backup
from complaints.app import running
from complaints.desk import Desk
from complaints.record import verify_all
from complaints.settings import Settings
from csms import journal
from csms.errors import BadInput
from csms.kit.clock import system_clock
from csms.kit.db import connect
from csms.kit.migrate import migrate
from csms.kit.postgres import EmbeddedPostgres, programs
from tests.database import Databases

RELEASE = Path(__file__).parent / "release-0021.dump"
"""A database as the first release left it: its demo's story, dumped by pg_dump 18 (see docs/operations.md)."""


async def fill(databases: Databases) -> str:
    """A database with a story in it, of the present release."""
    dsn = await databases.empty()
    await asyncio.to_thread(
        subprocess.run, [programs() / "pg_restore", "--no-owner", f"--dbname={dsn}", RELEASE], check=True
    )
    await migrate(dsn)
    return dsn


async def facts(dsn: str) -> dict[str, object]:
    """What a restored database has to agree on."""
    db = await connect(dsn, most=2)
    try:
        async with db.acquire() as conn:
            checked, broken = await journal.verify(conn)
            threads, torn = await verify_all(conn, None)
            counts = {
                table: await conn.fetchval(f"select count(*) from {table}")
                for table in ("frames", "readings", "transactions", "complaints", "entries", "evidence_frames")
            }
        assert not broken
        assert not torn
        return counts | {"rows verified": checked, "threads verified": threads}
    finally:
        await db.close()


async def test_what_was_backed_up_comes_back_and_verifies(databases: Databases, tmp_path: Path) -> None:
    source, data = await fill(databases), tmp_path / "data"
    (data / "uploads").mkdir(parents=True)
    (data / "uploads" / "a.upload").write_bytes(b"log")
    (data / "secret.key").write_text("key")
    made = await backup.make(source, data, tmp_path / "kept", system_clock())
    target, new = await databases.empty(), tmp_path / "new"
    new.mkdir()
    assert await backup.restore(target, new, tmp_path / "kept") == made
    before = await facts(source)
    assert before["rows verified"] == before["frames"] != 0
    assert before["complaints"]
    assert await facts(target) == before
    assert (new / "uploads" / "a.upload").read_bytes() == b"log"
    async with running(Settings.load({}, database=target, data=new, http_port=0, ocpp_port=0)) as product:
        assert isinstance(product.desk, Desk)
        assert await product.csms.stations()
    with pytest.raises(BadInput, match="not empty"):
        await backup.restore(target, new, tmp_path / "kept")


async def test_a_damaged_backup_is_not_brought_back(databases: Databases, tmp_path: Path) -> None:
    await backup.make(await databases.create(), None, tmp_path / "kept", system_clock())
    with (tmp_path / "kept" / backup.DUMP).open("ab") as file:
        file.write(b"x")
    with pytest.raises(BadInput, match="not what was written"):
        await backup.restore(await databases.empty(), None, tmp_path / "kept")
    (tmp_path / "kept" / backup.LABEL).unlink()
    with pytest.raises(BadInput, match="no whole backup"):
        await backup.restore(await databases.empty(), None, tmp_path / "kept")


@pytest.mark.slow
async def test_back_to_a_point_in_time(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The recipe of docs/operations.md: base backup, archived log, then back to just before a mishap."""
    folder = Path(databases.folder) / "point-in-time"
    archive, base = folder / "archive", folder / "base"
    archive.mkdir(parents=True)
    for each in (folder, archive):
        each.chmod(0o777)  # PostgreSQL is another user when we are root
    first = EmbeddedPostgres(folder / "first")
    dsn = await first.start()
    await _sql(dsn, "alter system set archive_mode = on",
               f"alter system set archive_command = 'test ! -f {archive}/%f && cp %p {archive}/%f'")
    await first.stop()
    dsn = await first.start()
    await migrate(dsn)
    await _sql(dsn, "insert into knocks (station, first_at, last_at) values ('before the backup', now(), now())")
    await asyncio.to_thread(
        subprocess.run, [programs() / "pg_basebackup", f"--dbname={dsn}", f"--pgdata={base}", "--wal-method=none",
                         "--checkpoint=fast", "--no-manifest"], check=True, capture_output=True,
    )
    await _sql(dsn, "insert into knocks (station, first_at, last_at) values ('after the backup', now(), now())")
    moment = await _one(dsn, "select clock_timestamp()::text")
    await _sql(dsn, "delete from knocks", "select pg_switch_wal()")
    await _archived(dsn)
    await first.stop()
    second = folder / "second"
    second.mkdir()
    shutil.move(base, second / "pg")
    (second / "pg" / ".s.PGSQL.5432.lock").unlink(missing_ok=True)  # the embedded one's socket lies in its folder
    with (second / "pg" / "postgresql.auto.conf").open("a") as file:
        file.write(f"archive_mode = off\nrestore_command = 'cp {archive}/%f %p'\n"
                   f"recovery_target_time = '{moment}'\nrecovery_target_action = 'promote'\n")
    (second / "pg" / "recovery.signal").touch()
    owner = (folder / "first" / "pg").stat()
    for each in (second / "pg", *(second / "pg").rglob("*")):
        os.chown(each, owner.st_uid, owner.st_gid)
    restored = EmbeddedPostgres(second)
    dsn = await restored.start()
    try:
        async with asyncio.timeout(60):
            while await _one(dsn, "select pg_is_in_recovery()"):
                pass
        conn = await asyncpg.connect(dsn)
        there = {row["station"] for row in await conn.fetch("select station from knocks")}
        await conn.close()
    finally:
        await restored.stop()
    assert there == {"before the backup", "after the backup"}


async def _sql(dsn: str, *statements: str) -> None:
    conn = await asyncpg.connect(dsn)
    for each in statements:
        await conn.execute(each)
    await conn.close()


async def _one(dsn: str, query: str) -> object:
    conn = await asyncpg.connect(dsn)
    try:
        return await conn.fetchval(query)
    finally:
        await conn.close()


async def _archived(dsn: str) -> None:
    """Until the segment that was switched away from is in the archive."""
    wanted = await _one(dsn, "select pg_walfile_name(pg_switch_wal() - 1)")
    async with asyncio.timeout(60):
        while str(await _one(dsn, "select coalesce(last_archived_wal, '') from pg_stat_archiver")) < str(wanted):
            pass


