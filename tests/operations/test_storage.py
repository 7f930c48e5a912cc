"""Storage for years: months go by policy, what is left still verifies, thinned readings still make the same bill."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime, timedelta

import pytest

from complaints import storage as command
from csms import journal, partitions, storage
from csms.errors import Conflict
from csms.importer import rebuild
from csms.kit.db import Conn, Db
from csms.storage import Partition, Policy, plan

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
OLD, RECENT = datetime(2025, 7, 10, tzinfo=UTC), datetime(2026, 11, 10, tzinfo=UTC)
FRAME = """
    insert into frames (station, seq, received_at, kind, message_id, frame, hash, prev_hash)
    values ('CS-1', $1, $2, 'received', $3, $4, $5, $6)
"""
READING = """
    insert into readings (station, evse, at, received_at, context, said, energy_wh, seq)
    values ('CS-1', 1, $1, $1, $2, 'T1', $3, 1)
"""


async def journalled(conn: Conn, times: list[datetime]) -> None:
    """A chained journal with one frame at each of these times."""
    await partitions.cover(conn, times)
    head = journal.GENESIS
    for seq, at in enumerate(times, 1):
        text = f'[2,"{seq}","Heartbeat",{{}}]'
        hash = journal.link_hash(head, "CS-1", seq, at, "received", str(seq), None, text)
        await conn.execute(FRAME, seq, at, str(seq), text, hash, head)
        head = hash
    await conn.execute("insert into heads values ('CS-1', $1, $2, $3)", len(times), head, times[-1])


async def test_old_frames_go_and_the_rest_hangs_on_an_anchor(db: Db) -> None:
    async with db.acquire() as conn:
        await journalled(conn, [OLD, OLD + timedelta(hours=1), RECENT, RECENT + timedelta(hours=1)])
        said = await command.tidy(db, Policy(), NOW, dry_run=True)
        assert any(line.startswith("drop frames_2025_07") and "older than 365 days" in line for line in said)
        assert await journal.verify(conn) == (4, [])
        await command.tidy(db, Policy(), NOW)
        assert await conn.fetchval("select count(*) from frames") == 2
        assert await journal.verify(conn) == (2, [])
        assert "frames_2025_07" not in {p.name for p in await storage.present(conn)}
        assert not await storage.due(conn, [], Policy(), NOW)
        with pytest.raises(Conflict, match="would lose"):
            await rebuild(db)
        await conn.execute("update frames set frame = 'x' where seq = 3")
        assert [(b.seq, b.why) for b in (await journal.verify(conn))[1]] == [(3, "altered")]
        await conn.execute("delete from frames where seq = 3")
        assert [(b.seq, b.why) for b in (await journal.verify(conn))[1]] == [(3, "removed")]


async def test_history_that_was_brought_in_late_stays_until_what_it_is_chained_to_goes(db: Db) -> None:
    async with db.acquire() as conn:
        await journalled(conn, [RECENT, OLD, OLD + timedelta(hours=1)])
        only_frames = Policy(readings=None, steps=None, thin_readings=None)
        [step] = await storage.due(conn, [], only_frames, NOW)
        assert (step.do, step.partition.name) == ("hold", "frames_2025_07")
        await command.tidy(db, only_frames, NOW)
        assert await journal.verify(conn) == (3, [])
        for left in (2, 0):  # the younger month a year later, and with the next night what hung on it
            await command.tidy(db, only_frames, NOW + timedelta(days=400))
            assert await journal.verify(conn) == (left, [])


def test_behind_a_month_of_frames_that_is_held_none_goes() -> None:
    months = [Partition(f"frames_2025_0{n}", "frames", 1, 1) for n in (1, 2, 3)]
    steps = plan(months, set(), {datetime(2025, 2, 1, tzinfo=UTC)}, Policy(), NOW)
    assert [step.do for step in storage.chained(steps)] == ["drop", "hold", "hold"]


async def test_thinned_readings_give_the_same_energy_at_every_boundary(db: Db) -> None:
    begin = datetime(2026, 5, 3, 21, 7, 30, tzinfo=UTC)
    samples = [(begin + timedelta(seconds=20 * n), 1000.0 + n * 7.0 + n % 3) for n in range(540)]  # three hours
    async with db.acquire() as conn:
        await partitions.cover(conn, [begin])
        await conn.executemany(READING, [(at, "Sample.Periodic", wh) for at, wh in samples])
        await conn.execute(READING, begin, "Transaction.Begin", 1000.0)
        await conn.execute(READING, samples[-1][0], "Transaction.End", samples[-1][1])
        await command.tidy(db, Policy(), NOW)
        rows = await conn.fetch("select at, energy_wh from readings where context = 'Sample.Periodic' order by at")
        others = await conn.fetchval("select count(*) from readings where context <> 'Sample.Periodic'")
        assert not await storage.due(conn, [], Policy(), NOW)
    kept = [(row["at"], row["energy_wh"]) for row in rows]
    assert others == 2
    assert (kept[0], kept[-1]) == (samples[0], samples[-1])
    assert len(kept) <= 2 * 13 + 1
    quarter = begin.replace(minute=15, second=0)
    for n in range(11):  # as a bill is made: between the last reading before and the first one after
        at = quarter + timedelta(minutes=15 * n)
        assert energy_at(kept, at) == pytest.approx(energy_at(samples, at))


def energy_at(samples: list[tuple[datetime, float]], at: datetime) -> float:
    """Between two neighbours, by time."""
    after = bisect_left(samples, (at, 0.0))
    (t0, e0), (t1, e1) = samples[after - 1], samples[after]
    return e0 + (e1 - e0) * ((at - t0) / (t1 - t0))


async def test_buckets_are_as_fine_as_tariff_periods(conn: Conn) -> None:
    put = ("insert into tariffs (id, valid_from, currency, timezone, periods, body) "
           "values ($1, now(), 'CNY', 'Asia/Shanghai', $2, '{}')")
    assert await storage.bucket_min(conn, Policy()) == 15
    await conn.execute(put, "a", [{"from": "00:00", "to": "08:30"}, {"from": "08:30", "to": "24:00"}])
    assert await storage.bucket_min(conn, Policy()) == 15
    await conn.execute(put, "b", [{"from": "00:00", "to": "07:50"}, {"from": "07:50", "to": "24:00"}])
    assert await storage.bucket_min(conn, Policy()) == 5


def month(parent: str, year: int, number: int) -> Partition:
    return Partition(f"{parent}_{year}_{number:02}", parent, 8192, 10)


def test_the_plan_drops_thins_once_and_holds_what_open_cases_need() -> None:
    there = [month("frames", 2025, 1), month("frames", 2026, 11), month("readings", 2023, 1),
             month("readings", 2026, 5), month("readings", 2026, 6), month("steps", 2023, 10), month("steps", 2023, 11)]
    held = storage.held_months([datetime(2025, 2, 3, tzinfo=UTC)])
    steps = plan(there, {"readings_2026_06"}, held, Policy(), NOW)
    assert [(s.do, s.partition.name) for s in steps] == [
        ("hold", "frames_2025_01"), ("drop", "readings_2023_01"), ("thin", "readings_2026_05"),
        ("drop", "steps_2023_10"),
    ]
    assert not plan(there, set(), set(), Policy(None, None, None, None), NOW)


async def test_news_that_all_have_read_goes_and_the_rest_stays(db: Db) -> None:
    async with db.acquire() as conn:
        news = "insert into events (at, kind, subject) select $1, 'x', n::text from generate_series(1, 9) as n"
        await conn.execute(news, NOW - timedelta(days=31))
        await conn.execute("update worker_marks set event = 7")
        assert await command.tidy(db, Policy(), NOW, dry_run=True) == ["events: 6 older than 30 days"]
        await command.tidy(db, Policy(), NOW)
        assert await conn.fetchval("select count(*) from events") == 3
