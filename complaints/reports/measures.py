"""What follows from the figures by itself: alarms, repeat links, rectifications, trainings. Each once, by its key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from complaints import alarms, deadlines
from complaints.duty import rota
from complaints.incidents import rows as incidents
from complaints.outbound import outbox
from complaints.policy import Policy
from complaints.reports import figures, repeats
from complaints.reports.reports import Reports
from complaints.thread import SYSTEM
from csms.kit.clock import Clock
from csms.kit.db import Conn, Db

EVERY = timedelta(hours=1)
WINDOW = timedelta(days=30)


class Improvement:
    """Looks once an hour at the figures of the last 30 days. Several workers may: keys keep it to once."""

    def __init__(self, db: Db, reports: Reports, clock: Clock) -> None:
        self._db, self._reports, self._clock = db, reports, clock
        self._looked_at: datetime | None = None

    @property
    def parts(self) -> Sequence[Callable[[], Awaitable[object]]]:
        return (self.look,)

    async def look(self) -> int:
        """How many measures are new."""
        now = self._clock()
        if self._looked_at is not None and now - self._looked_at < EVERY:
            return 0
        self._looked_at = now
        standouts = await self._reports.standouts(now - WINDOW, now)
        first = await self._reports.first_resolution(now - WINDOW, now)
        async with self._db.acquire() as conn, conn.transaction():
            policy = await deadlines.policy_now(conn, now)
            made = 0
            for one in standouts:
                key = f"share:{one.topic}:{one.model}:{now:%Y%m}"
                made += await alarms.raise_(conn, key, "model_share", now, detail=asdict(one))
            if first["met"] is False and first["judged"] >= policy.share_at_least:
                detail = {"rate": first["rate"], "target": first["target"],
                          "cases": [row["number"] for row in first["came_back"]]}
                made += await alarms.raise_(conn, f"fcr:{now:%Y%m}", "first_resolution", now, detail=detail)
            made += await self._repeats(conn, policy, now)
            made += await self._trainings(conn, policy, now)
        return made

    async def _repeats(self, conn: Conn, policy: Policy, now: datetime) -> int:
        """Link who complains again; a plug that keeps coming back gets a rectification with a date."""
        since, made = now - timedelta(days=policy.repeat_days), 0
        for row in await repeats.of_people(conn, since, now, timedelta(days=policy.repeat_days)):
            made += await repeats.link(conn, row, now)
        for row in await repeats.of_plugs(conn, since, now, policy.incident_at):
            made += await self._rectify(conn, row, policy, now)
        return made

    async def _rectify(self, conn: Conn, row: dict[str, Any], policy: Policy, now: datetime) -> bool:
        people = await rota.people(conn, now)
        seniors = [p.name for p in people if p.role == "supervisor"]
        there = [p.name for p in people if row["department"] in p.departments and p.role != "supervisor"]
        owner = (there or seniors or [SYSTEM])[0]
        what = (f"{row['station']} plug {row['evse'] or '?'}: {row['topic']} {row['cases']} times in "
                f"{policy.repeat_days} days ({', '.join(row['numbers'][-5:])}); put right for good")
        key = f"rectify:{row['station']}:{row['evse']}:{row['topic']}:{now:%Y%m}"
        due_at = now + timedelta(days=policy.rectify_days)
        if not await incidents.add_action_once(
            conn, key, what=what, owner=owner, due_at=due_at, by=SYSTEM, now=now, complaint=row["numbers"][-1],
            kind="rectification",
        ):
            return False
        # Published: everybody senior reads of it, not only who has to do it.
        for name in dict.fromkeys((owner, *seniors)):
            await outbox.to_staff(
                conn, f"{key}:{name}", name, complaint=row["numbers"][-1], situation="rectification",
                subject=f"rectification by {due_at:%Y-%m-%d}: {row['station']}", body=what, urgent=False, now=now,
            )
        return True

    async def _trainings(self, conn: Conn, policy: Policy, now: datetime) -> int:
        """Who let many clocks run out is trained: an action with a date, once a month."""
        made = 0
        for row in await figures.breaches_by_owner(conn, now - WINDOW, now):
            if row["breaches"] >= policy.training_at:
                what = f"{row['owner']}: training, {row['breaches']} clocks ran out in 30 days"
                made += await incidents.add_action_once(
                    conn, f"training:{row['owner']}:{now:%Y%m}", what=what, owner=row["owner"],
                    due_at=now + timedelta(days=policy.rectify_days), by=SYSTEM, now=now, kind="training",
                )
        return made
