"""The face of the reports: one method a report, each giving plain data. Takes times, never periods' names."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from complaints import deadlines
from complaints.reports import figures, fleet, repeats, reviews
from complaints.reports.figures import Figures
from complaints.reports.fleet import Brand, Make, Standout
from complaints.reports.forecast import WEEK, Forecast, forecast
from csms.api import Csms
from csms.errors import BadInput
from csms.kit.clock import Clock
from csms.kit.db import Db

LOOK_BACK = timedelta(weeks=160)


class Reports:
    """`office.reports`. `zone` is the sites': weeks begin on its Mondays."""

    def __init__(self, db: Db, csms: Csms, clock: Clock, zone: str) -> None:
        self._db, self._csms, self._clock, self._zone = db, csms, clock, zone

    async def summary(
        self, since: datetime, until: datetime, by: str = "category", *, department: str | None = None,
        site: str | None = None,
    ) -> list[Figures]:
        """Total (key None), then each value of `by` (figures.AXES): counts, times, on-time and first-resolution rate.

        By `person` and `department` these are the KPIs, with the mix of levels beside them.
        """
        _check(since, until)
        async with self._db.acquire() as conn:
            return await figures.summary(conn, since, until, by, department=department, site=site)

    async def trends(self, since: datetime, until: datetime, by: str = "topic") -> list[dict[str, Any]]:
        """Each value of `by` in this time and in as long a time before: key, cases, before, change. Most first."""
        _check(since, until)
        async with self._db.acquire() as conn:
            seen = await figures.counts(conn, since, until, by)
            before = await figures.counts(conn, since - (until - since), since, by)
        rows = [
            {"key": key, "cases": seen.get(key, 0), "before": before.get(key, 0),
             "change": seen.get(key, 0) - before.get(key, 0)}
            for key in {**seen, **before}
        ]
        return sorted(rows, key=lambda row: (-row["cases"], -abs(row["change"]), row["key"]))

    async def first_resolution(self, since: datetime, until: datetime) -> dict[str, Any]:
        """rate, judged (of how many), target, met, people (per owner), came_back (cases whose first answer did not
        settle it)."""
        people = await self.summary(since, until, "person")
        async with self._db.acquire() as conn:
            back = await figures.came_back(conn, since, until)
        return {
            **await self.against_target(people[0] if people else None), "came_back": back,
            "people": [{"key": f.key, "rate": f.first_resolution, "closed": f.closed, "again": f.again}
                       for f in people if f.key is not None],
        }

    async def against_target(self, total: Figures | None) -> dict[str, Any]:
        """rate, judged, target, met: how often the first answer settled it, of all that a summary counts."""
        async with self._db.acquire() as conn:
            target = (await deadlines.policy_now(conn, self._clock())).first_resolution_target
        found = total.first_resolution if total else None
        return {
            "rate": found, "judged": total.first_time + total.again if total else 0, "target": target,
            "met": None if found is None else found >= target,
        }

    async def brands(self, since: datetime, until: datetime, by: Make = "model") -> list[Brand]:
        """Complaints, faults, sessions of each vendor, model or firmware; per 1,000 sessions."""
        _check(since, until)
        if by not in ("vendor", "model", "firmware"):
            raise BadInput("by", "must be one of vendor, model, firmware")
        used = await self._csms.usage_by_make(since, until)
        async with self._db.acquire() as conn:
            return fleet.by_make(used, await figures.by_station(conn, since, until), by)

    async def standouts(self, since: datetime, until: datetime) -> list[Standout]:
        """Models with more than their share of a topic's complaints, by the policy's threshold."""
        async with self._db.acquire() as conn:
            policy = await deadlines.policy_now(conn, self._clock())
        brands = await self.brands(since, until, "model")
        return fleet.standouts(brands, over=policy.share_alarm, at_least=policy.share_at_least)

    async def overdue(self, most: int = 1000) -> dict[str, Any]:
        """items (what is late now, at most so many), total (of how many), people (breaches of the last 30 days by
        owner)."""
        now = self._clock()
        async with self._db.acquire() as conn:
            items, total = await figures.overdue(conn, most)
            people = await figures.breaches_by_owner(conn, now - timedelta(days=30), now)
        return {"items": items, "total": total, "people": people}

    async def repeats(self, since: datetime, until: datetime) -> dict[str, Any]:
        """people (who complained again within the policy's days), plugs (one plug and topic again and again)."""
        _check(since, until)
        async with self._db.acquire() as conn:
            policy = await deadlines.policy_now(conn, self._clock())
            return {
                "people": await repeats.of_people(conn, since, until, timedelta(days=policy.repeat_days)),
                "plugs": await repeats.of_plugs(conn, since, until, policy.incident_at),
            }

    async def repeated(self, since: datetime, until: datetime) -> dict[str, int]:
        """How many of each, all of them."""
        async with self._db.acquire() as conn:
            policy = await deadlines.policy_now(conn, self._clock())
            within = timedelta(days=policy.repeat_days)
            return await repeats.counted(conn, since, until, within, policy.incident_at)

    async def forecast(self, ahead: int = 4, *, site: str | None = None, station: str | None = None) -> Forecast:
        """Weeks to come, of one station, one site or all together, with the error the model has had."""
        if not 1 <= ahead <= 26:
            raise BadInput("ahead", "must be 1 to 26 weeks")
        now = self._clock()
        async with self._db.acquire() as conn:
            rows = await figures.weekly(conn, now - LOOK_BACK, self._zone, site, station)
        last = monday(now, self._zone) - WEEK  # the week that runs is not over
        counts = {row["week"]: row["cases"] for row in rows if row["week"] <= last}
        return forecast(counts, last, ahead)

    async def review(self, since: datetime, until: datetime) -> dict[str, Any]:
        """Everything a quarterly review looks at, as plain JSON."""
        total, trends, standouts, again = await asyncio.gather(
            self.summary(since, until, "category"), self.trends(since, until), self.standouts(since, until),
            self.repeated(since, until),
        )
        return {
            "figures": [figures.figures_json(f) for f in total], "trends": trends[:10],
            "first_resolution": await self.against_target(total[0] if total else None),
            "standouts": [asdict(s) for s in standouts], "repeats": again,
        }

    async def note_review(self, since: datetime, until: datetime, decisions: str, by: str) -> int:
        """Keep a review: its figures as they are now, and what was decided."""
        found = await self.review(since, until)
        async with self._db.acquire() as conn, conn.transaction():
            return await reviews.note(conn, since, until, found, decisions, by, self._clock())

    async def reviews(self) -> Sequence[Mapping[str, Any]]:
        """Newest first: id, since, until, figures, decisions, by, at."""
        async with self._db.acquire() as conn:
            return await reviews.listed(conn)


def monday(at: datetime, zone: str) -> date:
    """The Monday of the week that a time lies in."""
    day = at.astimezone(ZoneInfo(zone)).date()
    return day - timedelta(days=day.weekday())


def _check(since: datetime, until: datetime) -> None:
    if until <= since:
        raise BadInput("until", "must be after since")
    if until - since > timedelta(days=1100):
        raise BadInput("since", "must be at most three years before until")
