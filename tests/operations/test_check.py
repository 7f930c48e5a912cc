"""`ohmbudsman check`: it finds what is wrong, says how to mend it, and its status tells scripts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from complaints import checkup
from complaints.checkup import Grade
from complaints.settings import Settings
from tests.security.papers import Papers

NOW = datetime.now(UTC)


def grades(found: list[checkup.Finding]) -> dict[str, Grade]:
    assert all(each.fix for each in found if each.grade is not Grade.FINE)
    return {each.what: each.grade for each in found}


def settings(**given: object) -> Settings:
    return Settings.load({}, **({"public_url": "https://help.example", "hotline": "95598"} | given))


async def test_a_sound_database_has_nothing_wrong_but_what_tests_switch_off(dsn: str) -> None:
    found = grades(await checkup.of_database(dsn, settings(database=dsn), NOW))
    wrong = {what for what, grade in found.items() if grade is Grade.WRONG}
    assert wrong == {f"{name} is off: what we acknowledge may be lost"
                     for name in ("fsync", "full_page_writes", "synchronous_commit")}
    assert found["nobody may decide at the desk"] is Grade.MIND
    assert found["we are superuser postgres"] is Grade.MIND
    conn = await asyncpg.connect(dsn)
    version = (await conn.fetchval("show server_version")).split()[0]
    await conn.close()
    assert found[f"PostgreSQL {version} answers"] is Grade.FINE


async def test_a_schema_that_is_newer_or_edited_is_wrong(dsn: str) -> None:
    conn = await asyncpg.connect(dsn)
    await conn.execute("insert into migrations (name, checksum) values ('9999_future.sql', '')")
    await conn.execute("update migrations set checksum = '' where name = '0001_csms.sql'")
    await conn.close()
    found = grades(await checkup.of_database(dsn, settings(database=dsn), NOW))
    assert found["the schema is newer than this program: 9999_future.sql"] is Grade.WRONG
    assert found["0001_csms.sql was edited after it was applied"] is Grade.WRONG


def test_settings_that_are_too_open_are_minded() -> None:
    loose = settings(host="0.0.0.0", unknown_stations="accept", trusted_proxies="*", public_url="http://help.example")
    assert set(grades(checkup.of_settings(loose, NOW)).values()) == {Grade.MIND}
    assert len(checkup.of_settings(loose, NOW)) == 4
    assert not checkup.of_settings(settings(), NOW)


def test_a_certificate_is_looked_at_before_it_ends(tmp_path: Path) -> None:
    server = Papers(tmp_path).server()
    made = settings(tls_cert=server, tls_key=server.with_suffix(".key"))
    assert [f.grade for f in checkup.of_settings(made, NOW + timedelta(days=4000))] == [Grade.WRONG]
    server.with_suffix(".key").write_text("not a key")
    assert [f.grade for f in checkup.of_settings(made, NOW)] == [Grade.WRONG]


async def test_nodes_without_nats_or_a_common_database_are_wrong() -> None:
    alone = settings(nats="nats://127.0.0.1:1", data=Path("data"))
    assert grades(await checkup.of_network(alone))["NATS does not answer"] is Grade.WRONG
    assert grades(checkup.of_settings(alone, NOW))["several nodes need one database"] is Grade.WRONG


def test_few_descriptors_are_told_before_stations_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not any("may be open" in what for what in grades(checkup.of_settings(settings(), NOW)))
    monkeypatch.setattr(checkup, "allow_most", lambda: 1024)
    assert grades(checkup.of_settings(settings(), NOW))[
        "1,024 files and sockets may be open, a connected station takes one"
    ] is Grade.MIND


def test_the_command_tells_by_its_status(tmp_path: Path) -> None:
    def run(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "complaints", "check", *options], capture_output=True, text=True, check=False,
            cwd=Path(__file__).parents[2], env=os.environ | {"OHMBUDSMAN_HTTP_PORT": "0", "OHMBUDSMAN_OCPP_PORT": "0"},
        )

    fresh = run("--data", str(tmp_path / "new"), "--json")
    assert (fresh.returncode, json.loads(fresh.stdout)["ok"]) == (0, True), fresh.stderr
    away = run("--database", "postgresql://nobody:S3cret@127.0.0.1:1/none")
    assert away.returncode == 1
    assert "the database cannot be reached" in away.stdout
    assert "S3cret" not in away.stdout + away.stderr
    misspelt = run("--data", str(tmp_path), "--http-port", "99999")
    assert (misspelt.returncode, "http_port" in misspelt.stdout) == (1, True)
