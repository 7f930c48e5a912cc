"""Settings of duty: who does which work where, who is called at night, who is away, and who would get the next case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Response

from complaints import changes
from complaints.duty import Need, choose, rota
from complaints.web.frame import Visit, url
from complaints.web.labels import DEPARTMENT
from complaints.web.office import forms
from complaints.web.tongue import LANGUAGES
from csms.errors import BadInput, NotFound
from csms.kit.clock import iso

LISTS = ("departments", "regions", "sites", "languages")


async def listed(visit: Visit) -> Response:
    async with visit.site.desk.db.acquire() as conn:
        people, away = await rota.people(conn, visit.now), await rota.absences(conn, visit.now)
    needs = [(code, choose(people, Need(code, 2))) for code in DEPARTMENT]
    return visit.page(
        "office/people.html", people=people, away=away, departments=DEPARTMENT, next_cases=needs,
        at_night=choose(people, Need("maintenance", 1)), may=visit.who.may("supervisor"),
    )


async def one(visit: Visit) -> Response:
    return await _page(visit, {}, "", 200)


async def _page(visit: Visit, wrong: Mapping[str, str], problem: str, status: int) -> Response:
    name = visit.part("name")
    async with visit.site.desk.db.acquire() as conn:
        known, everybody = await rota.one(conn, name), await rota.people(conn, visit.now)
        away = [a for a in await rota.absences(conn, visit.now) if a["name"] == name]
        history = await changes.listed(conn, kind="person", name=name)
    person = next((p for p in everybody if p.name == name), None)
    if person is None:
        raise NotFound("this user owns no cases")
    typed = visit.form.texts()
    of_work, why = "capacity" in typed, typed.get("reason", "")  # else an absence was sent: the other form of the page
    typed |= {"reason": why if of_work else "", "why_away": "" if of_work else why}
    ticks = {name: visit.form.many(name) if of_work else known.get(name, ())
             for name in ("departments", "languages")}
    return visit.page(
        "office/person.html", status, person=person, known=known, away=away, history=history, wrong=wrong,
        problem=problem, typed=_typed(known) | typed, departments=DEPARTMENT,
        ticked=set(ticks["departments"]), spoken=set(ticks["languages"]),
        others=[p.name for p in everybody if p.name != name], may=visit.who.may("supervisor"),
    )


def _typed(known: Mapping[str, Any]) -> dict[str, str]:
    return {
        "regions": ", ".join(known.get("regions", ())), "sites": ", ".join(known.get("sites", ())),
        "notify": known.get("notify") or "", "zone": known.get("zone") or "",
        "on_call": "" if known.get("on_call") is None else str(known["on_call"]),
        "capacity": str(known.get("capacity", 20)),
    }


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.replace("，", ",").split(",") if part.strip()]


def _given(visit: Visit) -> dict[str, Any]:
    """What the form says of a person. Raises BadInput."""
    form = visit.form
    departments, languages = form.many("departments"), form.many("languages")
    if not set(departments) <= set(DEPARTMENT) or not set(languages) <= set(LANGUAGES):
        raise BadInput("departments", visit.say("pick one of the list"))
    zone, notify = form.text("zone") or None, form.text("notify") or None
    if zone:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise BadInput("zone", visit.say("must be an IANA time zone such as Asia/Shanghai")) from None
    if notify and "://" not in notify:
        raise BadInput("notify", visit.say("must be an address such as mailto://… or a service's own"))
    return {
        "departments": departments, "regions": _split(form.text("regions")), "sites": _split(form.text("sites")),
        "languages": languages, "notify": notify, "zone": zone,
        "on_call": forms.number(visit, "on_call", 1, 99) if form.text("on_call") else None,
        "capacity": forms.number(visit, "capacity", 1, 1000),
    }


async def put(visit: Visit) -> Response:
    name = visit.part("name")

    async def act() -> str:
        given, reason = _given(visit), forms.words(visit, "reason", longest=2000)
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            before = await rota.one(conn, name)
            await rota.put(conn, name, given)
            await changes.note(conn, "person", name, _public(before), _public(given), by=visit.who.name, reason=reason,
                               now=visit.now)
        return url("desk", "settings", "people", name)

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return await _page(visit, wrong, problem, status)

    return await forms.attempt(visit, act, again, "set")


def _public(given: Mapping[str, Any]) -> dict[str, Any]:
    """Without what an address may carry of a password: on record is that it was changed."""
    shape: dict[str, Any] = {n: list(v) if isinstance(v, (list, tuple)) else v for n, v in given.items()}
    if shape.get("notify"):
        shape["notify"] = shape["notify"].partition("://")[0] + "://…"
    return shape


async def away(visit: Visit) -> Response:
    """Somebody is away, and who stands in."""
    name = visit.part("name")

    async def act() -> str:
        since, until = forms.moment(visit, "since"), forms.moment(visit, "until")
        assert since is not None
        assert until is not None
        substitute = visit.form.text("substitute") or None
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            await rota.absent(conn, name, since, until, substitute, visit.who.name)
            after = {"since": iso(since), "until": iso(until), "substitute": substitute}
            reason = visit.form.text("reason") or visit.say("absence")
            await changes.note(conn, "person", name, {}, {"absence": after}, by=visit.who.name, reason=reason,
                               now=visit.now)
        return url("desk", "settings", "people", name)

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return await _page(visit, wrong, problem, status)

    return await forms.attempt(visit, act, again, "set")


async def back(visit: Visit) -> Response:
    """An absence ends early."""
    name, id = visit.part("name"), int(visit.part("id"))
    async with visit.site.desk.db.acquire() as conn, conn.transaction():
        if not await rota.back(conn, id, name, visit.now):
            raise NotFound("there is no such absence")
        await changes.note(conn, "person", name, {"absence": id}, {"absence": None}, by=visit.who.name,
                           reason=visit.say("back"), now=visit.now)
    return visit.go(url("desk", "settings", "people", name), "set")
