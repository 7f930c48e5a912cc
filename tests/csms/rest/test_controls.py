"""What is set in stations: asked over HTTP, answered on a socket, and on record from then on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from csms.rest import grid, rows, shapes
from tests.csms.rest.conftest import Http
from tests.csms.rest.wire import Plug

ACCEPTED = {"status": "Accepted"}
BOOT = {"chargePointVendor": "V", "chargePointModel": "M", "firmwareVersion": "1"}
BOOT2 = {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M", "firmwareVersion": "1"}}
LATER = "2099-01-01T00:00:00Z"


async def at_station(http: Http, protocol: str = "ocpp1.6", **answers: Any) -> Plug:
    await http("PUT", "/stations/CS-1", {"connectors": [{"evse": 1, "connector": 1}, {"evse": 2, "connector": 1}]})
    plug = await http.plug("CS-1", protocol, **answers)
    await plug.say("BootNotification", BOOT if protocol == "ocpp1.6" else BOOT2)
    return plug


async def ask(http: Http, action: str, payload: dict[str, Any], **more: Any) -> dict[str, Any]:
    status, command = await http(
        "POST", "/stations/CS-1/commands", {"action": action, "payload": payload, "wait_s": 10, **more}
    )
    assert status == 200, command
    return command


async def items(http: Http, path: str, model: type[shapes.Shape]) -> list[dict[str, Any]]:
    status, listed = await http("GET", path)
    assert status == 200, listed
    shapes.Listing[model].model_validate(listed)
    return listed["items"]


async def effect(http: Http, command: dict[str, Any]) -> str:
    return (await http("GET", f"/commands/{command['id']}"))[1]["effect"]


def profile16(id: int, stack: int, purpose: str, *periods: tuple[int, float], unit: str = "W") -> dict[str, Any]:
    return {
        "chargingProfileId": id, "stackLevel": stack, "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": unit,
            "chargingSchedulePeriod": [{"startPeriod": s, "limit": limit} for s, limit in periods],
        },
    }


def profile2(id: int, stack: int, purpose: str, *periods: tuple[int, float]) -> dict[str, Any]:
    return {
        "id": id, "stackLevel": stack, "chargingProfilePurpose": purpose, "chargingProfileKind": "Relative",
        "chargingSchedule": [{
            "id": 1, "chargingRateUnit": "W",
            "chargingSchedulePeriod": [{"startPeriod": s, "limit": limit} for s, limit in periods],
        }],
    }


async def test_a_profile_is_installed_when_the_station_says_so_and_limits_while_a_session_runs(http: Http) -> None:
    plug = await at_station(http, SetChargingProfile=ACCEPTED, ClearChargingProfile=ACCEPTED)
    await ask(http, "SetChargingProfile", {
        "connectorId": 0, "csChargingProfiles": profile16(1, 0, "ChargePointMaxProfile", (0, 40_000))
    })
    await ask(http, "SetChargingProfile", {
        "connectorId": 1, "csChargingProfiles": profile16(2, 0, "TxDefaultProfile", (0, 11_000), (3600, 3_000))
    })
    assert [limit["limit_w"] for limit in await limits_at(http, 1)] == [40_000]
    await http("PUT", "/tokens/TAG", {"status": "Accepted"})
    started = await plug.say("StartTransaction", {
        "connectorId": 1, "idTag": "TAG", "meterStart": 0, "timestamp": now()
    })
    assert sorted(limit["limit_w"] for limit in await limits_at(http, 1)) == [11_000, 40_000]
    assert [limit["limit_w"] for limit in await limits_at(http, 2)] == [40_000]
    await ask(http, "SetChargingProfile", {
        "connectorId": 1,
        "csChargingProfiles": profile16(3, 0, "TxProfile", (0, 7_000)) | {"transactionId": started["transactionId"]},
    })
    assert sorted(limit["limit_w"] for limit in await limits_at(http, 1)) == [7_000, 40_000]
    await ask(http, "ClearChargingProfile", {"id": 3})
    assert sorted(limit["limit_w"] for limit in await limits_at(http, 1)) == [11_000, 40_000]
    await plug.say("StopTransaction", {
        "transactionId": started["transactionId"], "meterStop": 10, "timestamp": now()
    })
    installed = await items(http, "/stations/CS-1/profiles?active=true", rows.ProfileShape)
    assert sorted(p["profile_id"] for p in installed) == [1, 2]
    gone = await items(http, "/stations/CS-1/profiles?active=false", rows.ProfileShape)
    assert [p["profile_id"] for p in gone] == [3]
    story = await http.centre.csms.story("CS-1", *around())
    assert {(limit.evse, limit.limit_w, limit.ours) for limit in story.limits} >= {
        (1, 7_000, True), (1, 11_000, True), (0, 40_000, True)
    }


async def limits_at(http: Http, evse: int) -> list[dict[str, Any]]:
    return await items(http, f"/stations/CS-1/limits?evse={evse}&at={now()}", rows.LimitShape)


def now() -> str:
    from csms.kit.clock import iso, system_clock

    return iso(system_clock())


def around() -> tuple[Any, Any]:
    from datetime import timedelta

    from csms.kit.clock import system_clock

    return system_clock() - timedelta(hours=1), system_clock() + timedelta(hours=1)


async def test_a_profile_that_was_refused_is_not_installed(http: Http) -> None:
    await at_station(http, SetChargingProfile={"status": "Rejected"})
    await ask(http, "SetChargingProfile", {
        "connectorId": 0, "csChargingProfiles": profile16(1, 0, "ChargePointMaxProfile", (0, 40_000))
    })
    assert await items(http, "/stations/CS-1/profiles", rows.ProfileShape) == []


@pytest.mark.parametrize("protocol", ["ocpp2.0.1", "ocpp2.1"])
async def test_limits_that_others_impose_are_known_until_they_are_lifted(http: Http, protocol: str) -> None:
    plug = await at_station(http, protocol, GetChargingProfiles=ACCEPTED)
    await plug.say("NotifyChargingLimit", {
        "chargingLimit": {"chargingLimitSource": "EMS", "isGridCritical": True},
        "chargingSchedule": [{"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [
            {"startPeriod": 0, "limit": 6}]}],
    })
    (limit,) = await limits_at(http, 1)
    assert (limit["source"], limit["limit_a"], limit["evse"], limit["purpose"]) == ("EMS", 6, 0, "external")
    await plug.say("ClearedChargingLimit", {"chargingLimitSource": "EMS"})
    assert await limits_at(http, 1) == []
    asked = await ask(http, "GetChargingProfiles", {"requestId": 5, "chargingProfile": {}})
    assert await effect(http, asked) == "pending"
    await plug.say("ReportChargingProfiles", {
        "requestId": 5, "chargingLimitSource": "CSO", "evseId": 0,
        "chargingProfile": [profile2(9, 1, "ChargingStationMaxProfile", (0, 22_000))],
    })
    assert await effect(http, asked) == "observed"
    assert [limit["limit_w"] for limit in await limits_at(http, 1)] == [22_000]


@pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
async def test_a_reservation_from_asking_to_its_end(http: Http, protocol: str) -> None:
    plug = await at_station(http, protocol, ReserveNow=ACCEPTED, CancelReservation=ACCEPTED)
    old = protocol == "ocpp1.6"
    def reserve(id: int, evse: int) -> dict[str, Any]:
        if old:
            return {"connectorId": evse, "expiryDate": LATER, "idTag": "TAG", "reservationId": id}
        return {"id": id, "evseId": evse, "expiryDateTime": LATER, "idToken": {"idToken": "TAG", "type": "Central"}}

    made = await ask(http, "ReserveNow", reserve(1, 1))
    assert await effect(http, made) == "pending"
    await plug.say("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Reserved"} if old else {
        "evseId": 1, "connectorId": 1, "connectorStatus": "Reserved", "timestamp": now()})
    assert await effect(http, made) == "observed"
    await ask(http, "ReserveNow", reserve(2, 2))
    await ask(http, "CancelReservation", {"reservationId": 2})
    await http("PUT", "/tokens/TAG", {"status": "Accepted"})
    if old:
        await plug.say("StartTransaction", {
            "connectorId": 1, "idTag": "TAG", "meterStart": 0, "timestamp": now(), "reservationId": 1})
    else:
        await plug.say("TransactionEvent", {
            "eventType": "Started", "timestamp": now(), "triggerReason": "Authorized", "seqNo": 0,
            "transactionInfo": {"transactionId": "T1"}, "evse": {"id": 1, "connectorId": 1}, "reservationId": 1,
            "idToken": {"idToken": "TAG", "type": "Central"}})
    found = await items(http, "/reservations?station=CS-1", rows.ReservationShape)
    assert {(r["number"], r["state"]) for r in found} == {(1, "used"), (2, "cancelled")}
    assert next(r for r in found if r["number"] == 1)["transaction"]
    if not old:
        await ask(http, "ReserveNow", reserve(3, 2))
        await plug.say("ReservationStatusUpdate", {"reservationId": 3, "reservationUpdateStatus": "Expired"})
        (gone,) = await items(http, "/reservations?station=CS-1&state=expired", rows.ReservationShape)
        assert gone["number"] == 3


async def test_a_local_list_with_its_versions(http: Http) -> None:
    plug = await at_station(http, SendLocalList=ACCEPTED, GetLocalListVersion={"listVersion": 7})
    entry = {"idTag": "A", "idTagInfo": {"status": "Accepted"}}
    await ask(http, "SendLocalList", {
        "listVersion": 7, "updateType": "Full", "localAuthorizationList": [entry, entry | {"idTag": "B"}]
    })
    await ask(http, "SendLocalList", {
        "listVersion": 8, "updateType": "Differential", "localAuthorizationList": [{"idTag": "A"}]
    })
    await ask(http, "GetLocalListVersion", {})
    _, held = await http("GET", "/stations/CS-1/local-list")
    rows.LocalListShape.model_validate(held)
    assert (held["version"], held["said"], held["drift"]) == (8, 7, True)
    assert [e["token"] for e in held["items"]] == ["B"]
    plug.answers["SendLocalList"] = {"status": "VersionMismatch"}
    await ask(http, "SendLocalList", {"listVersion": 9, "updateType": "Full"})
    assert (await http("GET", "/stations/CS-1/local-list"))[1]["version"] == 8


async def test_a_setting_is_wanted_read_back_and_its_drift_shown(http: Http) -> None:
    plug = await at_station(
        http, ChangeConfiguration=ACCEPTED,
        GetConfiguration={"configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}]},
    )
    changed = await ask(http, "ChangeConfiguration", {"key": "HeartbeatInterval", "value": "300"})
    async with asyncio.timeout(40):
        while await effect(http, changed) != "observed":  # noqa: ASYNC110 - the row is the truth
            await asyncio.sleep(0.02)
    assert ("GetConfiguration", {"key": ["HeartbeatInterval"]}) in plug.asked
    (variable,) = await items(http, "/stations/CS-1/variables", shapes.VariableShape)
    assert (variable["value"], variable["wanted"], variable["drift"]) == ("300", "300", False)
    plug.answers["GetConfiguration"]["configurationKey"][0]["value"] = "60"
    await ask(http, "GetConfiguration", {})
    (variable,) = await items(http, "/stations/CS-1/variables?drift=true", shapes.VariableShape)
    assert (variable["value"], variable["wanted"], variable["drift"]) == ("60", "300", True)


async def test_a_setting_that_takes_a_reboot_shows_by_the_boot(http: Http) -> None:
    place = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "NetworkConfigurationPriority"}}
    plug = await at_station(http, "ocpp2.0.1", SetVariables={
        "setVariableResult": [place | {"attributeStatus": "RebootRequired"}]
    }, GetVariables={"getVariableResult": [place | {"attributeStatus": "Accepted", "attributeValue": "1"}]})
    changed = await ask(http, "SetVariables", {"setVariableData": [place | {"attributeValue": "2,1"}]})
    await ask(http, "GetVariables", {"getVariableData": [place]})
    (variable,) = await items(http, "/stations/CS-1/variables?drift=true", shapes.VariableShape)
    assert (variable["value"], variable["wanted"]) == ("1", "2,1")
    assert await effect(http, changed) == "pending"
    await plug.say("BootNotification", BOOT2)
    assert await effect(http, changed) == "observed"


async def test_a_base_report_is_done_with_its_last_part(http: Http) -> None:
    plug = await at_station(http, "ocpp2.0.1", GetBaseReport=ACCEPTED)
    asked = await ask(http, "GetBaseReport", {"requestId": 3, "reportBase": "FullInventory"})
    def part(seq: int, more: bool) -> dict[str, Any]:
        return {"requestId": 3, "generatedAt": now(), "seqNo": seq, "tbc": more, "reportData": [{
            "component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": f"V{seq}"},
            "variableAttribute": [{"value": "x"}]}]}

    await plug.say("NotifyReport", part(0, True))
    assert await effect(http, asked) == "pending"
    await plug.say("NotifyReport", part(1, False))
    assert await effect(http, asked) == "observed"
    assert [v["variable"] for v in await items(http, "/stations/CS-1/variables", shapes.VariableShape)] == ["V0", "V1"]


async def test_monitors_are_set_told_and_cleared(http: Http) -> None:
    place = {"component": {"name": "Connector", "evse": {"id": 1}}, "variable": {"name": "Temperature"}}
    plug = await at_station(
        http, "ocpp2.0.1", GetMonitoringReport=ACCEPTED, SetMonitoringBase=ACCEPTED, SetMonitoringLevel=ACCEPTED,
        SetVariableMonitoring={"setMonitoringResult": [
            place | {"id": 12, "status": "Accepted", "type": "UpperThreshold", "severity": 3}]},
        ClearVariableMonitoring={"clearMonitoringResult": [{"id": 12, "status": "Accepted"}]},
    )
    await ask(http, "SetVariableMonitoring", {
        "setMonitoringData": [place | {"value": 70, "type": "UpperThreshold", "severity": 3}]
    })
    asked = await ask(http, "GetMonitoringReport", {"requestId": 4})
    await plug.say("NotifyMonitoringReport", {"requestId": 4, "seqNo": 0, "generatedAt": now(), "monitor": [
        place | {"variableMonitoring": [
            {"id": 13, "transaction": False, "value": 5, "type": "Delta", "severity": 8}]}]})
    assert await effect(http, asked) == "observed"
    found = await items(http, "/stations/CS-1/monitors", rows.MonitorShape)
    assert [(m["number"], m["type"], m["value"], m["evse"]) for m in found] == [
        (12, "UpperThreshold", 70, 1), (13, "Delta", 5, 1)]
    await ask(http, "ClearVariableMonitoring", {"id": [12]})
    assert [m["cleared_at"] is None for m in await items(http, "/stations/CS-1/monitors", rows.MonitorShape)] == [
        False, True]
    await ask(http, "SetMonitoringLevel", {"severity": 4})
    await ask(http, "SetMonitoringBase", {"monitoringBase": "HardWiredOnly"})
    assert all(m["cleared_at"] for m in await items(http, "/stations/CS-1/monitors", rows.MonitorShape))
    told = {v["variable"]: v["value"] for v in await items(http, "/stations/CS-1/variables", shapes.VariableShape)}
    assert told == {"ActiveMonitoringLevel": "4", "ActiveMonitoringBase": "HardWiredOnly"}


async def test_displays_costs_customers_and_networks(http: Http) -> None:
    plug = await at_station(
        http, "ocpp2.0.1", SetDisplayMessage=ACCEPTED, ClearDisplayMessage=ACCEPTED, GetDisplayMessages=ACCEPTED,
        CostUpdated={}, CustomerInformation=ACCEPTED, SetNetworkProfile=ACCEPTED,
    )
    text = {"format": "UTF8", "content": "请勿拔枪", "language": "zh"}
    await ask(http, "SetDisplayMessage", {"message": {"id": 1, "priority": "InFront", "message": text}})
    asked = await ask(http, "GetDisplayMessages", {"requestId": 1})
    await plug.say("NotifyDisplayMessages", {"requestId": 1, "messageInfo": [
        {"id": 2, "priority": "NormalCycle", "message": text}]})
    assert await effect(http, asked) == "observed"
    await ask(http, "ClearDisplayMessage", {"id": 1})
    shown = await items(http, "/stations/CS-1/displays", rows.DisplayShape)
    assert [(d["number"], d["content"], d["cleared_at"] is None) for d in shown] == [
        (1, "请勿拔枪", False), (2, "请勿拔枪", True)]
    await ask(http, "CostUpdated", {"transactionId": "T1", "totalCost": 3.5})
    assert [str(c["total"]) for c in await http.centre.csms.controls.told_costs("CS-1", "T1")] == ["3.5"]
    asked = await ask(http, "CustomerInformation", {
        "requestId": 6, "report": True, "clear": False, "customerIdentifier": "C1"})
    await plug.say("NotifyCustomerInformation", {
        "requestId": 6, "seqNo": 0, "data": "charged on Monday", "generatedAt": now()})
    assert await effect(http, asked) == "observed"
    (told,) = await items(http, "/stations/CS-1/customer-information?request_id=6", rows.CustomerShape)
    assert told["data"] == "charged on Monday"
    connection = {
        "ocppVersion": "OCPP20", "ocppTransport": "JSON", "ocppCsmsUrl": "wss://h/ocpp", "messageTimeout": 30,
        "securityProfile": 2, "ocppInterface": "Wired0",
        "vpn": {"server": "s", "user": "u", "password": "p", "key": "k", "type": "IPSec"},
    }
    await ask(http, "SetNetworkProfile", {"configurationSlot": 1, "connectionData": connection})
    (network,) = await items(http, "/stations/CS-1/network-profiles", rows.NetworkShape)
    assert network["profile"]["vpn"]["password"] == "(secret)"


async def test_certificates_held_deleted_and_asked_to_be_signed(http: Http) -> None:
    name = {"hashAlgorithm": "SHA256", "issuerNameHash": "a", "issuerKeyHash": "b", "serialNumber": "1"}
    plug = await at_station(
        http, "ocpp2.0.1", DeleteCertificate=ACCEPTED, InstallCertificate=ACCEPTED, CertificateSigned=ACCEPTED,
        GetInstalledCertificateIds={"status": "Accepted", "certificateHashDataChain": [
            {"certificateType": "CSMSRootCertificate", "certificateHashData": name,
             "childCertificateHashData": [name | {"serialNumber": "2"}]}]},
    )
    await ask(http, "GetInstalledCertificateIds", {})
    held = await items(http, "/stations/CS-1/certificates", rows.CertificateShape)
    assert [(c["serial"], c["parent_serial"]) for c in held] == [("1", None), ("2", "1")]
    await ask(http, "DeleteCertificate", {"certificateHashData": name})
    assert [c["serial"] for c in await items(http, "/stations/CS-1/certificates", rows.CertificateShape)] == ["2"]
    await ask(http, "InstallCertificate", {"certificateType": "CSMSRootCertificate", "certificate": "PEM"})
    assert (await plug.say("SignCertificate", {"csr": "CSR"}))["status"] == "Rejected"
    (wanted,) = await items(http, "/certificate-requests?state=open", rows.CertificateRequestShape)
    assert (wanted["csr"], wanted["type"]) == ("CSR", "ChargingStationCertificate")
    await ask(http, "CertificateSigned", {"certificateChain": "PEM"})
    (wanted,) = await items(http, "/certificate-requests?station=CS-1", rows.CertificateRequestShape)
    assert wanted["state"] == "signed"


@pytest.mark.parametrize("end", ["Installed", "InvalidSignature", "boot"])
async def test_a_firmware_update_is_followed_to_its_end(http: Http, end: str) -> None:
    plug = await at_station(http, "ocpp2.0.1", UpdateFirmware=ACCEPTED)
    asked = await ask(http, "UpdateFirmware", {"requestId": 8, "firmware": {
        "location": "https://h/fw", "retrieveDateTime": now(), "signature": "S", "signingCertificate": "C"}})
    for status in ("Downloading", "Downloaded"):
        await plug.say("FirmwareStatusNotification", {"status": status, "requestId": 8})
    assert await effect(http, asked) == "pending"
    if end == "boot":
        await plug.say("BootNotification", BOOT2 | {"chargingStation": BOOT2["chargingStation"] | {
            "firmwareVersion": "2"}})
    else:
        await plug.say("FirmwareStatusNotification", {"status": end, "requestId": 8})
    (update,) = await items(http, "/stations/CS-1/firmware", rows.FirmwareShape)
    good = end != "InvalidSignature"
    assert (update["outcome"], update["signed"]) == ("installed" if good else "failed", True)
    assert await effect(http, asked) == ("observed" if good else "not_observed")
    told = await items(http, "/stations/CS-1/firmware/statuses", rows.ProgressShape)
    assert [p["status"] for p in told][:2] == ["Downloading", "Downloaded"]


async def test_the_signed_update_of_16_and_a_published_one(http: Http) -> None:
    plug = await at_station(http, SignedUpdateFirmware=ACCEPTED)
    await ask(http, "SignedUpdateFirmware", {"requestId": 8, "firmware": {
        "location": "https://h/fw", "retrieveDateTime": now(), "signature": "S", "signingCertificate": "C"}})
    await plug.say("SignedFirmwareStatusNotification", {"status": "Installed", "requestId": 8})
    assert [u["outcome"] for u in await items(http, "/stations/CS-1/firmware", rows.FirmwareShape)] == ["installed"]
    await plug.close()
    http.plugs.remove(plug)
    plug = await http.plug("CS-1", "ocpp2.0.1", PublishFirmware=ACCEPTED)
    await plug.say("Heartbeat", {})  # its arrival is on record by then
    asked = await ask(http, "PublishFirmware", {"location": "https://h/fw", "checksum": "c", "requestId": 9})
    await plug.say("PublishFirmwareStatusNotification", {
        "status": "Published", "requestId": 9, "location": ["http://lan/fw"]})
    assert await effect(http, asked) == "observed"


@pytest.mark.parametrize(("action", "payload", "kind"), [
    ("NotifyPriorityCharging", {"transactionId": "T1", "activated": True}, "priority_charging"),
    ("NotifyEVChargingNeeds", {"evseId": 1, "chargingNeeds": {"requestedEnergyTransfer": "DC"}}, "ev_needs"),
])
async def test_what_21_tells_is_kept_with_its_meaning(http: Http, action: str, payload: Any, kind: str) -> None:
    plug = await at_station(http, "ocpp2.1")
    await plug.say(action, payload)
    (notice,) = await items(http, f"/stations/CS-1/notices?kind={kind}", rows.NoticeShape)
    assert notice["detail"] == payload
    assert notice["said"] == payload.get("transactionId")


async def test_the_alarm_of_the_grid_is_noted_in_our_words(http: Http) -> None:
    plug = await at_station(http, "ocpp2.1")
    await plug.say("NotifyDERAlarm", {"controlType": "FreqDroop", "timestamp": "2026-11-22T04:00:00Z"})
    (notice,) = await items(http, "/stations/CS-1/notices?kind=grid_alarm", rows.NoticeShape)
    assert notice["detail"] == {"control_type": "FreqDroop", "fault": None, "ended": False, "info": None}
    assert notice["at"] == "2026-11-22T04:00:00.000Z"


async def test_a_settlement_is_listed_in_its_shape(http: Http) -> None:
    plug = await at_station(http, "ocpp2.1")
    await plug.say("NotifySettlement", {"pspRef": "P1", "status": "Settled", "settlementAmount": 12.5,
                                        "transactionId": "T1", "settlementTime": "2026-11-22T04:00:00Z"})
    (row,) = await items(http, "/settlements?station=CS-1", grid.SettlementShape)
    assert row == {
        "station": "CS-1", "reference": "P1", "status": "Settled", "amount": "12.5", "at": "2026-11-22T04:00:00.000Z",
        "said": "T1", "receipt": None, "receipt_url": None, "info": None, "vat_number": None,
    }


async def test_a_send_that_cannot_be_read_is_kept_and_not_answered(http: Http) -> None:
    plug = await at_station(http, "ocpp2.1")
    assert plug.socket
    await plug.socket.send('[6,"s1","NotifyPeriodicEventStream",{"id":"x"}]')
    await plug.say("Heartbeat", {})
    _, page = await http("GET", "/stations/CS-1/frames?limit=1000")
    about = [row for row in page["items"] if row["message_id"] == "s1"]
    assert [(row["kind"], row["repairs"]) for row in about] == [("received", ["unreadable"])]


async def test_the_state_of_a_connector_may_come_as_an_event(http: Http) -> None:
    plug = await at_station(http, "ocpp2.1", TriggerMessage=ACCEPTED)
    def event(component: str, variable: str, value: str) -> dict[str, Any]:
        return {"eventId": 1, "timestamp": now(), "trigger": "Delta", "actualValue": value,
                "eventNotificationType": "HardWiredNotification", "component": {
                    "name": component, "evse": {"id": 1, "connectorId": 1}}, "variable": {"name": variable}}

    await plug.say("NotifyEvent", {"generatedAt": now(), "seqNo": 0, "eventData": [
        event("Connector", "AvailabilityState", "Occupied"), event("TemperatureSensor", "Temperature", "41")]})
    _, station = await http("GET", "/stations/CS-1")
    assert station["connectors"][0]["status"] == "Occupied"
    told = {v["variable"]: v["value"] for v in await items(http, "/stations/CS-1/variables", shapes.VariableShape)}
    assert told == {"AvailabilityState": "Occupied", "Temperature": "41"}
