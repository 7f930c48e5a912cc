"""One case of each level through its whole life, hour by hour, with everything that may go wrong in between."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from complaints import workorders
from complaints.actions import Ask
from complaints.intake.form import read
from complaints.states import NotAllowedIn
from complaints.workorders import Report
from csms.errors import Conflict
from tests.complaints.desk import LI, TECH, WANG, ZHAO, Bench

MAIL = "driver@example.org"


async def after(bench: Bench, **length: float) -> None:
    """Time passes; the worker looks as often as it would matter."""
    until = bench.clock() + timedelta(**length)
    while bench.clock() < until:
        bench.clock.now = min(bench.clock() + timedelta(hours=2), until)
        await bench.worker.round()


async def clocks(bench: Bench, number: str, round: int = 1) -> dict[str, Any]:
    return {d.kind: d for d in (await bench.desk.overview(number)).deadlines if d.round == round}


async def types(bench: Bench, number: str) -> list[str]:
    return [e.type for e in (await bench.desk.view(number)).entries]


async def file(bench: Bench, **given: Any) -> str:
    complaint = bench.dead_complaint(channel="web", customer={"email": MAIL}) | given
    return (await bench.desk.file(read(complaint), by="web")).case.number


async def test_level_1_danger_called_out_visited_cleared_verified_followed_up(bench: Bench) -> None:
    await bench.add_people(zhao="supervisor", root="admin", tech="technician", wang="agent")
    await bench.a_dead_session()
    number = await file(bench, text="充电枪冒烟了,还有烧焦味,很危险!")
    case = await bench.desk.case(number)
    assert (case.level, case.owner) == (1, "zhao")
    await bench.worker.round()
    assert {"zhao", "root"} <= {m.address for _, m in bench.post.sent}
    bench.clock.move(timedelta(hours=2, minutes=5))  # nobody took it up in two hours
    await bench.worker.round()
    assert (await clocks(bench, number))["acknowledge"].breached_at
    await bench.desk.act(number, Ask(action="acknowledge", reason="I have it"), ZHAO)
    await bench.desk.act(number, Ask(action="set_inoperative", reason="danger"), ZHAO)
    await bench.desk.act(number, Ask(action="dispatch", reason="smoke", owner="tech", fault_level=1), ZHAO)
    assert (await bench.desk.case(number)).state == "executing"
    async with bench.db.acquire() as conn, conn.transaction():
        order = (await workorders.of_case(conn, number))[0]
        assert order.due_at == bench.clock() + timedelta(minutes=30)
        for step, said in (("accept", Report()), ("arrive", Report(consent=True)),
                           ("finish", Report("cable replaced", parts=[{"part": "cable", "count": 1}]))):
            bench.clock.move(timedelta(minutes=20))
            await workorders.move(conn, order.id, step, said, "tech", bench.clock())
    assert (await clocks(bench, number))["arrive"].how == "met"
    await bench.desk.say(number, type="safety_cleared", text="insulation measured", audience="staff", who=TECH)
    await bench.desk.act(number, Ask(action="set_operative", reason="cleared"), TECH)
    bench.clock.move(timedelta(hours=1))
    await bench.tell("CS-1", bench.session(-30, -5, number=9100, meter=180232, wh=9000))
    await bench.worker.round()
    async with bench.db.acquire() as conn:
        order = (await workorders.of_case(conn, number))[0]
    assert (order.state, order.verified_by is not None) == ("verified", True)
    await bench.desk.act(number, Ask(action="resolve", text="电缆已更换,安全。"), ZHAO)
    await bench.desk.customer_answers((await bench.desk.case(number)).tracking, settled=True, satisfaction=5)
    await bench.desk.act(number, Ask(action="close", reason="done"), ZHAO)
    await after(bench, days=7, hours=2)
    late = await clocks(bench, number)
    assert late["follow_up_7d"].breached_at  # nobody called after a week
    await bench.desk.act(number, Ask(action="follow_up", which="follow_up_7d", text="all well"), WANG)
    await after(bench, days=22)
    call = Ask(action="follow_up", which="follow_up_30d", satisfaction=5, text="still well")
    await bench.desk.act(number, call, WANG)
    done = await clocks(bench, number)
    assert all(d.met_at for d in done.values())
    assert done["follow_up_30d"].met_at <= done["follow_up_30d"].due_at
    assert await bench.desk.first_broken(number) is None


async def test_level_2_paused_breached_refused_by_the_customer_reviewed_by_another_closed(bench: Bench) -> None:
    await bench.add_people(ann="finance", li="finance", zhao="supervisor", root="admin", wang="agent")
    await bench.a_dead_session()
    number = await file(bench)
    filed_at = bench.clock()
    tracking = (await bench.desk.case(number)).tracking
    await after(bench, hours=3)
    await bench.desk.say(number, type="question", text="哪个枪?", audience="customer", who=WANG)
    await after(bench, hours=10)
    assert (await clocks(bench, number))["resolve"].paused
    await bench.desk.customer_says(tracking, "左边的枪")
    resolve = (await clocks(bench, number))["resolve"]
    assert resolve.due_at == filed_at + timedelta(hours=34)
    await after(bench, hours=34)  # nobody does anything: breached at 22:00, escalated when the night is over
    assert (await clocks(bench, number))["resolve"].breached_at
    assert any("overdue" in m.subject for channel, m in bench.post.sent if channel == "staff" and m.address == "zhao")
    await bench.desk.act(number, Ask(action="resolve", text="充电正常,不予退款。"), LI)
    assert (await clocks(bench, number))["resolve"].met_at > resolve.due_at
    await bench.desk.customer_answers(tracking, settled=False, text="一度电都没充,钱没退")
    second = await clocks(bench, number, round=2)
    assert second["resolve"].due_at == bench.clock() + timedelta(hours=24)
    assert (await bench.desk.case(number)).owner not in ("ann", "li", None)
    with pytest.raises(Conflict, match="someone else"):
        await bench.desk.act(number, Ask(action="resolve", text="no"), LI)
    await bench.desk.act(number, Ask(action="assign"), ZHAO)
    await bench.desk.act(number, Ask(action="refund", reason="no energy", approve=False), ZHAO)
    with pytest.raises(NotAllowedIn):
        await bench.desk.act(number, Ask(action="resolve", text="x"), ZHAO)  # the proposal is not decided
    await bench.desk.act(number, Ask(action="refund", reason="fits the records", approve=True), LI)
    await bench.desk.act(number, Ask(action="resolve", text="30元已退。"), ZHAO)
    await bench.desk.customer_answers(tracking, settled=True, satisfaction=4)
    await bench.desk.act(number, Ask(action="close", reason="paid back"), ZHAO)
    await after(bench, days=31)
    view = await bench.desk.view(number)
    assert (view.case.state, view.case.round) == ("closed", 2)
    told = [m.text for channel, m in bench.post.sent if channel == "email"]
    assert len(told) == len(set(told))  # never the same twice
    assert any("30.00 元" in text for text in told)
    assert await bench.desk.first_broken(number) is None


async def test_level_3_silent_customer_reminded_twice_and_closed_by_a_supervisor(bench: Bench) -> None:
    await bench.add_people(wang="agent", zhao="supervisor")
    number = await file(bench, text="建议在站点增加遮雨棚", station=None, evse=None, payment_reference=None,
                        occurred_at=None)
    assert (await bench.desk.case(number)).level == 3
    await bench.desk.act(number, Ask(action="assign"), WANG)
    await bench.desk.act(number, Ask(action="promise", due_at=bench.clock() + timedelta(days=2)), WANG)
    await after(bench, days=1)
    await bench.desk.act(number, Ask(action="resolve", text="已列入明年计划。"), WANG)
    assert (await clocks(bench, number))["promise_1"].met_at
    with pytest.raises(Conflict):
        await bench.desk.act(number, Ask(action="close", reason="x", outcome="accepted_by_silence"), ZHAO)
    await after(bench, days=9, hours=3)
    assert (await types(bench, number)).count("reminder") == 2
    await bench.desk.act(number, Ask(action="close", reason="no answer", outcome="accepted_by_silence"), ZHAO)
    case = await bench.desk.case(number)
    assert (case.close_reason, case.confirmed_at) == ("accepted_by_silence", None)


async def test_referred_outside_it_stands_still_and_comes_back(bench: Bench) -> None:
    await bench.a_dead_session()
    number = await file(bench)
    await bench.desk.act(number, Ask(action="refer", reason="disputed", body="消费者协会", reference="M-7"), ZHAO)
    await after(bench, days=20)
    assert "deadline" not in await types(bench, number)
    await bench.desk.act(number, Ask(action="take_back", reason="settled there", text="half each"), ZHAO)
    assert (await clocks(bench, number))["resolve"].due_at == bench.clock() + timedelta(hours=24)
    await bench.desk.act(number, Ask(action="withdraw", reason="the customer called"), WANG)
    assert (await bench.desk.case(number)).state == "withdrawn"
