"""Upkeep, reviews, forecast and teams through their forms: who may do what, what is kept, what is told when wrong."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack, aclosing
from typing import Any

import httpx

from complaints.staff import add_user
from tests.web.furnished import ADMIN
from tests.web.stage import PASSWORD, Stage
from tests.web.test_doors import logged_in, token


async def _post(client: httpx.AsyncClient, page: str, to: str, **data: Any) -> httpx.Response:
    """A form sent from a page that was read before."""
    return await client.post(to, data={"token": token((await client.get(page)).text), **data})


async def _as(stack: AsyncExitStack, told: Stage, *names: str) -> list[httpx.AsyncClient]:
    return [await stack.enter_async_context(aclosing(await logged_in(told, name))) for name in names]


async def test_a_plan_of_upkeep_is_checked_kept_and_put_to_rest(told: Stage) -> None:
    async with AsyncExitStack() as stack:
        zhao, li = await _as(stack, told, "zhao", "li")
        await _plan(told, zhao, li)


async def _plan(staged: Stage, zhao: httpx.AsyncClient, li: httpx.AsyncClient) -> None:
    new = "/desk/upkeep/new"
    assert (await li.get(new)).status_code == 403
    plan = {"name": "plug seats", "kind": "inspection", "checklist": "look at the seat\nclean it", "every_days": "1",
            "limits": "Earth continuity (Ω) ≤ 4\nvolt >= 200", "station": "CS-1", "technician": "tan", "active": "1",
            "reason": "seats wear out"}
    for wrong, field in (({"limits": "earth is bad"}, "f-limits"), ({"every_days": ""}, "f-every_days"),
                         ({"station": "GHOST"}, "f-station"), ({"every_days": "often"}, "f-every_days")):
        answer = await _post(zhao, new, new, **(plan | wrong))
        assert (answer.status_code, f'id="{field}-wrong"' in answer.text) == (422, True), wrong
    here = (await _post(zhao, new, new, **plan)).headers["location"].partition("?")[0]
    assert (await _post(zhao, new, new, **plan)).status_code == 422  # the name is taken
    made = next(p for p in await staged.product.office.upkeep.plans() if p.name == "plug seats")
    assert (made.every_days, made.limits) == (1, {"earth_ohm": {"max": 4.0}, "volt": {"min": 200.0}})
    page = (await li.get(here)).text
    assert "seats wear out" in page
    assert "Earth continuity (Ω) ≤ 4" in page
    assert "volt ≥ 200" in page
    assert (await _post(zhao, here, here, **(plan | {"every_days": "30", "active": ""}))).status_code == 303
    rests = next(p for p in await staged.product.office.upkeep.plans() if p.name == "plug seats")
    assert (rests.id, rests.every_days, rests.active) == (made.id, 30, False)


async def test_a_review_is_kept_with_its_figures_and_a_forecast_says_what_it_lacks(told: Stage) -> None:
    async with AsyncExitStack() as stack:
        zhao, an = await _as(stack, told, "zhao", "an")
        await _outlook(zhao, an)


async def _outlook(zhao: httpx.AsyncClient, an: httpx.AsyncClient) -> None:
    reviews = "/desk/reports/reviews"
    assert "four whole weeks" in (await an.get("/desk/reports/forecast")).text
    time = {"since": "2026-06-01", "until": "2026-06-30"}
    assert (await an.get(reviews, params={"since": "2026-06-30", "until": "2026-06-01"})).status_code == 422
    assert (await _post(zhao, reviews, reviews, **time)).status_code == 422  # nothing was decided
    assert (await _post(zhao, reviews, reviews, decisions="Two more technicians.", **time)).status_code == 303
    shown = (await an.get(reviews)).text
    assert "Two more technicians." in shown
    assert "2026-06-01 – 2026-06-30" in re.sub(r"<[^>]+>", "", shown)


async def test_a_team_is_made_renamed_and_given_up(told: Stage) -> None:
    async with told.product.db.acquire() as conn, conn.transaction():
        await add_user(conn, ADMIN, "admin", PASSWORD, told.clock.now())
    async with AsyncExitStack() as stack:
        root, zhao = await _as(stack, told, ADMIN, "zhao")
        await _teams(root, zhao)


async def _teams(root: httpx.AsyncClient, zhao: httpx.AsyncClient) -> None:
    new = "/desk/settings/teams/new"
    assert (await zhao.get(new)).status_code == 403
    team = {"name": "north side", "department": "maintenance", "lead": "zhao", "members": ["tan"], "reason": "grown"}
    assert (await _post(root, new, new, **(team | {"members": ["nobody"]}))).status_code == 422
    assert (await _post(root, new, new, **team)).status_code == 303
    assert (await _post(root, new, new, **team)).status_code == 409
    here = "/desk/settings/teams/north%20side"
    assert "tan, zhao" in (await zhao.get("/desk/settings/teams")).text
    renamed = await _post(root, here, here, **(team | {"name": "lake side", "members": ["tan", "li"]}))
    assert renamed.headers["location"].startswith("/desk/settings/teams/lake%20side")
    assert (await root.get(here)).status_code == 404
    here = "/desk/settings/teams/lake%20side"
    assert "li, tan, zhao" in (await zhao.get("/desk/settings/teams")).text
    assert (await _post(root, here, f"{here}/drop", reason="")).status_code == 422
    assert (await _post(root, here, f"{here}/drop", reason="merged")).status_code == 303
    assert "lake side" not in re.sub(r"(?s)<ol.*?</ol>", "", (await zhao.get("/desk/settings/teams")).text)
