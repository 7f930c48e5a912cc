"""What we learn after filing makes a new version that tells what changed; what was judged stays as it was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from complaints.intake.form import read
from tests.complaints.desk import Bench

LATER = timedelta(minutes=20)


async def filed(bench: Bench, **more: Any) -> str:
    return (await bench.desk.file(read(bench.dead_complaint(**more)), by="wang")).case.number


async def after_news(bench: Bench, number: str) -> list[Any]:
    """The versions once the worker has read the news and done what is due."""
    await bench.worker.round()
    await bench.worker.round()
    return list(await bench.desk.assessments(number))


async def told(bench: Bench, number: str) -> list[Any]:
    return [e for e in (await bench.desk.view(number)).entries if e.type == "assessment"]


async def test_a_session_replayed_from_the_stations_queue(bench: Bench) -> None:
    await bench.add_station("CS-1")
    await bench.tell("CS-1", [(-300, "connected"), (-100, "disconnected", 1006)])
    await bench.pay("P-1", "30.00", -91, station="CS-1", evse=1, token="T1")
    number = await filed(bench, customer={"token": "T1"})
    first = await bench.desk.assessment(number)
    assert first is not None
    assert first.judgement["transaction"] is None
    bench.clock.move(LATER)
    now = bench.session(-110, -102, number=9001, meter=180220, wh=12)
    await bench.tell("CS-1", [(-1, "connected"), *((-0.5, kind, frame) for _, kind, frame in now)])
    versions = await after_news(bench, number)
    assert [v.version for v in versions] == [1, 2]
    assert versions[0] == first
    assert "transaction" in {c["field"] for c in versions[1].changed}
    assert {"field": "findings.records.replayed", "before": None, "after": "inconclusive"} in versions[1].changed
    entry = (await told(bench, number))[-1]
    assert "收到充电结束的记录。" in entry.text
    assert "records.replayed" in entry.body["note"]["en"]
    assert "新发现" in entry.body["note"]["zh"]


async def test_a_released_hold_and_the_customer_hears_that_we_look_again(bench: Bench) -> None:
    await bench.a_dead_session()
    await bench.pay("H-1", "50.00", -90.5, kind="hold", station="CS-1", evse=1, token="T1")
    number = await filed(bench, text="预授权50元一直没有解冻退回", payment_reference="H-1")
    before = (await bench.desk.assessments(number))[0]
    assert "payment.hold_open" in {f["code"] for f in before.judgement["findings"]}
    bench.clock.move(LATER)
    await bench.pay("V-1", "50.00", 0, kind="void", of="H-1")
    versions = await after_news(bench, number)
    assert versions[-1].reason == "a hold was released"
    codes = {f["code"] for f in versions[-1].judgement["findings"]}
    assert "payment.hold_open" not in codes
    assert "payment.hold_released" in codes
    said = [e for e in (await bench.desk.view(number)).entries if e.body.get("cause") == "looked_again"]
    assert [e.audience for e in said] == ["customer"]


async def test_a_second_capture_of_the_same_session(bench: Bench) -> None:
    await bench.a_dead_session()
    number = await filed(bench)
    bench.clock.move(LATER)
    await bench.pay("P-2", "30.00", 0, station="CS-1", evse=1, token="T1", transaction="9001")
    await bench.pay("P-3", "9.00", 0, station="CS-1", evse=2, token="STRANGER")
    versions = await after_news(bench, number)
    assert [v.version for v in versions] == [1, 2]
    assert versions[-1].judgement["bill"]["charged"] == "60.00"
    assert versions[-1].reason == "a capture was recorded"


async def test_a_fault_that_clears_is_judged_again_only_where_it_was_proof(bench: Bench) -> None:
    await bench.a_dead_session()
    fault = {"connectorId": 1, "errorCode": "GroundFailure", "status": "Faulted", "timestamp": bench.at(-83)}
    await bench.tell("CS-1", [(-83, "received", [2, "f1", "StatusNotification", fault])])
    number = await filed(bench)
    await after_news(bench, number)
    bench.clock.move(LATER)
    free = fault | {"errorCode": "NoError", "status": "Available", "timestamp": bench.at(0)}
    await bench.tell("CS-1", [(0, "received", [2, "f2", "StatusNotification", free])])
    async with bench.db.acquire() as conn:
        await conn.execute("update complaints set reassess = false")
    await bench.worker.catch_up()
    assert await bench.desk.due_assessments() == [number]
    other = fault | {"errorCode": "ReaderFailure", "timestamp": bench.at(0)}
    await after_news(bench, number)
    await bench.tell("CS-1", [
        (0, "received", [2, "f3", "StatusNotification", other]),
        (0.1, "received", [2, "f4", "StatusNotification", free | {"timestamp": bench.at(0.1)}]),
    ])
    await bench.worker.catch_up()
    assert await bench.desk.due_assessments() == []


async def test_what_concerns_nothing_judged_makes_no_version(bench: Bench) -> None:
    await bench.a_dead_session()
    number = await filed(bench)
    bench.clock.move(LATER)
    await bench.tell("CS-1", bench.session(-10, -5, number=9002, meter=190000, wh=5000, token="OTHER", evse=2))
    assert [v.version for v in await after_news(bench, number)] == [1]


async def test_a_closed_case_still_hears_the_truth_for_some_time(bench: Bench) -> None:
    from complaints.actions import Ask
    from tests.complaints.desk import WANG, ZHAO

    await bench.a_dead_session()
    number = await filed(bench)
    await bench.desk.act(number, Ask(action="resolve", text="refunded"), WANG)
    await bench.desk.act(number, Ask(action="confirm"), WANG)
    await bench.desk.act(number, Ask(action="close", reason="done"), ZHAO)
    bench.clock.move(LATER)
    await bench.pay("P-2", "30.00", 0, station="CS-1", evse=1, token="T1", transaction="9001")
    assert [v.version for v in await after_news(bench, number)] == [1, 2]
    assert (await bench.desk.case(number)).state == "closed"
    bench.clock.move(timedelta(days=90))
    await bench.pay("P-4", "30.00", 0, station="CS-1", evse=1, token="T1", transaction="9001")
    assert [v.version for v in await after_news(bench, number)] == [1, 2]


async def test_frozen_evidence_outlives_the_journal_and_new_versions(bench: Bench) -> None:
    await bench.a_dead_session()
    number = await filed(bench)
    before = await bench.desk.frozen(number, 1)
    async with bench.db.acquire() as conn:
        await conn.execute("delete from frames")
    bench.clock.move(LATER)
    await bench.pay("P-2", "30.00", 0, station="CS-1", evse=1, token="T1", transaction="9001")
    assert len(await after_news(bench, number)) == 2
    assert await bench.desk.frozen(number, 1) == before
    assert any(f.action == "StartTransaction" for f in await bench.desk.frames(number))


async def test_news_between_gathering_and_keeping_is_not_lost(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await bench.a_dead_session()
    number = await filed(bench)
    judging = bench.desk._judge

    def slowly(*given: Any) -> Any:
        bench.clock.move(timedelta(seconds=3))
        return judging(*given)

    monkeypatch.setattr(bench.desk, "_judge", slowly)
    from complaints import cases

    async with bench.db.acquire() as conn:
        await cases.assess_later(conn, number, bench.clock() + timedelta(seconds=1), "a capture was recorded")
    await bench.desk.assess(number)
    assert await bench.desk.due_assessments() == [number]
