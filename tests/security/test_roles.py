"""Least privilege: the product serves under a role that owns nothing and cannot rewrite what was recorded."""

from __future__ import annotations

import asyncio
import subprocess
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from charger_emulator.pytest_plugin import Charger
from complaints.app import running
from complaints.intake.form import read
from complaints.settings import Settings
from csms import journal, partitions
from csms.kit.clock import system_clock
from csms.kit.migrate import migrate
from csms.kit.postgres import programs
from tests.database import Databases

ROLES = Path(__file__).parents[2] / "docs" / "operations" / "roles.sql"


def as_role(dsn: str, role: str) -> str:
    parts = urlsplit(dsn)
    return parts._replace(netloc=f"{role}:@{parts.netloc.rpartition('@')[2]}").geturl()


async def grant(dsn: str) -> None:
    done = await asyncio.to_thread(
        subprocess.run, [programs() / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", dsn, "-f", ROLES],
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stderr


async def test_the_product_serves_under_a_role_that_cannot_rewrite_the_record(
    databases: Databases, charger: Charger, tmp_path: Path
) -> None:
    dsn = await databases.empty()
    await grant(dsn)
    await migrate(as_role(dsn, "ohmbudsman_owner"))
    await grant(dsn)
    app = as_role(dsn, "ohmbudsman_app")
    settings = Settings.load({}, database=app, data=tmp_path, http_port=0, ocpp_port=0, unknown_stations="accept",
                             unknown_tokens="accept")
    async with running(settings) as product:
        station = await charger(product.ocpp, "CS-1")
        await station.plug_in(1)
        await station.start_locally(1, "TAG")
        await station.stop(1)
        filed = await product.desk.file(read({"channel": "qr", "text": "没充上电", "station": "CS-1"}), by="customer",
                                        strict=False)
        assert (await product.desk.case(filed.case.number)).version
        async with product.db.acquire() as conn:
            await partitions.cover(conn, [system_clock() + timedelta(days=200)])
            assert await journal.verify(conn) == (await conn.fetchval("select count(*) from frames"), [])
            month = f"frames_{system_clock() + timedelta(days=200):%Y_%m}"
            for statement in (
                "update frames set frame = ''", "delete from frames", "truncate frames", f"delete from {month}",
                f"update {month} set frame = ''", "update evidence_frames set frame = ''", "delete from assessments",
                "insert into migrations (name, checksum) values ('x', '')", "create table mine (x int)",
                "drop table frames", "select make_partition('users', '2026-01-01')",
                "alter table frames disable trigger all", "copy (select 1) to program 'true'",
            ):
                with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.RaiseError)):
                    await conn.execute(statement)
