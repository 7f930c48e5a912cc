"""Commands to the end: late answers, effects that outrun them, queues, resets on record, guards."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

import orjson
import pytest

from csms import commands
from csms.kit.clock import iso, system_clock
from csms.rest import rows
from csms.vocabulary.heard import Notes
from tests.csms.rest.conftest import Http
from tests.csms.rest.test_controls import ACCEPTED, BOOT, BOOT2, ask, at_station, effect, items, now
from tests.csms.rest.wire import Plug


async def submit(http: Http, action: str, payload: dict[str, Any], **more: Any) -> dict[str, Any]:
    status, command = await http("POST", "/stations/CS-1/commands", {"action": action, "payload": payload, **more})
    assert status == 202, command
    return command


async def state(http: Http, command: dict[str, Any]) -> tuple[str, str]:
    found = (await http("GET", f"/commands/{command['id']}"))[1]
    return found["state"], found["effect"]


async def until(http: Http, command: dict[str, Any], *wanted: str) -> tuple[str, str]:
    async with asyncio.timeout(60):
        while (found := await state(http, command))[0] not in wanted:  # noqa: ASYNC110 - the row is the truth
            await asyncio.sleep(0.02)
    return found


class Slow(Plug):
    """Answers when it is told to."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.ids: list[str] = []
        self.came = asyncio.Event()

    async def _read(self) -> None:
        assert self.socket
        async for text in self.socket:
            kind, id, *rest = orjson.loads(text)
            if kind == 2:
                self.asked.append((rest[0], rest[1]))
                self.ids.append(id)
                self.came.set()
            elif id in self._waiting:
                self._waiting.pop(id).set_result(rest)

    async def answer(self, payload: dict[str, Any]) -> None:
        assert self.socket
        await self.socket.send(orjson.dumps([3, self.ids[-1], payload]).decode())

    async def asked_for(self) -> None:
        async with asyncio.timeout(40):
            await self.came.wait()
        self.came.clear()


async def slow(http: Http, protocol: str = "ocpp1.6") -> Slow:
    await http("PUT", "/stations/CS-1", {"connectors": [{"evse": 1, "connector": 1}]})
    plug = Slow(f"{http.ocpp}/CS-1", protocol, {})
    await plug.connect()
    http.plugs.append(plug)
    await plug.say("BootNotification", BOOT if protocol == "ocpp1.6" else BOOT2)
    return plug


def status(word: str, evse: int = 1) -> dict[str, Any]:
    return {"connectorId": evse, "errorCode": "NoError", "status": word, "timestamp": now()}


async def test_an_answer_after_the_time_out_still_settles_the_row(http: Http) -> None:
    http.centre.gateway.parts = replaced(http, answer_within_s=0.2)
    plug = await slow(http)
    asked = await submit(http, "SetChargingProfile", {"connectorId": 0, "csChargingProfiles": {
        "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "ChargePointMaxProfile",
        "chargingProfileKind": "Relative", "chargingSchedule": {
            "chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 5000}]}}})
    await plug.asked_for()
    assert await until(http, asked, "unanswered") == ("unanswered", "not_applicable")
    assert await items(http, "/stations/CS-1/profiles", rows.ProfileShape) == []
    await plug.answer(ACCEPTED)
    await until(http, asked, "accepted")
    assert len(await items(http, "/stations/CS-1/profiles?active=true", rows.ProfileShape)) == 1


def replaced(http: Http, **fields: Any) -> Any:
    from dataclasses import replace

    return replace(http.centre.gateway.parts, **fields)


async def test_an_effect_that_outruns_its_answer_is_seen(http: Http) -> None:
    plug = await slow(http)
    asked = await submit(http, "TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 1})
    await plug.asked_for()
    await plug.say("StatusNotification", status("Available"))
    await plug.answer(ACCEPTED)
    assert await until(http, asked, "accepted") == ("accepted", "observed")


async def test_what_came_before_a_no_was_not_its_effect(http: Http) -> None:
    plug = await slow(http)
    asked = await submit(http, "TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 1})
    await plug.asked_for()
    await plug.say("StatusNotification", status("Available"))
    await plug.answer({"status": "Rejected"})
    assert await until(http, asked, "rejected") == ("rejected", "not_applicable")


@pytest.mark.parametrize("wanted", ["MeterValues", "Heartbeat"])
async def test_even_a_reading_may_be_what_was_asked_for(http: Http, wanted: str) -> None:
    plug = await at_station(http, TriggerMessage=ACCEPTED)
    asked = await ask(http, "TriggerMessage", {"requestedMessage": wanted})
    assert await effect(http, asked) == "pending"
    await plug.say("Heartbeat", {}) if wanted == "Heartbeat" else await plug.say("MeterValues", {
        "connectorId": 1, "meterValue": [{"timestamp": now(), "sampledValue": [{"value": "5"}]}]})
    assert await effect(http, asked) == "observed"


async def test_a_hard_reset_that_kills_the_socket_before_its_answer_is_watched_all_the_same(http: Http) -> None:
    plug = await slow(http)
    asked = await submit(http, "Reset", {"type": "Hard"})
    await plug.asked_for()
    await plug.close()
    http.plugs.remove(plug)
    assert await until(http, asked, "unanswered") == ("unanswered", "pending")
    plug = await http.plug("CS-1")
    await plug.say("BootNotification", BOOT)
    assert await effect(http, asked) == "pending"
    await plug.say("StatusNotification", status("Available"))
    assert await effect(http, asked) == "observed"
    (reset,) = await items(http, "/stations/CS-1/resets", rows.ResetShape)
    assert (reset["state"], reset["effect"], reset["hard"]) == ("unanswered", "observed", True)
    assert 0 < reset["boot_after_s"] <= reset["back_after_s"] < 60
    (model,) = await items(http, "/resets?vendor=V", rows.ModelResetsShape)
    assert {k: model[k] for k in ("sent", "accepted", "unanswered", "booted", "came_back", "did_not")} == {
        "sent": 1, "accepted": 0, "unanswered": 1, "booted": 1, "came_back": 1, "did_not": 0}


class Interrupted:
    """A connection: something else happens right after it has read."""

    def __init__(self, conn: Any, meanwhile: Callable[[], Awaitable[Any]]) -> None:
        self.execute, self._fetch, self._meanwhile = conn.execute, conn.fetch, meanwhile

    async def fetch(self, *query: Any) -> list[Any]:
        found: list[Any] = await self._fetch(*query)
        await self._meanwhile()
        return found


async def test_a_socket_seen_to_drop_while_its_reset_is_given_up_leaves_the_reset_watched(http: Http) -> None:
    plug = await slow(http)
    asked = await submit(http, "Reset", {"type": "Hard"})
    await plug.asked_for()
    async with http.centre.db.acquire() as conn, http.centre.db.acquire() as other:
        given_up = partial(commands.settle, other, asked["id"], "reset", "unanswered", system_clock(), Notes())
        dropped = commands.Happening("CS-1", "disconnected", system_clock())
        await commands.observe(Interrupted(conn, given_up), [dropped], Notes())
    assert await state(http, asked) == ("unanswered", "pending")
    assert "dropped" in await http.centre.db.fetchval("select seen from commands where id = $1", asked["id"])


async def test_a_command_waits_for_the_station_to_come_back(http: Http) -> None:
    await http("PUT", "/stations/CS-1", {})
    later = iso(system_clock() + timedelta(minutes=5))
    asked = await submit(http, "ClearCache", {}, queue_until=later)
    assert (await state(http, asked))[0] == "queued"
    await http.plug("CS-1", ClearCache=ACCEPTED)
    assert (await until(http, asked, "accepted"))[0] == "accepted"


@pytest.mark.parametrize(("meanwhile", "more"), [
    ({"errorCode": "NoError", "status": "Charging"}, {}),
    ({"errorCode": "GroundFailure", "status": "Faulted"}, {"override": True, "reason": "nobody charges"}),
])
async def test_a_command_that_waited_is_not_sent_into_a_session_or_a_danger(
    http: Http, meanwhile: dict[str, Any], more: dict[str, Any]
) -> None:
    plug = await at_station(http)
    await plug.close()
    http.plugs.remove(plug)
    while (await http("GET", "/stations/CS-1"))[1]["connected"]:  # noqa: ASYNC110 - it is the server that goes on
        await asyncio.sleep(0.02)
    later = iso(system_clock() + timedelta(minutes=5))
    asked = await submit(http, "Reset", {"type": "Soft"}, queue_until=later, **more)
    await http.journal({"station": "CS-1", "at": now(), "kind": "received", "frame": [
        2, "x", "StatusNotification", {"connectorId": 1, "timestamp": now(), **meanwhile}]})
    plug = await http.plug("CS-1", Reset=ACCEPTED)
    await plug.say("Heartbeat", {})
    assert (await state(http, asked))[0] == "queued"
    assert plug.asked == []


async def test_a_dangerous_fault_forbids_reset_unlock_and_start(http: Http) -> None:
    plug = await at_station(http, Reset=ACCEPTED)
    await plug.say("StatusNotification", status("Faulted") | {"errorCode": "GroundFailure"})
    for action, payload in (
        ("Reset", {"type": "Soft"}), ("UnlockConnector", {"connectorId": 1}),
        ("RemoteStartTransaction", {"idTag": "T", "connectorId": 1}),
    ):
        answer, problem = await http("POST", "/stations/CS-1/commands", {"action": action, "payload": payload})
        assert (answer, problem["guards"]) == (409, ["G1"])
    answer, problem = await http("POST", "/stations/CS-1/commands", {
        "action": "Reset", "payload": {"type": "Soft"}, "override": True, "reason": "the driver is in a hurry"})
    assert (answer, problem["guards"]) == (409, ["G1"])
    assert plug.asked == []


async def test_an_update_that_was_forgotten_does_not_forbid_resets_for_ever(http: Http) -> None:
    plug = await at_station(http, Reset=ACCEPTED)
    await plug.say("FirmwareStatusNotification", {"status": "Downloading"})
    answer, problem = await http("POST", "/stations/CS-1/commands", {"action": "Reset", "payload": {"type": "Soft"}})
    assert (answer, problem["guards"]) == (409, ["G4"])
    await http.centre.db.execute("update stations set firmware_status_at = now() - interval '2 days'")
    await ask(http, "Reset", {"type": "Soft"})


async def test_one_evse_is_reset_alone_only_where_the_station_says_it_can(http: Http) -> None:
    plug = await at_station(http, "ocpp2.0.1", Reset=ACCEPTED, GetBaseReport=ACCEPTED)
    controls, csms = http.centre.csms.controls, http.centre.csms
    station = await csms.station("CS-1")
    assert station
    assert await controls.may_reset_alone(station, 1) is None
    await plug.say("NotifyReport", {"requestId": 1, "generatedAt": now(), "seqNo": 0, "reportData": [
        {"component": {"name": "EVSE", "evse": {"id": evse}}, "variable": {"name": "AllowReset"},
         "variableAttribute": [{"value": word}]} for evse, word in ((1, "true"), (2, "false"))]})
    assert (await controls.reset_for(station, 1)).evse == 1
    assert (await controls.reset_for(station, 2)).evse is None
    answer, fields = await http.refused("POST", "/stations/CS-1/commands", {
        "action": "Reset", "payload": {"type": "OnIdle", "evseId": 2}})
    assert (answer, fields) == (422, ["evse"])
    asked = await ask(http, "Reset", {"type": "OnIdle", "evseId": 1})
    await plug.say("StatusNotification", {
        "evseId": 1, "connectorId": 1, "connectorStatus": "Available", "timestamp": now()})
    assert await effect(http, asked) == "observed"


async def test_what_registers_mean_is_told_changed_and_forgotten(http: Http) -> None:
    body = {"vendor": "Huawei", "boundary_factor": 1000, "register": "session", "note": "lbbrhzn#1810"}
    code, made = await http("PUT", "/register-semantics", body)
    rows.RegisterShape.model_validate(made)
    assert (code, made["boundary_factor"], made["model"], made["register"]) == (201, 1000, "", "session")
    assert (await http("PUT", "/register-semantics", {"vendor": "Huawei"}))[0] == 200
    (entry,) = await items(http, "/register-semantics", rows.RegisterShape)
    assert (entry["boundary_factor"], entry["register"]) == (1, "lifetime")
    assert (await http("DELETE", "/register-semantics?vendor=Huawei"))[0] == 204
    assert (await http("DELETE", "/register-semantics?vendor=Huawei"))[0] == 404
    assert await http.refused("PUT", "/register-semantics", body | {"lines": "x"}) == (422, ["lines"])
    assert (await http("PUT", "/register-semantics", body, role="agent"))[0] == 403


async def test_repairs_come_with_their_meaning(http: Http) -> None:
    plug = await at_station(http)
    await plug.say("StatusNotification", {"connectorId": "1", "errorCode": "Odd", "status": "available"})
    _, listed = await http("GET", "/repairs")
    found = {r["name"]: r["meaning"] for r in listed["items"]}
    assert set(found) == {"text_as_number", "unknown_error_code", "word_spelling"}
    assert all(found.values())
