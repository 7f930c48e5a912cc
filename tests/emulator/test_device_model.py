"""The device model: what is reported, monitored, shown and kept. Every frame is checked against its schema."""

from __future__ import annotations

import pytest

V2 = ["ocpp2.0.1", "ocpp2.1"]
ACCEPTED = {"status": "Accepted"}
POWER = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}
HEARTBEAT = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}


@pytest.fixture(params=V2)
def newer(request):
    return request.param


async def test_reports_name_what_was_asked_for(central, station, newer):
    cs = await station(newer)
    asked = {"requestId": 1, "componentVariable": [HEARTBEAT, {"component": {"name": "EVSE"}}]}
    assert await central.ask("GetReport", asked) == ACCEPTED
    await cs.drained()
    (report,) = central.said("NotifyReport")
    names = {(v["component"]["name"], v["variable"]["name"]) for v in report["reportData"]}
    assert ("OCPPCommCtrlr", "HeartbeatInterval") in names
    assert {name for name, _ in names} == {"OCPPCommCtrlr", "EVSE"}
    nothing = {"requestId": 2, "componentVariable": [{"component": {"name": "Nowhere"}}]}
    assert await central.ask("GetReport", nothing) == {"status": "EmptyResultSet"}


async def test_a_report_of_problems_names_only_broken_connectors(central, station, newer):
    cs = await station(newer, connectors=[60, 60])
    asked = {"requestId": 3, "componentCriteria": ["Problem"]}
    assert await central.ask("GetReport", asked) == {"status": "EmptyResultSet"}
    await cs.fault(2, "GroundFailure")
    assert await central.ask("GetReport", asked) == ACCEPTED
    await cs.drained()
    (report,) = central.said("NotifyReport")
    assert {v["component"]["evse"]["id"] for v in report["reportData"]} == {2}


async def test_a_full_inventory_comes_in_parts(central, station, newer):
    cs = await station(newer, connectors=[60] * 8)
    await central.ask("GetBaseReport", {"requestId": 4, "reportBase": "FullInventory"})
    await cs.drained()
    parts = central.said("NotifyReport")
    assert [p["seqNo"] for p in parts] == list(range(len(parts)))
    assert [p["tbc"] for p in parts] == [True] * (len(parts) - 1) + [False]


def monitored(kind, value, what=POWER, severity=3, **more):
    return {"setMonitoringData": [{"type": kind, "value": value, "severity": severity, **what, **more}]}


async def test_a_threshold_tells_when_it_is_crossed_and_when_no_more(central, station, newer):
    cs = await station(newer)
    (made,) = (await central.ask("SetVariableMonitoring", monitored("UpperThreshold", 1000)))["setMonitoringResult"]
    assert made["status"] == "Accepted"
    await cs.plug_in(1)
    await cs.start_locally(1)
    await cs.pass_time(60)
    await cs.stop(1)
    await cs.pass_time(60)
    cs.sessions.tick()
    await cs.drained()
    events = [e for p in central.said("NotifyEvent") for e in p["eventData"]]
    assert [(e["variableMonitoringId"], e["cleared"]) for e in events] == [(made["id"], False), (made["id"], True)]


async def test_deltas_and_periods_speak_up_too_but_not_the_unimportant(central, station, newer):
    cs = await station(newer)
    await central.ask("SetMonitoringLevel", {"severity": 5})
    await central.ask("SetVariableMonitoring", monitored("Delta", 10, HEARTBEAT))
    await central.ask("SetVariableMonitoring", monitored("Delta", 1, HEARTBEAT, severity=8))
    await central.ask("SetVariableMonitoring", monitored("Periodic", 30))
    await central.ask("SetVariables", {"setVariableData": [HEARTBEAT | {"attributeValue": "120"}]})
    cs.sessions.tick()
    await cs.wait_for(lambda s: len(s.sent("NotifyEvent")) >= 3)
    triggers = {p["eventData"][0]["trigger"] for p in cs.sent("NotifyEvent")}
    assert triggers == {"Delta", "Periodic"}
    assert all(p["eventData"][0]["variableMonitoringId"] != 2 for p in cs.sent("NotifyEvent"))


async def test_monitors_are_listed_refused_and_cleared(central, station, newer):
    cs = await station(newer)
    odd = {"component": {"name": "EVSE"}, "variable": {"name": "Nothing"}}
    answers = [
        (await central.ask("SetVariableMonitoring", asked))["setMonitoringResult"][0]["status"]
        for asked in (monitored("Delta", 5), monitored("Delta", 6), monitored("Delta", 5, odd),
                      monitored("UpperThreshold", 5, id=99))
    ]
    assert answers == ["Accepted", "Duplicate", "UnknownVariable", "Rejected"]
    asked = {"requestId": 5, "monitoringCriteria": ["DeltaMonitoring"]}
    assert await central.ask("GetMonitoringReport", asked) == ACCEPTED
    await cs.drained()
    (report,) = central.said("NotifyMonitoringReport")
    assert report["monitor"][0]["variableMonitoring"][0]["id"] == 1
    cleared = (await central.ask("ClearVariableMonitoring", {"id": [1, 2]}))["clearMonitoringResult"]
    assert [c["status"] for c in cleared] == ["Accepted", "NotFound"]
    assert await central.ask("SetMonitoringBase", {"monitoringBase": "FactoryDefault"}) == ACCEPTED
    assert await central.ask("GetMonitoringReport", asked) == {"status": "EmptyResultSet"}


async def test_displays_are_set_listed_and_cleared(central, station, newer):
    cs = await station(newer)
    message = {"id": 7, "priority": "InFront", "message": {"format": "UTF8", "content": "停用"}}
    assert await central.ask("SetDisplayMessage", {"message": message}) == ACCEPTED
    unknown = message | {"transactionId": "nobody's"}
    assert (await central.ask("SetDisplayMessage", {"message": unknown}))["status"] == "UnknownTransaction"
    assert await central.ask("GetDisplayMessages", {"requestId": 1, "state": "Idle"}) == {"status": "Unknown"}
    assert await central.ask("GetDisplayMessages", {"requestId": 2, "id": [7]}) == ACCEPTED
    await cs.drained()
    assert central.said("NotifyDisplayMessages")[0]["messageInfo"] == [message]
    assert await central.ask("ClearDisplayMessage", {"id": 7}) == ACCEPTED
    assert await central.ask("ClearDisplayMessage", {"id": 7}) == {"status": "Unknown"}


async def test_customers_networks_and_published_firmware(central, station, newer):
    cs = await station(newer)
    await cs.present_token(1, "CARD")
    asked = {"requestId": 1, "report": True, "clear": True, "idToken": {"idToken": "CARD", "type": "ISO14443"}}
    assert await central.ask("CustomerInformation", asked) == ACCEPTED
    await cs.drained()
    assert central.said("NotifyCustomerInformation")[0]["data"] == "CARD: Accepted"
    assert cs.tokens.knows("CARD") is None
    network = {"ocppVersion": "OCPP20", "ocppTransport": "JSON", "ocppCsmsUrl": "wss://elsewhere",
               "messageTimeout": 30, "securityProfile": 1, "ocppInterface": "Wired0"}
    assert await central.ask("SetNetworkProfile", {"configurationSlot": 1, "connectionData": network}) == ACCEPTED
    published = {"location": "http://example.org/fw.bin", "checksum": "abc", "requestId": 9}
    assert await central.ask("PublishFirmware", published) == ACCEPTED
    await cs.wait_for(lambda s: len(s.sent("PublishFirmwareStatusNotification")) == 4)
    assert await central.ask("UnpublishFirmware", {"checksum": "abc"}) == {"status": "Unpublished"}


async def test_installed_profiles_and_outside_limits_are_told(central, station, newer):
    cs = await station(newer)
    period = [{"startPeriod": 0, "limit": 5000}]
    schedule = {"id": 1, "chargingRateUnit": "W", "chargingSchedulePeriod": period}
    profile = {"id": 4, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile",
               "chargingProfileKind": "Relative", "chargingSchedule": [schedule]}
    await central.ask("SetChargingProfile", {"evseId": 1, "chargingProfile": profile})
    await cs.impose_limit(0, 3)
    assert await central.ask("GetChargingProfiles", {"requestId": 1, "chargingProfile": {}}) == ACCEPTED
    await cs.drained()
    told = central.said("ReportChargingProfiles")
    assert {(p["evseId"], p["chargingLimitSource"]) for p in told} == {(0, "SO"), (1, "CSO")}
    await cs.plug_in(1)
    await cs.start_locally(1)
    assert cs.connectors[1].power_w == 3000
    await cs.lift_limit(0)
    assert cs.connectors[1].power_w == 5000
    await cs.drained()
    assert len(central.said("NotifyChargingLimit")) == len(central.said("ClearedChargingLimit")) == 1


async def test_tariffs_grid_controls_and_priority_of_21(central, station):
    cs = await station("ocpp2.1")
    tariff = {"tariffId": "T", "currency": "EUR", "energy": {"prices": [{"priceKwh": 0.5}]}}
    assert await central.ask("SetDefaultTariff", {"evseId": 0, "tariff": tariff}) == ACCEPTED
    assert (await central.ask("SetDefaultTariff", {"evseId": 1, "tariff": tariff}))["status"] == "DuplicateTariffId"
    listed = await central.ask("GetTariffs", {"evseId": 0})
    assert listed["tariffAssignments"] == [{"tariffId": "T", "tariffKind": "DefaultTariff"}]
    await cs.plug_in(1)
    tx = await cs.start_locally(1)
    change = {"transactionId": tx.reference, "tariff": tariff | {"tariffId": "U"}}
    assert await central.ask("ChangeTransactionTariff", change) == ACCEPTED
    priority = {"transactionId": tx.reference, "activate": True}
    assert await central.ask("UsePriorityCharging", priority) == {"status": "NoProfile"}
    assert await central.ask("ClearTariffs", {}) == {"clearTariffsResult": [{"tariffId": "T", "status": "Accepted"}]}
    control = {"isDefault": True, "controlId": "g1", "controlType": "Gradients",
               "gradient": {"priority": 0, "gradient": 5, "softGradient": 5}}
    assert await central.ask("SetDERControl", control) == ACCEPTED
    assert await central.ask("GetDERControl", {"requestId": 1, "controlType": "Gradients"}) == ACCEPTED
    assert await central.ask("ClearDERControl", {"isDefault": True, "controlId": "g1"}) == ACCEPTED
    assert await central.ask("GetPeriodicEventStream", {}) == {}
    await cs.drained()
    assert central.said("ReportDERControl")[0]["gradient"][0]["id"] == "g1"
    assert central.said("TransactionEvent")[-1]["triggerReason"] == "TariffChanged"
