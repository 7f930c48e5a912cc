"""A desk that is killed while it sends: what left is not sent again, what did not leave still goes."""

from __future__ import annotations

import asyncio
from datetime import time
from pathlib import Path
from random import Random

import pytest

from complaints import deadlines
from complaints.actions import Ask
from complaints.intake.form import read
from complaints.policy import Policy, Quiet
from csms.kit.clock import SetClock, system_clock
from csms.kit.db import Db
from tests.complaints.desk import LI, Bench
from tests.reliability.sinks import Outside
from tools.chaos.processes import Ours

SEED, KILLS, CASES = 20261130, 4, 14
AT_ANY_HOUR = Policy(quiet=Quiet(time(0), time(0)))
LEASE_RUNS_OUT = "update outbox set claimed_at = claimed_at - interval '3 minutes' where state = 'sending'"
UNDERWAY = "select count(*) from outbox where state in ('queued', 'sending')"
UNPAID = "select count(*) from refunds where state in ('approved', 'initiated')"


@pytest.mark.slow
@pytest.mark.timeout(300)  # some 20 s; a machine that does ten things at once may need longer
async def test_a_desk_killed_while_it_sends_repeats_nothing_and_forgets_nothing(
    db: Db, dsn: str, tmp_path: Path
) -> None:
    dice = Random(SEED)
    async with Outside(SEED) as outside:
        await fill_the_outbox(db, outside.payments)
        desk = Ours("desk", tmp_path / "desk.log", "--database", dsn, environment=outside.environment)
        try:
            for due in sorted(dice.sample(range(2, 2 * CASES), KILLS)):
                await desk.start()
                await arrived(outside, due, db)
                await asyncio.sleep(dice.uniform(0, 0.1))  # the moment of death is the point of it
                await desk.kill()
                await db.execute(LEASE_RUNS_OUT)
            await desk.start()
            await all_sent(db)
        finally:
            await desk.end()
        await assert_paid_once(db, outside)
        await assert_told_once(db, outside)


async def fill_the_outbox(db: Db, payments: str) -> None:
    """Cases with words to their customers and a refund on its way, and nobody yet who sends."""
    bench = Bench(db, SetClock(system_clock()))
    await bench.add_people(li="finance")
    async with db.acquire() as conn:
        await deadlines.put_policy(conn, AT_ANY_HOUR, "root", "a test has no time to sleep", bench.clock())
    await bench.office.doors.hook_put("payments", payments, "a secret of some length", "root", None, None)
    for n in range(CASES):
        station, payment = f"CS-{n}", f"P-{n}"
        await bench.a_dead_session(station, payment)
        given = bench.dead_complaint(
            channel="web", station=station, payment_reference=payment, customer={"email": f"driver{n}@example.org"}
        )
        number = (await bench.desk.file(read(given), by="web")).case.number
        await bench.desk.act(number, Ask(action="refund", reason="no energy", approve=True), LI)


async def arrived(outside: Outside, due: int, db: Db) -> None:
    """Until so much has come in, or nothing more is to be sent."""
    while outside.sinks.arrived < due and await db.fetchval(UNDERWAY):  # noqa: ASYNC110 - what comes in rings no bell
        await asyncio.sleep(0.005)


async def all_sent(db: Db) -> None:
    while await db.fetchval(UNDERWAY) or await db.fetchval(UNPAID):  # noqa: ASYNC110 - nor does a database
        await asyncio.sleep(0.05)


async def assert_paid_once(db: Db, outside: Outside) -> None:
    """The payment side knows a repetition by its key: each refund is there, and what came twice was the same."""
    refunds = await db.fetch("select key, state from refunds")
    assert {row["state"] for row in refunds} == {"sent"}
    assert set(outside.sinks.calls) == {row["key"] for row in refunds}
    assert len(refunds) == CASES
    assert all(len(set(bodies)) == 1 for bodies in outside.sinks.calls.values())
    assert await db.fetchval("select count(*) from payments where kind = 'refund'") == CASES


async def assert_told_once(db: Db, outside: Outside) -> None:
    """Mail knows no repetition: none came twice, and what nobody can know is on record and told to staff."""
    assert outside.sinks.repeated_mails == []
    batches = await db.fetch("select batch, min(state) as state from outbox where channel = 'email' group by batch")
    unclear = [row["batch"] for row in batches if row["state"] == "unclear"]
    assert {row["state"] for row in batches} <= {"sent", "unclear"}
    assert len(unclear) <= KILLS
    assert len(batches) - len(unclear) <= len(outside.sinks.mails) <= len(batches)
    told = await db.fetch("select key from alarms where kind = 'delivery.unclear'")
    assert {row["key"] for row in told} == {f"delivery:{batch}" for batch in unclear}
