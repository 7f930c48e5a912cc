"""What real station stacks did on the wire, one test each; numbers as in docs/compatibility.md."""

from __future__ import annotations

import asyncio
import base64

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.csms.rough import PATIENCE_S, World, metered, now

ACCEPTED = {"status": "Accepted"}


async def test_surprise_01_message_ids_that_come_again(world: World) -> None:
    """MicroOcpp's come from a fixed seed, tfocpp's count from 1: what is said under them is another thing."""
    station = await world.dial()
    await station.say("StatusNotification", {"connectorId": 1, "status": "Preparing", "errorCode": "NoError"}, "1")
    await station.cut()
    again = await world.dial()
    await again.say("StatusNotification", {"connectorId": 1, "status": "Charging", "errorCode": "NoError"}, "1")
    assert await world.connector() == "Charging"
    frames = (await world.ask("GET", "/stations/CS-1/frames"))["items"]
    assert [f["message_id"] for f in frames if f["kind"] == "received"] == ["1", "1"]


async def test_surprise_02_retries_with_the_old_id_and_with_a_new_one(world: World) -> None:
    """tfocpp keeps the id, libocpp takes a new one; both keep the time."""
    started = {"connectorId": 1, "idTag": "TAG", "meterStart": 0, "timestamp": now()}
    station = await world.dial()
    answers = [await station.say("StartTransaction", started, id) for id in ("22", "22", "23")]
    assert answers == [answers[0]] * 3
    assert len(await world.transactions()) == 1
    assert await world.repairs() == {"start_heard_again": 2}


async def test_surprise_03_two_stops_of_one_transaction(world: World) -> None:
    """SAP after an offline phase: the second adds its energy and its reason, values come between and after."""
    station = await world.dial()
    number = await station.start(meter=0, minutes=-10)
    await station.stop(number, 3)
    await station.say("MeterValues", metered({"value": "5"}, transactionId=number))
    await station.stop(number, 7, reason="Reboot", timestamp=now(1))
    await station.say("MeterValues", metered({"value": "7"}, minutes=1, transactionId=number))
    (one,) = await world.transactions()
    assert (one["energy_wh"], one["stop_reason"], one["suspect"]) == (7, "Reboot", ["stop_repeated"])
    assert await world.repairs() == {"stop_repeated": 1}


@pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1"])
async def test_surprise_04_a_transaction_without_a_stop(world: World, protocol: str) -> None:
    """After a reset, a kill, a power cut: the next start at the plug ends it, and no guard minds it before."""
    station = await world.dial(protocol=protocol)
    if protocol == "ocpp1.6":
        await station.start(minutes=-10)
        await station.boot()
        await station.start(meter=1400)
    else:
        await station.event("Started", 0, 1000, "T1", timestamp=now(-10))
        await station.event("Started", 0, 1400, "T2")
    one, following = await world.transactions()
    assert (one["state"], one["suspect"], following["state"]) == ("closed", ["stop_missing"], "open")
    assert await world.repairs() == {"stop_missing": 1}


async def test_surprise_05_a_meter_that_goes_backwards(world: World) -> None:
    """MicroOcpp after a power cut in a transaction."""
    station = await world.dial()
    await station.stop(await station.start(meter=96), 25)
    (one,) = await world.transactions()
    assert one["suspect"] == ["energy_negative"]
    assert await world.repairs() == {"energy_negative": 1}


@pytest.mark.parametrize("statuses_first", [True, False])
async def test_surprise_06_a_replay_in_either_order_without_a_boot(world: World, statuses_first: bool) -> None:
    """MicroOcpp tells the statuses of the offline time first, tfocpp and libocpp the transactions."""
    station = await world.dial()
    await station.boot()
    number = await station.start(minutes=-20)
    await station.cut()
    again = await world.dial()
    told = ("Finishing", -9), ("Available", -8), ("Preparing", -5), ("Charging", -4)
    if statuses_first:
        for status, minutes in told:
            await again.status(status, timestamp=now(minutes))
    await again.say("MeterValues", metered({"value": "1300"}, minutes=-15, transactionId=number))
    await again.stop(number, timestamp=now(-9))
    second = await again.start(meter=1500, token="NEXT", minutes=-4.5)
    await again.say("MeterValues", metered({"value": "1550"}, minutes=-3, transactionId=second))
    if not statuses_first:
        for status, minutes in told:
            await again.status(status, timestamp=now(minutes))
    one, two = await world.transactions()
    assert (one["energy_wh"], one["suspect"], two["state"], two["suspect"]) == (500, [], "open", [])
    assert await world.connector() == "Charging"


async def test_surprise_07_statuses_and_stops_before_the_boot_is_answered(world: World) -> None:
    """VCP asks three things at once, libocpp stops before it has shown a status: all are answered."""
    station = await world.dial()
    number = await station.start()
    await asyncio.gather(
        station.boot(), station.status("Available"), station.stop(number),
        station.say("SecurityEventNotification", {"type": "StartupOfTheDevice", "timestamp": now()}),
    )
    (one,) = await world.transactions()
    assert (one["state"], await world.connector()) == ("closed", "Available")


async def test_surprise_08_the_action_before_the_answer(world: World) -> None:
    """shiv3 acts and then answers; tfocpp answers no hard reset, its socket dies: it may have helped all the same."""
    station = await world.dial()
    await station.boot()
    await station.status("Available")
    reset = await world.command("Reset", {"type": "Hard"}, wait_s=0)
    await station.was_asked()
    await station.cut()
    again = await world.dial()
    await again.boot()
    await again.status("Available")
    async with asyncio.timeout(PATIENCE_S):
        while (shown := await world.ask("GET", f"/commands/{reset['id']}"))["state"] == "sent":
            pass
    assert (shown["state"], shown["effect"]) == ("unanswered", "observed")


async def test_surprise_09_faults_that_contradict_themselves(world: World) -> None:
    """tfocpp and shiv3: Faulted with NoError. libocpp: HighTemperature on a plug that is Available."""
    station = await world.dial()
    await station.status("Faulted", timestamp=now(-2))
    await station.status("Available", "HighTemperature", connector=2, info="derating", vendorErrorCode="T1")
    found = {(f["evse"], f["code"], f["vendor_code"]) for f in await world.faults()}
    assert found == {(1, "Faulted", None), (2, "HighTemperature", "T1")}
    number = await station.start()
    await station.say("MeterValues", metered({"value": "1100"}, minutes=1, transactionId=number))
    await station.status("Charging", timestamp=now(1))
    assert [bool(f["cleared_at"]) for f in await world.faults() if f["evse"] == 1] == [True]


async def test_surprise_10_times_left_out_and_times_of_1970(world: World) -> None:
    """SAP, VCP, shiv3 give their statuses no time; tfocpp's first reading after a boot lies in 1970."""
    station = await world.dial()
    await station.status("Charging")
    number = await station.start()
    old = metered({"value": "1000"}, transactionId=number)
    old["meterValue"][0]["timestamp"] = "1970-01-01T00:48:40Z"
    await station.say("MeterValues", old)
    shown = await world.ask("GET", "/stations/CS-1")
    assert shown["connectors"][0]["status_at"][:4] == now()[:4]
    assert [r["at"][:4] for r in await world.readings()] == [now()[:4]]


async def test_surprise_11_energy_in_every_shape(world: World) -> None:
    """kWh with a long tail, per phase only, a signed blob among the values; 2.x events that leave nearly all out."""
    station = await world.dial()
    number = await station.start(meter=0)
    await station.say("MeterValues", metered(
        {"value": "0.15002000000000001", "unit": "kWh"}, minutes=1, transactionId=number))
    lines = [{"value": "0.1", "unit": "kWh", "phase": f"L{n}"} for n in (1, 2, 3)]
    await station.say("MeterValues", metered(*lines, minutes=2, transactionId=number))
    signed = {"timestamp": now(3), "sampledValue": [{"format": "SignedData", "value": 'OCMF|{"FV":"1.0"}|{}'}]}
    await station.stop(number, 300, timestamp=now(3), transactionData=[signed])
    readings = await world.readings()
    assert [r["energy_wh"] for r in readings] == [pytest.approx(150.02), pytest.approx(300), None]
    assert readings[-1]["other"] == {"signed": 'OCMF|{"FV":"1.0"}|{}'}
    other = await world.dial("CS-2", "ocpp2.0.1")
    await other.event("Started", 0, 1000)
    await other.event("Updated", 0, evse=None)
    await other.event("Ended", 0, 1200, evse=None)
    (one,) = await world.transactions("CS-2")
    assert (one["energy_wh"], one["suspect"]) == (200, [])


async def test_surprise_12_calls_nobody_knows_and_an_answer_to_minus_1(world: World) -> None:
    """MicroOcpp's CustomOperation is refused, not left hanging; libocpp's refusal with id -1 settles our command."""
    station = await world.dial()
    kind, code, *_ = await station.send('[2,"m1","CustomOperation",{}]', "m1")
    assert (kind, code) == (4, "NotImplemented")
    asked = asyncio.create_task(world.command("DataTransfer", {"vendorId": "X"}))
    await station.was_asked()
    await station.socket.send('[4,"-1","NotSupported","what?",{}]')
    assert (await asked)["state"] == "unsupported"


@pytest.mark.parametrize(("offered", "chosen"), [
    ("ocpp2.1, ocpp2.0.1", "ocpp2.1"), ("ocpp1.6,ocpp2.0.1", "ocpp2.0.1"), ("ocpp1.6", "ocpp1.6")])
async def test_surprise_13_headers_as_they_come(world: World, offered: str, chosen: str) -> None:
    """Two versions in one header, an Origin, Basic authentication nobody asked for with bytes that are no text."""
    password = base64.b64encode(b"CS-1:\xab\xcd\xef").decode()
    async with connect(
        f"ws://127.0.0.1:{world.port}/ocpp/CS-1", subprotocols=[Subprotocol(p.strip()) for p in offered.split(",")],
        additional_headers={"authorization": f"Basic {password}"}, origin="http://station.local",  # type: ignore[arg-type]
        compression="deflate",
    ) as socket:
        assert socket.subprotocol == chosen


async def test_surprise_14_nothing_of_ours_is_answered_by_an_error_of_ours(world: World) -> None:
    """A CALLERROR on a start loses its transaction for good (MicroOcpp): the worst of starts is answered well."""
    station = await world.dial()
    worst = {"connectorId": "1", "idTag": "X" * 40, "meterStart": "", "timestamp": "yesterday", "mood": None}
    answer = await station.say("StartTransaction", worst)
    assert answer["transactionId"] > 0
    (one,) = await world.transactions()
    assert (one["evse"], one["token"], one["meter_start_wh"]) == (1, "X" * 40, None)


async def test_surprise_15_ends_without_a_close_frame_and_odd_statuses_after_a_boot(world: World) -> None:
    """1006 is the normal end of most stacks; SAP's plugs 2 and 3 come up Preparing and Faulted."""
    station = await world.dial()
    await station.boot()
    await station.cut()
    again = await world.dial()
    await again.boot()
    for connector, status in ((1, "Available"), (2, "Preparing"), (3, "Faulted")):
        await again.status(status, connector=connector)
    shown = await world.ask("GET", "/stations/CS-1")
    assert (shown["connected"], [c["status"] for c in shown["connectors"]]) == (
        True, ["Available", "Preparing", "Faulted"])
    ends = [f for f in (await world.ask("GET", "/stations/CS-1/frames"))["items"] if f["kind"] == "disconnected"]
    assert len(ends) == 1
