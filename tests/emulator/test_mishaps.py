"""What goes wrong at a station: outages, power cuts, resets, stuck parts. Told in every version."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from charger_emulator import Clock, Locked, Vehicle
from tests.emulator.scripted_central import Broken, Silence
from tests.emulator.test_sessions import NEW, last_reason, outline

RESET = {"ocpp1.6": {"type": "Soft"}, "ocpp2.0.1": {"type": "Immediate"}, "ocpp2.1": {"type": "Immediate"}}


async def test_what_happens_offline_is_told_later_in_order_with_its_own_times(central, station, version):
    cs = await station(version)
    await cs.go_offline()
    await cs.plug_in(1)
    await cs.start_locally(1, "CARD")
    await cs.wait_for(lambda s: s.connectors[1].meter_wh > 1500)
    await cs.stop(1)
    begun_at = cs.stamp(cs.transactions[0].started_at)
    before = len(central.heard)
    await cs.go_online(wait=True)
    told = central.heard[before:]
    if version in NEW:
        events = [p for _, a, p in told if a == "TransactionEvent"]
        assert all(p["offline"] for p in events)
        assert [p["seqNo"] for p in events] == list(range(len(events)))
        assert events[0]["timestamp"] == begun_at
    else:
        kept = [(a, p) for _, a, p in told if a != "StatusNotification"]
        assert [a for a, _ in kept] == ["StartTransaction", "MeterValues", "StopTransaction"]
        assert kept[0][1]["timestamp"] == begun_at
        assert all(p["transactionId"] == 101 for _, p in kept[1:])
    assert central.actions.count("BootNotification") == 1
    assert outline(central)[-1] == ("Occupied" if version in NEW else "Finishing")


async def test_an_unanswered_message_is_sent_again_under_a_new_id_after_the_connection_broke(central, station, version):
    cs = await station(version)
    await cs.plug_in(1)
    await cs.drained()
    central.hold = asyncio.Event()
    await cs.start_locally(1, "CARD")
    await cs.wait_for(lambda s: is_start(s.ledger[-1].payload))
    await cs.go_offline()
    central.hold = None
    await cs.go_online(wait=True)
    first, second = [e for e in cs.ledger if is_start(e.payload)]
    assert first.payload == second.payload
    assert first.message_id != second.message_id
    assert (first.acknowledged, second.acknowledged) == (False, True)


def is_start(payload) -> bool:
    return payload.get("eventType") == "Started" or "meterStart" in payload


async def test_a_central_system_that_dies_and_comes_back_hears_everything(central, station, version):
    cs = await station(version)
    await cs.plug_in(1)
    await cs.start_locally(1, "CARD")
    await cs.wait_for("Charging")
    await central.die()
    await cs.wait_for(lambda s: not s.online)
    await cs.stop(1)
    await central.open()
    await cs.wait_for(lambda s: s.online)
    await cs.drained()
    assert last_reason(central) == "Local"
    ids = {id for id, _, _ in central.heard}
    assert all(e.message_id in ids for e in cs.ledger if e.acknowledged)


async def test_a_central_system_that_dies_again_and_again_misses_nothing(central, station, version):
    cs = await station(version, settings={"MeterValueSampleInterval": "5"})
    for _ in range(3):
        await cs.plug_in(1)
        await cs.start_locally(1, "CARD")
        await cs.wait_for("Charging")
        await central.die()
        await cs.unplug(1)
        await central.open()
        await cs.wait_for(lambda s: s.speaking)
    await cs.drained()
    heard = {id: payload for id, _, payload in central.heard}
    assert all(heard[e.message_id] == e.payload for e in cs.ledger if e.acknowledged)
    if version in NEW:
        ended = [p for p in heard.values() if p.get("eventType") == "Ended"]
        assert {p["transactionInfo"]["transactionId"] for p in ended} == {t.reference for t in cs.transactions}
    else:
        assert {p["transactionId"] for p in central.said("StopTransaction")} == {t.number for t in cs.transactions}


async def test_a_callerror_is_retried_a_few_times_and_then_given_up(central, station):
    def broken(_):
        raise Broken

    central.script["StartTransaction"] = broken
    cs = await station(settings={"TransactionMessageAttempts": "3", "TransactionMessageRetryInterval": "2"})
    await cs.plug_in(1)
    await cs.start_locally(1, "CARD")
    await cs.drained()
    await cs.stop(1)
    await cs.drained()
    starts = [e for e in cs.ledger if e.action == "StartTransaction"]
    assert len(starts) == 3
    assert len({e.message_id for e in starts}) == 3
    assert not central.said("StopTransaction")


async def test_a_stop_waits_for_the_answer_to_its_start(central, station):
    cs = await station()
    await cs.plug_in(1)
    await cs.drained()
    central.hold = asyncio.Event()
    await cs.start_locally(1, "CARD")
    await cs.stop(1)
    assert not central.said("StopTransaction")
    central.hold.set()
    await cs.drained()
    assert central.said("StopTransaction")[0]["transactionId"] == 101


async def test_a_question_is_answered_while_ours_is_open(central, station, version):
    cs = await station(version)
    central.hold = asyncio.Event()
    card = asyncio.create_task(cs.present_token(1, "CARD"))
    await cs.wait_for(lambda s: s.ledger[-1].action == "Authorize")
    assert await central.ask("ClearCache", {}) == {"status": "Accepted"}
    assert not card.done()
    central.hold.set()
    assert await card == "Accepted"


async def test_only_one_question_is_open_at_a_time(central, station, version):
    cs = await station(version, connectors=[60, 60, 22], settings={"MeterValueSampleInterval": "10"})
    for evse in (1, 2, 3):
        await cs.plug_in(evse)
        await cs.start_locally(evse, f"CARD{evse}")
    await cs.wait_for(lambda s: s.connectors[3].meter_wh > 150)
    await cs.drained()
    open_question = None
    for direction, frame in central.frames:
        if direction == "<" and frame[0] == 2:
            assert open_question is None
            open_question = frame[1]
        elif direction == ">" and frame[1] == open_question:
            open_question = None


async def test_a_message_that_is_never_answered_times_out(central, station):
    def silent(_):
        raise Silence

    cs = await station(message_timeout_s=0.1)
    central.script["Authorize"] = silent
    await cs.plug_in(1)
    assert await cs.present_token(1, "CARD") == "Accepted"  # as offline, where unknown tokens are allowed
    await cs.drained()


async def test_a_power_cut_ends_the_session_and_is_told_after_the_boot(central, station, version):
    cs = await station(version)
    await cs.plug_in(1)
    await cs.start_locally(1, "CARD")
    await cs.wait_for("Charging")
    await cs.drained()
    await cs.power_loss()
    cut_at = cs.stamp(cs.transactions[0].stopped_at)
    before = len(central.heard)
    await cs.power_up()
    await cs.wait_for(lambda s: s.speaking)
    await cs.drained()
    assert last_reason(central) == "PowerLoss"
    [boot, stop, *_] = [p for _, _, p in central.heard[before:]]
    assert stop["timestamp"] == cut_at
    if version in NEW:
        assert (boot["reason"], stop["offline"]) == ("PowerUp", True)
    assert outline(central)[-1] == ("Occupied" if version in NEW else "Preparing")


async def test_a_reset_ends_sessions_drops_the_line_and_boots_again(central, station, version):
    cs = await station(version)
    await cs.plug_in(1)
    await cs.start_locally(1, "CARD")
    await cs.drained()
    assert await central.ask("Reset", RESET[version]) == {"status": "Accepted"}
    await cs.wait_for(lambda s: s.boots == 2)
    await cs.drained()
    told = outline(central)
    assert len(central.handshakes) == 2
    if version in NEW:
        assert last_reason(central) == "ImmediateReset"
        assert central.said("BootNotification")[1]["reason"] == "RemoteReset"
        assert told.index("Ended:EVConnected") < rindex(told, "BootNotification")
    else:
        assert last_reason(central) == "SoftReset"
        assert told[-5:] == ["StopTransaction", "Finishing", "BootNotification", "Available", "Preparing"]


def rindex(items, item) -> int:
    return len(items) - 1 - items[::-1].index(item)


async def test_a_hard_reset_tells_its_stop_after_the_boot(central, station):
    cs = await station()
    await cs.plug_in(1)
    await cs.start_locally(1, "CARD")
    await cs.drained()
    await central.ask("Reset", {"type": "Hard"})
    await cs.wait_for(lambda s: s.boots == 2)
    await cs.drained()
    assert outline(central)[-4:] == ["BootNotification", "StopTransaction", "Available", "Preparing"]
    assert last_reason(central) == "HardReset"


async def test_a_reset_on_idle_waits_for_the_session(central, station):
    cs = await station("ocpp2.0.1")
    await cs.plug_in(1)
    await cs.start_locally(1, "CARD")
    await cs.drained()
    assert await central.ask("Reset", {"type": "OnIdle"}) == {"status": "Scheduled"}
    assert cs.boots == 1
    await cs.stop(1)
    await cs.wait_for(lambda s: s.boots == 2)
    assert central.said("BootNotification")[1]["reason"] == "ScheduledReset"


async def test_a_stuck_contactor_gives_a_session_without_energy(central, station, version):
    cs = await station(version)
    cs.set_contactor(1, stuck_open=True)
    await cs.plug_in(1)
    await cs.start_locally(1, "CARD")
    assert cs.connectors[1].status == "SuspendedEVSE"
    before = cs.now()
    await cs.wait_for(lambda s: (s.now() - before).total_seconds() > 30)
    ended = await cs.stop(1)
    await cs.drained()
    assert ended.meter_start_wh == ended.meter_stop_wh
    suspended = "Updated:SuspendedEVSE" if version in NEW else "SuspendedEVSE"
    assert suspended in outline(central)


async def test_a_jammed_lock_starts_nothing(central, station, version):
    cs = await station(version)
    cs.set_lock(1, jammed=True)
    await cs.plug_in(1)
    assert await cs.start_locally(1, "CARD") is None
    await cs.drained()
    assert cs.connectors[1].status == "Faulted"
    if version in NEW:
        [event] = central.said("NotifyEvent")
        assert event["eventData"][0]["component"]["name"] == "ConnectorPlugRetentionLock"
    else:
        assert central.said("StatusNotification")[-1]["errorCode"] == "ConnectorLockFailure"
    cs.set_lock(1, jammed=False)
    assert cs.connectors[1].status == "Preparing"


async def test_a_lock_that_jams_during_the_session_keeps_the_cable(central, station, version):
    cs = await station(version)
    await cs.plug_in(1)
    await cs.start_locally(1, "CARD")
    cs.set_lock(1, jammed=True)
    await cs.stop(1)
    with pytest.raises(Locked):
        await cs.unplug(1)
    assert await central.ask("UnlockConnector", unlock(version)) == {"status": "UnlockFailed"}
    cs.set_lock(1, jammed=False)
    assert await central.ask("UnlockConnector", unlock(version)) == {"status": "Unlocked"}
    await cs.unplug(1)
    assert cs.connectors[1].status == "Available"


def unlock(version):
    return {"evseId": 1, "connectorId": 1} if version in NEW else {"connectorId": 1}


async def test_a_fault_is_told_before_the_stop_it_causes(central, station, version):
    cs = await station(version)
    await cs.plug_in(1)
    await cs.start_locally(1, "CARD")
    await cs.fault(1, "GroundFailure", "RCD tripped", vendor_code="E-17")
    await cs.drained()
    told = outline(central)
    ended = "Ended:EVConnected" if version in NEW else "StopTransaction"
    assert told.index("Faulted") < told.index(ended)
    assert last_reason(central) == ("GroundFault" if version in NEW else "Other")
    await cs.clear_fault(1)
    await cs.drained()
    assert cs.connectors[1].status == "Finishing"
    if version in NEW:
        assert [e["eventData"][0]["cleared"] for e in central.said("NotifyEvent")] == [False, True]


async def test_the_emergency_button_stops_everything(central, station, version):
    cs = await station(version, connectors=[60, 60])
    for evse in (1, 2):
        await cs.plug_in(evse)
        await cs.start_locally(evse, "CARD")
    await cs.emergency_stop()
    assert [t.stop_reason for t in cs.transactions] == ["EmergencyStop"] * 2
    assert {c.status for c in cs.connectors.values()} == {"Faulted"}
    await cs.clear_fault(0)
    assert {c.status for c in cs.connectors.values()} == {"Finishing"}
    await cs.drained()


async def test_a_notice_changes_no_status(central, station):
    cs = await station()
    await cs.fault(1, "HighTemperature", blocking=False)
    await cs.drained()
    told = central.said("StatusNotification")[-1]
    assert (told["status"], told["errorCode"]) == ("Available", "HighTemperature")


async def test_a_pending_boot_is_tried_again(central, station, version):
    verdicts = ["Pending", "Rejected", "Accepted"]
    central.script["BootNotification"] = lambda _: {
        "currentTime": "2026-01-01T00:00:00Z",
        "interval": 2 if len(verdicts) > 1 else 300,
        "status": verdicts.pop(0),
    }
    cs = await station(version, wait=False)
    await cs.plug_in(1)
    await cs.wait_for(lambda s: s.speaking)
    await cs.drained()
    assert central.actions[:3] == ["BootNotification"] * 3
    assert cs.boots == 1


async def test_a_past_lived_quickly_is_told_when_the_network_comes(central, station, version):
    ago = datetime.now(UTC) - timedelta(hours=2)
    cs = await station(version, clock=Clock(0, ago), boot_time_s=0, online=False)
    await cs.plug_in(1, Vehicle(battery_kwh=200, soc=10))
    await cs.start_locally(1, "CARD")
    await cs.pass_time(1800)
    ended = await cs.stop(1)
    await cs.unplug(1)
    cs.clock.to_present()
    await cs.go_online(wait=True)
    assert ended.meter_stop_wh == pytest.approx(30_000, abs=2)
    assert ended.stopped_at - ended.started_at == timedelta(minutes=30)
    told = [p for _, a, p in central.heard if a in ("MeterValues", "TransactionEvent") and "meterValue" in p]
    assert len(told) == (33 if version in NEW else 30)
    assert last_reason(central) == "Local"


async def test_power_without_network_dials_nobody(central, station):
    cs = await station()
    await cs.go_offline()
    await cs.power_loss()
    await cs.power_up()
    assert len(central.handshakes) == 1
    await cs.go_online(wait=True)
    assert (cs.boots, len(central.handshakes)) == (2, 2)


async def test_a_fault_of_the_offline_time_is_told_in_2_0_1(central, station):
    def broken(_):
        raise Broken

    cs = await station("ocpp2.0.1")
    central.script["NotifyEvent"] = broken
    await cs.go_offline()
    await cs.fault(1, "HighTemperature", blocking=False)
    await cs.go_online(wait=True)
    assert central.actions.count("NotifyEvent") == 1
    assert {p["connectorStatus"] for p in central.said("StatusNotification")} == {"Available"}


async def test_basic_authentication_and_odd_ids_reach_the_handshake(central, station):
    await station(id="CS/1 ü", password="geheim")
    assert central.handshakes == ["/ocpp/CS%2F1%20%C3%BC"]
    assert central.headers[0]["Authorization"].startswith("Basic ")
