"""Stations over HTTP."""

from __future__ import annotations

import pytest

from csms.rest import shapes
from tests.csms.rest.conftest import Http

BODY = {
    "vendor": "Yunchong", "model": "YC-DC60", "firmware": "V4.06", "site": "North", "name": "A1", "tariff": "T1",
    "max_power_w": 60000, "password": "a secret of sixteen", "security_profile": 1,
    "connectors": [{"evse": 1, "connector": 1, "type": "GBT-DC", "max_power_w": 60000}, {"evse": 2, "connector": 1}],
}


async def test_a_station_is_created_completed_and_never_tells_its_password(http: Http) -> None:
    status, made = await http("PUT", "/stations/CS-1", BODY)
    assert status == 201
    shapes.StationDetail.model_validate(made)
    assert {k: made[k] for k in ("vendor", "site", "tariff", "security_profile", "password_set")} == {
        "vendor": "Yunchong", "site": "North", "tariff": "T1", "security_profile": 1, "password_set": True
    }
    assert made["connectors"][0] == {
        "evse": 1, "connector": 1, "type": "GBT-DC", "max_power_w": 60000, "status": None, "status_at": None
    }
    assert made["warnings"] == ["tariff: there is no tariff T1, so its transactions cannot be billed"]
    assert "secret" not in str(made)
    status, made = await http("PUT", "/stations/CS-1", {"name": "B2"})
    assert (status, made["name"], made["vendor"], len(made["connectors"])) == (200, "B2", "Yunchong", 2)
    stored = await http.centre.db.fetchval("select password_hash from stations")
    assert stored.startswith("$argon2id$")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"vendor": 7}, "vendor"),
        ({"vendor": "x" * 256}, "vendor"),
        ({"name": "a\x00b"}, "name"),
        ({"max_power_w": -1}, "max_power_w"),
        ({"max_power_w": "60000"}, "max_power_w"),
        ({"security_profile": 4}, "security_profile"),
        ({"security_profile": True}, "security_profile"),
        ({"password": ""}, "password"),
        ({"connectors": {}}, "connectors"),
        ({"connectors": [{"evse": 1, "connector": 1}, {"evse": "2", "connector": 1}]}, "connectors[1].evse"),
        ({"connectors": [{"evse": 1, "connector": 1}, {"evse": 0, "connector": 1}]}, "connectors[1].evse"),
        ({"connectors": [{"evse": 1}]}, "connectors[0].connector"),
        ({"connectors": [{"evse": 1, "connector": 1, "max_power_w": 0}]}, "connectors[0].max_power_w"),
        ({"connectors": [{"evse": 1, "connector": 1}, {"evse": 1, "connector": 1}]}, "connectors[1].connector"),
    ],
)
async def test_what_is_wrong_with_a_station_is_named(http: Http, wrong: dict, field: str) -> None:
    assert await http.refused("PUT", "/stations/CS-1", wrong) == (422, [field])
    assert (await http("GET", "/stations/CS-1"))[0] == 404


async def test_json_that_no_database_holds_is_refused(http: Http) -> None:
    for text in ('{"max_power_w": NaN}', '{"max_power_w": 1e999}', '{"name": "\\ud800"}'):
        status, fields = await http.refused("PUT", "/stations/CS-1", text)
        assert (status, len(fields)) == (422, 1)
    assert await http.refused("PUT", "/stations/CS-1", "{") == (422, ["body"])
    assert (await http.refused("PUT", "/stations/CS-1", "[" * 5000))[0] in (400, 422)
    assert (await http.refused("PUT", "/stations/CS-1", '{"name":' * 60 + "1" + "}" * 60))[0] == 422


async def test_stations_are_listed_page_by_page(http: Http) -> None:
    for n in range(5):
        await http("PUT", f"/stations/CS-{n}", {"site": "North" if n else "South"})
    status, page = await http("GET", "/stations?limit=2")
    assert status == 200
    shapes.Listing[shapes.StationShape].model_validate(page)
    seen = [s["id"] for s in page["items"]]
    while page["next_cursor"]:
        _, page = await http("GET", f"/stations?limit=2&cursor={page['next_cursor']}")
        seen += [s["id"] for s in page["items"]]
    assert seen == [f"CS-{n}" for n in range(5)]
    _, page = await http("GET", "/stations?site=South")
    assert [s["id"] for s in page["items"]] == ["CS-0"]
    assert await http.refused("GET", "/stations?limit=0") == (422, ["limit"])
    assert await http.refused("GET", "/stations?cursor=zzz") == (422, ["cursor"])
    assert await http.refused("GET", "/stations?cursor=WzFd") == (422, ["cursor"])


async def test_a_connected_station_shows_what_it_says(http: Http) -> None:
    await http("PUT", "/stations/CS-1", {"connectors": [{"evse": 1, "connector": 1}]})
    plug = await http.plug("CS-1")
    await plug.say("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})
    await plug.say("StatusNotification", {
        "connectorId": 1, "errorCode": "GroundFailure", "status": "Faulted", "timestamp": "2026-11-22T01:00:00Z"
    })
    _, station = await http("GET", "/stations/CS-1")
    shapes.StationDetail.model_validate(station)
    assert (station["connected"], station["protocol"], station["vendor"]) == (True, "ocpp1.6", "V")
    assert station["last_heard_at"].endswith("Z")
    assert station["connectors"][0]["status"] == "Faulted"
    assert [f["code"] for f in station["open_faults"]] == ["GroundFailure"]
    _, listed = await http("GET", "/faults?open=true")
    shapes.Listing[shapes.FaultShape].model_validate(listed)
    assert listed["items"] == station["open_faults"]
    await plug.say("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Available"})
    assert (await http("GET", "/faults?open=true"))[1]["items"] == []
    _, history = await http("GET", "/stations/CS-1/faults")
    assert history["items"][0]["cleared_at"]
    assert (await http("GET", "/faults?open=false&station=CS-1"))[1] == history
    assert (await http("GET", "/stations/CS-2/faults"))[0] == 404
    assert await http.refused("GET", "/faults?open=perhaps") == (422, ["open"])


async def test_the_journal_is_read_frame_by_frame(http: Http) -> None:
    await http("PUT", "/stations/CS-1", {})
    plug = await http.plug("CS-1")
    await plug.say("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})
    assert plug.socket
    await plug.socket.send('[2,"x","StatusNotification",{"connectorId":1,')
    await plug.say("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Available"})
    _, page = await http("GET", "/stations/CS-1/frames?raw=true")
    shapes.Listing[shapes.FrameShape].model_validate(page)
    rows = page["items"]
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert (rows[0]["kind"], rows[0]["protocol"], rows[0]["frame"]) == ("connected", "ocpp1.6", None)
    assert (rows[1]["action"], rows[1]["frame"][:2]) == ("BootNotification", [2, "m1"])
    assert [r["prev_hash"] for r in rows[1:]] == [r["hash"] for r in rows[:-1]]
    broken = next(row for row in rows if row["message_id"] == "x")
    assert broken["frame"] == broken["text"] == '[2,"x","StatusNotification",{"connectorId":1,'
    seen, cursor = [], ""
    while cursor is not None:
        _, page = await http("GET", f"/stations/CS-1/frames?limit=2&cursor={cursor}" if cursor else
                             "/stations/CS-1/frames?limit=2")
        seen += page["items"]
        cursor = page["next_cursor"]
    assert [r["seq"] for r in seen] == [r["seq"] for r in rows]
    assert (await http("GET", "/stations/CS-1/frames?from=2099-01-01T00:00:00Z"))[1]["items"] == []
    assert (await http("GET", "/stations/CS-1/frames?to=2020-01-01T00:00:00+08:00"))[1]["items"] == []
    assert await http.refused("GET", "/stations/CS-1/frames?from=yesterday") == (422, ["from"])
    assert (await http("GET", "/stations/CS-9/frames"))[0] == 404


async def test_strangers_are_seen_knocking_until_they_are_known(http: Http) -> None:
    with pytest.raises(Exception, match="404"):
        await http.plug("STRANGER")
    _, page = await http("GET", "/knocks")
    shapes.Listing[shapes.KnockShape].model_validate(page)
    assert [(k["station"], k["times"]) for k in page["items"]] == [("STRANGER", 1)]
    await http("PUT", "/stations/STRANGER", {})
    assert (await http("GET", "/knocks"))[1]["items"] == []


async def test_variables_are_shown_as_reported(http: Http) -> None:
    await http("PUT", "/stations/CS-1", {})
    await http.plug("CS-1", GetConfiguration={
        "configurationKey": [{"key": f"Key{n}", "readonly": bool(n), "value": str(n)} for n in range(3)]
    })
    status, _ = await http("POST", "/stations/CS-1/commands", {
        "action": "GetConfiguration", "payload": {}, "wait_s": 5
    })
    assert status == 200
    _, page = await http("GET", "/stations/CS-1/variables?limit=2")
    shapes.Listing[shapes.VariableShape].model_validate(page)
    _, rest = await http("GET", f"/stations/CS-1/variables?limit=2&cursor={page['next_cursor']}")
    assert [(v["variable"], v["value"]) for v in page["items"] + rest["items"]] == [
        (f"Key{n}", str(n)) for n in range(3)
    ]
