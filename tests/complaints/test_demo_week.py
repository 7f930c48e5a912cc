"""The demo's week: lived by the product's own rules, with something of everything."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from complaints.app import Product
from complaints.demo import troubles
from complaints.demo.town import machines
from complaints.demo.week import Past
from complaints.intake.classify.topics import TOPICS
from complaints.record import verify_all
from complaints.settings import Settings
from csms.kit.clock import SetClock
from csms.kit.db import Db

NOW = datetime(2026, 11, 29, 9, 30, tzinfo=UTC)


@pytest.mark.slow
@pytest.mark.timeout(900)  # some ten seconds of work; a busy machine needs longer
async def test_a_week_has_all_kinds_of_complaints_and_what_became_of_them(db: Db) -> None:
    clock = SetClock(NOW)
    product = Product(db, Settings.load({}, http_port=0, ocpp_port=0), clock=clock)
    week = await Past(product, clock, NOW, sessions=60).live()

    filed = await db.fetch("select * from complaints where channel <> 'proactive' order by number")
    assert len(filed) == len(troubles.ALL) >= 40
    assert {row["topic"] for row in filed} == set(TOPICS)
    assert {row["language"] for row in filed} == {"zh-Hans", "zh-Hant", "en"}
    states = {row["state"] for row in filed}
    assert states >= {"investigating", "need_info", "approving", "executing", "closed", "second_review", "merged",
                      "external"}
    assert all(row["version"] > 0 for row in filed), "each was judged"
    paid_back = [row for row in filed if row["topic"] in ("charged_no_energy", "double_charged", "wrong_tariff")]
    assert all(row["verdict"] in ("upheld", "partly_upheld") for row in paid_back)
    assert any(row["verdict"] == "not_upheld" for row in filed)

    assert await db.fetchval("select count(*) from transactions") == week.sessions
    assert await db.fetchval("select count(*) from quarantine") == 0
    assert await db.fetchval("select count(*) from stations") == len(machines()) == 60
    assert {r["state"] for r in await db.fetch("select distinct state from refunds")} >= {"sent", "proposed"}
    assert await db.fetchval("select count(*) from complaints where channel = 'proactive'") >= 1
    grouped = await db.fetch("select title, affected from incidents where kind <> 'other'")
    assert {(row["title"], row["affected"]) for row in grouped} >= {("Trouble at HB-07", 3)}
    assert all(row["affected"] for row in grouped)
    silent = await db.fetch("select station, evse from alarms where kind = 'silent_fault'")
    assert {(row["station"], row["evse"]) for row in silent} == {("HB-07", 2)}
    async with db.acquire() as conn:
        checked, broken = await verify_all(conn, None)
    assert (checked > len(filed) - 1, broken) == (True, [])
