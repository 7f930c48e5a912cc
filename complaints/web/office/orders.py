"""Work orders: the list by clock, one order with its evidence, and the technician's phone, tolerant of bad signal."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import Response

from complaints import checklists, once, sites, workorders
from complaints.intake import attachments
from complaints.record import sees_all
from complaints.sites import Place
from complaints.states import OPEN as OPEN_CASES
from complaints.web.desk_case import INLINE
from complaints.web.frame import Visit, url
from complaints.web.office import forms
from complaints.web.office.words import OFFICE
from complaints.web.tongue import N_
from complaints.workorders import OPEN, Report, WorkOrder
from csms.errors import BadInput, NotFound

PAGE = 50
VIEWS: Mapping[str, tuple[str, ...]] = {
    "open": OPEN, "done": ("done",), "ended": ("verified", "not_solved", "cancelled"),
    "all": (*OPEN, "done", "verified", "not_solved", "cancelled"),
}
EMPTY = {
    "open": N_("No work order is open. Sending a technician from a case makes one; inspections are planned below."),
    "done": N_("Nothing waits. Work that is done waits here until the next good session proves it."),
    "ended": N_("No work order has ended yet."), "all": N_("There has been no work order yet."),
}
MOVES_OF: Mapping[str, tuple[str, ...]] = {
    "accept": ("technician", "supervisor"), "arrive": ("technician", "supervisor"),
    "finish": ("technician", "supervisor"), "fail": ("technician", "supervisor"),
    "cancel": ("agent", "technician", "supervisor"),
}
CHECK = OFFICE["check"]
PLANNED = ("inspection", "maintenance", "deep_test", "repair")
PART = re.compile(r"(\d{1,4})\s*[x×*]?\s+(.+)")
MOST_PARTS = 20


async def listed(visit: Visit) -> Response:
    return await _list_page(visit, {}, "", 200)


async def _list_page(visit: Visit, wrong: Mapping[str, str], problem: str, status: int) -> Response:
    view, skip = visit.query("view") if visit.query("view") in VIEWS else "open", forms.skipped(visit)
    async with visit.site.desk.db.acquire() as conn:
        found = await workorders.by_clock(
            conn, VIEWS[view], technician=visit.query("technician") or None, station=visit.query("station") or None,
            skip=skip, limit=PAGE + 1,
        )
        counts = await workorders.counts(conn, visit.now)
    return visit.page(
        "office/orders.html", status, rows=found[:PAGE], view=view, views=VIEWS, counts=counts, empty=EMPTY[view],
        open_states=OPEN, people=await _technicians(visit), chosen=visit.query("technician"), kinds=PLANNED,
        wrong=wrong, problem=problem, typed=visit.form.texts(),
        may=visit.who.may("agent", "technician", "supervisor"), **forms.pages(visit, skip, PAGE, len(found)),
    )


async def _technicians(visit: Visit) -> list[str]:
    return [p.name for p in await visit.site.staff.people() if p.role in ("technician", "supervisor")]


async def plan(visit: Visit) -> Response:
    """An inspection or maintenance that no complaint asked for."""
    async def act() -> str:
        station, what = forms.words(visit, "station", longest=48), forms.words(visit, "what", longest=2000)
        if await visit.site.csms.station(station) is None:
            raise BadInput("station", visit.say("there is no such station"))
        due, kind = forms.moment(visit, "due_at", needed=False), forms.choice(visit, "kind", PLANNED)
        level = int(forms.choice(visit, "fault_level", ("1", "2", "3")))
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            made = await workorders.plan(
                conn, kind=kind, station=station, what=what, by=visit.who.name, now=visit.now, due_at=due,
                technician=visit.form.text("technician") or None, fault_level=level,
            )
        return url("desk", "orders", made.id)

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return await _list_page(visit, wrong, problem, status)

    return await forms.attempt(visit, act, again)


async def mine(visit: Visit) -> Response:
    """The technician's day: his open orders by their clocks, then what nobody has yet."""
    async with visit.site.desk.db.acquire() as conn:
        own = await workorders.by_clock(conn, OPEN, technician=visit.who.name)
        done = await workorders.by_clock(conn, ("done",), technician=visit.who.name, limit=10)
        free = await workorders.free(conn)
        places = {p.site: p for p in await sites.listed(conn)}
    stations = await _stations(visit, [*own, *free])
    return visit.page(
        "office/mine.html", own=own, free=free, done=done, names={k: s.name for k, s in stations.items()},
        places={k: places.get(s.site) for k, s in stations.items()},
    )


async def _stations(visit: Visit, orders: Sequence[WorkOrder]) -> dict[str, Any]:
    ids = {o.station for o in orders if o.station}
    found = [await visit.site.csms.station(id) for id in sorted(ids)[:40]]
    return {s.id: s for s in found if s is not None}


@dataclass(frozen=True, slots=True)
class Way:
    """How one gets there."""

    address: str
    app: str
    web: str


def way(place: Place, name: str, language: str) -> Way | None:
    """Links for the phone's own map and for one in the browser; None where nobody has said where the site lies."""
    if place.position:
        lat, lon = place.position.split(",")
        app = f"geo:{lat},{lon}?q={lat},{lon}({quote(name)})"
        chinese = f"https://uri.amap.com/marker?position={lon},{lat}&name={quote(name)}&coordinate=wgs84"
        other = f"https://www.openstreetmap.org/?mlat={lat}&mlon={lon}#map=17/{lat}/{lon}"
    elif place.address:
        app = f"geo:0,0?q={quote(place.address)}"
        chinese = f"https://uri.amap.com/search?keyword={quote(place.address)}"
        other = f"https://www.openstreetmap.org/search?query={quote(place.address)}"
    else:
        return None
    return Way(place.address or place.position or "", app, chinese if language.startswith("zh") else other)


async def one(visit: Visit) -> Response:
    return await _page(visit, {}, "", 200)


async def _order(visit: Visit) -> WorkOrder:
    async with visit.site.desk.db.acquire() as conn:
        return await workorders.get(conn, min(int(visit.part("id")), 2**62))


async def _page(visit: Visit, wrong: Mapping[str, str], problem: str, status: int) -> Response:
    order, desk = await _order(visit), visit.site.desk
    station = await visit.site.csms.station(order.station) if order.station else None
    async with desk.db.acquire() as conn:
        place = await sites.place_of(conn, station.site if station else None, visit.site.zone)
    case = await desk.case(order.complaint) if order.complaint else None
    if case:
        await desk.looked(case.number, visit.who, "work order", masked=not sees_all(visit.who.role))
    assessment = await desk.assessment(order.complaint) if order.complaint else None
    faults = await visit.site.csms.open_faults([station.id]) if station else {}
    name = (station.name if station else None) or order.station or ""
    return visit.page(
        "office/order.html", status, order=order, station=station, name=name,
        way=way(place, name, visit.tongue.language), place=place, case=case,
        danger=case is not None and case.topic == "safety" and case.state in OPEN_CASES,
        judgement=assessment.judgement if assessment else None, faults=faults.get(order.station or "", []),
        checks=checks_of(visit, order), measures=checklists.measures_of(order.kind),
        answers=checklists.ANSWERS, key=secrets.token_urlsafe(18), people=await _technicians(visit),
        works=visit.who.may("technician", "supervisor"), sends=visit.who.may("agent", "technician", "supervisor"),
        wrong=wrong, problem=problem, typed=visit.form.texts(),
    )


def checks_of(visit: Visit, order: WorkOrder) -> list[tuple[str, str]]:
    """(code, words) of what is checked: the order's own list, else what its kind calls for."""
    if order.checklist:
        return [(f"own{n}", str(words)) for n, words in enumerate(order.checklist, 1)]
    return [(code, visit.say(CHECK[code])) for code in checklists.checks_of(order.kind)]


async def move(visit: Visit) -> Response:
    """One step from the phone. The form's key makes it count once, however often the phone sends it."""
    step, id = visit.part("step"), int(visit.part("id"))
    if step not in MOVES_OF:
        raise NotFound(f"there is no step {step}")
    kept = await _photos(visit)

    async def act() -> str:
        if not visit.who.may(*MOVES_OF[step]):
            raise BadInput("role", visit.say("Your role may not do this"))
        report = _report(visit, await _order(visit), step, kept)
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            if await once.first(conn, visit.form.text("key"), visit.who.name, f"order {id} {step}", visit.now):
                await workorders.move(conn, id, step, report, visit.who.name, visit.now)
        return url("desk", "orders", id)

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return await _page(visit, wrong, problem, status)

    return await forms.attempt(visit, act, again)


async def _photos(visit: Visit) -> Sequence[attachments.Kept]:
    sent = await visit.form.files("photos")
    return await asyncio.to_thread(attachments.inspect, sent) if sent else []


def _report(visit: Visit, order: WorkOrder, step: str, kept: Sequence[attachments.Kept]) -> Report:
    """What the form says, each mistake by its field."""
    form = visit.form
    text = forms.words(visit, "text", needed=step in ("finish", "fail"), longest=5000)
    readings: dict[str, Any] = {}
    if tapped := form.text("tapped_at"):
        readings[f"{step}_tapped_at"] = tapped[:40]
    if step == "finish":
        readings |= _checked(visit, order)
    consent = {"yes": True, "no": False}.get(form.text("consent"))
    return Report(text or None, consent, _parts(form.text("parts")), readings, files=kept)


def _checked(visit: Visit, order: WorkOrder) -> dict[str, Any]:
    """Answers of the checklist and what was measured. Every check is answered: one left out is one not made."""
    said = {code: visit.form.text(f"check_{code}") for code, _ in checks_of(visit, order)}
    for code, answer in said.items():
        if answer not in checklists.ANSWERS:
            raise BadInput(f"check_{code}", visit.say("answer every check"))
    found: dict[str, Any] = {f"check.{code}": answer for code, answer in said.items()}
    for code in checklists.measures_of(order.kind):
        if text := visit.form.text(f"measure_{code}").replace(",", "."):
            try:
                found[code] = float(text)
            except ValueError:
                raise BadInput(f"measure_{code}", visit.say("must be a number such as 0.4")) from None
    return found


def _parts(text: str) -> list[dict[str, Any]]:
    """One part a line, with its number before it: `2 x contactor`."""
    found = []
    for line in filter(None, (line.strip() for line in text.splitlines()[:MOST_PARTS])):
        counted = PART.fullmatch(line)
        found.append({"part": counted[2], "n": int(counted[1])} if counted else {"part": line[:200], "n": 1})
    return found


async def assign(visit: Visit) -> Response:
    """Somebody else goes there."""
    async def act() -> str:
        technician, id = forms.choice(visit, "technician", tuple(await _technicians(visit))), int(visit.part("id"))
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            await workorders.assign(conn, id, technician, visit.who.name, visit.now)
        return url("desk", "orders", id)

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return await _page(visit, wrong, problem, status)

    return await forms.attempt(visit, act, again)


async def file(visit: Visit) -> Response:
    """A photo of the order, out of its case or its own drawer."""
    order = await _order(visit)
    async with visit.site.desk.db.acquire() as conn:
        if order.complaint:
            kept = await attachments.one(conn, order.complaint, visit.part("file"))
        else:
            kept = await attachments.of_order(conn, order.id, visit.part("file"))
    shown = "inline" if kept.mime in INLINE else "attachment"
    headers = {"Content-Disposition": f"{shown}; filename*=UTF-8''{quote(kept.name)}",
               "Cache-Control": "private, max-age=3600", "Content-Security-Policy": "sandbox"}
    return Response(kept.content, media_type=kept.mime, headers=headers)
