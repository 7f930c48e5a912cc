"""What every command shares: where the database is, options that are environment variables too, how work is run."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import click

from complaints.settings import PREFIX
from csms.errors import OhmbudsmanError


def option(name: str, **options: Any) -> Callable[..., Any]:
    """A command-line option that is also `OHMBUDSMAN_<OPTION>`."""
    variable = PREFIX + name.removeprefix("--").replace("-", "_").upper()
    return click.option(name, envvar=variable, show_envvar=True, **options)


def together(*options: Callable[..., Any]) -> Callable[..., Any]:
    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for each in reversed(options):
            function = each(function)
        return function
    return decorate


where = together(
    option("--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of the embedded database."),
    option("--database", help="URL of a PostgreSQL 15 or newer, instead of the embedded one."),
)


def with_database(data: Path | None, database: str | None, work: Callable[[Any], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with _database(data, database) as db:
            return await work(db)
    return run_with_loop(run())


@asynccontextmanager
async def _database(data: Path | None, database: str | None) -> AsyncIterator[Any]:
    """The database of a running server or of a stopped one, migrated."""
    from csms.kit.db import connect
    from csms.kit.migrate import migrate

    async with _dsn(data, database) as dsn:
        await migrate(dsn)
        db = await connect(dsn, most=3)
        try:
            yield db
        finally:
            await db.close()


@asynccontextmanager
async def _dsn(data: Path | None, database: str | None) -> AsyncIterator[str]:
    """Where it is, the embedded one started if it has to be."""
    from csms.kit import logs
    from csms.kit.postgres import EmbeddedPostgres

    if data is None and database is None:
        raise click.UsageError("name the database: --data DIR or --database URL")
    logs.configure(level="warning")
    embedded = None if database else EmbeddedPostgres(data or Path())
    try:
        yield database or await embedded.start()  # type: ignore[union-attr]
    finally:
        if embedded:
            await embedded.stop()


async def at_database(data: Path | None, database: str | None, work: Callable[[str], Awaitable[Any]]) -> Any:
    async with _dsn(data, database) as dsn:
        return await work(dsn)


def run_with_loop(work: Any) -> Any:
    try:
        import uvloop

        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    except ImportError:  # not on Windows
        runner = asyncio.Runner()
    try:
        with runner:
            return runner.run(_until_told(work))
    except OhmbudsmanError as error:
        raise click.ClickException(str(error)) from error
    except asyncio.CancelledError:
        raise SystemExit(128 + signal.SIGTERM) from None


async def _until_told(work: Awaitable[Any]) -> Any:
    """SIGTERM ends it as Ctrl-C does: what it has started, an embedded PostgreSQL first of all, ends with it."""
    if task := asyncio.current_task():
        with suppress(NotImplementedError):  # not on Windows
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work
