"""Settings of teams: who works together, for which department, led by whom. Where each works is said of the person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Response

from complaints import changes, teams
from complaints.teams import Team
from complaints.web.frame import Visit, url
from complaints.web.labels import DEPARTMENT
from complaints.web.office import forms
from csms.errors import BadInput, Conflict, NotFound

LONGEST_NAME = 60


async def listed(visit: Visit) -> Response:
    async with visit.site.desk.db.acquire() as conn:
        found, history = await teams.listed(conn), await changes.listed(conn, kind="team", limit=20)
    return visit.page("office/teams.html", teams=found, history=history, may=visit.who.may())


async def new(visit: Visit) -> Response:
    return await _page(visit, None, {}, "", 200)


async def one(visit: Visit) -> Response:
    return await _page(visit, visit.part("name"), {}, "", 200)


async def _page(
    visit: Visit, name: str | None, wrong: Mapping[str, str], problem: str, status: int
) -> Response:
    async with visit.site.desk.db.acquire() as conn:
        team = await teams.one(conn, name) if name else None
        history = await changes.listed(conn, kind="team", name=name) if name else []
    if name and team is None:
        raise NotFound(f"there is no team {name}")
    people = [p.name for p in await visit.site.staff.people() if p.role != "integration"]
    return visit.page(
        "office/team.html", status, team=team, history=history, people=people, departments=DEPARTMENT, wrong=wrong,
        problem=problem, typed=visit.form.texts() or _typed(team), may=visit.who.may(),
        ticked=set(visit.form.many("members") if visit.form.texts() else team.members if team else ()),
    )


def _typed(team: Team | None) -> dict[str, str]:
    if team is None:
        return {}
    return {"name": team.name, "department": team.department or "", "lead": team.lead or ""}


def _given(visit: Visit) -> dict[str, Any]:
    """Department, lead and members, the lead among them. Raises BadInput."""
    department, lead = visit.form.text("department") or None, visit.form.text("lead") or None
    if department is not None and department not in DEPARTMENT:
        raise BadInput("department", visit.say("pick one of the list"))
    members = dict.fromkeys([*visit.form.many("members"), *([lead] if lead else [])])
    return {"department": department, "lead": lead, "members": list(members)}


async def put(visit: Visit) -> Response:
    """A new team, or other words on one that is there; it may get another name."""
    known = visit.request.path_params.get("name")

    async def act() -> str:
        name, given = forms.words(visit, "name", longest=LONGEST_NAME), _given(visit)
        reason = forms.words(visit, "reason", longest=2000)
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            before = await teams.one(conn, known or name)
            if known is None and before is not None:
                raise Conflict(f"there is a team {name} already")
            if known is not None and name != known:
                await teams.rename(conn, known, name, visit.who.name, visit.now)
            await teams.put(conn, name, visit.who.name, visit.now, **given)
            await changes.note(conn, "team", name, _shape(before) if before else None, {"name": name, **given},
                               by=visit.who.name, reason=reason, now=visit.now)
        return url("desk", "settings", "teams", name)

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return await _page(visit, known, wrong, problem, status)

    return await forms.attempt(visit, act, again, "set")


async def drop(visit: Visit) -> Response:
    """The team is no more; its people stay."""
    name = visit.part("name")

    async def act() -> str:
        reason = forms.words(visit, "reason", longest=2000)
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            before = await teams.one(conn, name)
            await teams.drop(conn, name, visit.who.name, visit.now)
            await changes.note(conn, "team", name, _shape(before) if before else None, None, by=visit.who.name,
                               reason=reason, now=visit.now)
        return "/desk/settings/teams"

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return await _page(visit, name, wrong, problem, status)

    return await forms.attempt(visit, act, again, "set")


def _shape(team: Team) -> dict[str, Any]:
    return {"name": team.name, "department": team.department, "lead": team.lead, "members": list(team.members)}
