"""A station that nobody has entered, under `quarantine`: what it is told, and that nothing it says is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from csms.app import CentreOptions
from csms.importer import rebuild
from csms.kit.db import Db
from tests.csms.rough import Rough, World, now, world_of

BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}
BOOT2 = {"chargingStation": {"vendorName": "V", "model": "M"}, "reason": "PowerUp"}
ADMITTED = {"vendor": "V"}


@pytest.fixture
async def gate(db: Db, tmp_path: Path) -> AsyncIterator[World]:
    options = CentreOptions(unknown_stations="quarantine", accept_unknown_tokens=True, answer_within_s=5)
    async with world_of(db, tmp_path, options) as made:
        yield made


async def refused(station: Rough, action: str, payload: dict[str, Any]) -> str:
    """The code of the error it is answered with."""
    kind, code, description, _ = await station.send(orjson.dumps([2, action, action, payload]).decode(), action)
    assert kind == 4, code
    assert "not accepted yet" in description
    return str(code)


async def frames(world: World) -> list[tuple[str, list[str]]]:
    rows = (await world.ask("GET", "/stations/CS-1/frames"))["items"]
    return [(row["action"], row["repairs"]) for row in rows if row["kind"] == "received"]


@pytest.mark.parametrize("protocol", ["ocpp2.0.1", "ocpp2.1"])
async def test_until_its_boot_is_accepted_a_station_of_2_is_refused_and_nothing_is_lost(
    gate: World, protocol: str
) -> None:
    """B02.FR.09, B03.FR.07."""
    station = await gate.dial(protocol=protocol)
    booted = await station.say("BootNotification", BOOT2)
    assert (booted["status"], booted["interval"]) == ("Pending", 60)
    status = {"timestamp": now(), "connectorStatus": "Occupied", "evseId": 1, "connectorId": 1}
    started = {
        "eventType": "Started", "timestamp": now(), "triggerReason": "Authorized", "seqNo": 0,
        "transactionInfo": {"transactionId": "T1"}, "evse": {"id": 1, "connectorId": 1},
        "idToken": {"idToken": "CARD", "type": "ISO14443"},
    }
    told = {"idToken": {"idToken": "CARD", "type": "ISO14443"}}
    for action, payload in (("StatusNotification", status), ("TransactionEvent", started), ("Authorize", told),
                            ("Heartbeat", {})):
        assert await refused(station, action, payload) == "SecurityError"
    assert await gate.connector() == "Occupied"
    (session,) = await gate.transactions()
    assert (session["reference"], session["token_status"]) == ("T1", "Invalid"), "and no stranger's card is good"
    assert await frames(gate) == [("BootNotification", [])] + [
        (action, ["before_acceptance"])
        for action in ("StatusNotification", "TransactionEvent", "Authorize", "Heartbeat")]
    assert await gate.repairs() == {"before_acceptance": 4}
    await gate.ask("PUT", "/stations/CS-1", ADMITTED)
    assert (await station.say("BootNotification", BOOT2))["status"] == "Accepted"
    assert await station.say("TransactionEvent", started) == {"idTokenInfo": {"status": "Accepted"}}
    assert len(await gate.transactions()) == 1, "what it says again is known"


async def test_what_it_is_asked_for_it_may_say(gate: World) -> None:
    """B02.FR.09: messages that TriggerMessage or GetBaseReport bring are answered."""
    station = await gate.dial(protocol="ocpp2.0.1", TriggerMessage={"status": "Accepted"},
                              GetBaseReport={"status": "Accepted"})
    await station.say("BootNotification", BOOT2)
    status = {"timestamp": now(), "connectorStatus": "Available", "evseId": 1, "connectorId": 1}
    report = {"requestId": 1, "generatedAt": now(), "seqNo": 0}
    await refused(station, "StatusNotification", status)
    await refused(station, "NotifyReport", report)
    await gate.command("TriggerMessage", {"requestedMessage": "StatusNotification"})
    await gate.command("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"})
    assert await station.say("StatusNotification", status) == {}
    assert await station.say("NotifyReport", report) == {}


@pytest.mark.parametrize(("protocol", "action", "payload"), [
    ("ocpp1.6", "RemoteStartTransaction", {"idTag": "CARD"}),
    ("ocpp1.6", "RemoteStopTransaction", {"transactionId": 1}),
    ("ocpp2.0.1", "RequestStopTransaction", {"transactionId": "T1"}),
])
async def test_it_is_not_asked_to_start_or_stop(
    gate: World, protocol: str, action: str, payload: dict[str, Any]
) -> None:
    """1.6: 4.2; 2.0.1: B02.FR.07."""
    station = await gate.dial(protocol=protocol)
    await station.say("BootNotification", BOOT2 if protocol == "ocpp2.0.1" else BOOT)
    problem = await gate.command(action, payload)
    assert (problem["status"], problem.get("guards")) == (409, None)
    assert "not admitted yet" in problem["detail"]


async def test_a_station_of_1_6_is_answered_and_no_card_is_good_there(gate: World) -> None:
    """4.2 forbids it to speak and names no answer; a start that is refused would take its session from the record."""
    station = await gate.dial()
    assert (await station.boot())["status"] == "Pending"
    assert (await station.say("Authorize", {"idTag": "CARD"}))["idTagInfo"] == {"status": "Invalid"}
    await station.stop(await station.start(token="CARD"))
    (session,) = await gate.transactions()
    assert (session["energy_wh"], session["token_status"]) == (500, "Invalid")
    await gate.ask("PUT", "/stations/CS-1", ADMITTED)
    assert (await station.boot())["status"] == "Accepted"
    assert (await station.say("Authorize", {"idTag": "CARD"}))["idTagInfo"] == {"status": "Accepted"}


async def test_a_rebuild_tells_it_the_same(gate: World) -> None:
    station = await gate.dial(protocol="ocpp2.0.1")
    await station.say("BootNotification", BOOT2)
    await refused(station, "Authorize", {"idToken": {"idToken": "CARD", "type": "ISO14443"}})
    answered = "select token, status from authorizations"
    before = [tuple(row) for row in await gate.centre.db.fetch(answered)], await gate.repairs()
    await rebuild(gate.centre.db)
    assert ([tuple(row) for row in await gate.centre.db.fetch(answered)], await gate.repairs()) == before
    assert before[0] == [("CARD", "Invalid")]


async def test_once_admitted_it_need_not_boot_again_when_it_comes_back(gate: World) -> None:
    station = await gate.dial(protocol="ocpp2.0.1")
    await station.say("BootNotification", BOOT2)
    await gate.ask("PUT", "/stations/CS-1", ADMITTED)
    await refused(station, "Heartbeat", {})
    again = await gate.dial(protocol="ocpp2.0.1")
    assert "currentTime" in await again.say("Heartbeat", {})
