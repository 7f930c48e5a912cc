"""The pages that speak of the process say what the code does; the REST side of the office works end to end."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from complaints import rest, sites, sop
from complaints.intake.form import read
from complaints.policy import CLOCKS, DEFAULT
from complaints.sites import Place
from complaints.sla import clocks
from complaints.states import MOVES
from csms.errors import BadInput
from csms.rest.http import Principal, answer_with_problems
from tests.complaints.desk import Bench
from tests.complaints.test_sla import story
from tools.process import PAGE

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$")
STATES = ("holds", "partly", "open", "organisational")


def rows() -> list[tuple[str, ...]]:
    lines = (ROOT / "docs" / "requirements.md").read_text("utf-8").splitlines()
    return [match.groups() for line in lines if (match := ROW.match(line))]


def test_all_81_requirements_are_there_once_and_in_order() -> None:
    assert [int(row[0]) for row in rows()] == list(range(1, 82))


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"row-{row[0]}")
def test_no_requirement_points_nowhere(row: tuple[str, ...]) -> None:
    _, _, state, where, shown = row
    kind = state.partition(":")[0]
    assert kind in STATES
    if kind in ("holds", "partly"):
        assert (ROOT / where.strip("`")).is_file(), where
    if kind == "open":
        assert ":" in state  # what is missing is said
    if shown != "-":
        file, _, name = shown.strip("`").partition("::")
        assert re.search(rf"def {name}\(", (ROOT / file).read_text("utf-8")), shown
    else:
        assert kind in ("open", "organisational")


def test_the_procedure_is_generated_from_the_policy() -> None:
    assert PAGE.read_text("utf-8") == sop.both(DEFAULT)
    for language in ("en", "zh"):
        page = sop.page(DEFAULT, language)  # type: ignore[arg-type]
        assert page.count("```mermaid") == 2
        assert all(f": {move}" in page for move in MOVES)
    for seed in (5, 13, 14, 20, 22, 27, 28, 29, 49):
        assert any(seed in rule.seeds for rule in CLOCKS), seed


async def test_a_site_has_its_own_zone_and_calendar(bench: Bench) -> None:
    await bench.add_station("CS-HK")
    await bench.db.execute("update stations set site = 'Kowloon' where id = 'CS-HK'")
    async with bench.db.acquire() as conn, conn.transaction():
        for zone, calendar in (("Mars/Olympus", "CN"), ("Asia/Hong_Kong", "XX")):
            with pytest.raises(BadInput):
                await sites.put(conn, Place(zone, calendar, "x"))
        await sites.put(conn, Place("Asia/Hong_Kong", "HK", "Kowloon", "south", "community"))
    given = read({"channel": "web", "text": "建议增加雨棚", "station": "CS-HK"})
    case = (await bench.desk.file(given, by="web")).case
    assert (case.zone, case.calendar, case.region) == ("Asia/Hong_Kong", "HK", "south")
    july = story(at=bench.clock(), level=3, calendar="HK", zone="Asia/Hong_Kong")
    assert not any(c.provisional for c in clocks(july))


# --- the office over HTTP ---------------------------------------------------------------------


@pytest.fixture
async def client(bench: Bench) -> AsyncIterator[httpx.AsyncClient]:
    """Tokens are role names."""
    app = FastAPI()

    async def authenticate(token: str) -> Principal | None:
        return Principal(token, token)

    app.state.authenticate = authenticate
    answer_with_problems(app)
    app.include_router(rest.router(bench.desk))
    for part in rest.office_routers(bench.office):
        app.include_router(part)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as made:
        yield made


async def ask(client: httpx.AsyncClient, method: str, path: str, body: Any = None, role: str = "supervisor") -> Any:
    answer = await client.request(method, path, json=body, headers={"Authorization": f"Bearer {role}"})
    return answer.status_code, answer.json() if answer.content and "json" in answer.headers["content-type"] else None


async def test_an_inspection_is_a_work_order_with_readings(bench: Bench, client: httpx.AsyncClient) -> None:
    await bench.add_station("CS-1")
    order = {"kind": "deep_test", "station": "CS-1", "what": "earth resistance"}
    status, made = await ask(client, "POST", "/workorders", order)
    assert status == 201
    assert (await ask(client, "POST", "/workorders", order | {"station": "CS-9"}))[0] == 422
    path = f"/workorders/{made['id']}"
    assert (await ask(client, "POST", f"{path}/finish", {"text": "x"}, "technician"))[0] == 409
    assert (await ask(client, "POST", f"{path}/arrive", {}, "technician"))[0] == 200
    done = {"text": "measured", "readings": {"earth_ohm": 3.2}, "parts": [{"part": "seal", "count": 1}]}
    status, found = await ask(client, "POST", f"{path}/finish", done, "technician")
    assert (status, found["state"], found["readings"]) == (200, "done", {"earth_ohm": 3.2})
    file = (await ask(client, "GET", "/workorders?station=CS-1", role="auditor"))[1]["items"]
    assert [o["id"] for o in file] == [made["id"]]


async def test_every_list_answers_and_asks_who_it_is(bench: Bench, client: httpx.AsyncClient) -> None:
    for path in ("/incidents", "/workorders", "/notices", "/alarms", "/sites", "/people", "/audits", "/access",
                 "/articles", "/policy", "/hotline/safety", "/process", "/process?language=zh"):
        assert (await ask(client, "GET", path))[0] == 200, path
        assert (await client.get(path)).status_code == 401, path
    assert (await client.get("/faq")).status_code == 200
    assert (await ask(client, "GET", "/hooks"))[0] == 403
    assert (await ask(client, "GET", "/hooks", role="admin"))[0] == 200
    assert (await client.post("/hooks/wechat", json={})).status_code == 401


async def test_a_policy_is_put_with_a_reason_and_counts_from_then_on(client: httpx.AsyncClient) -> None:
    wrong = {"policy": {"remind_at": "soon"}, "reason": "x"}
    assert (await ask(client, "POST", "/policy", wrong, "admin"))[0] == 422
    good = {"policy": {"confirm_reminders": 3}, "reason": "customers asked for it"}
    assert (await ask(client, "POST", "/policy", good))[0] == 403
    assert (await ask(client, "POST", "/policy", good, "admin"))[0] == 201
    assert (await ask(client, "GET", "/policy"))[1]["confirm_reminders"] == 3


async def test_a_technician_sees_a_masked_customer_and_every_look_is_on_record(
    bench: Bench, client: httpx.AsyncClient
) -> None:
    given = {"channel": "web", "text": "x", "customer": {"phone": "13800001234"}}
    number = (await bench.desk.file(read(given), by="web")).case.number
    for role, shown in (("agent", "13800001234"), ("technician", "138****1234")):
        assert (await ask(client, "GET", f"/complaints/{number}", role=role))[1]["customer"]["phone"] == shown
    looks = (await ask(client, "GET", f"/access?complaint={number}", role="auditor"))[1]["items"]
    assert [(look["who"], look["masked"]) for look in looks] == [("technician", True), ("agent", False)]
