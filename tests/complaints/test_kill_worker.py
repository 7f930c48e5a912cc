"""Killed at every statement of its round, the worker repeats nothing outward and forgets nothing."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from complaints.actions import Ask
from complaints.intake.form import read
from csms.kit.clock import SetClock
from csms.kit.db import Db
from tests.complaints.desk import LI, NOW, WANG, Bench, Killed
from tests.complaints.mortal import Mortal

MAIL = "driver@example.org"
ROUNDS = 12


async def scene(db: Db, clock: SetClock) -> tuple[Bench, Mortal]:
    """One case with everything to do at once: words to the customer, a breach, an escalation, a refund to pay."""
    mortal = Mortal(db)
    bench = Bench(mortal, clock)
    await bench.add_people(wang="agent", li="finance", zhao="supervisor", root="admin")
    await bench.a_dead_session()
    await bench.office.doors.hook_put("payments", "https://pay.example", "a secret of some length", "root", None, None)
    given = bench.dead_complaint(channel="web", customer={"email": MAIL})
    number = (await bench.desk.file(read(given), by="web")).case.number
    await bench.desk.say(number, type="message", text="we look into it", audience="customer", who=WANG)
    await bench.desk.act(number, Ask(action="refund", reason="no energy", approve=True), LI)
    clock.move(timedelta(hours=25))
    await bench.tell("CS-1", bench.session(-30, -5, number=9100, meter=180232, wh=9000))
    return bench, mortal


def reborn(bench: Bench) -> None:
    """A new process: nothing is left of what the old one had in memory."""
    post, clock = bench.post, bench.clock
    fresh = Bench(bench.db, clock)
    bench.csms, bench.desk, bench.office, bench.worker = fresh.csms, fresh.desk, fresh.office, fresh.worker
    bench.watch, bench.courier = fresh.watch, fresh.courier
    for carrier in fresh.courier._transports.values():
        carrier.post = post  # type: ignore[attr-defined]  # the world outside stays


async def settle(bench: Bench) -> None:
    for _ in range(ROUNDS):
        bench.clock.move(timedelta(minutes=3))
        await bench.worker.round()


async def outcome(bench: Bench) -> dict[str, Any]:
    entries = await bench.db.fetch("select complaint, type from entries order by seq")
    notices = await bench.db.fetch("select key from outbox where whom = 'staff'")
    return {
        "entries": Counter((row["complaint"], row["type"]) for row in entries),
        "notices": {row["key"] for row in notices},
        "refunds": [row["state"] for row in await bench.db.fetch("select state from refunds")],
        "payments": await bench.db.fetchval("select count(*) from payments"),
        "traits": await bench.db.fetchval("select count(*) from session_traits"),
    }


@pytest.fixture
async def expected(databases: Any) -> dict[str, Any]:
    """How it ends when nobody dies."""
    from csms.kit.db import connect

    dsn = await databases.create()
    db = await connect(dsn)
    bench, _ = await scene(db, SetClock(NOW))
    await settle(bench)
    found = await outcome(bench)
    await db.close()
    await databases.drop(dsn)
    return found


@pytest.mark.timeout(600)
@pytest.mark.parametrize("after", [False, True], ids=["before it runs", "after it ran"])
async def test_killed_at_each_statement_it_ends_as_if_it_had_lived(
    db: Db, expected: dict[str, Any], after: bool
) -> None:
    bench, mortal = await scene(db, SetClock(NOW))
    mortal.after, died = after, 0
    for left in range(10_000):
        mortal.asked, mortal.left = 0, left
        try:
            await bench.worker.round()
        except Killed:
            died += 1
            reborn(bench)
            continue
        break
    mortal.left = None
    assert died > 40  # a round is that long at least; each of its steps was its last one once
    await settle(bench)
    found = await outcome(bench)
    assert found == expected
    assert found["refunds"] == ["sent"]
    keys = Counter(message.key for _, message in bench.post.sent)
    assert max(keys.values()) == 1  # nothing left the house twice
    states = Counter(row["state"] for row in await bench.db.fetch("select state from outbox"))
    assert set(states) <= {"sent", "unclear"}  # nothing is left lying, and what nobody can know is said so
    unclear = await bench.db.fetchval("select count(*) from alarms where kind = 'delivery.unclear'")
    assert bool(unclear) == bool(states["unclear"])
    assert await bench.desk.first_broken(str(await bench.db.fetchval("select number from complaints"))) is None
