"""Duty: who owns a case and why, who hears when, who is called at level 1, what comes first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from complaints.actions import Ask
from complaints.duty import Need, Person, Stake, choose, priority, rota
from complaints.intake.form import read
from csms.errors import BadInput, Conflict
from tests.complaints.desk import LI, WANG, ZHAO, Bench

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
FIRE = "充电枪冒烟了,还有烧焦味,很危险!"

ANN, BOB, CAT = Person("ann", "finance"), Person("bob", "finance", load=3), Person("cat", "technician")
SUE = Person("sue", "supervisor", on_call=1)


async def filed(bench: Bench, **more: Any) -> str:
    await bench.a_dead_session()
    return (await bench.desk.file(read(bench.dead_complaint(**more)), by="web")).case.number


async def notices(bench: Bench, situation: str) -> list[tuple[str, str]]:
    rows = await bench.db.fetch("select recipient, subject from outbox where situation = $1 order by id", situation)
    return [(row["recipient"], row["subject"]) for row in rows]


# --- who --------------------------------------------------------------------------------------


def chosen(people: list[Person], department: str = "finance", **more: Any) -> str | None:
    found = choose(people, Need(department, **more))
    return found.name if found else None


def test_the_department_then_the_lighter_load_decides() -> None:
    assert chosen([ANN, BOB, CAT, SUE]) == "ann"
    assert chosen([replace(ANN, load=9), BOB, CAT]) == "bob"
    assert chosen([ANN, BOB, CAT], "maintenance") == "cat"


def test_a_site_a_region_a_language_come_before_load() -> None:
    near = replace(BOB, sites=("S1",))
    assert chosen([ANN, near], site="S1") == "bob"
    assert chosen([ANN, near], site="S2") == "ann"
    assert chosen([ANN, replace(BOB, regions=("south",))], region="south") == "bob"
    assert chosen([replace(ANN, languages=("en",)), BOB], language="zh-Hant") == "bob"


def test_who_is_away_is_stood_in_for_even_twice_and_never_in_a_circle() -> None:
    away = replace(ANN, away=True, substitute="cat")
    assert chosen([away, CAT]) == "cat"
    assert chosen([away, replace(CAT, away=True, substitute="sue"), SUE]) == "sue"
    circle = [away, replace(CAT, away=True, substitute="ann")]
    assert chosen(circle) is None
    assert chosen([*circle, SUE]) == "sue"


def test_level_1_goes_to_the_duty_manager_and_a_second_review_to_someone_else() -> None:
    assert chosen([ANN, SUE], level=1) == "sue"
    assert chosen([ANN, BOB], without=frozenset({"ann"})) == "bob"
    assert chosen([ANN], without=frozenset({"ann"})) is None


people_st = st.lists(st.builds(
    Person, st.sampled_from("abcdefgh"), st.sampled_from(["agent", "finance", "technician", "supervisor", "admin"]),
    away=st.booleans(), substitute=st.none() | st.sampled_from("abcdefgh"), load=st.integers(0, 50),
), max_size=8, unique_by=lambda p: p.name)


@given(people_st, st.sampled_from(["finance", "maintenance", "legal"]), st.sampled_from([1, 2, 3]),
       st.frozensets(st.sampled_from("abcdefgh"), max_size=3))
def test_the_one_chosen_is_here_and_allowed(
    people: list[Person], department: str, level: int, without: frozenset[str]
) -> None:
    found = choose(people, Need(department, level, without=without))
    if found:
        assert not next(p for p in people if p.name == found.name).away
        assert found.name not in without
        assert found.because


async def test_a_case_has_an_owner_from_the_start_who_hears_of_it(bench: Bench) -> None:
    await bench.add_people(ann="finance", cat="technician")
    number = await filed(bench)
    assert (await bench.desk.case(number)).owner == "ann"
    entry = next(e for e in (await bench.desk.view(number)).entries if e.type == "assignment")
    assert entry.body["because"][0] == "does finance"
    assert await notices(bench, "assigned") == [("ann", f"{number} is yours")]


async def test_an_absence_hands_open_cases_to_the_substitute(bench: Bench) -> None:
    await bench.add_people(ann="finance", bob="finance")
    number = await filed(bench)
    async with bench.db.acquire() as conn:
        with pytest.raises(BadInput):
            await rota.absent(conn, "ann", NOON, NOON, "bob", "zhao")
        await rota.absent(conn, "ann", NOON, NOON + timedelta(days=3), "bob", "zhao")
    await bench.watch.cover_absences()
    assert (await bench.desk.case(number)).owner == "bob"
    entries = (await bench.desk.view(number)).entries
    assert [e.body["owner"] for e in entries if e.type == "assignment"] == ["ann", "bob"]


async def test_a_second_review_is_owned_and_done_by_someone_else(bench: Bench) -> None:
    await bench.add_people(ann="finance", li="finance", zhao="supervisor")
    number = await filed(bench)
    await bench.desk.act(number, Ask(action="resolve", text="fine"), LI)
    case = await bench.desk.case(number)
    await bench.desk.act(number, Ask(action="reject_resolution", reason="no", demand="30 yuan back"), WANG)
    assert (await bench.desk.case(number)).owner == "zhao"  # ann owned it, li answered it
    with pytest.raises(Conflict, match="someone else"):
        await bench.desk.act(number, Ask(action="resolve", text="still fine"), LI)
    with pytest.raises(Conflict, match="someone else"):
        await bench.desk.act(number, Ask(action="assign", owner="ann"), ZHAO)
    await bench.desk.act(number, Ask(action="resolve", text="you are right", override=False), ZHAO)
    rejection = next(e for e in (await bench.desk.view(case.number)).entries if e.type == "rejection")
    assert rejection.body["demand"] == "30 yuan back"


# --- when -------------------------------------------------------------------------------------


async def test_the_owner_is_reminded_before_and_the_supervisors_hear_at_and_after_a_breach(bench: Bench) -> None:
    await bench.add_people(ann="finance", zhao="supervisor", root="admin")
    await filed(bench, channel="web")
    await bench.watch.remind()
    assert await notices(bench, "remind") == []
    bench.clock.move(timedelta(hours=18, minutes=30))
    for _ in range(2):
        await bench.watch.remind()
    assert {name for name, _ in await notices(bench, "remind")} == {"ann"}
    assert len(await notices(bench, "remind")) == 2  # investigate and resolve, once each
    bench.clock.move(timedelta(hours=6))
    for _ in range(3):
        await bench.worker.round()
    escalated = await notices(bench, "escalate")
    assert {name for name, _ in escalated} == {"ann", "zhao"}
    assert len(escalated) == 4
    bench.clock.move(timedelta(hours=25))
    await bench.worker.round()
    assert {name for name, _ in (await notices(bench, "escalate"))[4:]} == {"ann", "zhao", "root"}


async def test_level_1_calls_down_the_list_until_somebody_takes_it_up(bench: Bench) -> None:
    await bench.add_people(wang="agent", zhao="supervisor", root="admin")
    bench.clock.now = datetime(2026, 11, 22, 18, tzinfo=UTC)  # two in the morning: no quiet hours for danger
    number = await filed(bench, text=FIRE, channel="hotline")
    await bench.worker.round()
    first = await notices(bench, "level_1")
    assert [name for name, _ in first] == ["zhao", "root", "zhao"]  # all seniors at once, then the first is called
    bench.clock.move(timedelta(minutes=5))
    await bench.worker.round()
    bench.clock.move(timedelta(minutes=5))
    await bench.worker.round()
    assert [name for name, _ in (await notices(bench, "level_1"))[3:]] == ["root", "zhao"]
    assert len([m for channel, m in bench.post.sent if channel == "staff" and number in m.subject]) >= 5
    await bench.desk.act(number, Ask(action="acknowledge"), ZHAO)
    bench.clock.move(timedelta(minutes=30))
    await bench.worker.round()
    assert len(await notices(bench, "level_1")) == 5


async def test_a_wait_for_the_customer_ends_at_its_cap(bench: Bench) -> None:
    number = await filed(bench)
    await bench.desk.say(number, type="question", text="Which plug?", audience="customer", who=WANG)
    bench.clock.move(timedelta(hours=71))
    await bench.watch.end_waits()
    assert (await bench.desk.case(number)).state == "need_info"
    bench.clock.move(timedelta(hours=2))
    await bench.watch.end_waits()
    assert (await bench.desk.case(number)).state == "investigating"


async def test_an_unanswered_answer_is_followed_by_two_reminders_then_silence_may_close_it(bench: Bench) -> None:
    number = await filed(bench)
    await bench.desk.act(number, Ask(action="resolve", text="fine"), WANG)
    silence = Ask(action="close", reason="silent", outcome="accepted_by_silence")
    with pytest.raises(Conflict, match="reminded 0 times of 2"):
        await bench.desk.act(number, silence, ZHAO)
    for _ in range(4):
        bench.clock.move(timedelta(days=3, minutes=1))
        await bench.watch.ask_again()
        await bench.watch.ask_again()
    reminders = [e for e in (await bench.desk.view(number)).entries if e.type == "reminder"]
    assert len(reminders) == 2
    await bench.desk.act(number, silence, ZHAO)
    assert (await bench.desk.case(number)).close_reason == "accepted_by_silence"


# --- what first -------------------------------------------------------------------------------


def test_danger_first_then_what_is_late_then_what_would_be_late() -> None:
    later = NOON + timedelta(days=3)
    order = [
        Stake(1, later), Stake(2, NOON - timedelta(hours=1)), Stake(2, NOON + timedelta(hours=20)),
        Stake(2, NOON + timedelta(hours=40)), Stake(2, later), Stake(3, later),
    ]
    points = [priority(stake, NOON)[0] for stake in order]
    assert points == sorted(points, reverse=True)
    assert len(set(points)) == len(points)
    assert "overdue" in priority(order[1], NOON)[1]


@given(st.integers(1, 3), st.integers(1, 500), st.integers(0, 5000), st.integers(-500, 500))
def test_more_people_more_money_less_time_never_lower_it(level: int, affected: int, money: int, hours: int) -> None:
    stake = Stake(level, NOON + timedelta(hours=hours), Decimal(money), affected)
    points, _ = priority(stake, NOON)
    assert priority(replace(stake, affected=affected + 1), NOON)[0] >= points
    assert priority(replace(stake, money=Decimal(money + 100)), NOON)[0] >= points
    assert priority(stake, NOON + timedelta(hours=7))[0] >= points


async def test_predicted_is_the_median_of_like_cases(bench: Bench) -> None:
    number = await filed(bench)
    assert (await bench.desk.case(number)).predicted_s == 24 * 3600
    for hours in (1, 2, 3, 50, 100):
        other = (await bench.desk.file(read(bench.dead_complaint()), by="web")).case.number
        await bench.db.execute("update complaints set state = 'closed', closed_at = filed_at + $2 where number = $1",
                               other, timedelta(hours=hours))
    after = (await bench.desk.file(read(bench.dead_complaint()), by="web")).case.number
    assert (await bench.desk.case(after)).predicted_s == 3 * 3600
    await bench.watch.rank()
    assert (await bench.desk.case(after)).priority > 300


async def test_above_a_role_s_limit_a_higher_role_approves(bench: Bench) -> None:
    number = await filed(bench)
    await bench.db.execute(
        "insert into policies (valid_from, body, set_by, set_at, reason) values ($1, $2, 'x', $1, 'x')",
        NOON, '{"approval_limits": {"agent": "50", "finance": "10", "supervisor": "100", "admin": null}}',
    )
    refused = await bench.desk.act(number, Ask(action="refund", reason="x"), LI)
    assert refused.detail["refund"]["state"] == "proposed"
    with pytest.raises(Conflict, match="above the limit"):
        await bench.desk.act(number, Ask(action="refund", reason="x", approve=True), LI)
    assert (await bench.desk.act(number, Ask(action="refund", reason="x", approve=True), ZHAO)).settled
