"""Incidents at the office: what it is, whom and what it costs, one answer for all, why it happened, when it is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Response

from complaints.incidents import impact, rows
from complaints.incidents.impact import Impact
from complaints.incidents.rows import CATEGORIES, Incident
from complaints.states import OPEN
from complaints.web.frame import Visit, url
from complaints.web.office import forms
from complaints.web.tongue import LANGUAGES, N_
from csms.errors import BadInput, NotFound
from csms.kit.db import Conn

PAGE = 50
WHYS = 5
STATES = ("open", "resolved", "closed")
KINDS = ("corrective", "rectification", "improvement", "training")
EMPTY = {
    "open": N_("No incident is open. Three complaints or faults with one cause within a day make one by themselves; "
               "you can also begin one by hand."),
    "resolved": N_("No incident is solved and not yet closed."),
    "closed": N_("No incident has been closed yet. Closed ones stay here with their cause and what was done."),
}


async def listed(visit: Visit) -> Response:
    return await _list_page(visit, {}, "", 200)


async def _list_page(visit: Visit, wrong: Mapping[str, str], problem: str, status: int) -> Response:
    state = visit.query("state") if visit.query("state") in STATES else "open"
    before = int(n) if (n := visit.query("before")).isdecimal() else None
    async with visit.site.desk.db.acquire() as conn:
        found = await impact.listed(conn, state=state, before=before, limit=PAGE + 1)
        counts = await impact.counts(conn)
    return visit.page(
        "office/incidents.html", status, rows=found[:PAGE], state=state, states=STATES, counts=counts,
        empty=EMPTY[state], following=found[PAGE - 1].incident.id if len(found) > PAGE else None, wrong=wrong,
        problem=problem, typed=visit.form.texts(), may=visit.who.may("agent", "technician", "finance", "supervisor"),
    )


async def begin(visit: Visit) -> Response:
    """One by hand."""
    async def act() -> str:
        title, station = forms.words(visit, "title", longest=200), visit.form.text("station") or None
        if station and await visit.site.csms.station(station) is None:
            raise BadInput("station", visit.say("there is no such station"))
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            made = await rows.begin(conn, title, visit.who.name, visit.now, station=station)
        return url("desk", "incidents", made.id)

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return await _list_page(visit, wrong, problem, status)

    return await forms.attempt(visit, act, again)


async def one(visit: Visit) -> Response:
    return await _page(visit, {}, "", 200)


def _id(visit: Visit) -> int:
    return min(int(visit.part("id")), 2**62)


async def _page(
    visit: Visit, wrong: Mapping[str, str], problem: str, status: int, preview: Sequence[Mapping[str, Any]] = ()
) -> Response:
    id = _id(visit)
    async with visit.site.desk.db.acquire() as conn:
        incident, what = await rows.get(conn, id), await impact.of(conn, id)
        actions = await rows.actions(conn, incident=id)
        others = [i for i in await rows.listed(conn, state="open", limit=30) if i.id != id]
    stations = sorted({m["station"] for m in what.members if m["station"]} | {s for s in [incident.station] if s})
    faults = await visit.site.csms.open_faults(stations[:50])
    people = [p.name for p in await visit.site.staff.people() if p.role not in ("integration", "auditor")]
    return visit.page(
        "office/incident.html", status, incident=incident, impact=what, actions=actions, others=others,
        stations=stations, faults=[f for station in stations for f in faults.get(station, [])], people=people,
        languages_told=_languages(what), steps=_steps(incident), categories=CATEGORIES, kinds=KINDS, wrong=wrong,
        problem=problem, typed=visit.form.texts(), preview=preview, gate=_gate(incident, actions), is_open=OPEN,
        may=visit.who.may("agent", "technician", "finance", "supervisor"), senior=visit.who.may("supervisor"),
    )


def _languages(what: Impact) -> dict[str, int]:
    """Language -> how many open cases read it, the most first."""
    still = [m["language"] for m in what.members if m["state"] in OPEN]
    found = {code: still.count(code) for code in LANGUAGES if code in still}
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def _steps(incident: Incident) -> list[Mapping[str, str]]:
    """The 5-Why as it stands, with empty lines up to five."""
    known = list(incident.whys)
    return [*known, *({"why": "", "because": ""} for _ in range(WHYS - len(known)))]


def _gate(incident: Incident, actions: Sequence[Mapping[str, Any]]) -> list[tuple[bool, str]]:
    """(fulfilled, what) before it may be closed."""
    return [
        (incident.state != "open", N_("it is solved")),
        (bool(incident.root_cause), N_("it is said what it came down to")),
        (all(a["done_at"] for a in actions), N_("every corrective action is done")),
    ]


async def do(visit: Visit) -> Response:
    """One step of the incident's life: the form's name says which."""
    step = visit.part("step")
    if step not in DOERS:
        raise NotFound(f"there is no step {step}")
    if step in SENIOR and not visit.who.may("supervisor"):
        raise BadInput("role", visit.say("only a supervisor may do this"))

    async def act() -> str:
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            await rows.get(conn, _id(visit))
            to = await DOERS[step](visit, conn)
        return to or url("desk", "incidents", _id(visit))

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return await _page(visit, wrong, problem, status)

    return await forms.attempt(visit, act, again)


async def _link(visit: Visit, conn: Conn) -> None:
    number = forms.words(visit, "number", longest=40)
    await visit.site.desk.case(number)
    if not await rows.join(conn, _id(visit), number, visit.who.name, visit.now):
        raise BadInput("number", visit.say("is over, or belongs to an incident already"))


async def _unlink(visit: Visit, conn: Conn) -> None:
    reason = forms.words(visit, "reason")
    await rows.leave(conn, _id(visit), visit.form.text("number"), visit.who.name, reason, visit.now)


async def _merge(visit: Visit, conn: Conn) -> str:
    into, reason = forms.number(visit, "into", 1, 2**62), forms.words(visit, "reason")
    await rows.merge(conn, _id(visit), into, visit.who.name, reason, visit.now)
    return url("desk", "incidents", into)


async def _cause(visit: Visit, conn: Conn) -> None:
    form = visit.form
    pairs = [(form.text(f"why{n}"), form.text(f"because{n}")) for n in range(1, 8)]
    whys = [{"why": why, "because": because, "by": visit.who.name} for why, because in pairs if why or because]
    root, category = forms.words(visit, "root_cause"), forms.choice(visit, "category", CATEGORIES)
    await rows.understood(conn, _id(visit), whys, root, category)


async def _act(visit: Visit, conn: Conn) -> None:
    what, owner = forms.words(visit, "what", longest=500), forms.words(visit, "owner", longest=100)
    due = forms.moment(visit, "due_at")
    assert due is not None
    if due <= visit.now:
        raise BadInput("due_at", visit.say("must lie ahead"))
    kind = forms.choice(visit, "kind", KINDS)
    await rows.add_action(
        conn, what=what, owner=owner, due_at=due, by=visit.who.name, now=visit.now, incident=_id(visit), kind=kind
    )


async def _finish(visit: Visit, conn: Conn) -> None:
    """Done, with complaints before and since, over as long as the action was open."""
    id = forms.number(visit, "action", 1, 2**62)
    incident = await rows.get(conn, _id(visit))
    mine = next((a for a in await rows.actions(conn, incident=incident.id) if a["id"] == id), None)
    if mine is None:
        raise NotFound("there is no such action")
    await rows.finish_action(conn, id, visit.who.name, visit.now, None)


async def _resolve(visit: Visit, conn: Conn) -> None:
    await rows.resolved(conn, _id(visit), visit.now)


async def _close(visit: Visit, conn: Conn) -> None:
    await rows.closed(conn, _id(visit), visit.now)


DOERS: Mapping[str, Any] = {
    "link": _link, "unlink": _unlink, "merge": _merge, "cause": _cause, "action": _act, "finish": _finish,
    "resolve": _resolve, "close": _close,
}
SENIOR = ("resolve", "close", "merge")


async def answer(visit: Visit) -> Response:
    """One message, or one resolution, for all open cases: first shown as it will go out, then sent."""
    said = {code: visit.form.text(f"words_{code}") for code in LANGUAGES if visit.form.text(f"words_{code}")}
    resolve = visit.form.text("resolve") == "1"
    if not said:
        return await _page(visit, {"words_zh-Hans": visit.say(forms.NEEDED)}, visit.say("Say something first."), 422)
    if visit.form.text("send") != "1":
        return await _page(visit, {}, "", 200, await _preview(visit, said))
    answered = await visit.site.office.lookout.answer_all(_id(visit), said, resolve=resolve, by=visit.who.name)
    return visit.go(url("desk", "incidents", _id(visit), answered=len(answered)), "answered_all")


async def _preview(visit: Visit, said: Mapping[str, str]) -> list[dict[str, Any]]:
    """Who gets which words: by case, in the customer's language or the one that stands in for it."""
    async with visit.site.desk.db.acquire() as conn:
        what = await impact.of(conn, _id(visit))
    return [
        {"number": m["number"], "language": m["language"],
         "words": said.get(m["language"]) or said.get("en") or next(iter(said.values())),
         "stands_in": m["language"] not in said}
        for m in what.members if m["state"] in OPEN
    ]
