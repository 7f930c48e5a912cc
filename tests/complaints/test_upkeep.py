"""Inspections, tests, maintenance that fall due by themselves; the station's file; what readings warn of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from complaints.upkeep.plan import Plan, Since, due_at, out_of_limits, skipped
from complaints.upkeep.traits import Traits, swing, traits, warnings
from csms.vocabulary import MeterReading, Usage
from tests.complaints.desk import NOW, Bench
from tests.complaints.test_docs import ask, client

__all__ = ["client"]


# --- pure -------------------------------------------------------------------------------------


def plan(**more: Any) -> Plan:
    values = dict.fromkeys(Plan.__slots__) | {
        "id": 1, "name": "p", "kind": "maintenance", "checklist": ("gun",), "limits": {}, "active": True,
        "set_by": "zhao", "set_at": NOW,
    }
    return Plan(**values | more)  # type: ignore[arg-type]


def test_maintenance_is_due_by_time_energy_or_sessions_whichever_comes_first() -> None:
    made = plan(every_days=90, every_kwh=20_000, every_sessions=2000)
    last = NOW - timedelta(days=10)
    assert due_at(made, Since(last, 100_000, 5), NOW) == (last + timedelta(days=90), "every 90 days")
    assert due_at(made, Since(last, 20_000_000, 5), NOW) == (NOW, "20000 kWh since")
    assert due_at(made, Since(last, 0, 2000), NOW) == (NOW, "2000 sessions since")
    assert due_at(plan(every_kwh=10), Since(last), NOW)[0] > NOW + timedelta(days=1000)


def test_a_plan_covers_what_it_names() -> None:
    used = Usage("CS-1", "V", "M", None, None, "north", 0, 0.0, 0)
    assert plan().covers(used)
    assert plan(site="north", model="M").covers(used)
    assert not plan(site="south").covers(used)
    assert not plan(vendor="W").covers(used)


def test_what_is_out_of_limits_or_was_not_read_is_named() -> None:
    limits = {"earth_ohm": {"max": 4.0}, "volt": {"min": 200.0, "max": 240.0}}
    assert out_of_limits({"earth_ohm": "3.9", "volt": 230}, limits) == []
    assert out_of_limits({"earth_ohm": 4.1}, limits) == ["earth_ohm is 4.1, at most 4 is wanted", "volt was not read"]
    assert out_of_limits({"earth_ohm": "good", "volt": 190}, limits) == [
        "earth_ohm was not read", "volt is 190, at least 200 is wanted"]
    assert skipped(["Shell", "cable"], ["shell", "cable", "lamp"]) == ["lamp"]


def reading(n: int, **values: float) -> MeterReading:
    at = datetime(2026, 11, 22, tzinfo=UTC) + timedelta(minutes=n)
    return MeterReading(id=str(n), at=at, received_at=at, evse=1, **values)  # type: ignore[arg-type]


def test_a_steady_current_rests_and_a_jumping_one_does_not() -> None:
    steady = [0, 5, 60, 100, *[100.0] * 20, 60, 5]
    assert (swing(steady) or 0) < 0.05  # ramps at both ends are left out
    assert (swing([0, 50, *[100.0, 40.0] * 12, 10]) or 0) > 0.5
    assert swing([1.0] * 30) is None  # nothing flows


def test_a_plug_hotter_than_ever_warns_long_before_it_is_hot() -> None:
    usual = [Traits(20, hottest_c=40.0 + n) for n in range(6)]
    hot, = warnings(Traits(20, hottest_c=66.0), usual)
    assert (hot.rule, hot.value, hot.usual) == ("heat", 66.0, 42.5)
    assert not warnings(Traits(20, hottest_c=50.0), usual)
    assert not warnings(Traits(20, hottest_c=66.0), usual[:2])  # too little is known
    assert warnings(Traits(20, hottest_c=95.0), [])


def test_little_power_warns_only_when_it_goes_on() -> None:
    usual = [Traits(20, share_of_offer=0.9)] * 8
    once = warnings(Traits(20, share_of_offer=0.2), usual)
    assert not once  # a full or cold car
    weak, = warnings(Traits(20, share_of_offer=0.2), [Traits(20, share_of_offer=0.25)] * 2 + usual)
    assert weak.rule == "weak"


def test_a_battery_s_voltage_is_each_car_s_own() -> None:
    grid = [Traits(20, lowest_v=228.0 + n % 2) for n in range(8)]
    assert [w.rule for w in warnings(Traits(20, lowest_v=180.0), grid)] == ["voltage"]
    cars = [Traits(20, lowest_v=v) for v in (350.0, 420.0, 380.0, 700.0, 400.0, 650.0)]
    assert not warnings(Traits(20, lowest_v=300.0), cars)


def test_traits_are_none_where_a_station_does_not_say() -> None:
    assert traits([reading(n, energy_wh=n) for n in range(6)]) == Traits(6)


# --- rows -------------------------------------------------------------------------------------


async def test_inspections_fall_due_by_themselves_once_and_again(bench: Bench, client: httpx.AsyncClient) -> None:
    await bench.add_station("CS-1")
    await bench.add_station("CS-2")
    names = [p["name"] for p in (await ask(client, "GET", "/upkeep"))[1]["items"]]
    assert names == ["daily inspection", "deep test", "gun and cooling"]
    assert await bench.office.upkeep.open_due() == 0  # they rest until somebody switches them on
    daily = {"kind": "inspection", "checklist": ["shell", "cable"], "every_days": 1, "technician": "tech"}
    assert (await ask(client, "PUT", "/upkeep/daily%20inspection", daily, "technician"))[0] == 403
    assert (await ask(client, "PUT", "/upkeep/daily%20inspection", {"kind": "inspection"}))[0] == 422
    assert (await ask(client, "PUT", "/upkeep/daily%20inspection", daily))[0] == 200
    bench.clock.move(timedelta(hours=2))
    assert await bench.office.upkeep.open_due() == 2
    bench.clock.move(timedelta(hours=2))
    assert await bench.office.upkeep.open_due() == 0  # still open
    orders = (await ask(client, "GET", "/workorders?station=CS-1"))[1]["items"]
    assert (orders[0]["checklist"], orders[0]["technician"]) == (["shell", "cable"], "tech")
    for step, said in (("arrive", {}), ("finish", {"text": "all well"})):
        assert (await ask(client, "POST", f"/workorders/{orders[0]['id']}/{step}", said, "technician"))[0] == 200
    bench.clock.move(timedelta(days=1, hours=2))
    assert await bench.office.upkeep.open_due() == 1  # CS-1 again; CS-2 was never done
    rate, = await bench.office.upkeep.done_rate(bench.clock() - timedelta(days=3), bench.clock() + timedelta(days=3))
    assert (rate["due"], rate["done"], rate["missed"]) == (3, 1, 1)


async def test_maintenance_falls_due_by_use(bench: Bench, client: httpx.AsyncClient) -> None:
    await bench.add_station("CS-1")
    by_use = {"kind": "maintenance", "checklist": ["grease the gun"], "every_sessions": 1, "station": "CS-1"}
    assert (await ask(client, "PUT", "/upkeep/gun", by_use))[0] == 200
    assert await bench.office.upkeep.open_due() == 0
    bench.clock.move(timedelta(hours=2))
    await bench.tell("CS-1", bench.session(-60, -5, number=9100, meter=0, wh=9000))
    assert await bench.office.upkeep.open_due() == 1
    order, = (await ask(client, "GET", "/workorders?station=CS-1"))[1]["items"]
    assert "1 sessions since" in order["what"]


async def test_a_deep_test_outside_its_limits_asks_for_a_repair(bench: Bench, client: httpx.AsyncClient) -> None:
    await bench.add_station("CS-1")
    deep = {"kind": "deep_test", "limits": {"earth_ohm": {"max": 4}}, "every_days": 30, "active": True}
    await ask(client, "PUT", "/upkeep/deep%20test", deep)
    bench.clock.move(timedelta(days=30))
    assert await bench.office.upkeep.open_due() == 1
    order, = (await ask(client, "GET", "/workorders?station=CS-1"))[1]["items"]
    await ask(client, "POST", f"/workorders/{order['id']}/arrive", {}, "technician")
    done = {"text": "measured", "readings": {"earth_ohm": 7.5}, "parts": [{"part": "earth rod", "count": 1}]}
    assert (await ask(client, "POST", f"/workorders/{order['id']}/finish", done, "technician"))[0] == 200
    repair = (await ask(client, "GET", "/workorders?station=CS-1"))[1]["items"][0]
    assert (repair["kind"], repair["state"], repair["fault_level"]) == ("repair", "ordered", 2)
    assert "earth_ohm is 7.5, at most 4 is wanted" in repair["what"]
    assert "out_of_limits" in {a["kind"] for a in (await ask(client, "GET", "/alarms"))[1]["items"]}


async def test_the_device_file_holds_what_was_done_replaced_measured_and_said(
    bench: Bench, client: httpx.AsyncClient
) -> None:
    await bench.a_dead_session()
    order = (await ask(client, "POST", "/workorders", {"kind": "maintenance", "station": "CS-1", "what": "gun"}))[1]
    await ask(client, "POST", f"/workorders/{order['id']}/arrive", {}, "technician")
    done = {"text": "greased", "parts": [{"part": "seal", "count": 2}], "readings": {"pull_n": 60}}
    await ask(client, "POST", f"/workorders/{order['id']}/finish", done, "technician")
    status, file = await ask(client, "GET", "/stations/CS-1/file", role="technician")
    assert status == 200
    assert (file["station"]["vendor"], file["station"]["model"]) == ("V", "M")
    assert [(p["part"], p["count"]) for p in file["parts"]] == [("seal", 2)]
    assert (file["work"][0]["result"], file["work"][0]["readings"]) == ("greased", {"pull_n": 60})
    assert file["use_last_year"]["sessions"] == 1
    assert (file["last_maintenance_at"], file["use_since_maintenance"]["sessions"]) == (bench.at(0), 0)
    assert (await ask(client, "GET", "/stations/CS-9/file"))[0] == 404


def heated(bench: Bench, number: int, start: float, celsius: float) -> list[tuple[Any, ...]]:
    """A session of an hour whose plug gets so hot."""
    begin, *_, answered = session = bench.session(start, start + 60, number=number, meter=number * 10_000, wh=9000)
    rows = [(start + n * 5 + 1, "received", [2, f"m{number}-{n}", "MeterValues", {
        "connectorId": 1, "transactionId": number,
        "meterValue": [{"timestamp": bench.at(start + n * 5 + 1), "sampledValue": [
            {"value": str(celsius), "measurand": "Temperature", "unit": "Celsius"},
            {"value": "100", "measurand": "Current.Import", "unit": "A"},
        ]}]}]) for n in range(10)]
    answers = [(row[0], "sent", [3, row[2][1], {}]) for row in rows]
    assert begin
    assert answered
    return [*session[:2], *[one for pair in zip(rows, answers, strict=True) for one in pair], *session[2:]]


async def test_a_plug_that_runs_hot_warns_orders_a_look_and_is_judged_by_what_was_found(
    bench: Bench, client: httpx.AsyncClient
) -> None:
    await bench.add_station("CS-1")
    await bench.tell("CS-1", [(-2000, "connected")])
    for n in range(6):
        await bench.tell("CS-1", heated(bench, 9000 + n, -1500 + 100 * n, 38 + n))
    assert await bench.office.readings.look() == 0
    for n in (6, 7):
        await bench.tell("CS-1", heated(bench, 9000 + n, -1500 + 100 * n, 71))
    assert await bench.office.readings.look() == 1  # the second time is the same warning
    warning, = (await ask(client, "GET", "/warnings"))[1]["items"]
    assert (warning["station"], warning["evse"], warning["rule"], warning["times"]) == ("CS-1", 1, "heat", 2)
    order = (await ask(client, "GET", f"/workorders/{warning['workorder']}"))[1]
    assert order["kind"] == "inspection"
    alarm, = (await ask(client, "GET", "/alarms"))[1]["items"]
    assert alarm["kind"] == "early_warning"
    await ask(client, "POST", f"/workorders/{order['id']}/arrive", {}, "technician")
    done = {"text": "contact burnt", "parts": [{"part": "plug", "count": 1}]}
    await ask(client, "POST", f"/workorders/{order['id']}/finish", done, "technician")
    assert await bench.office.readings.judge() == 1
    rule, = (await ask(client, "GET", "/reports/warnings?until=2026-11-23T00:00:00Z"))[1]["items"]
    assert (rule["rule"], rule["warned"], rule["confirmed"], rule["precision"]) == ("heat", 1, 1, 1.0)


async def test_a_warning_that_nothing_follows_is_counted_against_the_rule(bench: Bench) -> None:
    await bench.add_station("CS-1")
    for rule in ("heat", "weak"):
        await bench.db.execute(
            "insert into warnings (station, evse, rule, value, transaction, raised_at, last_at) "
            "values ('CS-1', 1, $1, 70, gen_random_uuid(), $2, $2)", rule, bench.clock())
    bench.clock.move(timedelta(days=31))
    first = (await bench.office.readings.listed())[0]["id"]
    await bench.office.readings.end(first, "confirmed", "tech")
    with pytest.raises(Exception, match="has ended"):
        await bench.office.readings.end(first, "unfounded", "tech")
    assert await bench.office.readings.judge() == 1
    found = await bench.office.readings.precision(bench.clock() - timedelta(days=40), bench.clock())
    assert {row["rule"]: row["precision"] for row in found} == {"weak": 1.0, "heat": 0.0}
