"""What 2.1 adds, told by a station and asked of it: what stays on record, and what it is answered."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

from csms.importer import rebuild
from csms.kit.clock import iso, parse_time
from tests.csms.rough import PATIENCE_S, Rough, World, now

YES = {"status": "Accepted"}
BOOT = {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}}


async def station(world: World, **answers: Any) -> Rough:
    made = await world.dial("CS-1", "ocpp2.1", **answers)
    assert (await made.say("BootNotification", BOOT))["status"] == "Accepted"
    return made


async def listed(world: World, what: str, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await world.ask("GET", f"/stations/CS-1/{what}{query}"))["items"]
    return found


async def effect(world: World, command: dict[str, Any], wanted: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await world.effect(command) != wanted:
            pass


def tariff(id: str, price: float = 0.5) -> dict[str, Any]:
    return {"tariffId": id, "currency": "EUR", "energy": {"prices": [{"priceKwh": price}]}}


async def test_grid_controls_from_set_to_superseded(world: World) -> None:
    answers = iter([YES, YES, {"status": "Accepted", "supersededIds": ["C1"]}])
    cs = await station(world, SetDERControl=lambda _: next(answers), GetDERControl=YES, ClearDERControl=YES)
    fixed = {"isDefault": True, "controlId": "D1", "controlType": "FixedPFInject",
             "fixedPFInject": {"priority": 1, "displacement": 0.95, "excitation": True}}
    limit = {"isDefault": False, "controlId": "C1", "controlType": "LimitMaxDischarge",
             "limitMaxDischarge": {"priority": 2, "pctMaxDischargePower": 60}}
    for asked in (fixed, limit):
        assert (await world.command("SetDERControl", asked))["state"] == "accepted"
    await cs.say("NotifyDERStartStop", {"controlId": "C1", "started": True, "timestamp": now(-1)})
    await world.command("SetDERControl", limit | {"controlId": "C2"})
    rows = {row["control"]: row for row in await listed(world, "grid-controls")}
    assert {id: row["outcome"] for id, row in rows.items()} == {"D1": None, "C1": "superseded", "C2": None}
    assert rows["C1"]["started_at"] is not None
    assert rows["D1"]["settings"] == {"fixedPFInject": fixed["fixedPFInject"]}

    asked = await world.command("GetDERControl", {"requestId": 7})
    reported = {"id": "X9", "curveType": "VoltVar", "isDefault": False, "isSuperseded": False,
                "curve": {"priority": 1, "yUnit": "PctMaxW", "curveData": [{"x": 1, "y": 1}]}}
    same = {"id": "D1", "isDefault": True, "isSuperseded": False, "fixedPF": fixed["fixedPFInject"]}
    await cs.say("ReportDERControl", {"requestId": 7, "curve": [reported], "fixedPFInject": [same]})
    await effect(world, asked, "observed")
    active = {row["control"]: row["source"] for row in await listed(world, "grid-controls", "?active=true")}
    assert active == {"D1": "csms", "C2": "csms", "X9": "station"}

    await world.command("ClearDERControl", {"isDefault": False, "controlType": "LimitMaxDischarge"})
    assert [row["control"] for row in await listed(world, "grid-controls", "?active=true")] == ["X9", "D1"]


async def test_the_trouble_of_the_grid_is_a_fault_until_it_is_over(world: World) -> None:
    cs = await station(world)
    alarm = {"controlType": "HVMustTrip", "gridEventFault": "OverVoltage", "timestamp": now(-5), "extraInfo": "L1"}
    for _ in range(2):
        assert await cs.say("NotifyDERAlarm", alarm) == {}
    (fault,) = await world.faults()
    assert (fault["code"], fault["kind"], fault["level"]) == ("Grid.OverVoltage", "voltage", 2)
    assert fault["cleared_at"] is None
    await cs.say("NotifyDERAlarm", alarm | {"alarmEnded": True, "timestamp": now()})
    (fault,) = await world.faults()
    assert fault["cleared_at"] is not None
    assert [n["detail"]["ended"] for n in await listed(world, "notices", "?kind=grid_alarm")] == [True, False, False]


async def test_a_stream_of_values_is_what_its_variable_is(world: World) -> None:
    place = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}
    monitors = {"setMonitoringResult": [place | {"id": 3, "status": "Accepted", "type": "Periodic", "severity": 5}]}
    open_now = [{"id": 8, "variableMonitoringId": 3, "params": {"interval": 5}}]
    cs = await station(world, SetVariableMonitoring=monitors, AdjustPeriodicEventStream=YES,
                       GetPeriodicEventStream={"constantStreamData": open_now})
    await world.command("SetVariableMonitoring", {"setMonitoringData": [
        place | {"value": 1, "type": "Periodic", "severity": 5, "periodicEventStream": {"interval": 10, "values": 60}}
    ]})
    stream = {"id": 4, "variableMonitoringId": 3, "params": {"interval": 10, "values": 60}}
    assert await cs.say("OpenPeriodicEventStream", {"constantStreamData": stream}) == YES
    data = [{"t": 10, "v": "7.5"}, {"t": 0, "v": "7"}]
    told = {"id": 4, "pending": 0, "basetime": "2026-11-22T04:00:00Z", "data": data}
    await cs.socket.send(json.dumps([6, "s1", "NotifyPeriodicEventStream", told]))
    await cs.say("Heartbeat", {})
    values = await listed(world, "streams/4/values")
    assert [(v["at"], v["value"]) for v in values] == [
        ("2026-11-22T04:00:00.000Z", "7"), ("2026-11-22T04:00:10.000Z", "7.5")]
    (variable,) = [v for v in await listed(world, "variables") if v["variable"] == "Power"]
    assert (variable["value"], variable["evse"]) == ("7.5", 1)

    await world.command("AdjustPeriodicEventStream", {"id": 4, "params": {"interval": 60}})
    (row,) = await listed(world, "streams")
    assert (row["interval_s"], row["most"], row["variable"], row["closed_at"]) == (60, 60, "Power", None)
    await world.command("GetPeriodicEventStream", {})
    assert [(r["number"], r["closed_at"] is None) for r in await listed(world, "streams")] == [(8, True), (4, False)]
    assert await cs.say("ClosePeriodicEventStream", {"id": 8}) == {}
    assert all(r["closed_at"] for r in await listed(world, "streams"))


async def test_a_battery_is_swapped_or_left_behind(world: World) -> None:
    cs = await station(world, RequestBatterySwap=YES)
    token = {"idToken": "RIDER", "type": "Central"}
    batteries = [{"evseId": 2, "serialNumber": "B-1", "soC": 12.0, "soH": 91.0}]
    swaps = []
    for request in (5, 6):
        swaps.append(await world.command("RequestBatterySwap", {"requestId": request, "idToken": token}))
        told = {"requestId": request, "idToken": token, "batteryData": batteries}
        await cs.say("BatterySwap", told | {"eventType": "BatteryIn"})
        await cs.say("BatterySwap", told | {"eventType": "BatteryOut" if request == 5 else "BatteryOutTimeout"})
    await effect(world, swaps[0], "observed")
    await effect(world, swaps[1], "not_observed")
    assert [r["event"] for r in await listed(world, "battery-swaps", "?request_id=5")] == ["out", "in", "asked"]
    assert (await listed(world, "battery-swaps"))[0] | {"at": None} == {
        "request_id": 6, "event": "timeout", "token": "RIDER", "batteries": batteries, "at": None}


async def test_what_a_station_shows_can_be_told_of_any_time(world: World) -> None:
    assigned = {"status": "Accepted", "tariffAssignments": [
        {"tariffId": "NIGHT", "tariffKind": "DefaultTariff", "evseIds": [1]},
        {"tariffId": "VIP", "tariffKind": "DriverTariff", "idTokens": ["T"]}]}
    await station(world, SetDefaultTariff=YES, ChangeTransactionTariff=YES, GetTariffs=assigned,
                  ClearTariffs={"clearTariffsResult": [{"tariffId": "NIGHT", "status": "Accepted"},
                                                       {"tariffId": "VIP", "status": "Rejected"}]})
    await world.command("SetDefaultTariff", {"evseId": 1, "tariff": tariff("DAY")})
    (day,) = await listed(world, "tariffs", "?active=true")
    await world.command("SetDefaultTariff", {"evseId": 1, "tariff": tariff("NIGHT", 0.3)})
    await world.command("ChangeTransactionTariff", {"transactionId": "T1", "tariff": tariff("DEAL", 0.1)})
    await world.command("GetTariffs", {"evseId": 0})
    shown = {r["tariff"]: (r["kind"], r["evse"], r["said"]) for r in await listed(world, "tariffs", "?active=true")}
    assert shown == {"NIGHT": ("default", 1, None), "DEAL": ("transaction", 0, "T1"), "VIP": ("driver", 0, None)}
    (then,) = await listed(world, "tariffs", f"?at={day['set_at']}")
    assert then["detail"]["energy"] == {"prices": [{"priceKwh": 0.5}]}
    await world.command("ClearTariffs", {"tariffIds": ["NIGHT", "VIP"]})
    assert {r["tariff"] for r in await listed(world, "tariffs", "?active=true")} == {"DEAL", "VIP"}


async def test_a_dynamic_limit_is_told_asked_for_and_answered_for_any_time(world: World) -> None:
    cs = await station(world, SetChargingProfile=YES, UpdateDynamicSchedule=YES)
    assert await cs.say("PullDynamicScheduleUpdate", {"chargingProfileId": 9}) == {"status": "Rejected"}
    await world.command("SetChargingProfile", {"evseId": 0, "chargingProfile": {
        "id": 9, "stackLevel": 1, "chargingProfilePurpose": "ChargingStationMaxProfile",
        "chargingProfileKind": "Dynamic", "chargingSchedule": [{
            "id": 1, "chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 22000}]}]}})
    assert (await world.command("UpdateDynamicSchedule", {"chargingProfileId": 9, "scheduleUpdate": {"limit": 7000}})
            )["state"] == "accepted"
    assert await cs.say("PullDynamicScheduleUpdate", {"chargingProfileId": 9}) == {
        "status": "Accepted", "scheduleUpdate": {"limit": 7000}}
    before, after = sorted(await listed(world, "profiles"), key=lambda p: parse_time(p["installed_at"]))
    first, second = parse_time(before["installed_at"]), parse_time(after["installed_at"])
    for at, limit in ((first + (second - first) / 2, 22000), (second + timedelta(seconds=1), 7000)):
        (found,) = await listed(world, "limits", f"?at={iso(at)}")
        assert found["limit_w"] == limit


async def test_how_a_payment_at_the_terminal_ended(world: World) -> None:
    cs = await station(world, NotifyWebPaymentStarted={})
    settled = {"pspRef": "PSP-1", "status": "Settled", "settlementAmount": 12.5, "settlementTime": now(-3),
               "transactionId": "T1", "receiptUrl": "https://psp.test/r/1"}
    assert await cs.say("NotifySettlement", settled) == {}
    (row,) = (await world.ask("GET", "/settlements?reference=PSP-1"))["items"]
    assert (row["station"], row["status"], row["amount"], row["said"]) == ("CS-1", "Settled", "12.5", "T1")
    asked = await world.command("NotifyWebPaymentStarted", {"evseId": 1, "timeout": 60})
    assert (asked["state"], asked["effect"]) == ("accepted", "not_applicable")


async def test_a_rebuild_gives_the_same(world: World) -> None:
    await test_a_battery_is_swapped_or_left_behind(world)
    before = await listed(world, "battery-swaps")
    await rebuild(world.centre.db)
    assert await listed(world, "battery-swaps") == before
