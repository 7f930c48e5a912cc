"""Reports at the office: how well cases were settled, told apart by what one asks for; what is late; overrides; CSV."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

from fastapi import Response

from complaints import overrides, sheets
from complaints.reports.figures import Figures
from complaints.reports.fleet import Brand, Make
from complaints.web.frame import Visit
from complaints.web.labels import LABELS
from complaints.web.office import forms
from complaints.web.shown import length
from complaints.web.tongue import N_

AXES = {
    "topic": N_("Topic"), "category": N_("Kind"), "level": N_("Level"), "department": N_("Department"),
    "person": N_("Person"), "site": N_("Site"), "region": N_("Region"), "channel": N_("Channel"),
    "verdict": N_("Verdict"), "liability": N_("Liability"),
}
MAKES = {"vendor": N_("Brand"), "model": N_("Model"), "firmware": N_("Firmware")}
WORDS = {"person": "", "site": "", "region": ""}
"""Axes whose keys are names, not codes; the others are labelled by a table of their own name."""
SPANS = (7, 30, 90, 365)
MOST_LINES = 40
LATE_SHOWN = 50


def _since(visit: Visit) -> tuple[datetime, datetime, int]:
    """The time looked at: whole days back, up to now."""
    asked = visit.query("days")
    days = int(asked) if asked.isdecimal() and int(asked) in SPANS else 30
    today = visit.now.astimezone(ZoneInfo(visit.site.zone)).date()
    start = datetime.combine(today - timedelta(days=days - 1), time(0), ZoneInfo(visit.site.zone))
    return start, visit.now + timedelta(seconds=1), days


def _axis(visit: Visit) -> str:
    asked = visit.query("by")
    return asked if asked in AXES or asked in MAKES else "topic"


async def page(visit: Visit) -> Response:
    since, until, days = _since(visit)
    by, reports = _axis(visit), visit.site.office.reports
    axis = "topic" if by in MAKES else by
    lines, brands, late, overridden = await asyncio.gather(
        reports.summary(since, until, axis), _brands(visit, since, until, by), reports.overdue(LATE_SHOWN),
        _overridden(visit, since, until),
    )
    first = await reports.against_target(lines[0] if lines else None)
    return visit.page(
        "office/reports.html", total=lines[0] if lines else None, lines=_named(visit, axis, lines[1:MOST_LINES + 1]),
        brands=brands[:MOST_LINES], by=by, axes=AXES, makes=MAKES, days=days, spans=SPANS, first=first,
        late=late["items"], late_n=late["total"], people=late["people"], overridden=overridden,
        span_of=lambda s: "–" if s is None else length(timedelta(seconds=float(s)), visit.tongue),
        most=max((f.cases for f in lines[1:]), default=1), per=_most_per(brands),
    )


async def _brands(visit: Visit, since: datetime, until: datetime, by: str) -> Sequence[Brand]:
    return await visit.site.office.reports.brands(since, until, make(by)) if by in MAKES else []


async def _overridden(visit: Visit, since: datetime, until: datetime) -> dict[str, Any]:
    async with visit.site.desk.db.acquire() as conn:
        return await overrides.report(conn, since, until)


def make(by: str) -> Make:
    found: dict[str, Make] = {name: name for name in get_args(Make)}
    return found[by]


def _most_per(brands: Sequence[Brand]) -> float:
    return max((b.complaints_per_1000 or 0 for b in brands), default=0) or 1


def _named(visit: Visit, axis: str, lines: Sequence[Figures]) -> list[tuple[str, Figures]]:
    return [(name_of(visit, axis, f.key), f) for f in lines]


def name_of(visit: Visit, axis: str, key: str | None) -> str:
    if key is None:
        return visit.say("none")
    text = LABELS.get(axis, {}).get(key) if axis not in WORDS else None
    return visit.say(text) if text else key


async def csv(visit: Visit) -> Response:
    """The same figures as a table."""
    since, until, days = _since(visit)
    by = _axis(visit)
    if by in MAKES:
        brands = await visit.site.office.reports.brands(since, until, make(by))
        header: tuple[str, ...] = (by, "stations", "sessions", "energy_wh", "faults", "complaints",
                                   "complaints_per_1000", "faults_per_1000")
        rows: list[tuple[Any, ...]] = [(b.key, *(getattr(b, n) for n in header[1:])) for b in brands]
    else:
        lines = await visit.site.office.reports.summary(since, until, by)
        names = ("cases", "open", "closed", "again", "late", "first_resolution", "on_time", "median_s", "slow_s",
                 "first_reply_s", "stars", "rated")
        header = (by, *names)
        rows = [(f.key if f.key is not None else "total", *(getattr(f, n) for n in names)) for f in lines]
    return forms.attachment(sheets.sheet(header, rows), f"report-{by}-{days}d-{visit.now:%Y%m%d}.csv")


async def late_csv(visit: Visit) -> Response:
    """What is late at this moment."""
    late = await visit.site.office.reports.overdue()
    header = ("complaint", "kind", "due_at", "breached_at", "escalations", "owner", "department", "level", "state")
    rows = [tuple(item[name] for name in header) for item in late["items"]]
    return forms.attachment(sheets.sheet(header, rows), f"overdue-{visit.now:%Y%m%d}.csv")
