"""The database: one pool, JSON as Python values."""

from __future__ import annotations

from typing import Any, TypeAlias

import asyncpg
import orjson

# asyncpg's own types ask for parameters everywhere and say little more.
Db: TypeAlias = Any
"""An asyncpg.Pool."""
Conn: TypeAlias = Any
"""An open asyncpg connection, its transaction the caller's."""
Row: TypeAlias = Any
"""An asyncpg.Record: read like a mapping."""

# The database is away or restarting: nothing is wrong with what was asked, it can be tried again.
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that died between two steps of its own
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.DiskFullError,
    asyncpg.OutOfMemoryError,
    asyncpg.PostgresIOError,
)


JSONB = b"\x01"
"""The version that jsonb's binary form begins with."""


PLAN_BY_VALUES = "set local plan_cache_mode = force_custom_plan"


async def by_values(conn: Conn, statement: str, *values: Any) -> list[Row]:
    """Run a statement planned for these very values: a plan for a rare word or a day is wrong for a common one or a
    year, and PostgreSQL would keep one plan for all.
    """
    async with conn.transaction():
        await conn.execute(PLAN_BY_VALUES)
        return list(await conn.fetch(statement, *values))


async def _leave(_: asyncpg.Connection) -> None:
    """Nothing is asked of the server between two users of a connection: nobody here sets a session's settings, keeps
    its locks or listens, and a transaction left open asyncpg ends by itself.
    """


def _dumps(value: Any) -> bytes:
    return JSONB + orjson.dumps(value)


def _loads(stored: bytes) -> Any:
    return orjson.loads(memoryview(stored)[1:])


async def _prepare(conn: asyncpg.Connection) -> None:
    await conn.set_type_codec("jsonb", encoder=_dumps, decoder=_loads, schema="pg_catalog", format="binary")


async def connect(dsn: str, *, most: int = 12) -> Db:
    """A pool whose connections speak jsonb as Python values and think in UTC."""
    return await asyncpg.create_pool(
        dsn,
        min_size=0,  # no floor: the pool would try, and warn, all through an outage to restore it
        max_size=most,
        init=_prepare,
        reset=_leave,
        command_timeout=60,
        server_settings={
            "timezone": "UTC", "application_name": "ohmbudsman", "jit": "off",
            # Who lost the line to us in the middle of a transaction must not hold its locks for ever.
            "idle_in_transaction_session_timeout": "60s", "tcp_keepalives_idle": "15",
            "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3",
        },
    )
