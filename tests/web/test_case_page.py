"""The case page through its door: decided over the rules, put right, handed out; and its chart, drawn small."""

from __future__ import annotations

import io
import zipfile
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import httpx
import pytest

from complaints.web import timeline
from complaints.web.records import Records
from complaints.web.tongue import Tongue
from complaints.web.windows import Window, asked
from csms.vocabulary import Payment
from tests.web.stage import Stage
from tests.web.test_doors import logged_in, token, visitor

T0 = datetime(2026, 11, 20, 8, tzinfo=UTC)


@pytest.fixture
async def number(told: Stage) -> str:
    """A case with a payment and no session."""
    await told.product.csms.record_payment(Payment("WX-1", "capture", 30, "CNY", told.clock.now(), station="CS-1"))
    return (await told.complain("CS-1", 1, "扣了30元没充上电", payment_reference="WX-1")).number


async def post(client: httpx.AsyncClient, number: str, action: str, **data: str) -> httpx.Response:
    sealed = token((await client.get(f"/desk/cases/{number}")).text)
    query = f"?session={data.pop('session')}" if "session" in data else ""
    to = f"/desk/cases/{number}/do/{action}{query}"
    return await client.post(to, data={"token": sealed, "reason": "seen"} | data)


async def test_a_verdict_over_the_rules_is_shown_beside_what_they_said_and_can_be_given_back(
    told: Stage, number: str
) -> None:
    desk = told.product.desk
    async with aclosing(await logged_in(told, "zhao")) as supervisor:
        by_rules = (await desk.assessment(number)).judgement["verdict"]  # type: ignore[union-attr]
        answer = await post(supervisor, number, "verdict", verdict="upheld", liability="payment", reason="bank says so")
        assert answer.status_code == 303, answer.text
        judged = (await desk.assessment(number)).judgement  # type: ignore[union-attr]
        assert (judged["verdict"], judged["liability"]) == ("upheld", "payment")
        page = (await supervisor.get(f"/desk/cases/{number}")).text
        assert "Decided by zhao over the rules" in page
        assert "bank says so" in page
        assert (await post(supervisor, number, "verdict", verdict="rules", liability="rules")).status_code == 303
        assert (await desk.case(number)).verdict == by_rules
        assert (await post(supervisor, number, "verdict")).status_code == 422
        assert (await post(supervisor, number, "verdict", verdict="nonsense")).status_code == 422
        assert (await supervisor.get(f"/desk/cases/{number}/do/choose?session=nonsense")).status_code == 200
        assert (await post(supervisor, number, "choose", session="nonsense")).status_code == 422
        assert (await post(supervisor, number, "choose", session="none")).status_code == 303
        judged = (await desk.assessment(number)).judgement  # type: ignore[union-attr]
        assert judged["overridden"]["transaction"]["by"] == "zhao"
    async with aclosing(await logged_in(told, "an")) as auditor:
        assert (await auditor.get(f"/desk/cases/{number}/do/verdict")).status_code == 403


async def test_a_no_from_the_records_alone_asks_the_driver_what_they_cannot_know(told: Stage, number: str) -> None:
    follow = f"/c/{(await told.product.desk.case(number)).tracking}"
    async with aclosing(await logged_in(told, "zhao")) as supervisor, visitor(told) as driver:
        await post(supervisor, number, "verdict", verdict="not_upheld", liability="customer")
        page = (await driver.get(follow)).text
        assert "What the records show so far" in page
        assert '<a class="button" href="#text">Add something</a>' in page
        assert (await post(supervisor, number, "resolve", text="We have looked at it.")).status_code == 303
        page = (await driver.get(follow)).text
        assert "We have looked at it." in page
        assert "Add something" not in page


async def test_what_was_sorted_or_typed_wrong_is_put_right(told: Stage, number: str) -> None:
    desk = told.product.desk
    async with aclosing(await logged_in(told, "li")) as agent:
        standing = {"topic": "double_charged", "level": "1", "department": "finance"}
        assert (await post(agent, number, "sort", **standing)).status_code == 303
        case = await desk.case(number)
        assert (case.topic, case.category, case.level, case.department) == ("double_charged", "payment", 1, "finance")
        facts = {"station": "CS-1", "evse": "", "occurred_at": "2026-11-20T09:30", "payment_reference": "", "order": ""}
        answer = await post(agent, number, "facts", **facts)
        assert answer.status_code == 303, answer.text[-3000:]
        case = await desk.case(number)
        assert (case.evse, case.payment_reference) == (None, None)
        assert case.occurred_at == datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
        assert (await post(agent, number, "facts", **facts | {"station": "GHOST"})).status_code == 422
        assert (await post(agent, number, "facts", **facts | {"occurred_at": "yesterday"})).status_code == 422


async def test_a_case_is_handed_out_and_who_took_it_is_on_record(told: Stage, number: str) -> None:
    async with aclosing(await logged_in(told, "li")) as agent, aclosing(await logged_in(told, "tan")) as technician:
        page = await agent.get(f"/desk/cases/{number}/export.html")
        assert number in page.text
        assert "attachment" in page.headers["content-disposition"]
        packed = await agent.get(f"/desk/cases/{number}/export.zip")
        assert zipfile.ZipFile(io.BytesIO(packed.content)).testzip() is None
        retold = await agent.get(f"/desk/cases/{number}/scenario.yaml")
        assert "WX-1" not in retold.text
        assert "complaint" in retold.text
        assert (await technician.get(f"/desk/cases/{number}/export.zip")).status_code == 403
        assert sum(e.type == "export" for e in (await told.product.desk.view(number)).entries) == 2


async def test_the_bill_stands_as_a_table_and_a_customer_is_masked(told: Stage, number: str) -> None:
    case = await told.complain("CS-1", 1, "slow", payment_reference=None, customer={"phone": "13812345678"})
    async with aclosing(await logged_in(told, "an")) as auditor, aclosing(await logged_in(told, "li")) as agent:
        assert "138****5678" in (await auditor.get(f"/desk/cases/{case.number}")).text
        assert "13812345678" in (await agent.get(f"/desk/cases/{case.number}")).text
        page = (await agent.get(f"/desk/cases/{number}")).text
        assert "WX-1" in page


# --- the chart ------------------------------------------------------------------------------------


def records(n: int, **about: Any) -> Records:
    """A plug with n readings, one a second, and whatever else is given."""
    readings = [
        {"id": f"r{i}", "at": (at := (T0 + timedelta(seconds=i)).isoformat()), "received_at": at, "evse": 1,
         "power_w": 50_000 if i == n // 2 else 7000.0, "energy_wh": i * 2.0, "soc_percent": 20.0,
         "temperature_c": 31.0, "frame": None}
        for i in range(n)
    ]
    story = {
        "station": {"id": "CS-1", "connectors": [{"evse": 1}], "clock_offset_s": 0.0}, "since": T0.isoformat(),
        "until": (T0 + timedelta(seconds=n)).isoformat(), "last_status_before": {}, "readings": readings,
        **{name: [] for name in ("statuses", "connections", "transactions", "faults", "payments", "commands", "boots",
                                 "steps")},
    }
    claim = {"filed_at": (T0 + timedelta(seconds=n)).isoformat(), "evse": 1, "occurred_at": None}
    return Records(MappingProxyType(claim), story | about, T0 + timedelta(seconds=n))


def points(chart: timeline.Chart) -> int:
    return sum(len(line.split()) for curve in chart.curves for line in curve.lines)


def test_twenty_thousand_readings_are_thinned_and_no_spike_is_lost() -> None:
    drawn = timeline.draw(records(20_000), None, Window(T0, T0 + timedelta(seconds=20_000)), "UTC", Tongue("en"))
    assert {c.kind for c in drawn.curves} == {"power", "energy", "soc", "heat"}
    assert 300 < points(drawn) < 4 * 2 * 320
    assert next(c.top for c in drawn.curves if c.kind == "power") == "50.0 kW"


def test_a_closer_look_shows_every_reading_there_and_no_other() -> None:
    window = Window(T0 + timedelta(seconds=100), T0 + timedelta(seconds=130))
    drawn = timeline.draw(records(2_000), None, window, "UTC", Tongue("en"))
    power = next(c for c in drawn.curves if c.kind == "power")
    assert len(power.lines[0].split()) == 31
    assert [words for _, words in drawn.ticks][:2] == ["08:01:40", "08:01:45"]


def test_what_was_received_late_is_drawn_from_when_it_was_said_to_when_it_came() -> None:
    late = [{"evse": 1, "connector": 1, "status": "Charging", "source": "connector", "frame": f"CS-1:{n}",
             "at": (T0 + timedelta(minutes=n)).isoformat(), "received_at": (T0 + timedelta(minutes=50)).isoformat()}
            for n in (5, 20, 49)]
    window = Window(T0, T0 + timedelta(hours=1))
    drawn = timeline.draw(records(3_600, statuses=late), None, window, "UTC", Tongue("en"))
    assert [k.proof for k in drawn.skews] == [("frame", f"CS-1:{n}") for n in (5, 20, 49)]
    assert all(k.received > k.said for k in drawn.skews)
    assert any("received 08:50:00" in b.title for b in drawn.bars)
    assert not timeline.draw(records(60), None, window, "UTC", Tongue("en")).skews


def test_a_window_of_an_address_is_taken_only_where_it_makes_sense() -> None:
    whole = Window(T0, T0 + timedelta(hours=1))
    assert asked(*(str(n) for n in whole.query.values())) == whole
    for since, until in (("", ""), ("5", "1"), ("1", "5"), ("-1", "99"), ("x", "y"), ("1", "9" * 11)):
        assert asked(since, until) is None
    assert whole.moved(0, 0.5).length == timedelta(minutes=30)
    assert whole.moved(0.5).since == T0 + timedelta(minutes=30)
