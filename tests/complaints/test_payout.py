"""Money out: one signed call whatever happens, followed to its end; coupons, waived fees, work orders, the survey."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from complaints import payout, workorders
from complaints.actions import Ask
from complaints.intake.form import read
from complaints.outbound import Unwanted, sign
from complaints.workorders import MOVES, Report
from csms.errors import BadInput, Conflict, NotFound
from tests.complaints.desk import LI, WANG, ZHAO, Bench, Killed

SECRET = "a secret of some length"


async def filed(bench: Bench, *, hook: bool = True) -> str:
    await bench.a_dead_session()
    if hook:
        await bench.office.doors.hook_put("payments", "https://pay.example", SECRET, "root", None, None)
    return (await bench.desk.file(read(bench.dead_complaint()), by="wang")).case.number


async def approve(bench: Bench, number: str) -> Any:
    return (await bench.desk.act(number, Ask(action="refund", reason="no energy"), LI)).detail["refund"]


async def call(bench: Bench, payload: dict[str, Any]) -> Any:
    body, stamp = json.dumps(payload).encode(), str(int(bench.clock().timestamp()))
    return await bench.office.doors.called("payments", stamp, sign(SECRET, stamp, body), body, payload)


async def state(bench: Bench) -> str:
    return str(await bench.db.fetchval("select state from refunds order by n desc limit 1"))


async def test_a_refund_is_initiated_sent_and_confirmed_never_credited(bench: Bench) -> None:
    number = await filed(bench)
    assert (await approve(bench, number))["state"] == "initiated"
    assert len(await bench.csms.payments_of(references=["P-1"])) == 1
    await bench.courier.round()
    assert await state(bench) == "sent"
    sent = bench.post.sent[0][1]
    assert sent.payload is not None
    assert (sent.key, sent.payload["amount"], sent.payload["of"]) == (f"refund-{number}-1", "30.00", "P-1")
    assert len(await bench.csms.payments_of(references=["P-1"])) == 2
    for _ in range(2):
        await call(bench, {"reference": sent.key, "state": "confirmed", "note": "bank reference 77"})
    assert await state(bench) == "confirmed"
    said = [e for e in (await bench.desk.view(number)).entries if e.type == "refund"]
    assert [e.body["state"] for e in said] == ["proposed", "approved", "initiated", "sent", "confirmed"]
    assert not any("到账成功" in e.text or "credited" in e.text for e in said)
    with pytest.raises(NotFound):
        await call(bench, {"reference": "refund-x", "state": "confirmed"})


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_while_paying_it_is_paid_once(bench: Bench, when: str) -> None:
    number = await filed(bench)
    await approve(bench, number)
    bench.post.mishaps.append((when, Killed()))
    with pytest.raises(Killed):
        await bench.courier.round()
    bench.clock.move(timedelta(minutes=3))
    for _ in range(3):
        await bench.worker.round()
    assert len([m for _, m in bench.post.sent if m.key.startswith("refund-")]) == 1
    assert await state(bench) == "sent"
    assert len(await bench.csms.payments_of(references=["P-1"])) == 2


async def test_killed_between_the_call_and_the_books_both_are_made_good(bench: Bench) -> None:
    number = await filed(bench)
    await approve(bench, number)
    heard, bench.desk.money.heard = bench.desk.money.heard, None  # type: ignore[method-assign,assignment]

    async def die(row: Any, state: str) -> None:
        raise Killed

    bench.courier._heard = die
    with pytest.raises(Killed):
        await bench.courier.round()
    assert await state(bench) == "initiated"
    bench.courier._heard = heard
    bench.clock.move(timedelta(minutes=3))
    await bench.courier.round()
    assert await state(bench) == "sent"
    assert len([m for _, m in bench.post.sent if m.key.startswith("refund-")]) == 1


async def test_a_refused_payout_fails_and_the_case_cannot_close_over_an_open_one(bench: Bench) -> None:
    number = await filed(bench)
    await approve(bench, number)
    await bench.desk.act(number, Ask(action="resolve", text="refunded"), WANG)
    await bench.desk.act(number, Ask(action="confirm"), WANG)
    with pytest.raises(Conflict, match="refund"):
        await bench.desk.act(number, Ask(action="close", reason="done"), ZHAO)
    bench.post.mishaps.append(("before", Unwanted("account closed")))
    await bench.courier.round()
    assert await state(bench) == "failed"
    await bench.desk.act(number, Ask(action="close", reason="cash at the desk"), ZHAO)


async def test_a_coupon_and_a_waived_fee_need_an_amount_and_an_approver(bench: Bench) -> None:
    number = await filed(bench, hook=False)
    with pytest.raises(BadInput):
        await bench.desk.act(number, Ask(action="coupon", reason="sorry"), WANG)
    proposed = await bench.desk.act(number, Ask(action="coupon", reason="sorry", amount=Decimal(20)), WANG)
    assert proposed.detail["refund"]["state"] == "proposed"
    given_ = await bench.desk.act(number, Ask(action="coupon", reason="yes", approve=True), LI)
    assert given_.detail["refund"]["state"] == "sent"
    code = await bench.db.fetchval("select code from refunds")
    told = [e.text for e in (await bench.desk.view(number)).entries if e.type == "refund" and e.audience == "customer"]
    assert code in told[0]
    waived = await bench.desk.act(number, Ask(action="waive_fee", reason="idle", amount=Decimal(5)), LI)
    assert waived.detail["refund"]["state"] == "sent"
    assert len(await bench.csms.payments_of(references=["P-1"])) == 1


async def test_a_survey_is_asked_once_a_round_and_only_of_who_has_not_rated(bench: Bench) -> None:
    number = await filed(bench, hook=False)
    await bench.desk.act(number, Ask(action="resolve", text="fine"), WANG)
    await bench.desk.act(number, Ask(action="confirm"), WANG)
    await bench.desk.act(number, Ask(action="close", reason="done"), ZHAO)
    async with bench.db.acquire() as conn, conn.transaction():
        assert not await payout.ask_survey(conn, number, 1, "en", bench.clock())
        assert await payout.answer_survey(conn, number, 1, 4, "quick", bench.clock())
        assert not await payout.answer_survey(conn, number, 1, 1, "changed my mind", bench.clock())
        assert [s["score"] for s in await payout.surveys_of(conn, number)] == [4]


# --- work orders ------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(sorted(MOVES)), max_size=12))
def test_an_order_never_leaves_its_table(steps: list[str]) -> None:
    state = "ordered"
    for step in steps:
        sources, target = MOVES[step]
        if state in sources:
            state = target
    assert state in {"ordered", *(target for _, target in MOVES.values())}


async def test_an_order_is_verified_only_by_a_session_after_the_work(bench: Bench) -> None:
    number = await filed(bench, hook=False)
    await bench.desk.act(number, Ask(action="dispatch", reason="contactor", owner="tech"), WANG)
    async with bench.db.acquire() as conn, conn.transaction():
        order = (await workorders.of_case(conn, number))[0]
        with pytest.raises(Conflict):
            await workorders.move(conn, order.id, "finish", Report("done"), "tech", bench.clock())
        await workorders.move(conn, order.id, "arrive", Report(), "tech", bench.clock())
        with pytest.raises(BadInput, match="found"):
            await workorders.move(conn, order.id, "finish", Report(), "tech", bench.clock())
        done = await workorders.move(conn, order.id, "finish", Report("contactor replaced", parts=[
            {"part": "contactor", "count": 1}]), "tech", bench.clock())
    assert [h["to"] for h in done.history] == ["on_site", "done"]
    assert done.parts[0]["part"] == "contactor"
    bench.clock.move(timedelta(hours=1))
    await bench.tell("CS-1", bench.session(-30, -5, number=9100, meter=180232, wh=9000))
    await bench.worker.round()
    async with bench.db.acquire() as conn:
        assert (await workorders.get(conn, order.id)).state == "verified"


async def test_tasks_of_other_departments_hold_the_case_open(bench: Bench) -> None:
    number = await filed(bench, hook=False)
    async with bench.db.acquire() as conn, conn.transaction():
        task = await workorders.add_task(conn, number, department="legal", what="check the terms", owner=None,
                                         due_at=None, by="wang", now=bench.clock())
    await bench.desk.act(number, Ask(action="resolve", text="fine"), WANG)
    await bench.desk.act(number, Ask(action="confirm"), WANG)
    with pytest.raises(Conflict, match="task"):
        await bench.desk.act(number, Ask(action="close", reason="done"), ZHAO)
    async with bench.db.acquire() as conn, conn.transaction():
        await workorders.finish_task(conn, number, task, "all in order", "zhao", bench.clock())
    await bench.desk.act(number, Ask(action="close", reason="done"), ZHAO)
