"""One story told in every version: a driver charges, and the central system hears it in the right order."""

from __future__ import annotations

import pytest

from charger_emulator import Vehicle

NEW = ("ocpp2.0.1", "ocpp2.1")


def outline(central) -> list[str]:
    """What was said after the boot, one word each."""
    words = []
    for _, action, p in central.heard:
        match action:
            case "StatusNotification":
                words.append(p.get("status") or p["connectorStatus"])
            case "TransactionEvent":
                words.append(f"{p['eventType']}:{p['transactionInfo']['chargingState']}")
            case _:
                words.append(action)
    return [w for w in words if w not in ("MeterValues", "Heartbeat")]


async def test_a_session_is_told_in_order(central, station, version):
    cs = await station(version)
    await cs.plug_in(1, Vehicle(soc=30))
    assert await cs.present_token(1, "CARD") == "Accepted"
    await cs.wait_for("Charging")
    await cs.wait_for(lambda s: s.connectors[1].meter_wh > 1500)
    await cs.present_token(1, "CARD")
    await cs.unplug(1)
    await cs.drained()
    told = outline(central)
    if version in NEW:
        assert told[:2] == ["BootNotification", "Available"]
        assert told[2:6] == ["Occupied", "Authorize", "Started:EVConnected", "Updated:Charging"]
        assert set(told[6:-2]) <= {"Updated:Charging"}
        assert told[-2:] == ["Ended:EVConnected", "Available"]
    else:
        assert told == [
            *("BootNotification", "Available", "Available", "Preparing", "Authorize", "StartTransaction"),
            *("Charging", "StopTransaction", "Finishing", "Available"),
        ]


async def test_the_meter_is_told_alike_at_start_in_between_and_at_stop(central, station, version):
    cs = await station(version, meter_start_wh=12_345.0)
    await cs.plug_in(1)
    await cs.present_token(1, "CARD")
    await cs.wait_for(lambda s: s.connectors[1].meter_wh > 14_500)
    ended = await cs.stop(1)
    await cs.drained()
    assert ended.meter_start_wh == 12_345
    registers = [float(s["value"]) for s in energies(central)]
    assert registers[0] == 12_345
    assert registers[-1] == ended.meter_stop_wh
    if version in NEW:
        assert registers == sorted(registers)
        numbers = [p["seqNo"] for p in central.said("TransactionEvent")]
        assert numbers == list(range(len(numbers)))
    else:
        [start], [stop] = central.said("StartTransaction"), central.said("StopTransaction")
        assert (start["meterStart"], stop["meterStop"]) == (12_345, ended.meter_stop_wh)
        assert stop["transactionId"] == 101
        assert all(p["transactionId"] == 101 for p in central.said("MeterValues"))


def energies(central):
    """Energy samples in the order of arrival, the begin and end of a 1.6 stop around them."""
    values = []
    for payload in central.said("MeterValues", "TransactionEvent"):
        values += payload.get("meterValue", [])
    for payload in central.said("StopTransaction"):
        values = [payload["transactionData"][0], *values, *payload["transactionData"][1:]]
    return [s for v in values for s in v["sampledValue"] if s["measurand"] == "Energy.Active.Import.Register"]


async def test_a_remote_start_waits_for_the_cable(central, station, version):
    cs = await station(version, connectors=[60, 60])
    if version in NEW:
        ask = {"idToken": {"idToken": "APP", "type": "Central"}, "remoteStartId": 7, "evseId": 2}
        answer = await central.ask("RequestStartTransaction", ask)
    else:
        answer = await central.ask("RemoteStartTransaction", {"idTag": "APP", "connectorId": 2})
    assert answer == {"status": "Accepted"}
    await cs.wait_for("Preparing", evse=2)
    await cs.plug_in(2)
    await cs.wait_for("Charging", evse=2)
    await cs.drained()
    tx = cs.connectors[2].transaction
    if version in NEW:
        started = central.said("TransactionEvent")[0]
        assert started["transactionInfo"]["remoteStartId"] == 7
        assert started["idToken"] == ask["idToken"]
        stop = await central.ask("RequestStopTransaction", {"transactionId": tx.reference})
    else:
        stop = await central.ask("RemoteStopTransaction", {"transactionId": tx.number})
    assert stop == {"status": "Accepted"}
    await cs.wait_for("Finishing", evse=2)
    await cs.drained()
    assert last_reason(central) == "Remote"


def last_reason(central) -> str:
    if central.said("StopTransaction"):
        return central.said("StopTransaction")[-1]["reason"]
    return central.said("TransactionEvent")[-1]["transactionInfo"]["stoppedReason"]


async def test_a_remote_start_nobody_plugs_in_for_lapses(central, station):
    cs = await station(settings={"ConnectionTimeOut": "10"})
    await central.ask("RemoteStartTransaction", {"idTag": "APP"})
    await cs.wait_for("Preparing")
    await cs.wait_for("Available")
    assert not central.said("StartTransaction")


async def test_a_token_the_central_system_does_not_like_starts_nothing(central, station, version):
    key = "idTokenInfo" if version in NEW else "idTagInfo"
    central.script["Authorize"] = lambda _: {key: {"status": "Blocked"}}
    cs = await station(version)
    await cs.plug_in(1)
    assert await cs.present_token(1, "CARD") == "Blocked"
    assert not cs.transactions


async def test_a_start_that_is_not_liked_afterwards_is_stopped(central, station, version):
    bad = {"status": "Invalid"}
    central.script["StartTransaction"] = lambda _: {"transactionId": 5, "idTagInfo": bad}
    central.script["TransactionEvent"] = lambda p: {"idTokenInfo": bad} if p["eventType"] == "Started" else {}
    cs = await station(version)
    await cs.plug_in(1)
    await cs.start_locally(1, "CARD")
    await cs.wait_for("Finishing")
    await cs.drained()
    assert last_reason(central) == "DeAuthorized"


async def test_pulling_the_cable_ends_the_session(central, station, version):
    cs = await station(version)
    await cs.plug_in(1)
    await cs.start_locally(1)
    await cs.unplug(1)
    await cs.drained()
    assert last_reason(central) == "EVDisconnected"
    assert outline(central)[-1] == "Available"


async def test_a_full_vehicle_suspends(central, station, version):
    cs = await station(version)
    await cs.plug_in(1, Vehicle(battery_kwh=20, soc=79, target_soc=80))
    await cs.start_locally(1)
    await cs.wait_for("SuspendedEV")
    assert cs.connectors[1].vehicle.soc == pytest.approx(80)


async def test_a_charging_profile_limits_the_power(central, station, version):
    cs = await station(version)
    await cs.plug_in(1)
    tx = await cs.start_locally(1)
    await cs.drained()
    periods = [{"startPeriod": 0, "limit": 7000.0}]
    profile = {"stackLevel": 1, "chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Relative"}
    if version in NEW:
        schedule = [{"id": 1, "chargingRateUnit": "W", "chargingSchedulePeriod": periods}]
        full = profile | {"id": 1, "chargingSchedule": schedule, "transactionId": tx.reference}
        answer = await central.ask("SetChargingProfile", {"evseId": 1, "chargingProfile": full})
    else:
        schedule = {"chargingRateUnit": "W", "chargingSchedulePeriod": periods}
        full = profile | {"chargingProfileId": 1, "chargingSchedule": schedule, "transactionId": tx.number}
        answer = await central.ask("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": full})
    assert answer == {"status": "Accepted"}
    await cs.wait_for(lambda s: s.connectors[1].power_w == 7000)
    await cs.stop(1)
    assert not cs.profiles
