"""The work list: what needs me now, by clock and level, with the reasons; done to many at once; filters kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import Response

from complaints import actions, bulk
from complaints.bulk import Done
from complaints.cases import Wanted
from complaints.states import ENDED, OPEN, STATES
from complaints.web import errors
from complaints.web.frame import Visit, url
from complaints.web.labels import CLOCK
from complaints.web.office import forms
from complaints.web.shown import length
from complaints.web.tongue import N_
from complaints.worklist import OURS, Item
from csms.errors import BadInput, TheyErred

PAGE = 50
VIEWS = {
    "now": N_("Needs us now"), "mine": N_("Mine"), "open": N_("All open"), "ended": N_("Ended"), "all": N_("All"),
}
EMPTY = {
    "now": N_("Nothing needs anybody now. New complaints appear here by themselves, the most pressing first."),
    "mine": N_("No open case is yours. Open one and take it; it appears here."),
    "open": N_("No complaint is open. They come in by the QR codes on the chargers, the API and the hotline."),
    "ended": N_("No case has ended yet. Closed cases stay here with their evidence."),
    "all": N_("No complaint has been filed yet. Put the QR code of a station on it, and drivers can write."),
}
REASONS = {
    "danger": N_("danger"), "overdue": N_("%(clock)s overdue by %(span)s"), "soon": N_("%(clock)s due in %(span)s"),
    "approve": N_("refund waits for your approval"), "second_review": N_("customer disagreed"),
    "heard": N_("customer wrote"), "nobody": N_("nobody has it"), "yours": N_("yours"),
}
TONES = {"danger": "bad", "overdue": "bad", "soon": "warn", "approve": "warn", "second_review": "warn", "heard": "info"}
FILTERS = ("state", "level", "department", "q", "station")
KEPT = (*FILTERS, "view")
"""What of an address makes a filter; the page and the language do not."""
TITLE_AT_MOST = 200


async def work(visit: Visit) -> Response:
    return await _page(visit)


async def _page(visit: Visit, problem: str = "", status: int = 200, made: str = "") -> Response:
    """`made`: where that is which came of it in spite of the problem."""
    view = visit.query("view") if visit.query("view") in VIEWS else "now"
    wanted, skip = _wanted(visit, view), max(0, int(n) if (n := visit.query("skip")).isdecimal() else 0)
    worklist = visit.site.worklist
    items = list(await worklist.listed(wanted, visit.who, skip=skip, limit=PAGE + 1))
    company = await worklist.others([item.case.number for item in items], visit.who)
    filtered = any(visit.query(name) for name in FILTERS)
    saved, query = await worklist.saved(visit.who), _query(visit)
    acting = visit.who.may(*actions.DESK)
    return visit.page(
        "desk_part.html" if visit.partial else "desk_list.html", status,
        rows=[_row(visit, item, company) for item in items[:PAGE]], view=view, views=VIEWS,
        counts=await worklist.counts(visit.who), filtered=filtered, empty=EMPTY[view], states=STATES,
        chosen={name: visit.query(name) for name in FILTERS}, problem=problem, made=made,
        acting=acting,
        saved=saved, query=query, current=next((s for s in saved if s.query == query), None),
        people=[p for p in await visit.site.staff.people() if p.may(*actions.DESK)] if acting else [],
        incidents=await worklist.open_incidents() if acting else [],
        before=_page_at(visit, skip - PAGE) if skip else None,
        after=_page_at(visit, skip + PAGE) if len(items) > PAGE else None,
        no_station=view == "now" and not items and not filtered and not await visit.site.csms.stations(limit=1),
    )


def _query(visit: Visit) -> str:
    """The filter of this address, always written in the same way."""
    return urlencode({name: visit.query(name) for name in KEPT if visit.query(name)})


def _wanted(visit: Visit, view: str) -> Wanted:
    states: Mapping[str, tuple[str, ...]] = {"now": OURS, "mine": OPEN, "open": OPEN, "ended": ENDED, "all": ()}
    state, level = visit.query("state"), visit.query("level")
    wanted = Wanted(
        states=(state,) if state in STATES else states[view], level=int(level) if level in ("1", "2", "3") else None,
        department=visit.query("department") or None, station=visit.query("station") or None,
        q=visit.query("q")[:200] or None,
    )
    # A search looks everywhere: who types a number wants that case, wherever it is.
    if wanted.q and state not in STATES and view == "now":
        wanted = replace(wanted, states=())
    return replace(wanted, owner=visit.who.name) if view == "mine" else wanted


def _page_at(visit: Visit, skip: int) -> str:
    kept = {k: v for k, v in visit.request.query_params.items() if k not in ("skip", "said", "lang")}
    return url("desk", **(kept | {"skip": max(0, skip) or None}))


def _row(visit: Visit, item: Item, company: Mapping[str, Any]) -> dict[str, Any]:
    reasons = [_reason(visit, item, code) for code in item.reasons(visit.who, visit.now)]
    return {"item": item, "case": item.case, "reasons": reasons, "company": company.get(item.case.number, ())}


def _reason(visit: Visit, item: Item, code: str) -> tuple[str, str]:
    """(tone, words) of why a case is on the list."""
    left = item.left(visit.now) or timedelta(0)
    clock = visit.say(CLOCK.get(item.due_kind, item.due_kind)) if item.due_kind else ""
    values = {"clock": clock, "span": length(left, visit.tongue)} if code in ("overdue", "soon") else {}
    return TONES.get(code, "plain"), visit.say(REASONS[code], **values)


async def many(visit: Visit) -> Response:
    """One thing done to all that are ticked."""
    numbers, what = visit.form.many("number"), visit.form.text("do")
    try:
        if what not in DOERS or not numbers:
            raise BadInput("number", visit.say("tick at least one case"))
        done, to = await DOERS[what](visit, numbers)
    except TheyErred as error:
        return await _page(visit, errors.words_for(visit, error), errors.status_of(error))
    if done.refused:
        words = visit.say("Done for %(n)s. Not for: %(rest)s", n=len(done.done),
                          rest=", ".join(f"{number} ({visit.say(why)})" for number, why in done.refused))
        return await _page(visit, words, 409 if not done.done else 200, to if what == "begin" else "")
    return visit.go(to, "done")


async def _assign(visit: Visit, numbers: Sequence[str]) -> tuple[Done, str]:
    owner = visit.form.text("owner") or visit.who.name
    return await bulk.assign(visit.site.desk, numbers, owner, visit.who), _back(visit)


async def _join(visit: Visit, numbers: Sequence[str]) -> tuple[Done, str]:
    incident = visit.form.text("incident")
    if not incident.isdecimal():
        raise BadInput("incident", visit.say("choose an incident"))
    return await bulk.join(visit.site.desk, numbers, int(incident), visit.who), _back(visit)


async def _begin(visit: Visit, numbers: Sequence[str]) -> tuple[Done, str]:
    """A new incident with what is ticked; it is shown, because there is more to say of it."""
    title = forms.words(visit, "title", longest=TITLE_AT_MOST)
    id, done = await bulk.begin(visit.site.desk, numbers, title, visit.who)
    return done, url("desk", "incidents", id)


def _back(visit: Visit) -> str:
    return f"/desk?{query}" if (query := _query(visit)) else "/desk"


Doer = Callable[[Visit, Sequence[str]], Awaitable[tuple[Done, str]]]
DOERS: Mapping[str, Doer] = {"assign": _assign, "join": _join, "begin": _begin}
"""What may be done to many, and where that leads."""


async def keep(visit: Visit) -> Response:
    """Keep this filter under a name, or forget one."""
    form = visit.form
    query = form.text("query")[:500]
    back = f"/desk?{query}" if query else "/desk"
    if form.text("forget").isdecimal():
        await visit.site.worklist.forget(visit.who, int(form.text("forget")))
        return visit.go("/desk")
    await visit.site.worklist.keep(visit.who, form.text("title"), query)
    return visit.go(back, "kept")
