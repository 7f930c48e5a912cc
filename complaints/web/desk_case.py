"""The case page: the question and the answer on one screen. Left the thread, middle what happened, right what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fastapi import Response

from complaints import actions, export, scenario, workorders
from complaints.cases import Case
from complaints.desk import View
from complaints.evidence import Assessment
from complaints.record import masked, sees_all
from complaints.refunds import RUNNING, Refund
from complaints.remedies import Possible
from complaints.rest_evidence import EXPORTERS, handed_out
from complaints.states import can
from complaints.web import entries, timeline
from complaints.web.alike import alike, joined
from complaints.web.frame import Visit
from complaints.web.progress import Progress
from complaints.web.records import Records
from complaints.web.windows import SPANS, asked
from complaints.workorders import WorkOrder
from csms.errors import NotFound
from csms.rest.http import Principal

LADDER = ("trigger", "get_log", "stop", "unlock", "set_inoperative", "set_operative", "reset")
"""From harmless to harmful: the order in which to try."""
STANCES = ("supports", "contradicts", "inconclusive")
PERSONAL = ("name", "phone", "email", "token", "plate")
SIGNS = {"capture": 1, "refund": -1}
INLINE = {"image/jpeg", "image/png", "image/webp", "image/gif"}


@dataclass(frozen=True, slots=True)
class Offer:
    """A remote action as the page shows it."""

    action: str
    guards: tuple[str, ...]
    proposed: bool
    may: bool
    overridable: bool

    @property
    def open(self) -> bool:
        return self.may and (not self.guards or self.overridable)


def offers(possible: Sequence[Possible], judgement: Mapping[str, Any] | None, who: Principal) -> list[Offer]:
    """In ladder order. A guard can be passed by some roles with a reason; G1 by nobody."""
    by_name = {p.action: p for p in possible}
    proposed = {r["kind"] for r in judgement["remedies"]} if judgement else set()
    passes = who.may(*actions.OVERRIDES)
    return [
        Offer(name, by_name[name].guards, name in proposed, actions.may(who.role, name),
              passes and "G1" not in by_name[name].guards)
        for name in LADDER if name in by_name
    ]


def life(view: View, who: Principal) -> list[str]:
    """What may be done with the case itself now, by this person."""
    case = view.case
    asked = {
        "assign": case.is_open, "question": can("ask_customer", case.state),
        "escalate": case.is_open and case.level > 1,
        "dispatch": case.is_open and case.where is not None, "resolve": can("resolve", case.state),
        "confirm": case.state in ("informed", "confirming") and case.confirmed_at is None,
        "reject_resolution": can("reject", case.state) and case.is_open, "close": can("close", case.state),
        "reopen": can("reopen", case.state),
        "safety_cleared": case.is_open and _danger_stands(view) and who.may("technician", "supervisor"),
        "merge": can("merge", case.state), "unmerge": can("unmerge", case.state),
        "assess": case.is_open, "sort": case.is_open, "facts": case.is_open,
    }
    return [name for name, fits in asked.items() if fits and _may(who, name)]


def _may(who: Principal, name: str) -> bool:
    return actions.may(who.role, name) if name in actions.ROLES else who.may(*actions.DESK)


def _danger_stands(view: View) -> bool:
    cleared = any(e.type == "safety_cleared" for e in view.entries)
    return not cleared and (view.case.topic == "safety" or any(
        e.type == "command_refused" and "G1" in e.body.get("guards", ()) for e in view.entries
    ))


@dataclass(frozen=True, slots=True)
class Money:
    """A refund of the case, and what this person can do about it."""

    refund: Refund
    may_decide: bool


async def refunds_of(visit: Visit, view: View) -> list[Money]:
    money = visit.site.desk.money
    return [Money(r, r.state == "proposed" and await money.may_decide(r, visit.who)) for r in view.refunds]


def may_propose(visit: Visit, view: View, judgement: Mapping[str, Any] | None) -> bool:
    """There is a charge, it is not all on its way back, and this person may propose."""
    bill = judgement["bill"] if judgement else None
    if bill is None or Decimal(bill["charged"]) <= 0 or not actions.may(visit.who.role, "refund"):
        return False
    running = sum((r.amount for r in view.refunds if r.state in RUNNING), Decimal(0))
    return can("propose", view.case.state) and running < Decimal(bill["charged"])


def under_way(view: View, orders: Sequence[WorkOrder]) -> frozenset[str]:
    """Remedies that need no proposal any more: their refund, or the technician, is on the way."""
    money = {r.kind for r in view.refunds if r.state in RUNNING}
    return frozenset(money | ({"dispatch"} if any(w.state in workorders.OPEN for w in orders) else set()))


async def case(visit: Visit) -> Response:
    about = await _about(visit, everything=True)
    await visit.site.desk.looked(visit.part("number"), visit.who, "case", masked=not sees_all(visit.who.role))
    # Asking for all guards looks through a day of the station's records: after the page, unless without script.
    shown = await _offers(visit, about["case"], about["judgement"]) if visit.query("offers") else {"offers": None}
    return visit.page("case.html", **about, **shown)


async def part(visit: Visit) -> Response:
    """Parts that renew themselves: `live` (thread, what to do; the middle when judged anew), `offers`, `chart`."""
    match visit.part("name"):
        case "live":
            seen = visit.query("version")
            about = await _about(visit, everything=False)
            newer = about["case"].version != (int(seen) if seen.isdecimal() else 0)
            if newer:
                about = await _about(visit, everything=True)
            return visit.page("case_live.html", **about, newer=newer)
        case "offers":
            view = await visit.site.desk.overview(visit.part("number"))
            assessment = await visit.site.desk.assessment(visit.part("number"))
            shown = await _offers(visit, view.case, assessment.judgement if assessment else None)
            return visit.page("case_offers.html", **shown, case=view.case, number=view.case.number)
        case "chart":
            view = await visit.site.desk.overview(visit.part("number"))
            assessment = await visit.site.desk.assessment(visit.part("number"))
            return visit.page("case_chart.html", **await _chart(visit, assessment), case=view.case)
        case name:
            raise NotFound(f"there is no part {name}")


async def _offers(visit: Visit, case: Case, judgement: Mapping[str, Any] | None) -> dict[str, Any]:
    possible = await visit.site.desk.possible(case.number) if case.is_open else []
    if case.where and not await visit.site.csms.transactions(station=case.where, state="open", limit=1):
        possible = [p for p in possible if p.action != "stop"]  # nothing runs that could be ended
    return {"offers": offers(possible, judgement, visit.who)}


async def _about(visit: Visit, *, everything: bool) -> dict[str, Any]:
    desk, number = visit.site.desk, visit.part("number")
    view, assessment = await desk.view(number), await desk.assessment(number)
    judgement = assessment.judgement if assessment else None
    commands: list[Progress] = await visit.site.watch.of(view.entries, visit.tongue, visit.now)
    orders = await _orders(visit, number)
    about: dict[str, Any] = {
        "case": view.case, "number": number, "lines": entries.lines(visit, view.entries), "judgement": judgement,
        "assessment": assessment, "commands": commands,
        "life": life(view, visit.who), "money": await refunds_of(visit, view),
        "alike": alike(view.entries, visit.tongue) if view.case.is_open else [], "joined": joined(view.entries),
        "orders": orders, "sent_states": workorders.OPEN, "under_way": under_way(view, orders),
        "may_propose": may_propose(visit, view, judgement),
        "clocks": [d for d in view.deadlines if d.round == view.case.round and d.started_at and not d.stopped],
        "acting": visit.who.may(*actions.DESK), "stances": STANCES, "exports": visit.who.may(*EXPORTERS),
        "customer": masked({name: getattr(view.case, f"customer_{name}") for name in PERSONAL}, visit.who.role),
        "overridden": judgement.get("overridden", {}) if judgement else {},
    }
    return about | (await _middle(visit, assessment) if everything else {})


async def _orders(visit: Visit, number: str) -> Sequence[WorkOrder]:
    """Who was sent there for it."""
    async with visit.site.desk.db.acquire() as conn:
        return await workorders.of_case(conn, number)


async def _middle(visit: Visit, assessment: Assessment | None) -> dict[str, Any]:
    judgement = assessment.judgement if assessment else None
    found = judgement["findings"] if judgement else []
    grouped = {s: [f for f in found if f["stance"] == s] for s in STANCES}
    chart = await _chart(visit, assessment)
    return chart | {"grouped": grouped, "taken": taken(judgement["bill"], chart["records"]) if judgement else ()}


def taken(bill: Mapping[str, Any] | None, records: Records | None) -> Sequence[Mapping[str, Any]]:
    """The payments behind what was charged, where those on record add up to it; else none are named."""
    if bill is None or records is None:
        return ()
    found = [p for p in records.story["payments"] if p["kind"] in SIGNS and p["currency"] == bill["currency"]]
    total = sum((SIGNS[p["kind"]] * Decimal(p["amount"]) for p in found), Decimal(0))
    return found if total == Decimal(bill["charged"]) else ()


async def _chart(visit: Visit, assessment: Assessment | None) -> dict[str, Any]:
    span = visit.query("span") if visit.query("span") in SPANS else "session"
    zoomed = asked(visit.query("since"), visit.query("until"))
    records = await visit.site.shelf.of(assessment) if assessment else None
    about: dict[str, Any] = {
        "chart": None, "span": None if zoomed else span, "offset": None, "number": visit.part("number"),
        "records": records,
    }
    if assessment is None or records is None or not records.story["station"]["id"]:
        return about
    matched = assessment.judgement["transaction"]
    chosen = matched["id"] if matched else None
    drawn = timeline.draw(records, chosen, zoomed or span, visit.site.zone, visit.tongue)
    return about | {"chart": drawn, "offset": records.story["station"]["clock_offset_s"]}


async def file(visit: Visit) -> Response:
    """An attachment. Pictures open in the page; everything else is saved, for it may be anything."""
    kept = await visit.site.desk.attachment(visit.part("number"), visit.part("id"))
    how = "inline" if kept.mime in INLINE else "attachment"
    return Response(kept.content, media_type=kept.mime, headers={
        "Content-Disposition": how, "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, max-age=3600",
    })


async def handed(visit: Visit) -> Response:
    """The whole case to take away: a page to read, or a bundle that anyone can check. Who took it is on record."""
    desk, form = visit.site.desk, visit.part("form")
    dossier = await export.gather(desk, visit.part("number"), visit.who)
    if form == "html":
        text = await asyncio.to_thread(export.page, dossier, visit.tongue.language, desk.options.zone)
        return await handed_out(desk, dossier, visit.who, form, text.encode(), "text/html; charset=utf-8")
    packed = await asyncio.to_thread(export.bundle, dossier)
    return await handed_out(desk, dossier, visit.who, "zip", packed, "application/zip")


async def retold(visit: Visit) -> Response:
    """What happened as a scenario for the emulator, without whom, where and when."""
    made_of = await scenario.make(visit.site.desk, visit.part("number"))
    text = await asyncio.to_thread(scenario.as_yaml, made_of)
    return Response(text, media_type="application/yaml", headers={
        "Content-Disposition": f'attachment; filename="{visit.part("number")}.yaml"', "Cache-Control": "no-store",
    })
