"""Transactions as stations really send them: nothing lost, totals right, doubt noted. By journal, live and rebuilt."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from csms import registers, story
from csms.importer import import_lines, rebuild
from csms.kit.clock import iso, parse_time, system_clock
from csms.kit.db import Db
from csms.vocabulary import Semantics, Transaction

T0 = parse_time("2026-11-01T08:00:00Z")


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


class Log:
    """A station's journal as it is written down; times are minutes after eight."""

    def __init__(self, protocol: str = "ocpp1.6", station: str = "CS-1") -> None:
        self.station, self.lines = station, []
        self._ids = itertools.count(1)
        self._line(0, "connected", protocol=protocol)

    def _line(self, minute: float, kind: str, **more: Any) -> None:
        self.lines.append({"station": self.station, "at": iso(at(minute)), "kind": kind, **more})

    def say(self, minute: float, action: str, payload: dict[str, Any], answer: dict[str, Any] | None = None) -> None:
        id = f"m{next(self._ids)}"
        self._line(minute, "received", frame=[2, id, action, payload])
        if answer is not None:
            self._line(minute, "sent", frame=[3, id, answer])

    def start(self, minute: float, number: int, *, said: float | str | None = None, meter: int = 1000,
              evse: int = 1, token: str = "TAG") -> None:
        self.say(minute, "StartTransaction", {
            "connectorId": evse, "idTag": token, "meterStart": meter, "timestamp": self._time(minute, said)
        }, {"transactionId": number, "idTagInfo": {"status": "Accepted"}})

    def stop(self, minute: float, number: int, meter: int, *, said: float | str | None = None, **more: Any) -> None:
        self.say(minute, "StopTransaction", {
            "transactionId": number, "meterStop": meter, "timestamp": self._time(minute, said), **more
        }, {})

    def meter(self, minute: float, number: int | None, register: float, *, evse: int = 1, unit: str = "Wh") -> None:
        named = {} if number is None else {"transactionId": number}
        self.say(minute, "MeterValues", {"connectorId": evse, **named, "meterValue": [
            {"timestamp": iso(at(minute)), "sampledValue": [{"value": str(register), "unit": unit}]}]}, {})

    def event(self, minute: float, kind: str, seq: int, register: float | None = None, *, name: str = "T1",
              **more: Any) -> None:
        payload = {
            "eventType": kind, "timestamp": iso(at(minute)), "triggerReason": "Authorized", "seqNo": seq,
            "transactionInfo": {"transactionId": name}, "evse": {"id": 1, "connectorId": 1}, **more,
        }
        if register is not None:
            payload["meterValue"] = [{"timestamp": iso(at(minute)), "sampledValue": [{"value": register}]}]
        self.say(minute, "TransactionEvent", payload, {})

    @staticmethod
    def _time(minute: float, said: float | str | None) -> str:
        return said if isinstance(said, str) else iso(at(minute if said is None else said))


async def told(db: Db, log: Log) -> list[Transaction]:
    """What becomes of it; the same when it is read again from our own journal."""
    report = await import_lines(db, system_clock, [orjson.dumps(line) for line in log.lines])
    assert report.rejected == []
    first = await found(db, log.station)
    await rebuild(db)
    again = await found(db, log.station)
    assert [(t.number, t.energy_wh, t.state, t.suspect) for t in again] == [
        (t.number, t.energy_wh, t.state, t.suspect) for t in first]
    assert await db.fetchval("select count(*) from quarantine") == 0
    return first


async def found(db: Db, station: str = "CS-1") -> list[Transaction]:
    async with db.acquire() as conn:
        gathered = await story.gather(conn, station, T0 - timedelta(days=30), T0 + timedelta(days=30))
    return sorted(gathered.transactions, key=lambda t: (t.started_at, t.number or 0))


async def codes(db: Db) -> set[str]:
    return {row["code"] for row in await db.fetch("select code from suspects")}


@pytest.mark.parametrize("number", [0, -1, 999])
async def test_a_stop_with_an_id_that_never_was_ends_the_one_it_must_mean(db: Db, number: int) -> None:
    log = Log()
    log.start(1, 41)
    log.start(2, 42, evse=2, token="OTHER", meter=9000)
    log.stop(20, number, 1500, idTag="TAG")
    one, other = await told(db, log)
    assert (one.number, one.state, one.energy_wh, one.suspect) == (41, "closed", 500, ("stop_id_unknown",))
    assert other.state == "open"


async def test_a_stop_without_its_start_is_kept_once_however_often_it_comes(db: Db) -> None:
    log = Log()
    for minute in (10, 10.2, 10.4):
        log.stop(minute, -1, 1500, said=9)
    (orphan,) = await told(db, log)
    assert (orphan.state, orphan.number, orphan.suspect, orphan.meter_stop_wh) == (
        "closed", None, ("orphan_stop",), 1500)
    assert orphan.energy_wh is None
    assert await codes(db) == {"orphan_stop"}


async def test_a_stop_that_says_otherwise_adds_and_takes_nothing_away(db: Db) -> None:
    log = Log()
    log.start(1, 41)
    log.stop(20, 41, 1003)
    log.stop(21, 41, 1007, reason="Reboot")
    log.stop(22, 41, 1003, said=20)
    (one,) = await told(db, log)
    assert (one.energy_wh, one.stop_reason, one.suspect) == (7, "Reboot", ("stop_repeated",))


async def test_a_start_heard_again_is_one_and_is_told_the_same_number(db: Db) -> None:
    log = Log()
    log.start(1, 41)
    log.start(3, 41, said=1)
    log.stop(20, 41, 1500)
    (one,) = await told(db, log)
    assert (one.number, one.energy_wh, one.suspect) == (41, 500, ())


async def test_a_start_heard_again_after_its_stop_is_another_and_suspect(db: Db) -> None:
    log = Log()
    log.start(1, 41)
    log.stop(20, 41, 1500)
    log.start(25, 42, said=1)
    one, again = await told(db, log)
    assert (one.energy_wh, one.suspect) == (500, ())
    assert (again.number, again.state, again.suspect) == (42, "open", ("start_repeated",))


async def test_a_stop_that_never_came_is_closed_by_the_next_start(db: Db) -> None:
    log = Log()
    log.start(1, 41)
    log.meter(10, 41, 1400)
    log.start(60, 42, meter=1450)
    one, following = await told(db, log)
    assert (one.state, one.energy_wh, one.suspect, one.stop_received_at) == ("closed", 400, ("stop_missing",), None)
    assert following.state == "open"


async def test_a_stop_that_comes_after_the_next_start_still_counts(db: Db) -> None:
    log = Log()
    log.start(1, 41)
    log.start(60, 42, meter=1450)
    log.stop(61, 41, 1450, said=30)
    one, following = await told(db, log)
    assert (one.energy_wh, one.suspect, following.state) == (450, ("stop_late",), "open")


async def test_a_queued_session_that_comes_during_a_newer_one_does_not_end_it(db: Db) -> None:
    log = Log()
    log.start(600, 41, meter=2000)
    log.start(605, 42, said=10, meter=1000)
    log.stop(606, 42, 1900, said=60)
    log.stop(660, 41, 2500)
    old, newer = await told(db, log)
    assert (old.number, old.energy_wh, old.suspect) == (42, 900, ("start_out_of_order",))
    assert (newer.number, newer.energy_wh, newer.suspect) == (41, 500, ())


async def test_two_at_one_plug_at_one_time_are_both_suspect(db: Db) -> None:
    log = Log()
    log.start(600, 41, meter=2000)
    log.start(605, 42, said=10, meter=1000)
    log.stop(620, 42, 1900)
    old, newer = await told(db, log)
    assert "overlap" in old.suspect
    assert "overlap" in newer.suspect


async def test_a_stop_with_the_id_of_an_ended_one_ends_the_one_that_runs(db: Db) -> None:
    log = Log()
    log.start(1, 41)
    log.stop(20, 41, 1500)
    log.start(30, 42, meter=1500)
    log.stop(60, 41, 2500)
    one, other = await told(db, log)
    assert (one.energy_wh, one.suspect) == (500, ())
    assert (other.energy_wh, other.state, other.suspect) == (1000, "closed", ("stop_id_stale",))


async def test_meter_values_with_a_stale_id_belong_to_whoever_charges_there(db: Db) -> None:
    log = Log()
    log.start(1, 41)
    log.stop(20, 41, 1500)
    log.meter(21, 41, 1500)
    log.start(60, 42, meter=1500)
    for minute in (70, 80, 90):
        log.meter(minute, 41, 1500 + minute)
    one, other = await told(db, log)
    assert one.suspect == ()
    assert (other.suspect, other.state) == (("foreign_transaction",), "open")
    async with db.acquire() as conn:
        readings = await story.readings_of(conn, other)
        gathered = await story.gather(conn, "CS-1", T0, at(300))
    assert {r.energy_wh for r in gathered.readings if r.transaction == other.id} == {1570, 1580, 1590}
    assert readings == [r for r in readings if r.transaction == other.id]
    assert await db.fetchval("select count(*) from suspects where code = 'foreign_transaction'") == 1


async def test_meter_values_of_nobodys_transaction_are_noted_once(db: Db) -> None:
    log = Log()
    for minute in range(5):
        log.meter(minute + 1, 777, 100 + minute)
    assert await told(db, log) == []
    assert await codes(db) == {"foreign_transaction"}
    assert await db.fetchval("select count(*) from suspects") == 1
    assert await db.fetchval("select count(*) from readings") == 5


@pytest.mark.parametrize("protocol", ["ocpp2.0.1", "ocpp2.1"])
async def test_events_that_are_left_out_are_a_gap_until_they_come(db: Db, protocol: str) -> None:
    log = Log(protocol)
    log.event(1, "Started", 0, 1000)
    log.event(5, "Updated", 1)
    log.event(20, "Updated", 4)
    log.event(30, "Ended", 5, 1800)
    (one,) = await told(db, log)
    assert (one.energy_wh, one.suspect) == (800, ("seq_gap",))
    log.event(10, "Updated", 2)
    log.event(15, "Updated", 3, 1300)
    (one,) = await told(db, log)
    assert (one.energy_wh, one.suspect) == (800, ("event_after_end",))


async def test_a_station_that_never_counts_has_no_gaps(db: Db) -> None:
    log = Log("ocpp2.0.1")
    for minute, kind in ((1, "Started"), (5, "Updated"), (9, "Ended")):
        log.event(minute, kind, 0, 1000 + minute)
    (one,) = await told(db, log)
    assert one.suspect == ()


async def test_an_end_before_its_start_and_events_out_of_order(db: Db) -> None:
    log = Log("ocpp2.0.1")
    log.event(30, "Ended", 2, 1800)
    log.event(15, "Updated", 1, 1500)
    log.event(1, "Started", 0, 1000)
    (one,) = await told(db, log)
    assert (one.started_at, one.stopped_at, one.energy_wh, one.state) == (at(1), at(30), 800, "closed")
    assert set(one.suspect) == {"start_late", "event_after_end"}


async def test_a_session_kept_for_days_is_told_with_its_own_times(db: Db) -> None:
    log = Log("ocpp2.0.1")
    log.event(1, "Started", 0, 1000, offline=True)
    log.event(30, "Ended", 1, 1800, offline=True)
    for line in log.lines[1:]:
        line["at"] = iso(parse_time(line["at"]) + timedelta(days=4))
    (one,) = await told(db, log)
    assert (one.started_at, one.offline, one.energy_wh) == (at(1), True, 800)
    assert one.start_received_at - one.started_at == timedelta(days=4)


async def test_a_kept_session_of_16_shows_by_a_clock_that_is_known(db: Db) -> None:
    log = Log()
    log.say(5, "StatusNotification", {
        "connectorId": 1, "errorCode": "NoError", "status": "Available", "timestamp": iso(at(5))}, {})
    log.start(500, 41, said=10)
    log.stop(501, 41, 1500, said=60)
    (one,) = await told(db, log)
    assert (one.started_at, one.stopped_at, one.offline, one.energy_wh) == (at(10), at(60), True, 500)


async def test_a_clock_of_1970_gives_way_to_the_receipt(db: Db) -> None:
    log = Log()
    log.start(1, 41, said="1970-01-01T00:00:40Z")
    log.stop(20, 41, 1500, said="1970-01-01T00:19:40Z")
    (one,) = await told(db, log)
    assert (one.started_at, one.stopped_at, one.suspect) == (at(1), at(20), ("clock_unset",))


async def test_local_time_with_a_z_is_a_doubt(db: Db) -> None:
    log = Log()
    log.start(1, 41, said=1 + 8 * 60)
    log.stop(20, 41, 1500, said=20 + 8 * 60)
    (one,) = await told(db, log)
    assert (one.energy_wh, one.suspect) == (500, ("clock_local",))


async def test_local_time_behind_ours_shows_by_the_status_messages(db: Db) -> None:
    log = Log()
    log.say(5, "StatusNotification", {
        "connectorId": 1, "errorCode": "NoError", "status": "Available", "timestamp": iso(at(5 - 300))}, {})
    log.start(10, 41, said=10 - 300)
    (one,) = await told(db, log)
    assert (one.suspect, one.offline) == (("clock_local",), False)


async def test_a_register_that_falls_is_not_billed_below_zero_and_a_rounded_one_is_no_doubt(db: Db) -> None:
    log = Log()
    log.start(1, 41, meter=96)
    log.stop(20, 41, 25)
    log.start(30, 42, meter=1000)
    log.stop(40, 42, 999)
    one, rounded = await told(db, log)
    assert "energy_negative" in one.suspect
    assert (rounded.energy_wh, rounded.suspect) == (0, ())


async def semantics(db: Db, **fields: Any) -> None:
    async with db.acquire() as conn:
        await registers.put(conn, "Huawei", "", "", Semantics(**fields), None)


async def known_as_huawei(db: Db, log: Log) -> None:
    log.lines.insert(1, {"station": "CS-1", "at": iso(T0), "kind": "received", "frame": [
        2, "b", "BootNotification", {"chargePointVendor": "Huawei", "chargePointModel": "M", "firmwareVersion": "1"}]})


async def test_kwh_said_for_wh_is_seen_by_the_readings(db: Db) -> None:
    log = Log()
    log.start(1, 41, meter=1230)
    log.meter(10, 41, 1_238_000)
    log.stop(20, 41, 1240)
    (one,) = await told(db, log)
    assert (one.energy_wh, one.suspect) == (10_000, ("register_kwh",))


async def test_kwh_said_for_wh_by_a_model_known_for_it(db: Db) -> None:
    log = Log()
    await known_as_huawei(db, log)
    await semantics(db, boundary_factor=1000)
    log.start(1, 41, meter=12)
    log.stop(20, 41, 15)
    (one,) = await told(db, log)
    assert (one.energy_wh, one.suspect) == (3000, ())


async def test_a_register_that_rolls_over(db: Db) -> None:
    log = Log()
    await known_as_huawei(db, log)
    await semantics(db, rollover_wh=1_000_000)
    log.start(1, 41, meter=999_500)
    log.stop(20, 41, 700)
    (one,) = await told(db, log)
    assert one.energy_wh == 1200


async def test_a_register_of_the_session_starts_at_zero_whatever_is_said(db: Db) -> None:
    log = Log()
    await known_as_huawei(db, log)
    await semantics(db, register="session")
    log.start(1, 41, meter=123_456)
    log.meter(10, 41, 400)
    log.start(30, 42, meter=123_456)
    log.stop(50, 42, 900)
    one, other = await told(db, log)
    assert (one.energy_wh, other.energy_wh) == (400, 900)


async def test_a_total_that_is_one_line_is_the_sum_of_all(db: Db) -> None:
    log = Log()
    await known_as_huawei(db, log)
    await semantics(db, lines="summed")
    log.start(1, 41, meter=0)
    log.say(10, "MeterValues", {"connectorId": 1, "transactionId": 41, "meterValue": [{
        "timestamp": iso(at(10)), "sampledValue": [
            {"value": "100", "measurand": "Power.Active.Import"},
            *({"value": "100", "measurand": "Power.Active.Import", "phase": p} for p in ("L1", "L2", "L3"))]}]}, {})
    (one,) = await told(db, log)
    async with db.acquire() as conn:
        (reading,) = await story.readings_of(conn, one)
    assert reading.power_w == 300
