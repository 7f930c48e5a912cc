"""Fixtures that all tests share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from zlib import crc32

import pytest
import structlog
from hypothesis import settings

from csms.kit.clock import SetClock
from csms.kit.db import Conn, Db, connect
from tests.database import Databases, in_memory

# How long an example takes says how busy the machine is, nothing else.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Several workers: the long tests first and mixed, each worker its share, so that none of them is left at the end.

    `--dist worksteal` hands out the list in as many even pieces as there are workers, and steals from their ends.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers == 1:
        return
    long = sorted(filter(_is_long, items), key=lambda item: crc32(item.nodeid.encode()))
    short = [item for item in items if not _is_long(item)]
    ordered: list[pytest.Item] = []
    for n in range(workers):
        mine = long[n::workers]
        room = (n + 1) * len(items) // workers - len(ordered) - len(mine)
        ordered += [*mine, *short[:room]]
        short = short[room:]
    items[:] = [*ordered, *short]


def _is_long(item: pytest.Item) -> bool:
    return any(item.iter_markers("slow")) or "browser" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session", autouse=True)
def _plain_logs() -> None:
    """Tracebacks without every local of every frame: those take seconds to draw."""
    render = [structlog.processors.add_log_level, structlog.processors.format_exc_info,
              structlog.processors.JSONRenderer(default=str)]
    structlog.configure(processors=render)


@pytest.fixture(scope="session")
async def databases() -> AsyncIterator[Databases]:
    """The run's PostgreSQL.

    Not under pytest's own folder: each run closes that to other users, and PostgreSQL is one when we are root.
    """
    with tempfile.TemporaryDirectory(
        prefix="ohmbudsman-test-", dir=in_memory(), ignore_cleanup_errors=True
    ) as folder:
        made = Databases(Path(folder))
        await made.start()
        yield made
        await made.stop()


@pytest.fixture
async def dsn(databases: Databases) -> AsyncIterator[str]:
    """A fresh migrated database of the test's own."""
    made = await databases.create()
    yield made
    await databases.drop(made)


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[Db]:
    """A pool on a database of the test's own."""
    pool = await connect(dsn)
    yield pool
    await pool.close()


@pytest.fixture(scope="session")
async def shared_db(databases: Databases) -> AsyncIterator[Db]:
    """A pool on the database that rolled-back tests share."""
    pool = await connect(await databases.create())
    yield pool
    await pool.close()


@pytest.fixture
async def conn(shared_db: Db) -> AsyncIterator[Conn]:
    """A connection in a transaction that is rolled back: for tests of one module's rows."""
    async with shared_db.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        yield connection
        await transaction.rollback()


@pytest.fixture
def clock() -> SetClock:
    """Stands at a Sunday noon in Beijing until it is moved."""
    return SetClock(datetime(2026, 11, 22, 4, 0, tzinfo=UTC))
