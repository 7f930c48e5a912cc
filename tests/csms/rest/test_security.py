"""Security over HTTP."""

from __future__ import annotations

from csms.rest import shapes
from tests.csms.rest.conftest import Http


async def test_a_password_is_given_and_never_told(http: Http) -> None:
    await http("PUT", "/stations/CS-1", {})
    plug = await http.plug("CS-1", ChangeConfiguration={"status": "Accepted"})
    status, asked = await http("POST", "/stations/CS-1/password", {"wait_s": 5, "reason": "new"}, role="technician")
    assert (status, asked["state"], asked["payload"]) == (200, "accepted", {"key": "AuthorizationKey", "value": "***"})
    [(_, payload)] = plug.asked
    assert len(payload["value"]) == 40
    assert payload["value"] not in str(await http("GET", f"/commands/{asked['id']}"))
    _, page = await http("GET", "/stations/CS-1/frames")
    assert payload["value"] not in str(page)
    assert ["secret_masked"] in [row["repairs"] for row in page["items"]]


async def test_what_is_wrong_with_a_password_is_named(http: Http) -> None:
    await http("PUT", "/stations/CS-1", {})
    assert await http.refused("POST", "/stations/CS-1/password", {"password": "short"}) == (422, ["password"])
    assert await http.refused("POST", "/stations/CS-1/password", {"password": "x" * 30}) == (422, ["password"])
    assert (await http("POST", "/stations/NO/password", {}))[0] == 404
    assert (await http("POST", "/stations/CS-1/password", {}, role="agent"))[0] == 403


async def test_security_events_of_stations_and_of_the_door_are_one_list(http: Http) -> None:
    await http("PUT", "/stations/CS-1", {"security_profile": 2})
    await http("PUT", "/stations/CS-1", {"security_profile": 1})
    await http("PUT", "/stations/CS-1", {"security_profile": 0})
    plug = await http.plug("CS-1", "ocpp2.0.1")
    told = {"type": "TamperDetectionActivated", "timestamp": "2026-11-22T00:00:00Z"}
    await plug.say("SecurityEventNotification", told)
    found, cursor = [], ""
    while cursor is not None:
        _, page = await http("GET", f"/stations/CS-1/security-events?limit=1{cursor and '&cursor=' + cursor}")
        shapes.Listing[shapes.SecurityEventShape].model_validate(page)
        found += [(e["type"], e["source"], e["times"]) for e in page["items"]]
        cursor = page["next_cursor"]
    assert found == [("TamperDetectionActivated", "station", 1), ("profile_lowered", "door", 2)]
    assert (await http("GET", "/security-events?station=CS-2"))[1]["items"] == []
    assert (await http("GET", "/stations/NO/security-events"))[0] == 404


async def test_without_an_authority_there_is_nothing_to_sign(http: Http) -> None:
    id = "00000000-0000-0000-0000-000000000000"
    assert (await http("POST", f"/certificate-requests/{id}/sign"))[0] == 404
    assert (await http("POST", "/certificate-requests/no/sign"))[0] == 404
    assert (await http("POST", "/issued-certificates/12/revoke"))[0] == 404
    assert (await http("GET", "/issued-certificates"))[1]["items"] == []
