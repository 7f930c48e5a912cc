"""`python -m tools.bench scale`: how cost grows with stations, with a storm of them, and with what is on record.

Takes an hour with 10 million frames, most of it filling the database; `--only stations storm` takes some five minutes.
More than 10 million frames are grown from those by copying them into the months before, without their readings.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg

from csms.api import Csms
from csms.gateway.relay import InProcess
from csms.kit import db, logs
from csms.kit.open_files import allow_most
from csms.partitions import cover
from tools.bench import evidence, report
from tools.bench.processes import crowd, load, memory_kib, server, storm

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from csms.kit.postgres import EmbeddedPostgres

PARTS = ("stations", "storm", "database")
SPARE_FILES = 500
"""Descriptors a process needs besides its stations' sockets."""

# What is on record of stations that were cut off at $2 and came back: a boot and two statuses each, all answered.
BACK = """
    select count(*) from (
        select from frames where station like $1 and received_at >= $2 and (kind, action) in (
            ('received', 'BootNotification'), ('received', 'StatusNotification'),
            ('sent', 'BootNotification'), ('sent', 'StatusNotification'))
        group by station having count(*) >= 6) as back
"""
CONNECTED = "select count(*) from stations where connected and id like $1"

MOST_FILLED = 10_000_000
"""Frames that are written with all that belongs to them; a longer journal is grown from these."""
EARLIER = """
    insert into frames (station, seq, received_at, at, kind, message_id, action, frame, session, hash, prev_hash)
    select station, seq - $2::bigint, received_at - $1::interval, at - $1::interval, kind, message_id, action, frame,
        session, hash, prev_hash
    from frames where received_at >= $3
"""


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many stations in one process."""

    stations: int
    let_in_s: float
    """Until all had connected, booted and told a status, one after the other."""
    idle_kib: float
    said: dict[str, Any]
    """What the load generator measured while they spoke in turn."""


def of_stations(dsn: str, postmaster: int, n: int, options: argparse.Namespace) -> Crowd:
    with server("ours", dsn) as (pid, url):
        with crowd(url, stations=100, prefix=f"W{n}-", introduce=True):
            before = memory_kib(pid)
            with crowd(url, stations=n, prefix=f"C{n}-", introduce=True) as let_in_s:
                time.sleep(1)  # what answering has left behind is collected meanwhile
                idle = (memory_kib(pid) - before) / n
        each_once_s = n / options.rate  # before it is measured: whoever speaks for the first time is looked up
        said = load(
            url, stations=n, rate=options.rate, seconds=options.seconds, warm_up=each_once_s + 2, server=pid,
            database=postmaster, prefix=f"C{n}-", patience_s=300 + n / 20,
        )
    return Crowd(n, let_in_s, idle, said)


async def of_storm(dsn: str, n: int) -> dict[str, Any]:
    """What it took, and how many are on record as it says."""
    conn = await asyncpg.connect(dsn)
    try:
        with server("ours", dsn) as (_, url), storm(url, stations=n, prefix="S-") as found:
            cut_at = datetime.fromtimestamp(found["cut_at"], UTC)
            found["on_record"] = await conn.fetchval(BACK, "S-%", cut_at)
            found["connected"] = await conn.fetchval(CONNECTED, "S-%")
    finally:
        await conn.close()
    return found


async def fill(dsn: str, frames: int) -> dict[str, int]:
    """The counts of rows, by table; beyond MOST_FILLED frames are copied into the months before: a journal of years."""
    spans = max(1, round(frames / MOST_FILLED))
    span = evidence.Size(frames // spans)
    size = replace(span, numbered_from=span.sessions * (spans - 1))
    counts = await evidence.fill(dsn, size, say)
    if spans > 1:
        conn = await asyncpg.connect(dsn)
        try:
            await conn.execute("set synchronous_commit = off")
            await _copy_back(conn, size, spans, counts)
            await conn.execute("vacuum analyze", timeout=None)
        finally:
            await conn.close()
    return counts


async def _copy_back(conn: Any, size: evidence.Size, spans: int, counts: dict[str, int]) -> None:
    span, frames = timedelta(days=evidence.DAYS), counts["frames"]
    numbers = size.sessions * evidence.FRAMES_EACH
    for earlier in range(1, spans):
        since = evidence.BEGIN - span * earlier
        await cover(conn, [since + timedelta(days=days) for days in range(evidence.DAYS + 2)])
        await conn.execute(EARLIER, span * earlier, numbers * earlier, evidence.BEGIN, timeout=None)
        counts["frames"] += frames
        say(f"{counts['frames']:,} frames")


async def of_database(dsn: str, postmaster: int, counts: dict[str, int], options: argparse.Namespace) -> dict[str, Any]:
    """One message and one page of frames, with so much on record."""
    spans = max(1, round(counts["frames"] / MOST_FILLED))
    with server("ours", dsn) as (pid, url):
        said = load(url, stations=200, seconds=options.seconds, server=pid, database=postmaster, prefix="D-")
    pool = await db.connect(dsn, most=2)
    try:
        size = await pool.fetchval("select pg_database_size(current_database())")
        csms, took = Csms(pool, InProcess(), lambda: datetime.now(UTC)), []
        for n in range(60):
            station = f"ST-{n * 37 % evidence.STATIONS:04d}"
            since = evidence.BEGIN + timedelta(days=n % 50 - evidence.DAYS * (n % spans))
            began = time.perf_counter()
            if not await csms.frames(station, since, since + timedelta(days=5), limit=200):
                raise RuntimeError(f"no frames of {station}")
            took.append(1000 * (time.perf_counter() - began))
    finally:
        await pool.close()
    took.sort()
    return {"frames": counts["frames"], "readings": counts["readings"], "size": size, "said": said,
            "page_ms": median(took), "page_most_ms": took[-1]}


# --- the page ---------------------------------------------------------------------------------------


def grid(*rows: Sequence[str]) -> str:
    """A table, its heads in the first row."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])


def of_message(said: dict[str, Any]) -> list[str]:
    """Server and PostgreSQL per message, and how long an ack took."""
    each_us = 1e6 / said["messages"]
    return [
        f"{said['server_cpu_s'] * each_us:.0f} us", f"{said['database_cpu_s'] * each_us:.0f} us",
        f"{said['p50_ms']:.1f} / {said['p99_ms']:.1f} ms",
    ]


COSTS = ["server CPU a message", "PostgreSQL CPU a message", "p50 / p99 ack"]


def of_stations_and_storms(
    crowds: list[Crowd], storms: list[dict[str, Any]], options: argparse.Namespace, busy: float
) -> str:
    parts = [_head(busy)]
    if crowds:
        parts.append(grid(
            [f"stations, together {options.rate:g} messages/s", "let in, booted, told a status", "an idle one", *COSTS],
            *([f"{c.stations:,}", f"{c.let_in_s:.1f} s", f"{c.idle_kib:.1f} KiB", *of_message(c.said)] for c in crowds),
        ))
    if storms:
        parts.append(grid(
            ["cut off at once", "half are back", "all are back", "they dialled", "back on record", "refused"],
            *([f"{s['stations']:,} stations", f"{s['half_s']:.1f} s", f"**{s['all_s']:.1f} s**, budget 40 s",
               f"{s['dialled']:,} times", f"{s['on_record']:,}", f"{s['refused']:,}"] for s in storms),
        ))
    return "\n\n".join(parts) + "\n"


def of_records(databases: list[dict[str, Any]], busy: float) -> str:
    return "\n\n".join([_head(busy), grid(
        ["on record", *COSTS, "messages/s", "200 frames of a station, median / longest"],
        *([f"{d['frames']:,} frames, {d['readings']:,} readings, {d['size'] / 1e9:.1f} GB", *of_message(d["said"]),
           f"{d['said']['messages'] / d['said']['seconds']:,.0f}",
           f"{d['page_ms']:.1f} / {d['page_most_ms']:.1f} ms"] for d in databases),
    )]) + "\n"


def _head(busy: float) -> str:
    return f"{report.machine()} · load average before: {busy:.1f}"


# --- the command ------------------------------------------------------------------------------------


def say(text: str) -> None:
    print(f"... {text}", flush=True)


def open_more_files(stations: int) -> None:
    """As many descriptors as that takes, here and in what is started from here."""
    wanted, allowed = stations + SPARE_FILES, allow_most()
    if wanted > allowed:
        raise SystemExit(f"{stations:,} stations need {wanted:,} open files, {allowed:,} are allowed: see `ulimit -Hn`")


async def run(options: argparse.Namespace) -> None:
    from tools.bench.__main__ import Databases

    busy = report.load_average()
    open_more_files(max([*options.stations, options.storm]))
    crowds, storms, databases = [], [], []
    with tempfile.TemporaryDirectory(prefix="ohmbudsman-scale-", dir=options.folder) as folder:
        postgres = EmbeddedPostgres(Path(folder))
        made = Databases(await postgres.start(), postgres.pid or 0)
        try:
            if "stations" in options.only:
                dsn = await made.create("ours_stations")
                for n in options.stations:
                    say(f"{n:,} stations")
                    crowds.append(of_stations(dsn, made.postmaster, n, options))
            if "storm" in options.only:
                say(f"a storm of {options.storm:,} stations")
                storms.append(await of_storm(await made.create("ours_storm"), options.storm))
            if "database" in options.only:
                for frames in options.frames:
                    say(f"{frames:,} frames on record")
                    dsn = await made.create(f"ours_{frames}")
                    counts = await fill(dsn, frames)
                    databases.append(await of_database(dsn, made.postmaster, counts, options))
                    await made.drop(f"ours_{frames}")
        finally:
            await postgres.stop()
    told = {}
    if crowds or storms:
        told["scale"] = of_stations_and_storms(crowds, storms, options, busy)
    if databases:
        told["records"] = of_records(databases, busy)
    for part, text in told.items():
        print("\n" + text)
        if options.write:
            report.write(text, part)


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.bench scale", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--stations", nargs="+", type=int, default=[100, 1_000, 10_000, 15_000])
    parser.add_argument("--rate", type=float, default=500, help="messages a second of all stations together")
    parser.add_argument("--storm", type=int, default=10_000, help="stations that are cut off and come back")
    parser.add_argument("--frames", nargs="+", type=int, default=[1_000_000, 10_000_000])
    parser.add_argument("--seconds", type=float, default=6, help="of each measurement")
    parser.add_argument("--folder", type=Path, help="for the databases: 10 million frames take 10 GB, 100 million 70")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    logs.configure(level="warning")
    asyncio.run(run(parser.parse_args(argv)))
