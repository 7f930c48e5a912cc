"""Looking back and ahead: reviews of the process with what was decided, and how many complaints may come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fastapi import Response

from complaints.web.frame import Visit
from complaints.web.office import forms
from complaints.web.shown import length
from csms.errors import BadInput

WEEKS = (4, 8, 13, 26)
REVIEWS = "/desk/reports/reviews"


async def forecast(visit: Visit) -> Response:
    """Of one site, one station, or all together."""
    asked = visit.query("weeks")
    ahead = int(asked) if asked.isdecimal() and int(asked) in WEEKS else WEEKS[0]
    site, station = visit.query("site")[:100], visit.query("station")[:48]
    found = await visit.site.office.reports.forecast(ahead, site=site or None, station=station or None)
    return visit.page(
        "office/forecast.html", found=found, ahead=ahead, spans=WEEKS, site=site, station=station,
        sites=sorted({s.site for s in await visit.site.fleet.all() if s.site}),
        most=max((week.high for week in found.weeks), default=1) or 1,
    )


async def reviews(visit: Visit) -> Response:
    return await _page(visit, {}, "", 200)


async def _page(visit: Visit, wrong: Mapping[str, str], problem: str, status: int) -> Response:
    reports = visit.site.office.reports
    begin, end = _last_month(visit)
    typed = {"since": begin.isoformat(), "until": end.isoformat()}
    typed |= {name: value for name in typed if (value := visit.form.text(name) or visit.query(name))}
    try:
        since, until = _time(visit, typed)
        seen = await reports.review(since, until)
    except BadInput as error:
        # What was asked for cannot be shown; the form says why.
        wrong, problem = {error.field: visit.mistake(error), **wrong}, forms.marked(visit, error)
        status, seen = 422, None
    return visit.page(
        "office/reviews.html", status, seen=seen, kept=await reports.reviews(), wrong=wrong, problem=problem,
        typed=typed | {"decisions": visit.form.text("decisions")}, may=visit.who.may("supervisor"),
        moment=timedelta(seconds=1),
        span_of=lambda s: "–" if s is None else length(timedelta(seconds=float(s)), visit.tongue),
    )


def _last_month(visit: Visit) -> tuple[date, date]:
    """First and last day of the month that is over."""
    today = visit.now.astimezone(ZoneInfo(visit.site.zone)).date()
    end = today.replace(day=1) - timedelta(days=1)
    return end.replace(day=1), end


def _time(visit: Visit, typed: Mapping[str, str]) -> tuple[datetime, datetime]:
    """From the first moment of the one day to the last of the other, at the sites. Raises BadInput."""
    days = {}
    for name, text in typed.items():
        try:
            days[name] = date.fromisoformat(text)
        except ValueError:
            raise BadInput(name, visit.say("must be a date such as 2027-01-31")) from None
    zone = ZoneInfo(visit.site.zone)
    since = datetime.combine(days["since"], time(0), zone).astimezone(UTC)
    until = datetime.combine(days["until"] + timedelta(days=1), time(0), zone).astimezone(UTC)
    if days["until"] < days["since"]:
        raise BadInput("until", visit.say("must not lie before the beginning"))
    return since, until


async def keep(visit: Visit) -> Response:
    """The figures as they are now, with what was decided: never changed afterwards."""
    async def act() -> str:
        since, until = _time(visit, {name: visit.form.text(name) for name in ("since", "until")})
        decisions = forms.words(visit, "decisions")
        await visit.site.office.reports.note_review(since, until, decisions, visit.who.name)
        return REVIEWS

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return await _page(visit, wrong, problem, status)

    return await forms.attempt(visit, act, again, "reviewed")
