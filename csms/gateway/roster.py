"""This process among the others: it says that it lives, and puts on record what those that died have left behind."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import structlog

from csms import nodes, stations
from csms.errors import NameTaken
from csms.inbox import Entry, Inbox, Lost
from csms.journal import Line
from csms.kit.clock import Clock
from csms.kit.db import Db, Row

log = structlog.get_logger()

BEAT_EVERY_S = 2.0
SILENT_AFTER_S = 10.0
"""Five beats missed: that process is gone, or so ill that its stations are better off elsewhere."""


class Roster:
    def __init__(
        self, db: Db, inbox: Inbox, clock: Clock, node: str, *, silent_after_s: float = SILENT_AFTER_S
    ) -> None:
        self.db, self.inbox, self.clock, self.node = db, inbox, clock, node
        self.silent_after_s = silent_after_s
        self.incarnation = uuid4()
        self._last: datetime | None = None
        self._steady_since: datetime | None = None

    async def join(self) -> None:
        """Take the name, and put on record what an earlier process of the name has left."""
        async with self.db.acquire() as conn:
            await nodes.join(conn, self.node, self.incarnation)
            left = await stations.left_by(conn, [self.node])
        self._give_up(left, "the central system stopped")

    async def leave(self) -> None:
        async with self.db.acquire(timeout=2) as conn:
            await nodes.leave(conn, self.node, self.incarnation)

    async def round(self) -> None:
        """Raises NameTaken when another process goes by our name."""
        async with self.db.acquire() as conn:
            now = await nodes.beat(conn, self.node, self.incarnation)
            if now is None:
                raise NameTaken(f"another process calls itself {self.node}: give each its own --node")
            if not self._steady(now):
                return
            silent = await nodes.silent(conn, self.node, self.silent_after_s)
            left = await stations.left_by(conn, silent) if silent else []
        if left:
            log.warning("nodes_died", nodes=silent, stations=len(left))
            self._give_up(left, "its node stopped")

    def _steady(self, now: datetime) -> bool:
        """Whether we ourselves have been seen all the time that others would have to be silent: after an outage of
        the database everybody looks dead, and nobody is.
        """
        patience = timedelta(seconds=self.silent_after_s)
        if self._last is None or self._steady_since is None or not timedelta() <= now - self._last < patience / 2:
            self._steady_since = now
        self._last = now
        return now - self._steady_since > patience

    def _give_up(self, left: list[Row], why: str) -> None:
        for row in left:
            at = max(row["last_heard_at"], row["connected_at"])
            self.inbox.put(
                Entry(Line(row["id"], at, "disconnected", session=row["session"]), then=Lost(why)), lambda _: None
            )
