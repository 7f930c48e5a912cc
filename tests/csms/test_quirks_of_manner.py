"""Rows 28 to 45 of the field's list of oddities: how stations behave, rather than how they spell."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from tests.csms.rough import World, metered, now


async def test_quirk_28_nothing_is_asked_of_a_station_unbidden(world: World) -> None:
    """ABB Terra reboots for ever when it is asked for all measurands: nobody asks."""
    station = await world.dial()
    await station.boot()
    await station.status("Available")
    await station.stop(await station.start())
    assert station.asked == []


async def test_quirk_29_finishing_with_an_error_code(world: World) -> None:
    """ABB: a warning, not a plug out of order."""
    station = await world.dial()
    await station.status("Finishing", "OverVoltage")
    (fault,) = await world.faults()
    assert (fault["code"], fault["cleared_at"]) == ("OverVoltage", None)
    assert await world.connector() == "Finishing"
    await station.status("Available")
    (fault,) = await world.faults()
    assert fault["cleared_at"]
    assert await world.repairs() == {"finishing_with_error": 1}


async def test_quirk_30_the_same_status_for_ever(world: World) -> None:
    """EVerest#536: one fault, however often it is said."""
    station = await world.dial()
    for _ in range(20):
        await station.status("Faulted", "GroundFailure", timestamp=now())
    assert len(await world.faults()) == 1


async def test_quirk_31_null_in_words(world: World) -> None:
    """ABB: no fault, and no vendor code."""
    station = await world.dial()
    await station.status("Available", info="null", vendorErrorCode="0x0000")
    assert await world.faults() == []
    assert await world.repairs() == {"nothing_in_words": 1}


async def test_quirk_32_finishing_until_a_reset(world: World) -> None:
    """Autel, Ocular: the stop is seen, the plug is known not to be free, a reset is seen to help."""
    accepted = {"status": "Accepted"}
    station = await world.dial(RemoteStopTransaction=accepted, Reset=accepted)
    await station.boot()
    number = await station.start()
    stop = await world.command("RemoteStopTransaction", {"transactionId": number})
    await station.stop(number, reason="Remote")
    await station.status("Finishing")
    assert await world.effect(stop) == "observed"
    assert await world.connector() == "Finishing"
    assert (await world.command("Reset", {"type": "Soft"}))["guards"] == ["G2"], "somebody may still be plugged in"
    reset = await world.command("Reset", {"type": "Soft"}, override=True, reason="nobody is there")
    assert reset["state"] == "accepted"
    await station.close()
    again = await world.dial()
    await again.boot()
    await again.status("Available")
    assert await world.effect(reset) == "observed"


async def test_quirk_33_available_while_it_charges(world: World) -> None:
    """FoxESS: what the status says and what the transaction says are two facts."""
    station = await world.dial()
    number = await station.start()
    await station.status("Available")
    await station.say("MeterValues", metered({"value": "1500"}, minutes=1, transactionId=number))
    (one,) = await world.transactions()
    assert (one["state"], one["energy_wh"], await world.connector()) == ("open", 500, "Available")


async def test_quirk_34_a_profile_that_is_taken_and_ignored(world: World) -> None:
    """Grizzl-E, FoxESS: the limit is on record, and so is the power above it."""
    station = await world.dial(SetChargingProfile={"status": "Accepted"})
    number = await station.start()
    schedule = {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 1400}]}
    profile = {"chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile",
               "chargingProfileKind": "Relative", "chargingSchedule": schedule}
    asked = await world.command("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile})
    assert (asked["state"], asked["effect"]) == ("accepted", "not_applicable")
    power = {"value": "7000", "measurand": "Power.Active.Import", "unit": "W"}
    await station.say("MeterValues", metered(power, minutes=1, transactionId=number))
    (installed,) = (await world.ask("GET", "/stations/CS-1/profiles?active=true"))["items"]
    (reading,) = await world.readings()
    assert (installed["evse"], reading["power_w"]) == (1, 7000)


async def test_quirk_35_away_for_a_while_after_our_restart(world: World) -> None:
    """FoxESS, Teison: gone and what was last known are two facts; a command waits if told to."""
    station = await world.dial()
    await station.status("Charging")
    number = await station.start()
    await station.cut()
    await world.gone()
    queued = await world.command("UnlockConnector", {"connectorId": 1}, wait_s=0, queue_until=now(10), override=True,
                                 reason="a test")
    assert (queued["state"], await world.connector()) == ("queued", "Charging")
    again = await world.dial(UnlockConnector={"status": "Unlocked"})
    await again.was_asked()
    await again.stop(number)
    (one,) = await world.transactions()
    assert one["state"] == "closed"


async def test_quirk_36_no_meter_values_at_all(world: World) -> None:
    """Wallbox Pulsar Pro: the registers at both ends are enough for the bill."""
    station = await world.dial()
    await station.stop(await station.start())
    (one,) = await world.transactions()
    assert (one["energy_wh"], await world.readings()) == (500, [])


async def test_quirk_37_no_stop_when_unplugged(world: World) -> None:
    """Hager Witty Park: over with the next start, billed to the last register heard."""
    station = await world.dial()
    number = await station.start(minutes=-9)
    await station.say("MeterValues", metered({"value": "1400"}, minutes=-8, transactionId=number))
    await station.status("Available")
    await station.start(meter=1450)
    one, following = await world.transactions()
    assert (one["state"], one["energy_wh"], one["suspect"]) == ("closed", 400, ["stop_missing"])
    assert following["state"] == "open"
    assert await world.repairs() == {"stop_missing": 1}


async def test_quirk_38_a_stop_sent_again_and_again(world: World) -> None:
    """METRON Duo: every one is answered well, so that it stops."""
    station = await world.dial()
    stopped = {"transactionId": await station.start(), "meterStop": 1500, "timestamp": now(), "idTag": "TAG"}
    answers = [await station.say("StopTransaction", stopped) for _ in range(5)]
    assert answers == [answers[0]] * 5
    (one,) = await world.transactions()
    assert (one["energy_wh"], one["suspect"]) == (500, [])
    assert await world.repairs() == {"stop_heard_again": 4}


@pytest.mark.parametrize("path", ["/ocpp/CS-1/", "/CS-1", "/CS-1/", "/ocpp/CS%2D1"])
async def test_quirk_39_addresses_with_a_slash_too_many_and_short_ones(world: World, path: str) -> None:
    """Tellus has no room for a long URL; DAL's stations end it in a slash."""
    station = await world.dial(path=path)
    await station.boot()
    assert (await world.ask("GET", "/stations/CS-1"))["connected"]
    assert (await world.repairs()).get("trailing_slash", 0) == int(path.endswith("/"))


async def test_quirk_40_an_id_in_another_case_than_it_was_entered(world: World) -> None:
    """SteVe: the entered spelling is the station."""
    await world.ask("PUT", "/stations/CS-Nord-1", {"name": "North"})
    station = await world.dial("cs-nord-1")
    await station.boot()
    shown = await world.ask("GET", "/stations/CS-Nord-1")
    assert (shown["connected"], shown["vendor"]) == (True, "V")
    assert len((await world.ask("GET", "/stations"))["items"]) == 1
    assert await world.repairs() == {"id_respelled": 1}


async def test_quirk_41_a_socket_that_closes_on_a_large_frame(world: World) -> None:
    """steve#129: the command is unanswered, nothing else is lost."""
    station = await world.dial()
    number = await station.start()

    async def hang_up() -> None:
        await station.was_asked()
        await station.cut()

    gone = asyncio.create_task(hang_up())
    entries = [{"idTag": f"TAG{n:04}", "idTagInfo": {"status": "Accepted"}} for n in range(2000)]
    sent = await world.command(
        "SendLocalList", {"listVersion": 1, "updateType": "Full", "localAuthorizationList": entries})
    await gone
    assert sent["state"] == "unanswered"
    await (await world.dial()).stop(number)
    (one,) = await world.transactions()
    assert one["state"] == "closed"


async def test_quirk_42_a_composite_schedule_with_nothing_right(world: World) -> None:
    """Heidelberg: an answer beyond its schema settles the command, and is shown as it came."""
    odd: dict[str, Any] = {"status": "Accepted", "connectorId": 1, "scheduleStart": "0",
                           "chargingSchedule": {"startSchedule": "0", "chargingRateUnit": "",
                                                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16}]}}
    station = await world.dial(GetCompositeSchedule=odd)
    await station.say("Heartbeat", {})  # its arrival is on record by then
    asked = await world.command("GetCompositeSchedule", {"connectorId": 1, "duration": 60})
    assert (asked["state"], asked["answer"]) == ("accepted", odd)


async def test_quirk_43_a_full_queue_that_has_dropped_what_came_last(world: World) -> None:
    """The start was in the queue, the stop was not: the next start ends it; a stop alone is an orphan."""
    station = await world.dial()
    await station.start(minutes=-100)
    await station.start(meter=2000, minutes=-10)
    await station.stop(77, meter=9000, idTag="OTHER")
    lost, running, orphan = await world.transactions()
    assert (lost["suspect"], running["state"], orphan["suspect"]) == (["stop_missing"], "open", ["orphan_stop"])
    assert await world.repairs() == {"stop_missing": 1, "orphan_stop": 1}


async def test_quirk_44_two_sockets_at_once(world: World) -> None:
    """The newer one is the station, and the older one's end is not its."""
    older = await world.dial()
    newer = await world.dial(UnlockConnector={"status": "Unlocked"})
    await newer.boot()
    await older.closed()
    assert (await world.ask("GET", "/stations/CS-1"))["connected"]
    assert (await world.command("UnlockConnector", {"connectorId": 1}))["state"] == "accepted"


async def test_quirk_45_tls_where_there_is_none(world: World) -> None:
    """Autel dials only wss, and drops silently without its CA: others are served meanwhile, nothing stays behind."""
    _, writer = await asyncio.open_connection("127.0.0.1", world.port)
    writer.write(bytes.fromhex("16030100640100006003030000"))
    station = await world.dial()
    assert (await station.boot())["status"] == "Accepted"
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    assert [s["id"] for s in (await world.ask("GET", "/stations"))["items"]] == ["CS-1"]
