"""Settings of calendars: which days are worked where, month by month, with holidays, make-up days and own days."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Response

from complaints import deadlines, policy, sites
from complaints.calendars import WEEKEND, Calendar, known
from complaints.policy import Policy
from complaints.web.frame import Visit, url
from complaints.web.office import forms
from csms.errors import BadInput


@dataclass(frozen=True, slots=True)
class Day:
    """`odd`: a weekday off, or a weekend worked. `own`: because somebody here said so."""

    day: int
    works: bool
    odd: bool
    own: bool


async def page(visit: Visit) -> Response:
    return await _page(visit, {}, "", 200)


def _wanted(visit: Visit) -> tuple[str, int]:
    code = (visit.query("code") or sites.COUNTRIES.get(visit.site.zone, "CN")).upper()
    year = int(y) if (y := visit.query("year")).isdecimal() and 2000 <= int(y) <= 2100 else visit.now.year
    return code if known(code) and code else "CN", year


async def _page(visit: Visit, wrong: Mapping[str, str], problem: str, status: int) -> Response:
    code, year = _wanted(visit)
    async with visit.site.desk.db.acquire() as conn:
        live, places = await deadlines.policy_now(conn, visit.now), await sites.listed(conn)
    own = live.days.get(code, {})
    made = Calendar(visit.site.zone, code, live.opens, live.closes, own)
    codes = dict.fromkeys([code, *(p.calendar for p in places if p.calendar), *live.days])
    return visit.page(
        "office/days.html", status, code=code, year=year, codes=list(codes), months=months(made, year),
        used=[p.site for p in places if p.calendar == code], own=sorted(own.items()), live=live,
        published=made.knows(datetime.combine(date(year, 12, 31), time(12), ZoneInfo(visit.site.zone))),
        wrong=wrong, problem=problem, typed=visit.form.texts(), may=visit.who.may(),
    )


def months(made: Calendar, year: int) -> list[list[list[Day | None]]]:
    """Twelve months of weeks of days, Monday first; None before the first and after the last."""
    weeks = calendar.Calendar()
    return [
        [[_day(made, date(year, month, n)) if n else None for n in week]
         for week in weeks.monthdayscalendar(year, month)]
        for month in range(1, 13)
    ]


def _day(made: Calendar, day: date) -> Day:
    works = made.works(day)
    return Day(day.day, works, works == (day.weekday() in WEEKEND), day in made.own)


async def put(visit: Visit) -> Response:
    """One day of one calendar, otherwise than published: a new version of the policy."""
    async def act() -> str:
        code, on = visit.form.text("code"), forms.day(visit, "day")
        worked = forms.choice(visit, "worked", ("yes", "no", "published"))
        if not code or not known(code):
            raise BadInput("code", visit.say("pick one of the list"))
        reason = forms.words(visit, "reason", longest=2000)
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            live = await deadlines.policy_now(conn, visit.now)
            made = with_day(live, code, on, {"yes": True, "no": False}.get(worked), visit.now)
            await deadlines.put_policy(conn, made, visit.who.name, reason, visit.now)
        return url("desk", "settings", "calendars", code=code, year=on.year)

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return await _page(visit, wrong, problem, status)

    return await forms.attempt(visit, act, again, "set")


def with_day(live: Policy, code: str, day: date, worked: bool | None, now: datetime) -> Policy:
    """The policy with this day said otherwise; None gives it back to the published calendar. Pure."""
    own = {d: on for d, on in live.days.get(code, {}).items() if d != day}
    if worked is not None:
        own[day] = worked
    shape: dict[str, Any] = policy.as_json(live)
    days = {**shape["days"], code: {d.isoformat(): on for d, on in sorted(own.items())}}
    return policy.read(shape | {"days": days, "valid_from": now.isoformat()})
