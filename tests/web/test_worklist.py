"""The work list through its door: searched, filtered, kept, done to many; who has a case open."""

from __future__ import annotations

from contextlib import aclosing

from complaints.incidents import rows as incidents
from complaints.incidents.group import Cause
from complaints.search import words_of
from tests.web.stage import Stage
from tests.web.test_doors import logged_in, token


async def three_cases(told: Stage) -> list[str]:
    said = ("枪头冒烟了，很烫", "The screen stays dark at plug 1", "扣了两次钱")
    return [(await told.complain("CS-1", 1, text, payment_reference=f"WX-77{n}")).number for n, text in enumerate(said)]


async def test_a_search_finds_words_of_any_script_in_facts_and_thread(told: Stage) -> None:
    first, second, third = await three_cases(told)
    async with aclosing(await logged_in(told, "li")) as agent:
        page = (await agent.get("/desk")).text
        sealed = token(page)
        note = {"token": sealed, "text": "Fuse F3 was loose, says the electrician"}
        assert (await agent.post(f"/desk/cases/{third}/do/note", data=note)).status_code == 303
        for words, found in (
            ("冒烟", {first}), ("SCREEN dark", {second}), ("WX-77", {first, second, third}), ("electrician", {third}),
            ("冒烟 dark", set()), ('"stays dark"', {second}), (second[-6:], {second}), ("x", {first, second, third}),
        ):
            page = (await agent.get("/desk", params={"q": words, "view": "all"})).text
            assert {n for n in (first, second, third) if f"/desk/cases/{n}" in page} == found, words


def test_words_in_quotes_stay_together() -> None:
    assert words_of('slow "plug 1" 冒烟  a') == ["slow", "plug 1", "冒烟"]
    assert words_of("") == words_of(None) == []


async def test_a_filter_is_kept_for_the_one_who_kept_it(told: Stage) -> None:
    async with aclosing(await logged_in(told, "li")) as agent, aclosing(await logged_in(told, "zhao")) as other:
        sealed = token((await agent.get("/desk?level=1")).text)
        answer = await agent.post(
            "/desk/filters", data={"token": sealed, "title": "Danger first", "query": "level=1&view=open"})
        assert answer.headers["location"].startswith("/desk?level=1&view=open")
        page = (await agent.get("/desk?view=open&level=1")).text
        assert "Danger first" in page
        assert "Danger first" not in (await other.get("/desk")).text
        assert (await agent.post("/desk/filters", data={"token": sealed, "title": ""})).status_code == 422
        kept = await told.product.desk.db.fetchval("select id from saved_filters")
        await other.post("/desk/filters", data={"token": token((await other.get("/desk")).text), "forget": str(kept)})
        assert "Danger first" in (await agent.get("/desk")).text
        await agent.post("/desk/filters", data={"token": sealed, "forget": str(kept)})
        assert "Danger first" not in (await agent.get("/desk")).text


async def test_many_cases_are_assigned_and_joined_at_once(told: Stage) -> None:
    """What cannot be done to one does not hold up the others."""
    numbers = await three_cases(told)
    desk = told.product.desk
    async with desk.db.acquire() as conn, conn.transaction():
        cause = Cause("site:X", "site", "All of site X is down", (), ())
        incident, _ = await incidents.open_for(conn, cause, "zhao", told.clock.now())
    async with aclosing(await logged_in(told, "zhao")) as supervisor:
        sealed = token((await supervisor.get("/desk")).text)
        ticked = {"token": sealed, "number": numbers[:2]}
        answer = await supervisor.post("/desk/many", data=ticked | {"do": "assign", "owner": "li"})
        assert answer.status_code == 303
        assert [(await desk.case(n)).owner for n in numbers[:2]] == ["li", "li"]
        join = {"do": "join", "incident": str(incident.id)}
        assert (await supervisor.post("/desk/many", data=ticked | join)).status_code == 303
        answer = await supervisor.post("/desk/many", data=ticked | {"number": numbers[1:]} | join)
        assert "Done for 1. Not for: " + numbers[1] in answer.text
        assert [(await desk.case(n)).incident for n in numbers] == [incident.id] * 3
        assert (await supervisor.post("/desk/many", data={"token": sealed, "do": "assign"})).status_code == 422
        fresh = {"do": "begin", "title": "Screens of site X stay dark"}
        assert (await supervisor.post("/desk/many", data=ticked | fresh)).status_code == 409  # they have one already
        async with desk.db.acquire() as conn:
            assert [i.id for i in await incidents.listed(conn)] == [incident.id]
    async with aclosing(await logged_in(told, "an")) as auditor:
        assert 'type="checkbox"' not in (await auditor.get("/desk")).text


async def test_ticked_cases_begin_an_incident_of_their_own(told: Stage) -> None:
    """On record are who began it and, in each case, who put it there."""
    numbers, desk = await three_cases(told), told.product.desk
    async with aclosing(await logged_in(told, "li")) as agent:
        ticked = {"token": token((await agent.get("/desk")).text), "number": numbers[:2], "do": "begin"}
        assert (await agent.post("/desk/many", data=ticked | {"title": " "})).status_code == 422
        answer = await agent.post("/desk/many", data=ticked | {"title": "Plug 1 does not start"})
        shown = (await agent.get(answer.headers["location"])).text
        assert "Plug 1 does not start" in shown
        assert numbers[1] in shown
    async with desk.db.acquire() as conn:
        [made] = await incidents.listed(conn)
    assert (made.opened_by, made.owner) == ("li", "li")
    assert [(await desk.case(n)).incident for n in numbers] == [made.id, made.id, None]
    entries = (await desk.view(numbers[0])).entries
    assert [(e.author, e.body) for e in entries if e.type == "incident"] == [("li", {"incident": made.id})]


async def test_an_incident_that_not_all_could_join_is_one_click_away(told: Stage) -> None:
    numbers, desk = await three_cases(told), told.product.desk
    async with aclosing(await logged_in(told, "li")) as agent:
        ticked = {"token": token((await agent.get("/desk")).text), "do": "begin"}
        await agent.post("/desk/many", data=ticked | {"number": numbers[:1], "title": "The first"})
        answer = await agent.post("/desk/many", data=ticked | {"number": numbers, "title": "The second"})
        second = (await desk.case(numbers[1])).incident
        assert f"Done for 2. Not for: {numbers[0]}" in answer.text
        assert f'<a href="/desk/incidents/{second}">To the new incident</a>' in answer.text


async def test_two_on_one_case_see_each_other(told: Stage) -> None:
    number = (await three_cases(told))[0]
    async with (
        aclosing(await logged_in(told, "li")) as agent, aclosing(await logged_in(told, "zhao")) as other,
        agent.stream("GET", f"/desk/cases/{number}/live") as mine,
    ):
        lines = mine.aiter_lines()
        assert await anext(lines) == "retry: 3000"
        async with other.stream("GET", f"/desk/cases/{number}/live") as theirs:
            heard = theirs.aiter_lines()
            while (await anext(heard)) != "data: li has this case open too.":
                pass
            while (await anext(lines)) != "data: zhao has this case open too.":
                pass
            assert "li has it open" in (await other.get("/desk")).text


async def test_the_list_hears_of_a_new_case(told: Stage) -> None:
    async with aclosing(await logged_in(told, "li")) as agent, agent.stream("GET", "/desk/live") as news:
        lines = news.aiter_lines()
        assert await anext(lines) == "retry: 3000"
        await three_cases(told)
        while (await anext(lines)) != "event: changed":
            pass
        part = (await agent.get("/desk", headers={"HX-Request": "true"})).text
        assert 'id="rows"' in part
        assert 'hx-swap-oob="true"' in part
        assert "<html" not in part
