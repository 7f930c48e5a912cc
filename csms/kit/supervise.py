"""Tasks with names and an owner: if one dies, its owner stops loudly."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import structlog

from csms.kit.db import AWAY

log = structlog.get_logger()


class Owner:
    """Owns the long-running tasks of one part. `failed` is set with the first task that dies."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self.died: str | None = None
        """The name of the first task that died."""
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("task_died", task=task.get_name(), exc_info=error)
            self.died = self.died or task.get_name()
            if not self.failed.done():
                self.failed.set_exception(error)

    async def stop(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if not self.failed.done():
            self.failed.cancel()
        else:
            with suppress(Exception, asyncio.CancelledError):
                self.failed.exception()


async def every(
    seconds: float, work: Callable[[], Awaitable[Any]], *, name: str, fatal: tuple[type[Exception], ...] = ()
) -> None:
    """Do `work` again and again. A failure is logged and the next round tries anew; a `fatal` one ends it."""
    while True:
        try:
            await work()
        except fatal:
            raise
        except AWAY as error:
            log.warning("round_waits", work=name, error=repr(error))
        except Exception:
            log.exception("round_failed", work=name)
        await asyncio.sleep(seconds)
