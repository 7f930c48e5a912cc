"""Many with one cause: grouped, alarmed, answered once, understood; and failures that we see before the driver does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from complaints import alarms
from complaints.actions import Ask
from complaints.incidents import Report, group, rows, silent_connectors
from complaints.intake.form import read
from csms import stations
from csms.errors import BadInput, Conflict
from tests.complaints.desk import LI, WANG, ZHAO, Bench

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)


def told(n: int, station: str = "CS-1", *, evse: int | None = 1, what: str = "cannot_start", complaint: bool = True,
         **more: Any) -> Report:
    return Report(f"C{n}", NOON, station, what, complaint, evse, **more)


# --- grouping ---------------------------------------------------------------------------------


def test_three_people_at_one_station_make_an_incident_one_person_three_times_does_not() -> None:
    assert [c.key for c in group([told(n) for n in range(3)], at_least=3)] == ["station:CS-1"]
    assert group([told(n, person="ann") for n in range(3)], at_least=3) == []


def test_a_site_is_wider_than_its_stations_and_a_firmware_wider_than_its_sites() -> None:
    site = [told(n, f"CS-{n}", site="S1") for n in range(3)]
    assert [c.kind for c in group(site, at_least=3)] == ["site"]
    spread = [told(n, f"CS-{n}", site=f"S{n}", model="M", firmware="1.2") for n in range(3)]
    causes = group(spread, at_least=3)
    assert [(c.kind, c.model, c.firmware) for c in causes] == [("firmware", "M", "1.2")]
    assert causes[0].complaints == ["C0", "C1", "C2"]


def test_many_stations_gone_at_once_are_one_platform_incident() -> None:
    gone = [f"CS-{n}" for n in range(6)]
    causes = group([told(1, "CS-1"), told(2, "CS-9")], at_least=3, connected=8, dropped=gone)
    assert [(c.kind, c.complaints) for c in causes] == [("platform", ["C1"])]
    assert group([], at_least=3, connected=900, dropped=gone) == []


def test_a_case_speaks_for_the_cause_it_is_put_down_to_and_for_no_other() -> None:
    platform = [told(n, cause="platform") for n in range(3)]
    assert group(platform, at_least=3) == []
    assert group([*platform, told(7), told(8)], at_least=3) == []
    own = [told(n, cause="station:CS-1") for n in range(2)]
    assert [c.complaints for c in group([*own, told(7)], at_least=3)] == [["C0", "C1", "C7"]]


def test_what_is_over_for_everybody_needs_no_incident() -> None:
    closed = [told(n, over=True) for n in range(3)]
    assert group(closed, at_least=3) == []
    assert [c.complaints for c in group([*closed[:2], told(7)], at_least=3)] == [["C0", "C1", "C7"]]
    assert group([*closed, told(8, complaint=False)], at_least=3)


def test_a_plug_that_people_complain_of_and_that_reports_nothing_is_silent() -> None:
    three = [told(n) for n in range(3)]
    assert silent_connectors(three, at_least=3) == [("CS-1", 1, ("C0", "C1", "C2"))]
    assert silent_connectors([*three, told(9, complaint=False, what="GroundFailure")], at_least=3) == []
    assert silent_connectors([*three, told(9, evse=0, complaint=False)], at_least=3) == []


async def three_complaints(bench: Bench) -> list[str]:
    await bench.a_dead_session()
    numbers = []
    for n in range(3):
        given = {"channel": "qr", "text": "充电枪启动不了,一直没反应", "station": "CS-1", "evse": 2,
                 "customer": {"email": f"d{n}@example.org"}, "language": ["zh-Hans", "zh-Hant", "en"][n]}
        numbers.append((await bench.desk.file(read(given), by="qr")).case.number)
    return numbers


async def test_complaints_are_grouped_by_themselves_and_the_silent_plug_is_alarmed(bench: Bench) -> None:
    numbers = await three_complaints(bench)
    lookout = bench.office.lookout
    new = await lookout.look()
    assert [(i.kind, i.station, i.affected) for i in new] == [("station", "CS-1", 3)]
    assert await lookout.look() == []
    bench.clock.move(timedelta(minutes=2))
    assert await lookout.look() == []  # the same cause stays one incident
    assert {(await bench.desk.case(n)).incident for n in numbers} == {new[0].id}
    assert {(await bench.desk.case(n)).affected for n in numbers} == {3}
    async with bench.db.acquire() as conn:
        found = [a for a in await alarms.listed(conn) if a.kind == "silent_fault"]
    assert [(a.station, a.evse, sorted(a.detail["complaints"])) for a in found] == [("CS-1", 2, numbers)]


async def test_a_solved_incident_does_not_begin_again_with_the_same_cases(bench: Bench) -> None:
    await three_complaints(bench)
    [made] = await bench.office.lookout.look()
    async with bench.db.acquire() as conn, conn.transaction():
        await rows.resolved(conn, made.id, bench.clock())
    bench.clock.move(timedelta(minutes=2))
    assert await bench.office.lookout.look() == []


async def test_only_stations_whose_socket_ended_have_dropped(bench: Bench) -> None:
    """A history that was imported tells of no outage."""
    now = bench.clock()
    async with bench.db.acquire() as conn, conn.transaction():
        for n in range(6):
            await stations.put(conn, f"GONE-{n}", {}, [], None)
            link = (uuid4(), f"GONE-{n}", now - timedelta(hours=1))
            await conn.execute("insert into connections (id, station, connected_at) values ($1, $2, $3)", *link)
    assert await bench.office.lookout.look() == []
    async with bench.db.acquire() as conn, conn.transaction():
        await stations.disconnect(conn, [(f"GONE-{n}", None, now, 1006, None) for n in range(6)])
    bench.clock.move(timedelta(minutes=2))
    assert [i.kind for i in await bench.office.lookout.look()] == ["platform"]


async def test_one_message_answers_all_each_in_his_language_and_once(bench: Bench) -> None:
    numbers = await three_complaints(bench)
    incident = (await bench.office.lookout.look())[0]
    words = {"zh-Hans": "供电故障,正在抢修。", "zh-Hant": "供電故障,正在搶修。", "en": "Power is out; we are on it."}
    lookout = bench.office.lookout
    assert await lookout.answer_all(incident.id, words, resolve=False, by="wang") == numbers
    assert await lookout.answer_all(incident.id, words, resolve=False, by="wang") == []
    bench.clock.move(timedelta(seconds=20))
    await bench.courier.round()
    for n, language in enumerate(("zh-Hans", "zh-Hant", "en")):
        assert words[language] in "".join(bench.post.to(f"d{n}@example.org"))
    fixed = {"en": "It works again.", "zh-Hans": "已恢复。"}
    assert await lookout.answer_all(incident.id, fixed, resolve=True, by="wang") == numbers
    assert (await bench.desk.case(numbers[0])).state == "confirming"


async def test_an_incident_is_closed_once_it_is_understood_and_acted_on(bench: Bench) -> None:
    await three_complaints(bench)
    incident = (await bench.office.lookout.look())[0]
    async with bench.db.acquire() as conn, conn.transaction():
        await rows.resolved(conn, incident.id, bench.clock())
        with pytest.raises(Conflict, match="5-Why"):
            await rows.closed(conn, incident.id, bench.clock())
        with pytest.raises(BadInput):
            await rows.understood(conn, incident.id, [], "x", "equipment")
        whys = [{"why": "no start", "because": "no power"}, {"why": "no power", "because": "breaker too small"}]
        await rows.understood(conn, incident.id, whys, "the breaker was never sized for two guns", "equipment")
        action = await rows.add_action(conn, what="larger breaker", owner="tech", due_at=bench.clock(), by="zhao",
                                       now=bench.clock(), incident=incident.id)
        with pytest.raises(Conflict, match="not done"):
            await rows.closed(conn, incident.id, bench.clock())
        effect = await rows.effect(conn, bench.clock(), bench.clock() + timedelta(days=30), station="CS-1")
        assert effect == {"before": 3, "after": 0}
        await rows.finish_action(conn, action, "tech", bench.clock(), effect)
        assert (await rows.closed(conn, incident.id, bench.clock())).state == "closed"


# --- before the driver writes -----------------------------------------------------------------


async def test_a_paid_session_that_gave_nothing_opens_a_case_with_a_refund_proposed_never_paid(bench: Bench) -> None:
    await bench.a_dead_session()
    await bench.db.execute("update events set at = $1", bench.clock() - timedelta(minutes=5))
    assert await bench.office.lookout.see_failed_sessions() == 0  # the payment side may still give it back
    bench.clock.move(timedelta(minutes=20))
    assert await bench.office.lookout.see_failed_sessions() == 1
    assert await bench.office.lookout.see_failed_sessions() == 0
    found = await bench.db.fetchrow("select number, channel, state, customer_token from complaints")
    assert (found["channel"], found["state"], found["customer_token"]) == ("proactive", "approving", "T1")
    refund = await bench.db.fetchrow("select state, amount, proposed_by from refunds")
    assert (refund["state"], str(refund["amount"]), refund["proposed_by"]) == ("proposed", "30.00", "ohmbudsman")
    assert len(await bench.csms.payments_of(references=["P-1"])) == 1
    await bench.db.execute("update worker_marks set event = 0 where name = 'proactive'")
    assert await bench.office.lookout.see_failed_sessions() == 0
    acted = await bench.desk.act(found["number"], Ask(action="refund", reason="fits", approve=True), LI)
    assert acted.detail["refund"]["state"] == "sent"


async def test_nothing_is_opened_where_the_driver_wrote_or_the_money_went_back(bench: Bench) -> None:
    await bench.a_dead_session()
    await bench.pay("P-1-back", "30.00", -1, kind="refund", of="P-1")
    await bench.db.execute("update events set at = $1", bench.clock() - timedelta(minutes=30))
    assert await bench.office.lookout.see_failed_sessions() == 0
    assert await bench.db.fetchval("select count(*) from complaints") == 0


async def test_a_written_complaint_is_not_opened_again(bench: Bench) -> None:
    await bench.a_dead_session()
    await bench.desk.file(read(bench.dead_complaint()), by=WANG.name)
    await bench.db.execute("update events set at = $1", bench.clock() - timedelta(minutes=30))
    assert await bench.office.lookout.see_failed_sessions() == 0
    assert await bench.db.fetchval("select count(*) from complaints") == 1
    assert ZHAO.role == "supervisor"
