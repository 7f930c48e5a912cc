"""What is done about a case: commands with their guards and effects, refunds that are paid once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from complaints.actions import Ask
from complaints.desk import Desk, DeskOptions
from complaints.intake.classify import classify
from complaints.intake.form import read
from complaints.judge import judge
from complaints.remote import allowed_by_rules
from complaints.states import NotAllowedIn
from csms import commands, events
from csms.errors import BadInput, Conflict, Refused
from csms.uploads import Kept
from csms.vocabulary.heard import Notes
from tests.complaints.desk import LI, TECH, WANG, ZHAO, Bench


async def filed(bench: Bench, **more: Any) -> str:
    await bench.a_dead_session()
    return (await bench.desk.file(read(bench.dead_complaint(**more)), by="wang")).case.number


async def entries(bench: Bench, number: str, type: str) -> list[Any]:
    return [e for e in (await bench.desk.view(number)).entries if e.type == type]


async def settle(bench: Bench, id: str, state: str, *, seen: bool = False) -> None:
    """What the gateway does when a station has answered."""
    async with bench.db.acquire() as conn, conn.transaction():
        notes = Notes()
        assert await commands.settle(conn, id, "reset", state, bench.clock(), notes, already=seen)
        await events.write(conn, notes, bench.clock())


class Answering:
    """A station that takes every command and answers when told to; `seen`: what it was asked for shows at once."""

    def __init__(self, bench: Bench, *, seen: bool = True) -> None:
        self.bench, self.answer, self.seen = bench, asyncio.Event(), seen

    async def perform(self, id: str) -> Any:
        async with self.bench.db.acquire() as conn:
            session = await conn.fetchval("select session from stations where id = 'CS-1'")
            assert await commands.claim(conn, id, at=self.bench.clock(), message_id=id, seq=99, session=session)
        await self.answer.wait()
        await settle(self.bench, id, "accepted", seen=self.seen)
        return "accepted"

    def superseded(self, session: int) -> None:
        raise AssertionError("there is only one")


async def test_a_reset_is_asked_answered_and_seen_to_work_in_the_thread(bench: Bench) -> None:
    number = await filed(bench)
    station = Answering(bench)
    await bench.csms.relay.attach("CS-1", station, 1)
    acted = await bench.desk.act(number, Ask(action="reset", reason="contactor"), WANG)
    assert not acted.settled
    asked = (await entries(bench, number, "command"))[0]
    assert (asked.author, asked.text, asked.body["kind"]) == ("wang", "contactor", "reset")
    assert (await bench.desk.case(number)).state == "investigating"
    station.answer.set()
    for _ in range(100):
        await bench.worker.catch_up()
        if await entries(bench, number, "effect"):
            break
        await asyncio.sleep(0.01)
    await bench.worker.catch_up()
    assert [e.body["state"] for e in await entries(bench, number, "command_settled")] == ["accepted"]
    assert [e.body["effect"] for e in await entries(bench, number, "effect")] == ["observed"]
    await bench.csms.close()


async def test_an_offline_station_settles_at_once_and_is_told_once(bench: Bench) -> None:
    number = await filed(bench)
    acted = await bench.desk.act(number, Ask(action="reset", reason="x", wait_s=5), TECH)
    assert acted.settled
    assert acted.detail["command"]["state"] == "offline"
    await bench.worker.catch_up()
    assert len(await entries(bench, number, "command_settled")) == 1


async def test_a_reset_while_another_charges_is_refused_with_its_guards_and_on_record(bench: Bench) -> None:
    number = await filed(bench)
    await bench.tell("CS-1", bench.session(-5, 60, number=9002, meter=5, wh=1, evse=2)[:2])
    with pytest.raises(Refused) as refused:
        await bench.desk.act(number, Ask(action="reset", reason="x"), WANG)
    assert refused.value.guards == ("G2",)
    assert (await entries(bench, number, "command_refused"))[0].body["guards"] == ["G2"]
    assert {p.action: p.guards for p in await bench.desk.possible(number)}["reset"] == ("G2",)
    acted = await bench.desk.act(number, Ask(action="reset", reason="the driver agreed", override=True), TECH)
    assert acted.detail["command"]["state"] in ("queued", "offline")


async def test_danger_forbids_a_reset_until_someone_on_site_has_cleared_it(bench: Bench) -> None:
    number = await filed(bench, text="充电枪冒烟了,还有烧焦味,很危险!")
    assert (await bench.desk.case(number)).level == 1
    for override in (False, True):
        with pytest.raises(Refused) as refused:
            await bench.desk.act(number, Ask(action="reset", reason="x", override=override), TECH)
        assert refused.value.guards == ("G1",)
    await bench.desk.act(number, Ask(action="set_inoperative", reason="danger"), WANG)
    with pytest.raises(Conflict):
        await bench.desk.say(number, type="safety_cleared", text="fine", audience="staff", who=WANG)
    await bench.desk.say(number, type="safety_cleared", text="cable replaced", audience="staff", who=TECH)
    assert {p.action: p.guards for p in await bench.desk.possible(number)}["reset"] == ()
    await bench.desk.act(number, Ask(action="reset", reason="cleared"), TECH)


async def test_who_cleared_it_on_site_also_clears_a_fault_that_the_station_still_holds(bench: Bench) -> None:
    number = await filed(bench)
    fault = {"connectorId": 1, "errorCode": "GroundFailure", "status": "Faulted", "timestamp": bench.at(-5)}
    await bench.tell("CS-1", [(-5, "received", [2, "f1", "StatusNotification", fault])])
    with pytest.raises(Refused) as refused:
        await bench.desk.act(number, Ask(action="reset", reason="in a hurry", override=True), TECH)
    assert refused.value.guards == ("G1",)
    await bench.desk.say(number, type="safety_cleared", text="insulation measured", audience="staff", who=TECH)
    acted = await bench.desk.act(number, Ask(action="reset", reason="the latch needs it"), TECH)
    assert acted.detail["command"]["state"] in ("queued", "offline")


async def test_a_case_without_a_station_has_nothing_to_reset(bench: Bench) -> None:
    number = (await bench.desk.file(read({"channel": "hotline", "text": "客服态度很差"}), by="wang")).case.number
    with pytest.raises(Refused) as refused:
        await bench.desk.act(number, Ask(action="reset", reason="x"), WANG)
    assert refused.value.guards == ("G6",)
    assert await bench.desk.possible(number) == []


async def test_a_log_that_a_station_brings_is_evidence_in_the_case(bench: Bench) -> None:
    number = await filed(bench)
    with pytest.raises(Conflict, match="no address"):
        await bench.desk.act(number, Ask(action="get_log", reason="x"), TECH)
    desk = Desk(
        bench.db, bench.csms, bench.clock, classify=classify, judge=judge, remote=allowed_by_rules,
        log_address=lambda station: bench.csms.log_address(station, "http://desk.test"),
    )
    command = (await desk.act(number, Ask(action="get_log", reason="x"), TECH)).detail["command"]["id"]
    expected = await bench.csms.upload_of(command)
    if expected is None:
        expected = (await bench.csms.uploads(station="CS-1"))[0]
    await bench.csms.receive_upload(expected.id, Kept("a.log", 3, "abc"), "a.log")
    await bench.worker.catch_up()
    assert [e.body["sha256"] for e in await entries(bench, number, "evidence")] == ["abc"]


async def test_every_disruptive_action_needs_a_reason(bench: Bench) -> None:
    number = await filed(bench)
    for action in ("reset", "refund", "escalate", "reopen"):
        with pytest.raises(BadInput) as error:
            await bench.desk.act(number, Ask(action=action), ZHAO)
        assert error.value.field == "reason"
    with pytest.raises(BadInput) as error:
        await bench.desk.act(number, Ask(action="stop", reason="x"), ZHAO)
    assert error.value.field == "transaction"


async def test_the_next_good_session_on_that_connector_verifies_the_remedy_once(bench: Bench) -> None:
    number = await filed(bench)
    await bench.desk.act(number, Ask(action="reset", reason="x", wait_s=5), WANG)
    bench.clock.move(timedelta(hours=1))
    later = [*bench.session(-30, -20, number=9003, meter=180232, wh=20),
             *bench.session(-19, -12, number=9004, meter=180252, wh=9000),
             *bench.session(-10, -5, number=9005, meter=189252, wh=9000)]
    await bench.tell("CS-1", later)
    await bench.worker.catch_up()
    verified = await entries(bench, number, "verification")
    assert [e.body["energy_wh"] for e in verified] == [9000.0]
    await bench.db.execute("update worker_marks set event = 0")
    await bench.worker.catch_up()
    assert len(await entries(bench, number, "verification")) == 1


async def test_a_refund_is_proposed_by_one_approved_by_another_and_recorded_once(bench: Bench) -> None:
    number = await filed(bench)
    acted = await bench.desk.act(number, Ask(action="refund", reason="no energy"), WANG)
    assert not acted.settled
    assert acted.detail["refund"]["amount"] == "30.00"
    assert acted.case.state == "approving"
    with pytest.raises(NotAllowedIn):
        await bench.desk.act(number, Ask(action="refund", reason="again"), WANG)
    with pytest.raises(Conflict, match="may not decide"):
        await bench.desk.act(number, Ask(action="refund", reason="mine", approve=True), WANG)
    acted = await bench.desk.act(number, Ask(action="refund", reason="fits the records", approve=True), LI)
    assert acted.settled
    assert (acted.detail["refund"]["state"], acted.case.state) == ("sent", "executing")
    paid = {p.reference: p for p in await bench.csms.payments_of(references=["P-1"])}
    back = paid[f"refund-{number}-1"]
    assert (back.kind, back.amount, back.of) == ("refund", Decimal(30), "P-1")
    with pytest.raises(BadInput) as error:
        await bench.desk.act(number, Ask(action="refund", reason="more", amount="0.01"), LI)
    assert error.value.field == "amount"
    bench.clock.move(timedelta(seconds=1))
    await bench.desk.assess(number)
    with pytest.raises(BadInput, match=r"0\.00 CNY"):
        await bench.desk.act(number, Ask(action="refund", reason="more", amount="0.01"), LI)
    assert any("30.00 元" in e.text for e in await entries(bench, number, "refund") if e.audience == "customer")


async def test_one_payment_is_not_given_back_twice_by_two_cases_about_it(bench: Bench) -> None:
    """We noticed it ourselves and the driver wrote, too: both propose, one is paid."""
    first, second = await filed(bench), (await bench.desk.file(read(bench.dead_complaint()), by="wang")).case.number
    for number in (first, second):
        await bench.desk.act(number, Ask(action="refund", reason="no energy", approve=False), WANG)
    await bench.desk.act(first, Ask(action="refund", reason="fits", approve=True), LI)
    with pytest.raises(Conflict, match=first):
        await bench.desk.act(second, Ask(action="refund", reason="fits", approve=True), LI)
    declined = await bench.desk.act(second, Ask(action="refund", reason="paid by the other", approve=False), LI)
    assert declined.detail["refund"]["state"] == "declined"
    paid = await bench.csms.payments_of(references=["P-1"])
    assert [p.amount for p in paid if p.kind == "refund"] == [Decimal(30)]


async def test_a_refund_beyond_what_was_taken_is_refused_with_what_is_left(bench: Bench) -> None:
    number = await filed(bench)
    with pytest.raises(BadInput, match=r"30\.00 CNY"):
        await bench.desk.act(number, Ask(action="refund", reason="x", amount="30.01"), LI)
    with pytest.raises(BadInput) as error:
        await bench.desk.act(number, Ask(action="refund", reason="x", currency="EUR"), LI)
    assert error.value.field == "currency"


async def test_above_the_limit_nobody_approves_what_he_proposed(bench: Bench) -> None:
    strict = Bench(bench.db, bench.clock, DeskOptions(four_eyes_above=Decimal(10)))
    number = await filed(strict)
    assert not (await strict.desk.act(number, Ask(action="refund", reason="x"), LI)).settled
    with pytest.raises(Conflict):
        await strict.desk.act(number, Ask(action="refund", reason="x", approve=True), LI)
    acted = await strict.desk.act(number, Ask(action="refund", reason="no", approve=False), ZHAO)
    assert (acted.detail["refund"]["state"], acted.case.state) == ("declined", "investigating")


async def test_a_refund_that_a_crash_left_unsent_is_sent_by_the_worker(bench: Bench) -> None:
    number = await filed(bench)
    await bench.desk.act(number, Ask(action="refund", reason="x"), LI)
    await bench.db.execute("update refunds set state = 'approved', sent_at = null")
    await bench.worker.round()
    assert await bench.db.fetchval("select state from refunds") == "sent"
    assert len(await bench.csms.payments_of(references=["P-1"])) == 2


async def test_a_hold_is_released_as_a_void(bench: Bench) -> None:
    await bench.a_dead_session()
    await bench.pay("H-1", "100.00", -92, kind="hold", station="CS-1", evse=1, token="T1", order="O-1")
    given = {"channel": "app", "text": "预授权100元一直没解冻", "station": "CS-1", "order": "O-1",
             "occurred_at": bench.at(-90)}
    number = (await bench.desk.file(read(given), by="app")).case.number
    acted = await bench.desk.act(number, Ask(action="release_hold", reason="session failed"), LI)
    assert acted.settled
    voided = next(p for p in await bench.csms.payments_of(orders=["O-1"]) if p.kind == "void")
    assert (voided.amount, voided.of) == (Decimal(100), "H-1")


async def test_a_breached_deadline_is_noted_once(bench: Bench) -> None:
    number = await filed(bench)
    bench.clock.move(timedelta(hours=25))
    await bench.worker.round()
    await bench.worker.round()
    noted = [e.body["kind"] for e in await entries(bench, number, "deadline")]
    assert sorted(noted) == ["first_reply", "investigate", "resolve"]


async def test_what_the_station_only_tells_later_makes_a_new_version(bench: Bench) -> None:
    number = await filed(bench)
    assert (await bench.desk.case(number)).version == 1
    await bench.worker.round()
    assert (await bench.desk.case(number)).version == 1
    bench.clock.move(timedelta(minutes=10))
    await bench.pay("P-2", "30.00", -95, station="CS-1", transaction="9001")
    await bench.worker.round()
    newest = await bench.desk.assessment(number)
    assert newest is not None
    assert newest.version == 2
    assert newest.judgement["bill"]["charged"] == "60.00"


async def test_escalation_raises_the_level_and_tightens_the_clocks(bench: Bench) -> None:
    number = await filed(bench)
    before = {d.kind: d.due_at for d in (await bench.desk.overview(number)).deadlines}
    await bench.desk.act(number, Ask(action="escalate", reason="many affected", level=1), WANG)
    view = await bench.desk.overview(number)
    assert view.case.level == 1
    assert all(d.due_at <= before[d.kind] for d in view.deadlines)
