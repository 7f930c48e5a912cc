"""Commands over HTTP, to a station on a real socket."""

from __future__ import annotations

import pytest

from csms.rest import shapes
from tests.csms.rest.conftest import Http

BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}


async def test_a_command_is_answered_at_once_and_settles(http: Http) -> None:
    await http("PUT", "/stations/CS-1", {})
    plug = await http.plug("CS-1", TriggerMessage={"status": "Accepted"})
    status, asked = await http(
        "POST", "/stations/CS-1/commands",
        {"action": "TriggerMessage", "payload": {"requestedMessage": "Heartbeat"}, "reason": "is it there?"},
        role="agent",
    )
    assert status == 202
    assert asked["state"] in ("queued", "sent", "accepted")
    status, waited = await http(
        "POST", "/stations/CS-1/commands",
        {"action": "TriggerMessage", "payload": {"requestedMessage": "Heartbeat"}, "wait_s": 5},
    )
    assert (status, waited["state"], waited["effect"]) == (200, "accepted", "pending")
    await plug.say("Heartbeat", {})
    _, seen = await http("GET", f"/commands/{asked['id']}")
    shapes.CommandShape.model_validate(seen)
    assert (seen["requested_by"], seen["reason"]) == ("agent:wang", "is it there?")
    assert seen["answer"] == {"status": "Accepted"}
    _, page = await http("GET", "/commands?station=CS-1&limit=1")
    _, rest = await http("GET", f"/commands?station=CS-1&limit=1&cursor={page['next_cursor']}")
    assert [c["id"] for c in page["items"] + rest["items"]] == [waited["id"], asked["id"]]
    assert (await http("GET", "/commands?station=CS-2"))[1]["items"] == []
    assert [action for action, _ in plug.asked] == ["TriggerMessage"] * 2


async def test_what_the_driver_s_app_asks_for_bears_its_name(http: Http) -> None:
    await http("PUT", "/stations/CS-1", {})
    _, asked = await http("POST", "/stations/CS-1/commands", {"action": "ClearCache", "wait_s": 5}, role="integration")
    assert (asked["requested_by"], asked["state"]) == ("app", "offline")


async def test_a_station_that_is_offline_is_told_later_if_so_wished(http: Http) -> None:
    await http("PUT", "/stations/CS-1", {})
    status, asked = await http("POST", "/stations/CS-1/commands", {
        "action": "ClearCache", "wait_s": 0.2, "queue_until": "2099-01-01T00:00:00Z"
    })
    assert (status, asked["state"]) == (202, "queued")


async def test_guards_refuse_and_an_override_needs_a_reason(http: Http) -> None:
    await http("PUT", "/stations/CS-1", {"connectors": [{"evse": 1, "connector": 1}]})
    plug = await http.plug("CS-1", Reset={"status": "Accepted"})
    await plug.say("BootNotification", BOOT)
    await plug.say("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"})
    reset = {"action": "Reset", "payload": {"type": "Soft"}, "wait_s": 5}
    status, problem = await http("POST", "/stations/CS-1/commands", reset)
    assert (status, problem["guards"], plug.asked) == (409, ["G2"], [])
    assert await http.refused("POST", "/stations/CS-1/commands", reset | {"override": True}) == (422, ["reason"])
    status, asked = await http("POST", "/stations/CS-1/commands", reset | {"override": True, "reason": "stuck"})
    assert (status, asked["state"], asked["reason"]) == (200, "accepted", "stuck")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({}, "action"),
        ({"action": "Fly"}, "action"),
        ({"action": 7}, "action"),
        ({"action": "Reset"}, "payload.type"),
        ({"action": "Reset", "payload": {"type": "Gentle"}}, "payload.type"),
        ({"action": "Reset", "payload": "Soft"}, "payload"),
        ({"action": "UnlockConnector", "payload": {"connectorId": "one"}}, "payload.connectorId"),
        ({"action": "UnlockConnector", "payload": {"connectorId": 2**40}}, "payload.connectorId"),
        ({"action": "ClearCache", "wait_s": 61}, "wait_s"),
        ({"action": "ClearCache", "wait_s": "5"}, "wait_s"),
        ({"action": "ClearCache", "override": "yes"}, "override"),
        ({"action": "ClearCache", "queue_until": "tomorrow"}, "queue_until"),
        ({"action": "ClearCache", "queue_until": "2020-01-01T00:00:00Z"}, "queue_until"),
        ({"action": "ClearCache", "hurry": True}, "hurry"),
        ({"action": "ClearCache", "reason": "x" * 2001}, "reason"),
    ],
)
async def test_what_is_wrong_with_a_command_is_named(http: Http, wrong: dict, field: str) -> None:
    await http("PUT", "/stations/CS-1", {})
    assert await http.refused("POST", "/stations/CS-1/commands", wrong) == (422, [field])


async def test_the_schema_is_that_of_the_station_s_version(http: Http) -> None:
    await http("PUT", "/stations/CS-2", {})
    await http.plug("CS-2", "ocpp2.0.1", Reset={"status": "Accepted"})
    assert await http.refused(
        "POST", "/stations/CS-2/commands", {"action": "Reset", "payload": {"type": "Soft"}}
    ) == (422, ["payload.type"])
    status, _ = await http("POST", "/stations/CS-2/commands", {
        "action": "Reset", "payload": {"type": "OnIdle"}, "wait_s": 5
    })
    assert status == 200


async def test_what_is_not_there_is_not_found(http: Http) -> None:
    assert (await http("POST", "/stations/CS-9/commands", {"action": "ClearCache"}))[0] == 404
    assert (await http("POST", "/stations/CS-9/log", {}))[0] == 404
    assert (await http("GET", "/commands/not-a-uuid"))[0] == 404
    assert (await http("GET", "/commands/00000000-0000-0000-0000-000000000000"))[0] == 404
