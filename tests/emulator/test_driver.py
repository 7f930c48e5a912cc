"""What a driver wants, and when a transaction is one: limits, start and stop points, lines, ChargeX faults."""

from __future__ import annotations

import pytest

from charger_emulator import Vehicle
from charger_emulator.chargex import KINDS

ACCEPTED = {"status": "Accepted"}
BY_PLUG = {"TxCtrlr.TxStartPoint": "EVConnected", "TxCtrlr.TxStopPoint": "EVConnected"}


def told(central):
    return [(e["eventType"], e["triggerReason"], e["transactionInfo"].get("chargingState"))
            for e in central.said("TransactionEvent") if e["triggerReason"] != "MeterValuePeriodic"]


async def test_a_transaction_from_plug_to_plug(central, station):
    cs = await station("ocpp2.0.1", settings=BY_PLUG)
    await cs.plug_in(1)
    await cs.present_token(1, "CARD")
    await cs.present_token(1, "CARD")
    assert cs.connectors[1].power_w == 0
    await cs.unplug(1)
    await cs.drained()
    assert told(central) == [
        ("Started", "CablePluggedIn", "EVConnected"), ("Updated", "Authorized", "Charging"),
        ("Updated", "StopAuthorized", "EVConnected"), ("Ended", "EVCommunicationLost", "Idle"),
    ]
    started, authorized, stopped, ended = central.said("TransactionEvent")
    assert "idToken" not in started
    assert authorized["idToken"]["idToken"] == stopped["idToken"]["idToken"] == "CARD"
    assert ended["transactionInfo"]["stoppedReason"] == "Local"
    assert [e["seqNo"] for e in central.said("TransactionEvent")] == [0, 1, 2, 3]


async def test_a_transaction_from_card_to_card(central, station):
    settings = {"TxCtrlr.TxStartPoint": "Authorized", "TxCtrlr.TxStopPoint": "Authorized"}
    cs = await station("ocpp2.0.1", settings=settings)
    await cs.present_token(1, "CARD")
    await cs.plug_in(1)
    await cs.stop(1, "Local", "CARD")
    await cs.drained()
    assert told(central) == [
        ("Started", "Authorized", "Idle"), ("Updated", "CablePluggedIn", "Charging"),
        ("Ended", "StopAuthorized", "EVConnected"),
    ]


async def test_nobody_plugs_in(central, station):
    cs = await station("ocpp2.0.1", settings={"TxCtrlr.TxStartPoint": "Authorized", "ConnectionTimeOut": "20"})
    await cs.present_token(1, "CARD")
    await cs.wait_for("Available")
    await cs.drained()
    assert told(central)[-1][:2] == ("Ended", "EVConnectTimeout")
    assert cs.transactions[-1].stop_reason == "Timeout"


async def test_a_remote_start_into_an_open_transaction(central, station):
    cs = await station("ocpp2.1", settings=BY_PLUG)
    await cs.plug_in(1)
    asked = {"remoteStartId": 5, "evseId": 1, "idToken": {"idToken": "APP", "type": "Central"}}
    assert (await central.ask("RequestStartTransaction", asked))["status"] == "Accepted"
    await cs.wait_for("Charging")
    await cs.drained()
    update = central.said("TransactionEvent")[1]
    assert (update["triggerReason"], update["transactionInfo"]["remoteStartId"]) == ("RemoteStart", 5)
    assert len(cs.transactions) == 1


@pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
async def test_so_much_energy_and_no_more(central, station, protocol):
    cs = await station(protocol)
    await cs.set_limit(1, energy_wh=2000)
    await cs.plug_in(1)
    await cs.present_token(1, "CARD")
    await cs.pass_time(3600)
    (tx,) = cs.transactions
    assert tx.meter_stop_wh - tx.meter_start_wh == pytest.approx(2000, abs=2)
    assert tx.stop_reason == "EnergyLimitReached"
    await cs.drained()
    if protocol == "ocpp2.1":
        started = central.said("TransactionEvent")[0]
        assert started["transactionInfo"]["transactionLimit"] == {"maxEnergy": 2000}


@pytest.mark.parametrize(
    ("limit", "reason"), [({"seconds": 600}, "TimeLimitReached"), ({"soc": 40}, "SOCLimitReached")]
)
async def test_so_long_or_so_full_and_no_more(central, station, limit, reason):
    cs = await station("ocpp2.1")
    await cs.plug_in(1, Vehicle(soc=30))
    await cs.present_token(1, "CARD")
    await cs.set_limit(1, **limit)
    for _ in range(4):
        await cs.pass_time(600)
    assert cs.transactions[-1].stop_reason == reason
    await cs.drained()
    assert "LimitSet" in {t[1] for t in told(central)}


async def test_so_much_money_and_no_more(central, station):
    cs = await station("ocpp2.1")
    await cs.set_limit(1, cost=5)
    await cs.plug_in(1)
    tx = await cs.start_locally(1)
    for cost in (4.5, 5.1):
        assert await central.ask("CostUpdated", {"totalCost": cost, "transactionId": tx.reference}) == {}
    await cs.drained()
    assert told(central)[-1][:2] == ("Ended", "CostLimitReached")


async def test_the_central_system_sets_a_limit_in_its_answer(central, station):
    central.script["TransactionEvent"] = lambda p: (
        {"transactionLimit": {"maxEnergy": 1000}} if p["eventType"] == "Started" else {})
    cs = await station("ocpp2.1")
    await cs.plug_in(1)
    await cs.start_locally(1)
    await cs.drained()
    await cs.pass_time(3600)
    assert cs.transactions[-1].stop_reason == "EnergyLimitReached"


@pytest.mark.parametrize(("phases", "expected"), [(3, [16, 16, 16]), (1, [16, 0, 0])])
async def test_currents_come_line_by_line_on_ac(central, station, version, phases, expected):
    cs = await station(version, connectors=[11.04])
    await cs.plug_in(1, Vehicle(max_kw=22, phases=phases))
    await cs.start_locally(1)
    await cs.pass_time(90)
    await cs.drained()
    payload = next(p for p in central.said("MeterValues", "TransactionEvent")
                   if p.get("triggerReason", "MeterValuePeriodic") == "MeterValuePeriodic")
    samples = payload["meterValue"][0]["sampledValue"]
    currents = {s["phase"]: float(s["value"]) for s in samples if s.get("measurand") == "Current.Import"}
    assert [round(currents[f"L{n}"]) for n in (1, 2, 3)] == expected
    assert {s["phase"] for s in samples if s.get("measurand") == "Voltage"} == {"L1-N", "L2-N", "L3-N"}


@pytest.mark.parametrize("code", sorted(KINDS))
async def test_chargex_faults_are_told_by_their_code(central, station, version, code):
    cs = await station(version)
    kind = KINDS[code]
    await cs.plug_in(1)
    await cs.start_locally(1)
    await cs.fault(1, f"ChargeX:{kind.name}")
    assert (cs.connectors[1].status == "Faulted") is kind.blocking
    await cs.drained()
    if version == "ocpp1.6":
        status = next(p for p in reversed(central.said("StatusNotification")) if p["errorCode"] != "NoError")
        assert (status["vendorErrorCode"], status["errorCode"]) == (code, kind.error)
    else:
        event = central.said("NotifyEvent")[-1]["eventData"][0]
        assert (event["techCode"], event["component"]["name"]) == (code, kind.component)
    await cs.clear_fault(1, code)
    assert not cs.connectors[1].blocked
