"""Where the evidence is looked for: another station than named, and no station at all."""

from __future__ import annotations

from typing import Any

from complaints.desk import View
from complaints.evidence import Assessment
from complaints.intake.form import read
from tests.complaints.desk import Bench

TOO_MUCH = "充电费扣多了,只充了一点点电却收了我30块,请退差价"


async def judged(bench: Bench, **given: Any) -> tuple[View, Assessment]:
    view = await bench.desk.file(read({"channel": "web", "text": TOO_MUCH} | given), by="wang", strict=False)
    found = await bench.desk.assessment(view.case.number)
    assert found is not None
    return view, found


async def test_a_session_at_another_station_than_named_is_found_and_said(bench: Bench) -> None:
    await bench.a_dead_session("CS-2")
    await bench.add_station("CS-1")
    view, found = await judged(
        bench, station="CS-1", evse=2, occurred_at=bench.at(-88), customer={"token": "T1"}, payment_reference="P-1"
    )
    assert (found.judgement["station"], found.judgement["named_station"]) == ("CS-2", "CS-1")
    assert found.judgement["transaction"] is not None
    assert {"start.other_connector", "energy.none"} <= {f["code"] for f in found.judgement["findings"]}
    assert "not at CS-1" in found.judgement["explanation"]["en"]
    assert view.case.matched_station == view.case.where == "CS-2"
    entries = (await bench.desk.view(view.case.number)).entries
    assert next(e.body["named_station"] for e in entries if e.type == "assessment") == "CS-1"


async def test_the_payment_alone_leads_to_the_other_station(bench: Bench) -> None:
    await bench.add_station("CS-2")
    await bench.tell("CS-2", [(-300, "connected"), *bench.session(-90, -82, number=9001, meter=5000, wh=12)])
    await bench.pay("P-9", "30.00", -80, station="CS-2", transaction="9001")
    await bench.add_station("CS-1")
    _, found = await judged(bench, station="CS-1", payment_reference="P-9")
    assert found.judgement["station"] == "CS-2"
    assert found.judgement["transaction"] is not None


async def test_a_mistyped_station_does_not_hide_the_session(bench: Bench) -> None:
    await bench.a_dead_session("CS-2")
    _, found = await judged(bench, station="CS-2O", payment_reference="P-1")
    assert (found.judgement["station"], found.judgement["named_station"]) == ("CS-2", "CS-2O")
    assert found.judgement["bill"]["charged"] == "30.00"


async def test_what_is_wrong_with_a_plug_is_looked_for_at_that_plug(bench: Bench) -> None:
    """That he charged elsewhere afterwards does not make his words about this station others' words."""
    await bench.add_station("CS-2")
    await bench.tell("CS-2", [(-300, "connected"), *bench.session(-60, -20, number=1, meter=5000, wh=9000)])
    await bench.add_station("CS-1")
    for text in ("扫码启动不了,屏幕一直显示启动失败", "充电桩冒烟了,一股焦味!", "车位被油车占了,没法充电"):
        _, found = await judged(
            bench, text=text, station="CS-1", customer={"token": "T1"}, occurred_at=bench.at(-70)
        )
        assert found.judgement["station"] == "CS-1", text
        assert found.judgement["transaction"] is None


async def test_without_a_station_the_phone_of_an_earlier_case_leads_to_the_card(bench: Bench) -> None:
    await bench.a_dead_session()
    await judged(bench, customer={"phone": "13800000001", "token": "T1"}, station="CS-1", occurred_at=bench.at(-90))
    _, found = await judged(bench, customer={"phone": "13800000001"}, occurred_at=bench.at(-89))
    assert found.judgement["station"] == "CS-1"
    assert found.judgement["transaction"]["because"][0] == "a token the customer used before"


async def test_without_a_station_the_account_the_payer_or_the_plate_leads_there(bench: Bench) -> None:
    await bench.a_dead_session()
    await bench.csms.put_token("T1", {"status": "Accepted", "customer": "lee@example.org"})
    _, by_account = await judged(bench, customer={"email": "lee@example.org"}, occurred_at=bench.at(-89))
    assert by_account.judgement["station"] == "CS-1"
    await bench.add_station("CS-3")
    await bench.tell("CS-3", [(-300, "connected"),
                              *bench.session(-90, -82, number=7, meter=5000, wh=12, token="粤B12345")])
    _, by_plate = await judged(bench, customer={"plate": "粤B12345"}, occurred_at=bench.at(-89))
    assert by_plate.judgement["station"] == "CS-3"
    await bench.pay("P-8", "30.00", -84, station="CS-3", payer="13900000002", transaction="7")
    _, by_payer = await judged(bench, customer={"phone": "13900000002"}, occurred_at=bench.at(-89))
    assert by_payer.judgement["transaction"]["id"] == by_plate.judgement["transaction"]["id"]


async def test_nothing_to_go_by_gives_no_station_and_no_guess(bench: Bench) -> None:
    await bench.a_dead_session()
    _, found = await judged(bench)
    assert found.judgement["station"] is None
    assert found.judgement["transaction"] is None
