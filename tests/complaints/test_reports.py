"""What cases say together: figures, trends, makes, repeats, what follows by itself, what is to come."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import httpx
import pytest

from complaints.actions import Ask
from complaints.intake.classify.nature import nature_of
from complaints.intake.form import read
from complaints.reports.fleet import by_make, standouts
from complaints.reports.forecast import WEEK, forecast
from csms.vocabulary import MakeUse
from tests.complaints.desk import LI, WANG, ZHAO, Bench
from tests.complaints.test_docs import ask, client

__all__ = ["client"]
START = date(2023, 1, 2)  # a Monday


# --- pure -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("topic", "text", "nature"), [
    ("slow", "充电太慢", "quality"),
    ("slow", "充电太慢,打客服还被骂", "attitude"),
    ("idle_fee", "收占位费没提示", "information"),
    ("refund_missing", "钱还没退", "waiting"),
    ("overcharged", "多收了,等了三个星期", "waiting"),
    ("overcharged", "the price was hidden", "information"),
    ("suggestion", "建议别再骂人", "suggestion"),
    ("other", "x", "other"),
])
def test_the_second_axis_follows_the_topic_unless_the_words_say_otherwise(topic: str, text: str, nature: str) -> None:
    assert nature_of(topic, text) == nature


def used(station: str, model: str, sessions: int, faults: int = 0) -> MakeUse:
    return MakeUse("V", model, "1", (station,), sessions, 1000.0 * sessions, faults)


def test_makes_are_compared_by_their_use() -> None:
    counts = [{"station": "A", "topic": "slow", "cases": 8}, {"station": "B", "topic": "slow", "cases": 4},
              {"station": "gone", "topic": "slow", "cases": 9}]
    first, second = by_make([used("A", "X", 4000, 2), used("B", "Y", 500)], counts, "model")
    assert (first.key, first.complaints_per_1000) == ("V Y", 8.0)  # half the complaints, an eighth of the use
    assert (second.key, second.complaints_per_1000, second.faults_per_1000) == ("V X", 2.0, 0.5)


def test_a_model_stands_out_by_share_and_count_and_not_by_being_common() -> None:
    fleet = [used("A", "X", 500), used("B", "Y", 500)]
    counts = [{"station": "A", "topic": "slow", "cases": 9}, {"station": "B", "topic": "slow", "cases": 1}]
    found = standouts(by_make(fleet, counts, "model"), over=0.3, at_least=5)
    assert [(s.topic, s.model, s.cases, s.share) for s in found] == [("slow", "V X", 9, 0.9)]
    assert not standouts(by_make(fleet, counts, "model"), over=0.3, at_least=10)
    only = by_make([used("A", "X", 500)], counts[:1], "model")
    assert not standouts(only, over=0.3, at_least=5)  # all complaints, and all the use


def test_a_season_is_foreseen_and_its_error_said() -> None:
    weeks = [START + n * WEEK for n in range(120)]
    counts = {w: 40 if w.isocalendar().week in (5, 6, 7) else 10 for w in weeks}
    last = next(w for w in reversed(weeks) if w.isocalendar().week == 4)
    known = {w: n for w, n in counts.items() if w <= last}
    made = forecast(known, last, 2)
    assert made.weeks[0].monday == last + WEEK
    assert made.weeks[1].expected > 20  # the peak lies ahead, though nothing of it is seen yet
    assert made.error is not None
    assert made.weeks[0].low <= made.weeks[0].expected <= made.weeks[0].high


def test_without_a_year_the_level_is_what_is_known_and_without_a_month_nothing() -> None:
    flat = {START + n * WEEK: 7 for n in range(12)}
    made = forecast(flat, START + 11 * WEEK, 3)
    assert [w.expected for w in made.weeks] == [7, 7, 7]
    assert (made.error, made.naive_error) == (0, 0)
    quiet = forecast({START: 3}, START + 20 * WEEK, 1)
    assert quiet.weeks[0].expected == 0  # weeks without a case count as such
    assert forecast({START: 3}, START + WEEK, 1).weeks == ()


# --- rows -------------------------------------------------------------------------------------


@pytest.fixture
async def told(bench: Bench) -> Bench:
    """Three cases at one plug in one month: one settled at once, one that came back, one open and late."""
    await bench.add_people(wang="agent", ann="agent", li="finance", zhao="supervisor")
    await bench.a_dead_session()
    for phone in ("13800000001", "13800000002", "13800000003"):
        await _file(bench, phone)
    first, second, _ = await _numbers(bench)
    await bench.desk.act(first, Ask(action="resolve", text="fixed"), WANG)
    await bench.desk.customer_answers((await bench.desk.case(first)).tracking, settled=True, satisfaction=5)
    await bench.desk.act(first, Ask(action="close", reason="done"), ZHAO)
    await bench.desk.act(second, Ask(action="resolve", text="no"), WANG)
    await bench.desk.customer_answers((await bench.desk.case(second)).tracking, settled=False, text="nothing works")
    bench.clock.move(timedelta(days=3))
    await bench.desk.note_breaches()
    return bench


async def _file(bench: Bench, phone: str) -> str:
    given = {"channel": "app", "text": "枪一直充不进去电", "station": "CS-1", "evse": 1, "topic": "cannot_start",
             "customer": {"phone": phone}}
    return (await bench.desk.file(read(given), by="app")).case.number


async def _numbers(bench: Bench) -> list[str]:
    return [row["number"] for row in await bench.db.fetch("select number from complaints order by number")]


def month(bench: Bench) -> tuple[datetime, datetime]:
    return bench.clock() - timedelta(days=30), bench.clock()


async def test_figures_tell_how_many_how_fast_how_well_and_by_whom(told: Bench) -> None:
    total, equipment = await told.office.reports.summary(*month(told))
    assert (total.key, total.cases, total.open, total.closed, total.again) == (None, 3, 2, 1, 1)
    assert (total.first_resolution, total.stars, total.rated) == (0.5, 5.0, 1)
    assert total.late == 2  # closed at once is not late
    assert equipment.key == "equipment"
    people = {f.key: f for f in await told.office.reports.summary(*month(told), by="person")}
    assert people[None].cases == 3
    assert all(sum(f.levels) == f.cases for f in people.values())  # with the mix of levels beside it
    natures = {f.key for f in await told.office.reports.summary(*month(told), by="nature")}
    assert "quality" in natures
    trend, = await told.office.reports.trends(*month(told))
    assert (trend["key"], trend["cases"], trend["before"]) == ("cannot_start", 3, 0)


async def test_the_first_resolution_rate_is_held_against_its_target_and_raised(told: Bench) -> None:
    found = await told.office.reports.first_resolution(*month(told))
    assert (found["rate"], found["met"]) == (0.5, False)
    assert [row["round"] for row in found["came_back"]] == [2]
    async with told.db.acquire() as conn:
        await conn.execute(
            "insert into policies (valid_from, body, set_by, set_at, reason) values "
            "('2020-01-01', '{\"share_at_least\": 2, \"training_at\": 1}', 'root', '2020-01-01', 'x')")
    assert await told.office.improvement.look() > 0
    kinds = {row["kind"] for row in await told.db.fetch("select kind from alarms")}
    assert "first_resolution" in kinds
    trainings = await told.db.fetchval("select count(*) from corrective_actions where kind = 'training'")
    assert trainings >= 1  # row 56: who let clocks run out
    told.clock.move(timedelta(hours=2))
    before = await told.db.fetchval("select count(*) from corrective_actions")
    await told.office.improvement.look()
    assert await told.db.fetchval("select count(*) from corrective_actions") == before  # each once


async def test_a_plug_that_keeps_coming_back_gets_a_rectification_with_a_date(told: Bench) -> None:
    plug, = (await told.office.reports.repeats(*month(told)))["plugs"]
    assert (plug["station"], plug["evse"], plug["topic"], plug["cases"], plug["people"]) == (
        "CS-1", 1, "cannot_start", 3, 3)
    await told.office.improvement.look()
    action = await told.db.fetchrow("select * from corrective_actions where kind = 'rectification'")
    assert action["due_at"] == told.clock() + timedelta(days=14)
    notice = "select recipient from outbox where situation = 'rectification'"
    assert "zhao" in {row["recipient"] for row in await told.db.fetch(notice)}


async def test_who_complains_again_soon_after_closing_is_linked(told: Bench) -> None:
    number = await _file(told, "13800000001")
    found = await told.office.reports.repeats(told.clock() - timedelta(days=1), told.clock() + timedelta(days=1))
    again, = found["people"]
    assert (again["number"], again["before"]) == (number, (await _numbers(told))[0])
    told.clock.move(timedelta(minutes=1))
    await told.office.improvement.look()
    link = await told.db.fetchrow("select * from case_links where kind = 'repeat'")
    assert (link["complaint"], link["because"]) == (number, ["same person", "same topic"])


async def test_makes_are_read_from_what_stations_say_of_themselves(told: Bench) -> None:
    brand, = await told.office.reports.brands(*month(told))
    assert (brand.key, brand.sessions, brand.complaints) == ("V M", 1, 3)
    firmware, = await told.office.reports.brands(*month(told), by="firmware")
    assert firmware.key == "V M unknown"


async def test_late_is_listed_with_who_let_it_run_out(told: Bench) -> None:
    found = await told.office.reports.overdue()
    assert {row["kind"] for row in found["items"]} >= {"resolve"}
    assert sum(row["breaches"] for row in found["people"]) >= 1


async def test_every_report_answers_over_http_and_a_review_keeps_its_figures(
    told: Bench, client: httpx.AsyncClient
) -> None:
    for name in ("summary", "trends", "first-resolution", "brands", "standouts", "overdue", "repeats", "forecast",
                 "review", "upkeep", "warnings", "summary?by=person", "brands?by=vendor", "forecast?site=x&ahead=2"):
        assert (await ask(client, "GET", f"/reports/{name}", role="auditor"))[0] == 200, name
    assert (await ask(client, "GET", "/reports/summary?by=shoe"))[0] == 422
    assert (await client.get("/reports/summary")).status_code == 401
    review = {"since": "2026-10-01T00:00:00Z", "until": "2027-01-01T00:00:00Z", "decisions": "train the night shift"}
    assert (await ask(client, "POST", "/reviews", review, "agent"))[0] == 403
    assert (await ask(client, "POST", "/reviews", review))[0] == 201
    kept = (await ask(client, "GET", "/reviews"))[1]["items"][0]
    assert (kept["decisions"], kept["figures"]["figures"][0]["cases"]) == ("train the night shift", 3)


async def test_a_measure_is_finished_and_its_effect_read(told: Bench, client: httpx.AsyncClient) -> None:
    await told.office.improvement.look()
    action = (await ask(client, "GET", "/actions"))[1]["items"][0]
    assert (await ask(client, "GET", f"/actions/{action['id']}/effect"))[0] == 409
    assert (await ask(client, "POST", f"/actions/{action['id']}/done", {}))[0] == 204
    told.clock.move(timedelta(days=5))
    status, effect = await ask(client, "GET", f"/actions/{action['id']}/effect")
    assert (status, effect) == (200, {"before": 3, "after": 0})
    assert (await ask(client, "GET", "/actions"))[1]["items"] == []


# --- plans ------------------------------------------------------------------------------------


async def test_a_plan_has_steps_an_approver_and_holds_the_case_until_it_is_done(
    bench: Bench, client: httpx.AsyncClient
) -> None:
    await bench.add_people(wang="agent", li="finance", zhao="supervisor")
    await bench.a_dead_session()
    number = await _file(bench, "13800000009")
    step = {"what": "replace the cable", "owner": "tech", "due_at": bench.at(60 * 24), "resources": ["cable 5 m"]}
    plan = {"goal": "charges again", "steps": [step, step | {"what": "tell him", "resources": []}], "cost": "800"}
    status, made = await ask(client, "POST", f"/complaints/{number}/plan", plan, "agent")
    assert (status, made["state"], made["version"]) == (201, "proposed", 1)
    path = f"/complaints/{number}/plan"
    assert (await ask(client, "POST", f"{path}/steps/1", {"result": "x"}, "agent"))[0] == 409  # not approved yet
    approve = {"approve": True}
    assert (await ask(client, "POST", f"{path}/decision", approve, "agent"))[0] == 409  # his own
    assert (await ask(client, "POST", f"{path}/decision", approve, "technician"))[0] == 409  # above his limit
    assert (await ask(client, "POST", f"{path}/decision", approve, "finance"))[1]["state"] == "approved"
    await bench.desk.act(number, Ask(action="resolve", text="fixed"), LI)
    await bench.desk.customer_answers((await bench.desk.case(number)).tracking, settled=True)
    with pytest.raises(Exception, match="the plan is not carried out"):
        await bench.desk.act(number, Ask(action="close", reason="done"), ZHAO)
    assert (await ask(client, "POST", f"{path}/steps/1", {"result": "done"}, "technician"))[1]["state"] == "approved"
    assert (await ask(client, "POST", f"{path}/steps/1", {"result": "again"}, "technician"))[0] == 409
    assert (await ask(client, "POST", f"{path}/steps/2", {"result": "told"}, "agent"))[1]["state"] == "done"
    await bench.desk.act(number, Ask(action="close", reason="done"), ZHAO)
    types = [e.type for e in (await bench.desk.view(number)).entries]
    assert [t for t in types if t.startswith("plan")] == ["plan", "plan_decided", "plan_step", "plan_step"]
    assert await bench.desk.first_broken(number) is None


