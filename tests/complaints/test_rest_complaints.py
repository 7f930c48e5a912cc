"""Complaints over HTTP: the contract's shapes, roles, pages and problems."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from complaints import rest, rest_evidence, rest_fault_codes
from complaints.staff import Staff, create_token
from csms.rest.http import BodyLimit, answer_with_problems
from tests.complaints.desk import Bench

TOKENS = dict.fromkeys(("agent", "finance", "supervisor", "auditor", "technician", "admin", "integration"), "")


def app_of(bench: Bench) -> FastAPI:
    app = FastAPI(openapi_url="/api/v1/openapi.json")
    answer_with_problems(app)
    app.state.authenticate = Staff(bench.db, bench.clock).authenticate
    app.include_router(rest.router(bench.desk), prefix="/api/v1")
    app.include_router(rest_evidence.router(bench.desk), prefix="/api/v1")
    app.include_router(rest_fault_codes.router(bench.desk), prefix="/api/v1")
    app.add_middleware(BodyLimit, limit=64 * 1024, larger={"/api/v1/complaints": 4 * 1024 * 1024})

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("secret")

    return app


class Caller:
    """Calls as one role or another."""

    def __init__(self, http: httpx.AsyncClient, tokens: dict[str, str]) -> None:
        self.http, self.tokens = http, tokens

    async def __call__(self, method: str, path: str, body: Any = None, *, role: str = "admin") -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.tokens[role]}"}
        return await self.http.request(method, "/api/v1" + path, json=body, headers=headers)


@pytest.fixture
async def call(bench: Bench) -> AsyncIterator[Caller]:
    tokens = {role: await create_token(bench.db, role, role, bench.clock()) for role in TOKENS}
    transport = httpx.ASGITransport(app_of(bench), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.test") as http:
        yield Caller(http, tokens)


async def filed(bench: Bench, call: Caller, **more: Any) -> str:
    await bench.a_dead_session()
    answer = await call("POST", "/complaints", bench.dead_complaint(**more), role="integration")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["number"])


def is_problem(answer: httpx.Response, status: int, field: str | None = None) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "errors"} <= body.keys()
    if field:
        assert field in [error["field"] for error in body["errors"]], body
    return body


async def test_filing_answers_with_number_link_and_deadlines(bench: Bench, call: Caller) -> None:
    await bench.a_dead_session()
    body = (await call("POST", "/complaints", bench.dead_complaint(), role="integration")).json()
    assert body["number"] == "C20261122-000001"
    assert body["tracking_url"].startswith("http://desk.test/c/")
    assert (body["category"], body["topic"], body["level"], body["department"]) == (
        "payment", "charged_no_energy", 2, "finance"
    )
    assert {d["kind"] for d in body["deadlines"]} <= {"acknowledge", "arrive", "investigate", "resolve", "follow_up"}
    assert all(d["due_at"].endswith("Z") for d in body["deadlines"])


async def test_the_assessment_has_the_contracts_shape(bench: Bench, call: Caller) -> None:
    number = await filed(bench, call)
    body = (await call("GET", f"/complaints/{number}/assessment", role="auditor")).json()
    assert (body["complaint"], body["version"], len(body["checksum"])) == (number, 1, 64)
    assert body["assessed_at"].endswith("Z")
    assert {"transaction", "alternatives", "findings", "verdict", "liability", "bill", "remedies", "remote",
            "explanation"} <= body.keys()
    assert body["bill"]["charged"] == "30.00"
    assert {"en", "zh"} <= body["findings"][0]["summary"].keys()
    assert {"kind": "refund", "amount": "30.00", "currency": "CNY"}.items() <= body["remedies"][0].items()
    again = await call("POST", f"/complaints/{number}/assessment", {"reason": "a second look"})
    assert (again.status_code, again.json()["version"]) == (201, 2)
    old = await call("GET", f"/complaints/{number}/assessment?version=1")
    assert old.json()["version"] == 1
    is_problem(await call("GET", f"/complaints/{number}/assessment?version=9"), 404)


async def test_a_case_written_in_traditional_chinese_is_answered_in_it(bench: Bench, call: Caller) -> None:
    number = await filed(bench, call, language="zh-Hant")
    body = (await call("GET", f"/complaints/{number}/assessment")).json()
    assert "電" in body["explanation"]["zh-Hant"] + str(body["findings"])


async def test_the_thread_shows_what_was_said_and_hides_what_is_internal(bench: Bench, call: Caller) -> None:
    number = await filed(bench, call)
    for audience in ("customer", "staff", "internal"):
        said = {"type": "note", "audience": audience, "text": audience}
        assert (await call("POST", f"/complaints/{number}/entries", said, role="supervisor")).status_code == 201
    seen = {role: [e["text"] for e in (await call("GET", f"/complaints/{number}", role=role)).json()["entries"]]
            for role in ("agent", "auditor")}
    assert "internal" in seen["auditor"]
    assert "internal" not in seen["agent"]
    assert {"customer", "staff"} <= set(seen["agent"])


async def test_lists_filter_and_page(bench: Bench, call: Caller) -> None:
    await filed(bench, call)
    for _ in range(4):
        await call("POST", "/complaints", bench.dead_complaint())
    first = (await call("GET", "/complaints?limit=3&state=open&station=CS-1")).json()
    rest_of = (await call("GET", f"/complaints?limit=3&cursor={first['next_cursor']}")).json()
    assert [i["number"][-1] for i in first["items"] + rest_of["items"]] == ["5", "4", "3", "2", "1"]
    assert rest_of["next_cursor"] is None
    assert (await call("GET", "/complaints?level=1")).json()["items"] == []
    is_problem(await call("GET", "/complaints?limit=2000"), 422, "limit")
    is_problem(await call("GET", "/complaints?cursor=zzz"), 422, "cursor")
    is_problem(await call("GET", "/complaints?state=lost"), 422, "state")


async def test_corrections_need_a_reason(bench: Bench, call: Caller) -> None:
    number = await filed(bench, call)
    is_problem(await call("PATCH", f"/complaints/{number}", {"evse": 2}), 422, "reason")
    is_problem(await call("PATCH", f"/complaints/{number}", {"level": 7, "reason": "x"}), 422, "level")
    is_problem(await call("PATCH", f"/complaints/{number}", {"level": None, "reason": "x"}), 422, "level")
    fixed = await call("PATCH", f"/complaints/{number}", {"evse": 2, "reason": "the other plug"}, role="agent")
    assert (fixed.json()["evse"], fixed.json()["version"]) == (2, 2)


async def test_guards_and_states_refuse_with_409_and_say_which(bench: Bench, call: Caller) -> None:
    number = await filed(bench, call)
    await bench.tell("CS-1", bench.session(-5, 60, number=9002, meter=5, wh=1, evse=2)[:2])
    reset = {"action": "reset", "reason": "contactor"}
    assert is_problem(await call("POST", f"/complaints/{number}/actions", reset), 409)["guards"] == ["G2"]
    close = {"action": "close", "reason": "done"}
    found = is_problem(await call("POST", f"/complaints/{number}/actions", close), 409)
    assert found["not_allowed_in"] == "assessed"
    answer = await call("POST", f"/complaints/{number}/actions", reset | {"override": True, "wait_s": 5})
    assert (answer.status_code, answer.json()["command"]["state"]) == (200, "offline")
    possible = (await call("GET", f"/complaints/{number}/remote")).json()["items"]
    assert {"action": "reset", "allowed": False, "guards": ["G2"]} in possible


async def test_roles_may_do_what_is_theirs(bench: Bench, call: Caller) -> None:
    number = await filed(bench, call)
    actions = f"/complaints/{number}/actions"
    is_problem(await call("POST", "/complaints", bench.dead_complaint(), role="auditor"), 403)
    is_problem(await call("POST", actions, {"action": "reset", "reason": "x"}, role="finance"), 403)
    is_problem(await call("POST", actions, {"action": "reset", "reason": "x", "override": True}, role="agent"), 403)
    is_problem(await call("POST", actions, {"action": "close", "reason": "x"}, role="agent"), 403)
    is_problem(await call("POST", actions, {"action": "dance"}), 422, "action")
    assert (await call("POST", actions, {"action": "refund", "reason": "x"}, role="agent")).status_code == 202
    approved = await call("POST", actions, {"action": "refund", "reason": "x", "approve": True}, role="finance")
    assert (approved.status_code, approved.json()["refund"]["state"]) == (200, "sent")


async def test_who_is_unknown_gets_401(call: Caller) -> None:
    assert (await call.http.get("/api/v1/complaints")).headers["www-authenticate"] == "Bearer"
    wrong = await call.http.get("/api/v1/complaints", headers={"Authorization": "Bearer ohm_wrong"})
    is_problem(wrong, 401)


@pytest.mark.parametrize(("change", "field"), [
    ({"text": ""}, "text"), ({"channel": "pigeon"}, "channel"), ({"amount_disputed": "-3"}, "amount_disputed"),
    ({"station": "NOWHERE"}, "station"), ({"occurred_at": "2099-01-01T00:00:00Z"}, "occurred_at"),
    ({"text": "x" * 1_000_000}, "text"), ({"currency": "¥"}, "currency"),
    ({"attachments": [{"name": "a.png", "content": base64.b64encode(b"no picture").decode()}]}, "attachments[0]"),
    ({"attachments": [{"name": "a.png", "content": "???"}]}, "attachments[0].content"),
    ({"attachments": [{"name": "a.png"}]}, "attachments[0].content"),
])
async def test_what_is_wrong_is_named_and_nothing_is_filed(
    bench: Bench, call: Caller, change: dict[str, Any], field: str
) -> None:
    is_problem(await call("POST", "/complaints", {"channel": "web", "text": "it is broken"} | change), 422, field)
    assert (await call("GET", "/complaints")).json()["items"] == []


async def test_a_missing_field_a_wrong_path_a_wrong_method_and_broken_json_are_problems(call: Caller) -> None:
    assert is_problem(await call("POST", "/complaints", {}), 422)["errors"][0] == {
        "field": "channel", "message": "is required"
    }
    is_problem(await call("GET", "/nothing"), 404)
    is_problem(await call("DELETE", "/complaints"), 405)
    is_problem(await call("GET", "/complaints/C20990101-000001"), 404)
    headers = {"Authorization": f"Bearer {call.tokens['admin']}", "Content-Type": "application/json"}
    is_problem(await call.http.post("/api/v1/complaints", content=b'{"channel":', headers=headers), 422, "body")


async def test_a_body_over_the_limit_is_refused_with_the_limit(call: Caller) -> None:
    headers = {"Authorization": f"Bearer {call.tokens['admin']}", "Content-Type": "application/json"}
    large = b'{"text":"' + b"x" * 5_000_000 + b'"}'
    is_problem(await call.http.post("/api/v1/complaints", content=large, headers=headers), 413, "body")

    async def undeclared() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield bytes(100_000)

    found = is_problem(await call.http.post("/api/v1/complaints", content=undeclared(), headers=headers), 413)
    assert "4,194,304" in found["detail"]


async def test_our_own_trouble_is_told_without_its_details(call: Caller) -> None:
    assert "secret" not in str(is_problem(await call.http.get("/broken"), 500))


async def test_surrogates_and_nul_bytes_do_no_harm(call: Caller) -> None:
    headers = {"Authorization": f"Bearer {call.tokens['admin']}", "Content-Type": "application/json"}
    nul = await call.http.post("/api/v1/complaints", content=rb'{"channel":"web","text":"a\u0000b"}', headers=headers)
    assert nul.status_code == 201
    half = await call.http.post("/api/v1/complaints", content=rb'{"channel":"web","text":"a\ud800b"}', headers=headers)
    assert half.status_code in (201, 422)
