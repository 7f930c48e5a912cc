"""Who may do what, and what the API tells of itself."""

from __future__ import annotations

from fastapi.routing import APIRoute

from csms.rest.access import ACCESS, PREFIX
from tests.csms.rest.conftest import ROLES, Http

OPEN = {"/health/live", "/health/ready", "/metrics", "/uploads/{token}", "/uploads/{token}/{filename:path}"}


def routes(http: Http) -> set[tuple[str, str]]:
    found = set()
    waiting = list(http.app.routes)
    while waiting:
        route = waiting.pop()
        if isinstance(route, APIRoute):
            found |= {(method, route.path) for method in route.methods}
        else:
            waiting += getattr(getattr(route, "original_router", route), "routes", None) or []
    return found


async def test_every_endpoint_is_in_the_table_and_the_table_has_no_other(http: Http) -> None:
    under = {(m, p.removeprefix(PREFIX)) for m, p in routes(http) if p.startswith(PREFIX)}
    assert under == set(ACCESS)
    assert {p for _, p in routes(http) if not p.startswith(PREFIX)} == OPEN


async def test_nobody_comes_in_without_a_token_or_with_the_wrong_role(http: Http) -> None:
    for method, path in sorted(ACCESS):
        place = path.replace("{id}", "x").replace("{token}", "x")
        body = {} if method in ("PUT", "POST") else None
        for role in ("", "stranger"):
            assert (await http(method, place, body, role=role))[0] == 401, (method, path)
        allowed = set(ACCESS[method, path]) or ROLES
        for role in ROLES - allowed - {"admin"}:
            status, problem = await http(method, place, body, role=role)
            assert status == 403, (method, path, role, problem)
        assert (await http(method, place, body, role="admin"))[0] not in (401, 403), (method, path)


def test_an_auditor_only_reads() -> None:
    assert not [key for key, roles in ACCESS.items() if key[0] != "GET" and "auditor" in roles]


async def test_openapi_describes_the_contract(http: Http) -> None:
    answer = await http.client.get("/api/v1/openapi.json")
    paths = answer.json()["paths"]
    assert set(paths) >= {PREFIX + path for _, path in ACCESS}
    assert paths["/api/v1/payments"]["post"]["requestBody"]["content"]["application/json"]["schema"]


async def test_health_and_figures_are_open_to_all(http: Http) -> None:
    assert (await http.client.get("/health/live")).json() == {"status": "live"}
    assert (await http.client.get("/health/ready")).json() == {"status": "ready"}
    await http("PUT", "/stations/CS-1", {})
    await http.plug("CS-1")
    figures = (await http.client.get("/metrics")).text
    assert "ohmbudsman_stations_connected 1.0" in figures
    assert "ohmbudsman_inbox_waiting 0.0" in figures
    assert "process_resident_memory_bytes" in figures


async def test_a_process_that_lacks_a_migration_or_its_database_is_not_ready(http: Http) -> None:
    await http.centre.db.execute("delete from migrations where name like '0002%'")
    answer = await http.client.get("/health/ready")
    assert (answer.status_code, answer.json()["why"]) == (503, "migrations not applied: 0002_complaints.sql")
    assert (await http.client.get("/health/live")).status_code == 200


async def test_unknown_places_and_methods_are_problems_too(http: Http) -> None:
    assert await http.refused("GET", "/nothing") == (404, [])
    assert await http.refused("DELETE", "/stations/CS-1") == (405, [])
