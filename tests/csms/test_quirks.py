"""The first rows of the field's list of oddities, one test each: the offending frame, and what is made of it.

Numbers are those of the table in docs/compatibility.md. Rows 28 to 45 are in `test_quirks_of_manner.py`,
what real stacks did on the wire in `test_surprises.py`.
"""

from __future__ import annotations

import pytest

from tests.csms.rough import World, metered, now


async def test_quirk_01_a_stop_with_transaction_0(world: World) -> None:
    """DELTA, TKT."""
    station = await world.dial()
    number = await station.start()
    await station.stop(0)
    (one,) = await world.transactions()
    assert (one["number"], one["state"], one["energy_wh"], one["suspect"]) == (
        number, "closed", 500, ["stop_id_unknown"])
    assert await world.repairs() == {"stop_id_unknown": 1}


async def test_quirk_02_a_stop_with_transaction_minus_1(world: World) -> None:
    """Keba P30, EVerest offline, go-e."""
    station = await world.dial()
    await station.start(connector=1, token="ONE")
    await station.start(connector=2, token="TWO", meter=9000)
    await station.stop(-1, idTag="ONE")
    one, two = await world.transactions()
    assert (one["state"], one["suspect"], two["state"]) == ("closed", ["stop_id_unknown"], "open")
    assert await world.repairs() == {"stop_id_unknown": 1}


@pytest.mark.parametrize("said", ['"transactionId":,', '"transactionId":"",', ""])
async def test_quirk_03_meter_values_without_their_transaction(world: World, said: str) -> None:
    """AEFA Home."""
    station = await world.dial()
    await station.start()
    sampled = '"sampledValue":[{"value":"1500"}]'
    text = f'[2,"m1","MeterValues",{{"connectorId":1,{said}"meterValue":[{{"timestamp":"{now(1)}",{sampled}}}]}}]'
    assert await station.send(text, "m1") == [3, {}]
    assert [r["energy_wh"] for r in await world.readings()] == [1500]
    assert set(await world.repairs()) == (
        {"missing_values", "null_field"} if said.endswith(":,") else {"empty_field"} if said else set())


async def test_quirk_04_a_comma_too_many(world: World) -> None:
    """ZJ Beny."""
    station = await world.dial()
    number = await station.start()
    said = f'"connectorId":1,"transactionId":{number}'
    sampled = '"sampledValue":[,{"value":"1500"}]'
    text = f'[2,"m1","MeterValues",{{{said},"meterValue":[{{"timestamp":"{now(1)}",{sampled}}}]}}]'
    assert await station.send(text, "m1") == [3, {}]
    assert [r["energy_wh"] for r in await world.readings()] == [1500]
    assert await world.repairs() == {"stray_commas": 1}


async def test_quirk_05_an_object_where_a_list_belongs(world: World) -> None:
    """Huawei."""
    station = await world.dial()
    number = await station.start()
    value = {"timestamp": now(1), "sampledValue": {"value": "1500"}}
    await station.say("MeterValues", {"connectorId": 1, "transactionId": number, "meterValue": value})
    assert [r["energy_wh"] for r in await world.readings()] == [1500]
    assert await world.repairs() == {"single_object": 1}


async def test_quirk_06_values_as_numbers(world: World) -> None:
    """OpenEVSE."""
    station = await world.dial()
    number = await station.start()
    await station.say("MeterValues", metered({"value": 1500}, minutes=1, transactionId=number))
    assert [r["energy_wh"] for r in await world.readings()] == [1500]
    assert await world.repairs() == {"number_as_text": 1}


async def test_quirk_07_an_empty_value_is_not_zero(world: World) -> None:
    """Heidelberg Amperfied."""
    station = await world.dial()
    number = await station.start()
    samples = [{"value": ""}, {"value": "230", "measurand": "Voltage"}]
    await station.say("MeterValues", metered(*samples, minutes=1, transactionId=number))
    (reading,) = await world.readings()
    assert (reading["energy_wh"], reading["voltage_v"]) == (None, 230)
    assert await world.repairs() == {"empty_value": 1}


async def test_quirk_08_words_outside_the_lists(world: World) -> None:
    """Charge Amps Halo, Alfen."""
    station = await world.dial()
    number = await station.start()
    samples = [
        {"value": "1500"}, {"value": "7", "measurand": "Request.Energy"},
        {"value": "50", "measurand": "Frequency", "unit": "Hz"}, {"value": "1", "context": "Sample.Whim"},
    ]
    await station.say("MeterValues", metered(*samples, minutes=1, transactionId=number))
    periodic, odd = sorted(await world.readings(), key=lambda r: str(r["context"]))
    assert (periodic["energy_wh"], periodic["other"]) == (1500, {"Request.Energy": 7, "Frequency": 50})
    assert odd["context"] == "Sample.Whim"
    assert set(await world.repairs()) == {"unknown_measurand", "unknown_unit", "unknown_context"}


async def test_quirk_09_a_register_that_counts_the_session(world: World) -> None:
    """The start says a lifetime register, the rest counts from zero: data per model says so."""
    await world.ask("PUT", "/register-semantics", {"vendor": "V", "model": "M", "register": "session"})
    station = await world.dial()
    await station.boot()
    await station.stop(await station.start(meter=90000), meter=1200)
    (one,) = await world.transactions()
    assert (one["meter_start_wh"], one["energy_wh"]) == (90000, 1200)


async def test_quirk_10_kwh_at_the_ends_and_wh_between(world: World) -> None:
    """Huawei; and registers kept in kWh that stop 1 Wh before they started."""
    station = await world.dial()
    number = await station.start(meter=10, minutes=-10)
    await station.say("MeterValues", metered({"value": "10000"}, minutes=-9, transactionId=number))
    await station.say("MeterValues", metered({"value": "12000"}, minutes=-8, transactionId=number))
    await station.stop(number, meter=12)
    await station.stop(await station.start(meter=5000), meter=4999)
    mixed, rounded = await world.transactions()
    assert (mixed["energy_wh"], mixed["suspect"]) == (2000, ["register_kwh"])
    assert (rounded["energy_wh"], rounded["suspect"]) == (0, [])
    assert await world.repairs() == {"register_kwh": 1}


async def test_quirk_11_a_total_that_is_not_the_sum_of_its_phases(world: World) -> None:
    """Schneider: one line's power as the whole; no power at all elsewhere. Data per model says which to trust."""
    await world.ask("PUT", "/register-semantics", {"vendor": "V", "lines": "summed"})
    station = await world.dial()
    await station.boot()
    number = await station.start()
    lines = [{"value": "3600", "measurand": "Power.Active.Import", "unit": "W", "phase": f"L{n}"} for n in (1, 2, 3)]
    total = {"value": "3600", "measurand": "Power.Active.Import", "unit": "W"}
    await station.say("MeterValues", metered(total, *lines, minutes=1, transactionId=number))
    await station.say("MeterValues", metered({"value": "1500"}, minutes=2, transactionId=number))
    assert [r["power_w"] for r in await world.readings()] == [10800, None]


async def test_quirk_12_currents_line_to_neutral(world: World) -> None:
    station = await world.dial()
    number = await station.start()
    lines = [{"value": v, "measurand": "Current.Import", "unit": "A", "phase": f"L{n}-N"}
             for n, v in ((1, "16"), (2, "14"), (3, "0"))]
    await station.say("MeterValues", metered(*lines, minutes=1, transactionId=number))
    (reading,) = await world.readings()
    assert reading["current_a"] == 16, "the most loaded line: offers and fuses are rated for each"
    assert reading["other"] == {"Current.Import.L1-N": 16, "Current.Import.L2-N": 14, "Current.Import.L3-N": 0}


async def test_quirk_13_meter_values_of_connector_0_on_a_box_with_one_plug(world: World) -> None:
    """KEBA."""
    station = await world.dial()
    await station.status("Charging")
    await station.start()
    await station.say("MeterValues", metered({"value": "1500"}, minutes=1) | {"connectorId": 0})
    (one,) = await world.transactions()
    assert one["energy_wh"] == 500


async def test_quirk_14_tokens_with_the_wallbox_serial_behind_them(world: World) -> None:
    """KEBA P30 clusters: the card is known, the card with a suffix is not; its session is on record all the same."""
    await world.ask("PUT", "/tokens/04AABBCCDDEEFF80", {"status": "Accepted"})
    station = await world.dial()
    suffixed = "04AABBCCDDEEFF80_17292018"
    assert (await station.say("Authorize", {"idTag": suffixed}))["idTagInfo"]["status"] == "Accepted"
    await station.start(token=suffixed)
    (one,) = await world.transactions()
    assert one["token"] == suffixed
    assert await world.repairs() == {"too_long_text": 2}


async def test_quirk_15_a_token_with_a_semicolon(world: World) -> None:
    """Payment terminals."""
    station = await world.dial()
    await station.stop(await station.start(token="4711;VISA"), idTag="4711;VISA")
    (one,) = await world.transactions()
    assert (one["token"], one["state"]) == ("4711;VISA", "closed")


@pytest.mark.parametrize("returned", ["TAG1-", "TAG1\x1f\x02"])
async def test_quirk_16_a_token_that_comes_back_longer(world: World, returned: str) -> None:
    """Ocular/Benny, Sigen: no stop is refused, so no car goes on charging for it."""
    station = await world.dial()
    answer = await station.stop(await station.start(token="TAG1"), idTag=returned)
    assert answer.get("idTagInfo", {"status": "Accepted"})["status"] == "Accepted"
    (one,) = await world.transactions()
    assert (one["token"], one["state"], one["energy_wh"]) == ("TAG1", "closed", 500)
    assert (await world.repairs())["token_lengthened"] == 1


async def test_quirk_17_a_serial_number_longer_than_allowed(world: World) -> None:
    """Schneider EVlink."""
    station = await world.dial()
    answer = await station.boot(chargePointSerialNumber="3N183741234567890123456789")
    assert answer["status"] == "Accepted"
    assert await world.repairs() == {"too_long_text": 1}


async def test_quirk_18_no_subprotocol(world: World) -> None:
    """Grizzl-E."""
    station = await world.dial(protocol=None)
    assert (await station.boot())["status"] == "Accepted"
    assert (await world.ask("GET", "/stations/CS-1"))["protocol"] == "ocpp1.6"
    assert await world.repairs() == {"no_subprotocol": 1}


async def test_quirk_19_another_version_than_the_subprotocol_says(world: World) -> None:
    """FoxESS: 1.6 on a 2.0.1 socket, after a short 1.6 probe; and a name of no version, which ends as OCPP-J says."""
    await (await world.dial(protocol="ocpp1.6")).close()
    station = await world.dial(protocol="ocpp2.0.1")
    assert (await station.boot())["interval"]
    number = await station.start()
    await station.stop(number)
    (one,) = await world.transactions()
    assert (one["number"], one["energy_wh"]) == (number, 500)
    assert await world.repairs() == {"spoken_in_ocpp1.6": 3}
    assert await (await world.dial("CS-2", "ocpp2.0.1.1")).closed() == 1002


async def test_quirk_20_times_of_1970_and_none(world: World) -> None:
    station = await world.dial()
    started = {"connectorId": 1, "idTag": "TAG", "meterStart": 0, "timestamp": "1970-01-01T00:48:40Z"}
    await station.say("StartTransaction", started)
    await station.say("StartTransaction", started | {"connectorId": 2, "timestamp": None})
    unset, none = await world.transactions()
    assert unset["started_at"][:4] == none["started_at"][:4] == now()[:4]
    assert unset["suspect"] == ["clock_unset"]
    assert set(await world.repairs()) == {"null_field", "missing_time", "clock_unset"}


async def test_quirk_21_local_time_with_a_z_and_time_without_a_zone(world: World) -> None:
    """steve#136; AEFA."""
    station = await world.dial()
    await station.start(minutes=8 * 60)
    await station.say("StartTransaction", {
        "connectorId": 2, "idTag": "TAG", "meterStart": 0, "timestamp": now().removesuffix("Z")})
    bare, local = await world.transactions()
    assert (local["suspect"], bare["suspect"]) == (["clock_local"], [])
    assert await world.repairs() == {"odd_time": 1, "clock_local": 1}


async def test_quirk_22_a_start_repeated_after_the_connection_was_lost(world: World) -> None:
    """ABB Terra."""
    started = {"connectorId": 1, "idTag": "TAG", "meterStart": 0, "timestamp": now()}
    station = await world.dial()
    first = await station.say("StartTransaction", started)
    await station.cut()
    again = await (await world.dial()).say("StartTransaction", started)
    assert again == first
    assert len(await world.transactions()) == 1
    assert await world.repairs() == {"start_heard_again": 1}


async def test_quirk_23_a_start_twice_under_new_message_ids(world: World) -> None:
    """MicroOcpp#237."""
    started = {"connectorId": 1, "idTag": "TAG", "meterStart": 0, "timestamp": now()}
    station = await world.dial()
    assert await station.say("StartTransaction", started, "a") == await station.say("StartTransaction", started, "b")
    assert len(await world.transactions()) == 1
    assert await world.repairs() == {"start_heard_again": 1}


async def test_quirk_24_closing_meter_values_after_the_stop(world: World) -> None:
    """Ocular."""
    station = await world.dial()
    number = await station.start()
    await station.stop(number)
    await station.say("MeterValues", metered({"value": "1500", "context": "Transaction.End"}, transactionId=number))
    (one,) = await world.transactions()
    assert (one["state"], one["energy_wh"], one["suspect"]) == ("closed", 500, [])
    assert [r["context"] for r in await world.readings()] == ["Transaction.End"]


async def test_quirk_25_a_backlog_of_old_meter_values_at_first_sight(world: World) -> None:
    """Alfen."""
    station = await world.dial()
    for minute in range(-3000, 0, 100):
        await station.say("MeterValues", metered({"value": str(3000 + minute)}, minutes=minute, transactionId=5))
    number = await station.start(meter=3000)
    await station.stop(number, meter=3500)
    (one,) = await world.transactions()
    assert one["energy_wh"] == 500
    assert await world.suspects() == {"foreign_transaction"}
    assert await world.repairs() == {"foreign_transaction": 1}


async def test_quirk_26_no_boot_after_a_reconnect(world: World) -> None:
    station = await world.dial()
    await station.boot()
    number = await station.start()
    await station.cut()
    again = await world.dial()
    await again.stop(number)
    (one,) = await world.transactions()
    assert one["state"] == "closed"
    assert (await world.ask("GET", "/stations/CS-1"))["vendor"] == "V"


async def test_quirk_27_a_trigger_that_is_never_answered(world: World) -> None:
    """StarCharge/MG: given up without closing the socket, so there is no loop; the next command is not held up."""
    station = await world.dial(UnlockConnector={"status": "Unlocked"})
    await station.say("Heartbeat", {})  # its arrival is on record by then
    assert (await world.command("TriggerMessage", {"requestedMessage": "BootNotification"}))["state"] == "unanswered"
    assert (await world.command("UnlockConnector", {"connectorId": 1}))["state"] == "accepted"
    assert (await station.boot())["status"] == "Accepted"
