"""Settings of sites: zone and calendar that their clocks follow, what kind of place it is, and the way there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from fastapi import Response

from complaints import changes, sites
from complaints.sites import KINDS, Place
from complaints.web.frame import Visit, url
from complaints.web.office import forms


async def listed(visit: Visit) -> Response:
    return await _page(visit, {}, "", 200)


async def _page(visit: Visit, wrong: Mapping[str, str], problem: str, status: int) -> Response:
    async with visit.site.desk.db.acquire() as conn:
        places = await sites.listed(conn)
        at = visit.query("site") or visit.form.text("site")
        history = await changes.listed(conn, kind="site", name=at or None, limit=20)
    known = {p.site for p in places}
    named = {s.site for s in await visit.site.fleet.all() if s.site}
    chosen = next((p for p in places if p.site == at), None)
    typed = visit.form.texts() or _typed(chosen, at, visit)
    return visit.page(
        "office/places.html", status, places=places, unknown=sorted(named - known), chosen=chosen, at=at, typed=typed,
        history=history, kinds=KINDS, wrong=wrong, problem=problem, may=visit.who.may("supervisor"),
    )


def _typed(place: Place | None, at: str, visit: Visit) -> dict[str, str]:
    shown = asdict(place) if place else {
        "site": at, "zone": visit.site.zone, "calendar": sites.COUNTRIES.get(visit.site.zone, "CN"), "kind": "public",
    }
    return {name: value or "" for name, value in shown.items()}


async def put(visit: Visit) -> Response:
    async def act() -> str:
        form = visit.form
        site = forms.words(visit, "site", longest=100)
        place = Place(
            form.text("zone"), form.text("calendar").upper(), site, form.text("region") or None,
            forms.choice(visit, "kind", KINDS), forms.words(visit, "address", needed=False, longest=300) or None,
            form.text("position").replace(" ", "").replace("，", ",") or None,
        )
        reason = forms.words(visit, "reason", longest=2000)
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            before = next((p for p in await sites.listed(conn) if p.site == site), None)
            await sites.put(conn, place)
            await changes.note(conn, "site", site, asdict(before) if before else None, asdict(place),
                               by=visit.who.name, reason=reason, now=visit.now)
        return url("desk", "settings", "sites", site=site)

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return await _page(visit, wrong, problem, status)

    return await forms.attempt(visit, act, again, "set")
