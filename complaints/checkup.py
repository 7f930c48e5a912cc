"""`ohmbudsman check`: what is wrong with settings and database, each with its fix, before a customer finds it."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
from cryptography import x509

from complaints.settings import Settings
from csms.kit.db import AWAY, Conn
from csms.kit.migrate import find as find_migrations
from csms.kit.open_files import allow_most

OLDEST_POSTGRES = 15
LEAST_DISK = 2 * 1024**3
EXPIRES_SOON = timedelta(days=30)
FEW_FILES = 4096
LARGEST_SKEW = timedelta(seconds=5)


class Grade(StrEnum):
    FINE = "fine"
    MIND = "mind"
    """It runs, but not as it should in earnest."""
    WRONG = "wrong"
    """It will not run, or not for long."""


@dataclass(frozen=True, slots=True)
class Finding:
    grade: Grade
    what: str
    fix: str = ""


def fine(what: str) -> Finding:
    return Finding(Grade.FINE, what)


def mind(what: str, fix: str) -> Finding:
    return Finding(Grade.MIND, what, fix)


def wrong(what: str, fix: str) -> Finding:
    return Finding(Grade.WRONG, what, fix)


# --- settings: nothing is opened but files ----------------------------------------------------------


def of_settings(settings: Settings, now: datetime) -> list[Finding]:
    return [*_exposure(settings), *_folder(settings), *_tls(settings, now), *_many_nodes(settings), *_open_files()]


def _exposure(settings: Settings) -> Iterator[Finding]:
    local = settings.host in ("127.0.0.1", "::1", "localhost")
    if settings.unknown_stations == "accept":
        yield mind("stations that nobody has entered are welcome", "set unknown_stations to reject or quarantine")
    if settings.unknown_tokens == "accept":
        yield mind("tokens that nobody has entered may charge", "set unknown_tokens to reject")
    if not local and settings.tls_cert is None:
        yield mind(f"stations come to {settings.host} without TLS", "set tls_cert and tls_key, or end TLS before us")
    if not settings.public_url:
        yield mind("links are made from the address of each request", "set public_url to the address customers use")
    elif urlsplit(settings.public_url).scheme != "https":
        yield mind("public_url is not https", "serve the pages over https and say so in public_url")
    if settings.trusted_proxies == "*":
        yield mind("X-Forwarded-For is believed of anybody", "name the proxies in trusted_proxies")
    if not settings.hotline:
        yield mind("the driver's pages name no phone number for danger", "set hotline")


def _folder(settings: Settings) -> Iterator[Finding]:
    if settings.data is None:
        return
    there = next(p for p in (settings.data, *settings.data.absolute().parents) if p.exists())
    if not os.access(there, os.W_OK):
        yield wrong(f"{there} cannot be written", "give the folder to the user we run as")
    elif (free := shutil.disk_usage(there).free) < LEAST_DISK:
        yield wrong(f"{free / 1024**3:.1f} GiB are left under {there}", "make room: `ohmbudsman storage --dry-run`")
    else:
        yield fine(f"{there} can be written, {free / 1024**3:.0f} GiB are left")
    key = settings.data / "secret.key"
    if key.exists() and key.stat().st_mode & 0o077:
        yield wrong(f"{key} can be read by others", f"chmod 600 {key}")


def _tls(settings: Settings, now: datetime) -> Iterator[Finding]:
    if settings.tls_cert is None or settings.tls_key is None:
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(settings.tls_cert, settings.tls_key)
        until = x509.load_pem_x509_certificate(settings.tls_cert.read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as error:
        yield wrong(f"certificate and key do not load: {error}", "tls_cert is the chain, tls_key its key, both PEM")
        return
    if until <= now:
        yield wrong(f"the certificate ended on {until:%Y-%m-%d}", "renew it; a running server reloads it by itself")
    elif until - now < EXPIRES_SOON:
        yield mind(f"the certificate ends on {until:%Y-%m-%d}", "renew it; a running server reloads it by itself")
    else:
        yield fine(f"the certificate is good until {until:%Y-%m-%d}")


def _many_nodes(settings: Settings) -> Iterator[Finding]:
    if settings.nats is None:
        return
    if settings.database is None:
        yield wrong("several nodes need one database", "set database to the PostgreSQL they share")
    if settings.secret_key is None:
        yield mind("nodes cannot open each other's sealed passwords", "set secret_key, the same on all nodes")
    if settings.node == "main":
        yield mind("this node has the name that all have", "set node, another on each and the same after a restart")


def _open_files() -> Iterator[Finding]:
    allowed = allow_most()
    if allowed < FEW_FILES:
        yield mind(
            f"{allowed:,} files and sockets may be open, a connected station takes one",
            "raise the hard limit: LimitNOFILE with systemd, ulimits with containers",
        )


# --- what is reached --------------------------------------------------------------------------------


async def of_network(settings: Settings) -> list[Finding]:
    found = []
    for name, port in (("http_port", settings.http_port), ("ocpp_port", settings.ocpp_port)):
        if port and not _free(settings.host, port):
            found.append(mind(f"port {port} is taken", f"our own server already, or choose another {name}"))
    if settings.nats:
        found.append(await _nats(settings.nats))
    return found


def _free(host: str, port: int) -> bool:
    try:
        with socket.create_server((host, port)):
            return True
    except OSError:
        return False


async def _nats(url: str) -> Finding:
    for each in url.split(","):
        where = urlsplit(each if "//" in each else f"nats://{each}")
        try:
            async with asyncio.timeout(5):
                _, writer = await asyncio.open_connection(where.hostname, where.port or 4222)
            writer.close()
            return fine("NATS answers")
        except OSError:  # TimeoutError is one too
            continue
    return wrong("NATS does not answer", "start it, or mend `nats`")


# --- the database -----------------------------------------------------------------------------------


async def of_database(dsn: str, settings: Settings, now: datetime) -> list[Finding]:
    try:
        conn = await asyncpg.connect(dsn, timeout=10)
    except (*AWAY, asyncpg.PostgresError, ValueError) as error:
        return [wrong(f"the database cannot be reached: {error}", "mend `database`, its user's password, pg_hba.conf")]
    try:
        version = conn.get_server_version()
        if version.major < OLDEST_POSTGRES:
            return [wrong(f"PostgreSQL is {version.major}", f"{OLDEST_POSTGRES} or newer is needed")]
        return [
            fine(f"PostgreSQL {version.major}.{version.micro} answers"),
            *await _server(conn, settings, now), *await _schema(conn, now), *await _people(conn),
        ]
    finally:
        await conn.close()


SERVER = """
    select current_setting('fsync') as fsync, current_setting('synchronous_commit') as synchronous_commit,
        current_setting('full_page_writes') as full_page_writes, current_setting('max_connections')::int as most,
        current_setting('server_encoding') as encoding, clock_timestamp() as now,
        (select rolsuper from pg_roles where rolname = current_user) as superuser, current_user as role,
        pg_is_in_recovery() as standby
"""


async def _server(conn: Conn, settings: Settings, now: datetime) -> list[Finding]:
    row = await conn.fetchrow(SERVER)
    found = []
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        if row[name] == "off":
            found.append(wrong(f"{name} is off: what we acknowledge may be lost", f"alter system set {name} = on"))
    if row["standby"]:
        found.append(wrong("this is a standby, it cannot be written", "name the primary in `database`"))
    if row["encoding"] != "UTF8":
        found.append(wrong(f"the database's encoding is {row['encoding']}", "create it with encoding 'UTF8'"))
    if row["most"] < settings.database_connections + 5:
        found.append(wrong(
            f"{row['most']} connections are allowed, we may take {settings.database_connections}",
            "raise max_connections, or lower database_connections",
        ))
    if abs(row["now"] - now) > LARGEST_SKEW:
        found.append(mind(f"our clock and the database's differ by {abs(row['now'] - now)}", "run NTP on both"))
    if row["superuser"] and settings.database:
        found.append(mind(f"we are superuser {row['role']}", "run as docs/operations/roles.sql has it"))
    return found


TABLE = "select to_regclass('migrations') is not null"
APPLIED = "select name, checksum from migrations"
AHEAD = "select exists (select from pg_class where relname = $1)"
STRAYS = """
    select exists (select from frames_rest)
        or exists (select from readings_rest where at between $1 and $2)
        or exists (select from steps_rest where at between $1 and $2)
"""
QUARANTINED = "select count(*) from quarantine where received_at > $1"
BEHIND = """
    select extract(epoch from $1 - (select at from events where id > m.event order by id limit 1))::float8
    from worker_marks m where name = 'complaints'
"""


async def _schema(conn: Conn, now: datetime) -> list[Finding]:
    applied = {}
    if await conn.fetchval(TABLE):
        applied = {row["name"]: row["checksum"] for row in await conn.fetch(APPLIED)}
    ours = {m.name: m.checksum for m in find_migrations()}
    found = []
    if unknown := sorted(applied.keys() - ours.keys()):
        found.append(wrong(f"the schema is newer than this program: {unknown[-1]}", "install the newer release"))
    if edited := sorted(name for name in applied.keys() & ours.keys() if applied[name] != ours[name]):
        found.append(wrong(f"{edited[0]} was edited after it was applied", "restore the file of the release"))
    if missing := sorted(ours.keys() - applied.keys()):
        found.append(mind(f"{len(missing)} migrations are to be applied", "the next start applies them"))
        return found
    found.append(fine(f"all {len(ours)} migrations are applied"))
    return found + await _contents(conn, now)


async def _contents(conn: Conn, now: datetime) -> list[Finding]:
    found = []
    nxt = (now.replace(day=1) + timedelta(days=32)).replace(day=1)
    if not await conn.fetchval(AHEAD, f"frames_{nxt:%Y_%m}"):
        found.append(mind("no partition is made for next month", "a running gateway makes it within six hours"))
    if await conn.fetchval(STRAYS, now - timedelta(days=62), now + timedelta(days=62)):
        found.append(mind("rows of these months lie in the rest partitions", "see docs/storage.md, moving strays"))
    if count := await conn.fetchval(QUARANTINED, now - timedelta(days=1)):
        found.append(mind(f"{count} messages of a day could not be projected", "see /api/v1/quarantine"))
    behind = await conn.fetchval(BEHIND, now)
    if behind and behind > 120:
        found.append(mind(f"the worker is {behind:.0f} s behind the news", "start `ohmbudsman desk` or `serve`"))
    return found


ADMINS = "select count(*) from users where role in ('admin', 'supervisor')"


async def _people(conn: Conn) -> list[Finding]:
    if not await conn.fetchval("select to_regclass('users') is not null"):
        return []
    if not await conn.fetchval(ADMINS):
        return [mind("nobody may decide at the desk", "`ohmbudsman user add NAME --role supervisor`")]
    return []


# --- together ---------------------------------------------------------------------------------------


async def check(settings: Settings, now: datetime) -> list[Finding]:
    """Everything that can be found out from here. The embedded database is started for it if it exists."""
    found = [*of_settings(settings, now), *await of_network(settings)]
    if settings.database:
        return found + await of_database(settings.database, settings, now)
    if settings.data and (settings.data / "pg").exists():
        return found + await _embedded(settings.data, settings, now)
    if settings.data:
        return [*found, fine("the embedded database is made at the first start")]
    return [*found, wrong("there is no database", "name a folder with --data, or a PostgreSQL with --database")]


async def _embedded(folder: Path, settings: Settings, now: datetime) -> list[Finding]:
    from csms.kit.postgres import EmbeddedPostgres

    postgres = EmbeddedPostgres(folder)
    try:
        return await of_database(await postgres.start(), settings, now)
    finally:
        await postgres.stop()


def told(findings: list[Finding]) -> dict[str, Any]:
    """For machines: `check --json`."""
    return {
        "ok": not any(f.grade is Grade.WRONG for f in findings),
        "findings": [{"grade": f.grade.value, "what": f.what, "fix": f.fix} for f in findings],
    }
