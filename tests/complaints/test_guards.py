"""The guards that a case keeps (contract/codes.md), by name; G1 to G5 and G7 are the central system's:
tests/csms/rest/test_guards.py.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from complaints.actions import Ask
from complaints.desk import Desk
from complaints.intake.classify import classify
from complaints.intake.form import read
from complaints.judge import judge
from complaints.remote import allowed_by_rules
from csms.errors import BadInput, Refused
from tests.complaints.desk import TECH, WANG, Bench
from tests.complaints.test_remedies import Answering, entries, filed

RESET = Ask(action="reset", reason="contactor hangs", wait_s=5)


async def test_g6_nothing_is_done_while_it_is_not_known_which_station_is_meant(bench: Bench) -> None:
    number = (await bench.desk.file(read({"channel": "hotline", "text": "充电桩没反应"}), by="wang")).case.number
    with pytest.raises(Refused) as refused:
        await bench.desk.act(number, RESET, WANG)
    assert refused.value.guards == ("G6",)


async def test_g8_evidence_is_frozen_before_a_station_is_touched(bench: Bench) -> None:
    """A case that could not be judged when it was filed is judged first, or nothing is done."""
    able = False

    def judge_if_able(*args: Any, **more: Any) -> Any:
        if not able:
            raise RuntimeError("the records cannot be read")
        return judge(*args, **more)

    await bench.a_dead_session()
    desk = Desk(bench.db, bench.csms, bench.clock, classify=classify, judge=judge_if_able, remote=allowed_by_rules)
    number = (await desk.file(read(bench.dead_complaint()), by="wang")).case.number
    assert (await desk.case(number)).version == 0
    with pytest.raises(Refused) as refused:
        await desk.act(number, RESET, TECH)
    assert refused.value.guards == ("G8",)
    assert await bench.csms.commands(station="CS-1") == []
    able = True
    await desk.act(number, RESET, TECH)
    (command,) = await bench.csms.commands(station="CS-1")
    frozen = await desk.assessment(number)
    assert frozen is not None
    assert (frozen.version, frozen.checksum != "") == (1, True)
    order = [e.type for e in (await desk.view(number)).entries if e.type in ("assessment", "evidence", "command")]
    assert order[-1] == "command", command
    assert len(order) > 1


async def test_g9_accepted_is_not_done_until_the_effect_is_seen(bench: Bench) -> None:
    number = await filed(bench)
    station = Answering(bench, seen=False)
    station.answer.set()
    await bench.csms.relay.attach("CS-1", station, 1)
    acted = await bench.desk.act(number, RESET, TECH)
    assert (acted.settled, acted.detail["command"]["state"]) == (True, "accepted")
    await bench.worker.catch_up()
    assert await entries(bench, number, "effect") == []
    assert (await bench.desk.case(number)).state == "investigating"
    bench.clock.move(timedelta(minutes=6))
    await bench.give_up_effects()
    await bench.worker.catch_up()
    assert [e.body["effect"] for e in await entries(bench, number, "effect")] == ["not_observed"]
    assert (await bench.desk.case(number)).is_open


async def test_g10_a_remote_stop_moves_no_money(bench: Bench) -> None:
    """It ends a session; what is charged or released is for a person to decide after the bill was looked at."""
    number = await filed(bench)
    await bench.pay("H-1", "100.00", -10, kind="hold", station="CS-1", evse=1, token="T1", order="O-1")
    await bench.tell("CS-1", bench.session(-10, 60, number=9002, meter=180300, wh=5)[:2])
    paid = await bench.csms.payments_of(station="CS-1", tokens=["T1"])
    await bench.desk.act(number, Ask(action="stop", reason="cannot be stopped", wait_s=5), WANG)
    bench.clock.move(timedelta(minutes=61))
    await bench.tell("CS-1", bench.session(-71, -1, number=9002, meter=180300, wh=5)[2:])
    await bench.worker.round()
    assert await bench.csms.payments_of(station="CS-1", tokens=["T1"]) == paid
    assert await bench.db.fetchval("select count(*) from refunds") == 0


async def test_g11_who_when_why_what_was_said_and_what_came_of_it_are_on_record(bench: Bench) -> None:
    number = await filed(bench)
    with pytest.raises(BadInput) as error:
        await bench.desk.act(number, Ask(action="reset"), TECH)
    assert error.value.field == "reason"
    station = Answering(bench)
    station.answer.set()
    await bench.csms.relay.attach("CS-1", station, 1)
    await bench.desk.act(number, RESET, TECH)
    await bench.worker.catch_up()
    (asked,) = await entries(bench, number, "command")
    assert (asked.author, asked.at, asked.text) == ("tech", bench.clock(), "contactor hangs")
    command = await bench.csms.command(asked.body["command"])
    assert command is not None
    assert (command.requested_by, command.reason, command.complaint) == ("tech", "contactor hangs", number)
    assert (command.requested_at, command.frame) == (bench.clock(), "CS-1:99")
    assert [e.body["state"] for e in await entries(bench, number, "command_settled")] == ["accepted"]
    assert [e.body["effect"] for e in await entries(bench, number, "effect")] == ["observed"]


async def test_g11_what_a_guard_forbade_and_what_went_past_it_are_on_record_too(bench: Bench) -> None:
    number = await filed(bench)
    await bench.tell("CS-1", bench.session(-5, 60, number=9002, meter=5, wh=1, evse=2)[:2])
    with pytest.raises(Refused):
        await bench.desk.act(number, RESET, WANG)
    (forbidden,) = await entries(bench, number, "command_refused")
    assert (forbidden.author, forbidden.body["guards"]) == ("wang", ["G2"])
    await bench.desk.act(number, Ask(action="reset", reason="the driver agreed", override=True), TECH)
    gone_past = await bench.db.fetchrow("select guards, override, reason from commands where complaint = $1", number)
    assert tuple(gone_past) == (["G2"], True, "the driver agreed")
