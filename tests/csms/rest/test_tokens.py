"""Tokens over HTTP."""

from __future__ import annotations

import pytest

from csms.rest import shapes
from tests.csms.rest.conftest import Http


async def test_a_token_is_put_read_and_listed(http: Http) -> None:
    body = {"status": "Accepted", "type": "ISO14443", "parent": "G1", "customer": "li",
            "expires_at": "2027-01-01T00:00:00+08:00"}
    status, made = await http("PUT", "/tokens/CARD-1", body, role="agent")
    assert status == 201
    shapes.TokenShape.model_validate(made)
    assert (made["token"], made["expires_at"]) == ("CARD-1", "2026-12-31T16:00:00.000Z")
    status, made = await http("PUT", "/tokens/CARD-1", {"status": "Blocked"})
    assert (status, made["status"], made["parent"]) == (200, "Blocked", None)
    assert (await http("GET", "/tokens/CARD-1"))[1] == made
    await http("PUT", "/tokens/CARD-2", {"status": "Expired"})
    _, page = await http("GET", "/tokens?limit=1")
    _, rest = await http("GET", f"/tokens?limit=1&cursor={page['next_cursor']}")
    assert [t["token"] for t in page["items"] + rest["items"]] == ["CARD-1", "CARD-2"]
    assert (await http("GET", "/tokens/CARD-3"))[0] == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({}, "status"),
        ({"status": "Lost"}, "status"),
        ({"status": "Accepted", "expires_at": "2027"}, "expires_at"),
        ({"status": "Accepted", "expires_at": 1700000000}, "expires_at"),
        ({"status": "Accepted", "type": 1}, "type"),
        ({"status": "Accepted", "colour": "red"}, "colour"),
    ],
)
async def test_what_is_wrong_with_a_token_is_named(http: Http, wrong: dict, field: str) -> None:
    assert await http.refused("PUT", "/tokens/CARD-1", wrong) == (422, [field])


async def test_what_is_put_is_what_the_station_is_told(http: Http) -> None:
    await http("PUT", "/stations/CS-1", {})
    await http("PUT", "/tokens/CARD-1", {"status": "Accepted"})
    plug = await http.plug("CS-1")
    assert (await plug.say("Authorize", {"idTag": "CARD-1"}))["idTagInfo"]["status"] == "Accepted"
    assert (await plug.say("Authorize", {"idTag": "CARD-2"}))["idTagInfo"]["status"] == "Invalid"
