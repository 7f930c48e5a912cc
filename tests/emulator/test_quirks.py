"""Each oddity does what its line in the table says, and nothing without its name does."""

from __future__ import annotations

import asyncio

import pytest

from charger_emulator import QUIRKS, Station
from charger_emulator.quirks import rewrite
from tests.emulator.test_mishaps import RESET
from tests.emulator.test_sessions import last_reason, outline

BEYOND_THE_SCRIPT = {"broken_json", "missing_value", "odd_subprotocol", "speaks_16_on_201"}
"""The scripted central system is strict; tests/csms/test_emulated_quirks.py tries them all on the product."""


async def session(cs, minutes: float = 1.2) -> None:
    await cs.plug_in(1)
    await cs.start_locally(1, "CARD")
    before = cs.now()
    await cs.wait_for(lambda s: (s.now() - before).total_seconds() > minutes * 60)
    await cs.stop(1)
    await cs.drained()


def test_an_unknown_quirk_is_refused():
    with pytest.raises(ValueError, match="no_such_thing"):
        Station("ws://127.0.0.1:1", "CS-1", quirks=["no_such_thing"])


@pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1"])
@pytest.mark.parametrize("name", sorted(QUIRKS.keys() - BEYOND_THE_SCRIPT))
async def test_every_quirk_lives_through_a_session(central, station, name, version):
    cs = await station(version, quirks=[name], time_scale=600)
    await session(cs, 0.5)
    await cs.fault(1, "GroundFailure")
    await cs.drained()
    central.invalid.clear()  # some of them break the schema, that is their point


async def test_a_stop_of_nothing(central, station):
    cs = await station(quirks=["stop_minus_one"])
    await session(cs, 0.1)
    assert central.said("StopTransaction")[0]["transactionId"] == -1


async def test_a_fault_without_a_code(central, station):
    cs = await station(quirks=["faulted_no_error"])
    await cs.fault(1, "GroundFailure")
    await cs.drained()
    told = central.said("StatusNotification")[-1]
    assert (told["status"], told["errorCode"]) == ("Faulted", "NoError")


async def test_kilowatt_hours_that_say_watt_hours(central, station, version):
    cs = await station(version, quirks=["kwh_as_wh"], meter_start_wh=100_000)
    await session(cs)
    told = central.said("MeterValues", "TransactionEvent")
    payload = next(p for p in told if p.get("triggerReason", "MeterValuePeriodic") == "MeterValuePeriodic")
    [energy] = [s for s in payload["meterValue"][0]["sampledValue"] if s["measurand"].startswith("Energy")]
    assert 100 < float(energy["value"]) < 105


async def test_said_again_and_again(central, station):
    cs = await station(quirks=["repeat_status", "stop_twice", "new_id_retry", "late_meter_values"])
    await session(cs, 0.1)
    told = central.actions
    assert told.count("StartTransaction") == 2
    first, second = central.said("StopTransaction")
    assert (second["meterStop"] - first["meterStop"], second["reason"]) == (4, "Reboot")
    assert told.index("MeterValues") > told.index("StopTransaction")
    assert [w for w in outline(central) if w == "Preparing"] == ["Preparing"] * 3


async def test_ids_that_count_and_start_again(central, station):
    cs = await station(quirks=["counter_ids"])
    assert [e.message_id for e in cs.ledger] == ["1", "2", "3"]
    await cs.reboot()
    await cs.drained()
    assert [e.message_id for e in cs.ledger][3:] == ["1", "2", "3"]


async def test_a_retry_with_its_old_id(central, station):
    cs = await station(quirks=["same_id_retry"])
    await cs.plug_in(1)
    await cs.drained()
    central.hold = asyncio.Event()
    await cs.start_locally(1, "CARD")
    await cs.wait_for(lambda s: s.ledger[-1].action == "StartTransaction")
    await cs.go_offline()
    central.hold = None
    await cs.go_online(wait=True)
    first, second = [e for e in cs.ledger if e.action == "StartTransaction"]
    assert first.message_id == second.message_id


async def test_clocks_that_are_wrong(central, station, version):
    await station(version, quirks=["clock_1970"])
    assert central.said("StatusNotification")[0]["timestamp"].startswith("1970-01-01T00:0")


async def test_a_boot_after_every_outage_or_never_again(central, station, version):
    eager = await station(version, quirks=["boot_after_reconnect"])
    await eager.go_offline()
    await eager.go_online(wait=True)
    assert eager.boots == 2
    silent = await station(version, id="CS-2", quirks=["no_boot_after_reconnect"])
    await silent.reboot()
    await silent.drained()
    assert len(silent.sent("BootNotification")) == 1


async def test_a_reset_that_does_nothing(central, station, version):
    cs = await station(version, quirks=["ignores_reset"])
    assert await central.ask("Reset", RESET[version]) == {"status": "Accepted"}
    await cs.drained()
    assert (cs.online, len(central.handshakes)) == (True, 1)


async def test_a_boot_that_swallows_the_stop(central, station, version):
    cs = await station(version, quirks=["no_stop_after_boot"])
    await cs.plug_in(1)
    await cs.start_locally(1, "CARD")
    await cs.reboot()
    await cs.drained()
    assert not central.said("StopTransaction")
    assert all(p["eventType"] != "Ended" for p in central.said("TransactionEvent"))


async def test_finishing_for_ever_after_a_remote_stop(central, station):
    cs = await station(quirks=["stuck_finishing"])
    await cs.plug_in(1)
    await cs.start_locally(1, "CARD")
    await cs.drained()
    await central.ask("RemoteStopTransaction", {"transactionId": 101})
    await cs.wait_for("Finishing")
    await cs.unplug(1)
    assert cs.connectors[1].status == "Finishing"
    await cs.reboot()
    assert cs.connectors[1].status == "Available"
    assert last_reason(central) == "Remote"


async def test_the_action_before_the_answer(central, station):
    cs = await station(quirks=["act_before_answer"])
    await central.ask("TriggerMessage", {"requestedMessage": "Heartbeat"})
    await cs.drained()
    mine = [i for i, (d, f) in enumerate(central.frames) if d == "<" and "Heartbeat" in f]
    answer = [i for i, (d, f) in enumerate(central.frames) if d == "<" and f[0] == 3]
    assert mine[0] < answer[0]


async def test_no_subprotocol_is_dialled_with(central, station):
    cs = await station(quirks=["no_subprotocol"])
    assert cs.online
    assert "Sec-WebSocket-Protocol" not in central.headers[0]


def test_times_without_zone_and_local_times():
    at = {"timestamp": "2026-11-22T12:00:00.000Z", "evseId": 1}
    assert rewrite(frozenset({"time_without_zone"}), "X", at)["timestamp"] == "2026-11-22T12:00:00.000"
    assert rewrite(frozenset({"local_time_as_utc"}), "X", at)["timestamp"] == "2026-11-22T20:00:00.000Z"
    assert rewrite(frozenset(), "X", at) is at
