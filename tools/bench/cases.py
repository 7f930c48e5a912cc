"""`python -m tools.bench.cases`: the work list, its counts and its search with a million cases and ten million entries.

Fills a throw-away database inside PostgreSQL, then asks through the same functions as the pages do. Every statement is
explained: none may read a large table from end to end.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import orjson

from complaints import search, worklist
from complaints.cases import Wanted
from complaints.intake.classify.patterns import DATA
from complaints.states import ENDED, OPEN
from complaints.worklist import OURS, Worklist, statement
from csms.kit import logs
from csms.kit.clock import system_clock
from csms.kit.db import Db, connect
from csms.kit.migrate import migrate
from csms.rest.http import Principal
from tools.bench import report

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from csms.kit.postgres import EmbeddedPostgres

WHO = Principal("agent7", "supervisor")
LARGE = ("complaints", "entries", "case_words", "deadlines")

# 300 cases a day, the last at the end; one in fifty is open. Numbers, phones, plates: each its own.
FILL_CASES = """
    insert into complaints (number, tracking, filed_at, filed_by, state, channel, text, language, category, topic,
        level, department, classification, customer_phone, customer_plate, customer_name, station, evse,
        payment_reference, owner, assess_after, reassess, closed_at, updated_at, seq, next_kind, next_at)
    select 'C' || to_char(day, 'YYYYMMDD') || '-' || lpad((n % 300 + 1)::text, 6, '0'), 'track' || n, day, 'app',
        case when n % 50 <> 0 then 'closed' else (array['received', 'acknowledged', 'assessed', 'investigating',
            'need_info', 'confirming'])[n / 50 % 6 + 1] end,
        (array['app', 'wechat', 'web', 'hotline'])[n % 4 + 1],
        t.text || ' ' || md5(n::text), 'zh-Hans', 'equipment', 'cannot_start',
        case when n % 97 = 0 then 1 when n % 3 = 0 then 3 else 2 end,
        (array['maintenance', 'finance', 'customer_relations', 'site_operations', 'tech_support', 'legal'])[n % 6 + 1],
        '{}', '1' || lpad((n::bigint * 7919 % 10000000000)::text, 10, '0'),
        '沪A' || upper(substr(md5('p' || n), 1, 5)), (array['王', '李', '张', '刘'])[n % 4 + 1] || substr(t.text, 1, 2),
        'CS-' || lpad((n % 5000)::text, 5, '0'), n % 2 + 1, 'PAY' || md5('r' || n), 'agent' || n / 50 % 40, day, false,
        case when n % 50 <> 0 then day + interval '1 day' end, day, 10,
        case when n % 50 = 0 then 'resolve' end, case when n % 50 = 0 then day + interval '1 day' end
    from generate_series($1::int, $2::int - 1) n
    cross join lateral (select '2017-01-01T02:00Z'::timestamptz + make_interval(days => n / 300) as day) d
    join texts t on t.id = (n + n / 500) % (select count(*) from texts)
"""
FILL_ENTRIES = """
    insert into entries (complaint, seq, at, type, author, audience, text, body, prev_hash, hash)
    select c.number, s, c.filed_at + make_interval(hours => s),
        (array['filed', 'classified', 'message', 'evidence', 'assignment', 'message', 'note', 'resolution', 'message',
            'closing'])[s],
        (array['app', 'ohmbudsman', 'ohmbudsman', 'ohmbudsman', 'ohmbudsman', 'customer', 'agent7', 'agent7',
            'ohmbudsman', 'zhao'])[s],
        (array['customer', 'staff', 'customer', 'staff', 'staff', 'customer', 'staff', 'customer', 'customer',
            'customer'])[s],
        case s when 1 then c.text when 3 then '您的投诉已收到,编号见上。'
            when 6 then '还是不行 ' || right(c.tracking, 4)
            when 7 then '已联系现场' when 8 then '已为您处理完毕' when 9 then '请确认是否解决' else '' end,
        '{"n": 1}', c.hash, c.hash
    from (select number, filed_at, text, tracking, hash from complaints order by number offset $1 limit $2) c,
        generate_series(1, 10) s
"""
FILL_WORDS = """
    insert into case_words
    select c.number, false, p.plain, case_grams(p.plain)
    from (select * from complaints order by number offset $1 limit $2) c
    cross join lateral (
        select case_plain(concat_ws(E'\n', case_facts(c), '还是不行 ' || right(c.tracking, 4), '已联系现场',
            '已为您处理完毕')) as plain
    ) p
"""
# Grams are dear to make and cheap to copy: beyond the sample the words of its cases are used over again.
FILL_WORDS_AGAIN = """
    insert into case_words
    select c.number, false, w.plain, w.words
    from (select number, row_number() over (order by number) - 1 as n from complaints) c
    join (select plain, words, row_number() over (order by complaint) - 1 as n from case_words) w
        on w.n = c.n % (select count(*) from case_words)
    where not exists (select 1 from case_words k where k.complaint = c.number)
"""
FILL_DEADLINES = """
    insert into deadlines (complaint, round, kind, due_at, policy, started_at, met_at, how)
    select number, 1, k, filed_at + interval '1 day', 'p', filed_at,
        case when closed_at is not null then filed_at + interval '2 hours' end,
        case when closed_at is not null then 'met' end
    from complaints, unnest(array['acknowledge', 'resolve']) k
"""
STEP = 50_000


async def fill(db: Db, cases: int, sample: int) -> None:
    texts = [orjson.loads(line)["text"] for line in (DATA / "labelled.jsonl").read_bytes().splitlines()]
    async with db.acquire() as conn:
        await conn.execute("create table texts (id int primary key, text text)")
        await conn.copy_records_to_table("texts", records=list(enumerate(texts)))
        for table in ("complaints", "entries"):
            await conn.execute(f"alter table {table} disable trigger user")
        await conn.execute("alter table entries drop constraint entries_once")
        indexes = [row["indexdef"] for row in await conn.fetch(INDEXES, list(LARGE))]
        for row in await conn.fetch(INDEXES, list(LARGE)):
            await conn.execute(f"drop index {row['indexname']}")
    await pieces(db, "cases", FILL_CASES, cases)
    own = min(cases, sample)
    await asyncio.gather(pieces(db, "entries", FILL_ENTRIES, cases), pieces(db, "words", FILL_WORDS, own))
    async with db.acquire() as conn:
        await conn.execute(FILL_WORDS_AGAIN, timeout=3600)
        await conn.execute(FILL_DEADLINES, timeout=3600)
        await conn.execute(
            "insert into complaint_numbers select filed_at::date, count(*) from complaints group by 1", timeout=600)
        await conn.execute("set maintenance_work_mem = '1GB'")
        for index in indexes:
            await conn.execute(index, timeout=3600)
        await conn.execute("alter table entries add constraint entries_once unique (complaint, key)", timeout=3600)
        for table in ("complaints", "entries"):
            await conn.execute(f"alter table {table} enable trigger user")
        for table in LARGE:
            await conn.execute(f"vacuum analyze {table}", timeout=3600)
        say("indexed and analysed")


# All but those that a constraint stands on: built afterwards, in one go.
INDEXES = """
    select i.indexname, i.indexdef from pg_indexes i
    where i.tablename = any($1) and not exists (select 1 from pg_constraint c where c.conname = i.indexname)
"""


async def pieces(db: Db, name: str, sql: str, cases: int) -> None:
    async with db.acquire() as conn:
        for at in range(0, cases, STEP):
            last = min(at + STEP, cases)
            await conn.execute(sql, at, last if name == "cases" else last - at, timeout=3600)
    say(f"{name} are there")


def questions(number: str, phone: str, plate: str, text: str) -> dict[str, Wanted]:
    """What people ask of the list."""
    return {
        "needs us now": Wanted(OURS), "all open": Wanted(OPEN), "mine": Wanted(OPEN, owner="agent7"),
        "ended": Wanted(ENDED), "all": Wanted(), "level 1, all": Wanted(level=1),
        "department, ended": Wanted(ENDED, department="legal"), "station": Wanted(station="CS-00042"),
        "search 充电枪": Wanted(q="充电枪"), "search 充電槍, open": Wanted(OPEN, q="充電槍"),
        "search case number": Wanted(q=number), "search end of a number": Wanted(q=number[-9:]),
        "search phone": Wanted(q=phone), "search phone tail": Wanted(q=phone[-4:]),
        "search plate": Wanted(q=plate), "search part of a plate": Wanted(q=plate[-4:]),
        "search station": Wanted(q="CS-00042"), "search two words": Wanted(q="充电 退款"),
        "search a word of its thread": Wanted(q=text), "search what is nowhere": Wanted(q="霍格沃茨"),
        "search of three letters": Wanted(q="cs-"), "search, department": Wanted(q="充电枪", department="legal"),
    }


async def measure(ask: Callable[[], Awaitable[Any]], turns: int) -> tuple[list[float], Any]:
    times, found = [], await ask()
    for _ in range(turns):
        began = time.perf_counter()
        found = await ask()
        times.append(1000 * (time.perf_counter() - began))
    return times, found


async def scans(db: Db, made: tuple[str, list[Any]]) -> list[str]:
    """Large tables that a statement reads from end to end."""
    async with db.acquire() as conn, conn.transaction():
        await conn.execute(search.PLAN_BY_VALUES)
        plan = "\n".join(row[0] for row in await conn.fetch("explain " + made[0], *made[1]))
    return re.findall(rf"Seq Scan on ({'|'.join(LARGE)})", plan)


def row_of(name: str, times: list[float], found: Any, scanned: list[str]) -> str:
    p95 = quantiles(times, n=20)[-1]
    return f"| {name} | {found} | {median(times):.1f} | {p95:.1f} | {', '.join(scanned) or 'index'} |"


async def run(options: argparse.Namespace) -> str:
    folder = Path(options.folder or tempfile.mkdtemp(prefix="ohmbudsman-bench-"))
    postgres = EmbeddedPostgres(folder)
    dsn = await postgres.start()
    try:
        await migrate(dsn)
        db = await connect(dsn, most=4)
        for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_wal_size = '8GB'"):
            await db.execute("alter system set " + setting)
        await db.execute("select pg_reload_conf()")
        if not await db.fetchval("select count(*) from complaint_numbers"):
            await fill(db, options.cases, options.sample)
        table = await ask_all(db, options)
        await db.close()
        return table
    finally:
        await postgres.stop()
        if not options.folder:
            shutil.rmtree(folder, ignore_errors=True)


async def ask_all(db: Db, options: argparse.Namespace) -> str:
    busy, lines, medians = os.getloadavg()[0], [], []
    one = await db.fetchrow("select * from complaints order by number offset 4242 limit 1")
    work = Worklist(db, system_clock)

    async def counts() -> Any:
        return (await work.counts(WHO))["open"]

    times, found = await measure(counts, options.turns)
    lines.append(row_of("counts of all views", times, f"{found:,} open", await scans(db, (worklist.COUNT, [WHO.name]))))
    medians.append(median(times))
    for name, wanted in questions(one["number"], one["customer_phone"], one["customer_plate"], "已联系现场").items():
        async def page(wanted: Wanted = wanted) -> Any:
            return len(await work.listed(wanted, WHO))

        times, found = await measure(page, options.turns)
        async with db.acquire() as conn:
            few = await search.candidates(conn, wanted.q, internal=True)
        made = statement(wanted, internal=True, skip=0, limit=50, found=few)
        lines.append(row_of(name, times, found, await scans(db, made)))
        medians.append(median(times))
        say(lines[-1])
    sizes = await db.fetchrow(
        "select (select reltuples::bigint from pg_class where relname = 'complaints') as cases, "
        "(select reltuples::bigint from pg_class where relname = 'entries') as entries, "
        "pg_size_pretty(pg_total_relation_size('case_words')) as words, "
        "pg_size_pretty(pg_relation_size('case_words_by_words')) as grams, "
        "pg_size_pretty(pg_database_size(current_database())) as all")
    head = (f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC · {sizes['cases']:,} cases, {sizes['entries']:,} entries, "
            f"{sizes['all']} in all, {sizes['words']} of it for search (index {sizes['grams']}) · "
            f"words of {options.sample:,} cases used over again · {options.turns} turns each, warm · load before: "
            f"{busy:.1f}")
    worst = max(medians)
    return "\n".join([
        head, "", f"Slowest median: **{worst:.1f} ms** (budget 100 ms).", "",
        "| the first 50 of | found | median ms | p95 ms | reads by |", "|---|---|---|---|---|", *lines,
    ])


def say(text: str) -> None:
    print(f"... {text}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--sample", type=int, default=150_000, help="cases whose words are their own")
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--folder", help="keep the database here and use it again; a temporary one without")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    logs.configure(level="warning")
    options = parser.parse_args()
    table = asyncio.run(run(options))
    print("\n" + table)
    if options.write:
        report.write(table + "\n", "cases")


if __name__ == "__main__":
    main()
