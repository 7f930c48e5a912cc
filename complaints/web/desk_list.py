"""The work list: what needs me now, by clock and level, with the reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from fastapi import Response

from complaints.cases import Wanted
from complaints.states import ENDED, OPEN, STATES
from complaints.web.frame import Visit, url
from complaints.web.labels import CLOCK
from complaints.web.shown import length
from complaints.web.tongue import N_
from complaints.worklist import OURS, Item

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


async def work(visit: Visit) -> Response:
    view = visit.query("view") if visit.query("view") in VIEWS else "now"
    wanted, skip = _wanted(visit, view), max(0, int(n) if (n := visit.query("skip")).isdecimal() else 0)
    worklist = visit.site.worklist
    items = list(await worklist.listed(wanted, skip=skip, limit=PAGE + 1))
    filtered = any(visit.query(name) for name in ("state", "level", "department", "q", "station"))
    template = "desk_rows.html" if visit.partial else "desk_list.html"
    return visit.page(
        template, rows=[_row(visit, item) for item in items[:PAGE]], view=view, views=VIEWS,
        counts=await worklist.counts(visit.who), filtered=filtered, empty=EMPTY[view], states=STATES,
        chosen={name: visit.query(name) for name in ("state", "level", "department", "q", "station")},
        before=_page_at(visit, skip - PAGE) if skip else None,
        after=_page_at(visit, skip + PAGE) if len(items) > PAGE else None,
        no_station=view == "now" and not items and not filtered and not await visit.site.csms.stations(limit=1),
    )


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


def _row(visit: Visit, item: Item) -> dict[str, Any]:
    reasons = [_reason(visit, item, code) for code in item.reasons(visit.who, visit.now)]
    return {"item": item, "case": item.case, "reasons": reasons}


def _reason(visit: Visit, item: Item, code: str) -> tuple[str, str]:
    """(tone, words) of why a case is on the list."""
    left = item.left(visit.now) or timedelta(0)
    clock = visit.say(CLOCK.get(item.due_kind, item.due_kind)) if item.due_kind else ""
    values = {"clock": clock, "span": length(left, visit.tongue)} if code in ("overdue", "soon") else {}
    return TONES.get(code, "plain"), visit.say(REASONS[code], **values)
