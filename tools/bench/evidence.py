"""`python -m tools.bench.evidence`: how long one complaint's evidence takes when the records are many.

Fills a throw-away database by COPY (1 million frames and twice as many readings; --frames 10_000_000 by hand), files
complaints about sessions all over it, and measures from question to frozen judgement. Every statement that ran is
explained: on a large table only index use passes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg

from complaints.desk import Desk
from complaints.intake.classify import classify
from complaints.intake.form import read
from complaints.judge import allowed_remotely, judge, recorded
from csms import tariffs
from csms.api import Csms
from csms.gateway.relay import InProcess
from csms.kit import logs
from csms.kit.clock import SetClock
from csms.kit.db import connect
from csms.kit.migrate import migrate
from csms.partitions import cover
from tools.bench import report

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from csms.kit.postgres import EmbeddedPostgres

BEGIN = datetime(2026, 9, 1, tzinfo=UTC)
DAYS = 60
STATIONS = 500
READINGS_A_SESSION = 72
READINGS_A_FRAME = 3
FRAMES_OF_A_SESSION = 12
"""Besides the readings: start, stop, card, four statuses, answers. So there are two readings a frame."""
LARGE = 10_000
"""Rows from which on a table must be read by an index."""
FRAMES_EACH = READINGS_A_SESSION // READINGS_A_FRAME + FRAMES_OF_A_SESSION
BUDGET_MS = 100.0
ASSESSED = "gather, judge, freeze and store"
FILED = "filing it: sorted by words and records, then all of that, from pages not read before"
HASH = "\\\\x" + "ab" * 32
TEXT = {
    "frames": "station,seq,received_at,at,kind,message_id,action,frame,session,hash,prev_hash",
    "readings": "station,evse,at,received_at,context,said,energy_wh,power_w,current_a,offered_a,voltage_v,"
                "soc_percent,seq",
    "statuses": "station,evse,connector,status,at,received_at,source,seq",
    "authorizations": "station,at,token,status,seq",
    "transactions": "id,station,evse,connector,number,token,token_status,started_at,start_received_at,"
                    "said_start_at,meter_start_wh,stopped_at,stop_received_at,meter_stop_wh,stop_reason,state,"
                    "start_seq,stop_seq",
    "payments": "reference,kind,amount,currency,at,method,token,station,evse,transaction,body",
    "connections": "id,station,protocol,connected_at",
}


@dataclass(frozen=True, slots=True)
class Size:
    """How much history each of the stations has."""

    frames: int
    numbered_from: int = 0
    """Sessions that came before these and are not on record (yet)."""

    @property
    def sessions(self) -> int:
        """Of one station."""
        return max(1, round(self.frames / STATIONS / FRAMES_EACH))

    @property
    def gap(self) -> timedelta:
        return timedelta(days=DAYS) / self.sessions


@dataclass(frozen=True, slots=True)
class Session:
    """The n-th session of a station, and where its frames stand in the journal."""

    station: str
    n: int
    start: datetime
    stop: datetime
    seq: int

    @property
    def token(self) -> str:
        return f"CARD{(hash_of(self.station) * 7919 + self.n) % 40_000:05d}"

    @property
    def id(self) -> str:
        return f"00000000-0000-4000-8000-{hash_of(self.station):06d}{self.n:06d}"


def hash_of(station: str) -> int:
    return int(station.removeprefix("ST-"))


def sessions(size: Size, station: str) -> Iterator[Session]:
    length = min(timedelta(minutes=50), size.gap * 0.8)
    shift = timedelta(seconds=hash_of(station) * 37 % 1800)
    for n in range(size.sessions):
        start = BEGIN + shift + size.gap * n
        yield Session(station, n, start, start + length, 2 + (size.numbered_from + n) * FRAMES_EACH)


def iso(at: datetime) -> str:
    return at.isoformat()


# --- rows as COPY text ----------------------------------------------------------------------------


def rows_of(size: Size, station: str) -> Iterator[tuple[str, str]]:
    """(table, line) of everything one station has on record."""
    yield "connections", f"00000000-0000-4000-9000-{hash_of(station):012d}\t{station}\tocpp1.6\t{iso(BEGIN)}\n"
    for s in sessions(size, station):
        yield from _session(s)


def _session(s: Session) -> Iterator[tuple[str, str]]:
    evse = 1 + s.n % 2
    meter = 1_000_000 + s.n * 20_000
    step = (s.stop - s.start) / READINGS_A_SESSION
    seq = s.seq
    for status, at in (("Preparing", s.start - timedelta(seconds=30)), ("Charging", s.start + timedelta(seconds=5))):
        yield "statuses", f"{s.station}\t{evse}\t1\t{status}\t{iso(at)}\t{iso(at)}\tconnector\t{seq}\n"
        yield "frames", _frame(s, seq, at, "StatusNotification")
        seq += 1
    yield "authorizations", f"{s.station}\t{iso(s.start)}\t{s.token}\tAccepted\t{seq}\n"
    yield "frames", _frame(s, seq, s.start, "Authorize")
    begun = seq + 1
    yield "frames", _frame(s, begun, s.start, "StartTransaction")
    seq += 2
    for n in range(READINGS_A_SESSION):
        at = s.start + step * (n + 1)
        energy = meter + 20_000 * (n + 1) // (READINGS_A_SESSION + 1)
        yield "readings", (
            f"{s.station}\t{evse}\t{iso(at)}\t{iso(at)}\tSample.Periodic\t{s.n + 1}\t{energy}\t24000\t60\t80\t400\t"
            f"{20 + n}\t{seq}\n"
        )
        if n % READINGS_A_FRAME == READINGS_A_FRAME - 1:
            yield "frames", _frame(s, seq, at, "MeterValues")
            seq += 1
    ended = seq
    yield "frames", _frame(s, ended, s.stop, "StopTransaction")
    for status, at in (("Finishing", s.stop), ("Available", s.stop + timedelta(minutes=2))):
        seq += 1
        yield "statuses", f"{s.station}\t{evse}\t1\t{status}\t{iso(at)}\t{iso(at)}\tconnector\t{seq}\n"
        yield "frames", _frame(s, seq, at, "StatusNotification")
    for n in range(5):
        seq += 1
        yield "frames", _frame(s, seq, s.stop + timedelta(minutes=2, seconds=n), "sent")
    start, stop = iso(s.start), iso(s.stop)
    yield "transactions", (
        f"{s.id}\t{s.station}\t{evse}\t1\t{s.n + 1}\t{s.token}\tAccepted\t{start}\t{start}\t{start}\t{meter}\t{stop}\t"
        f"{stop}\t{meter + 20_000}\tEVDisconnected\tclosed\t{begun}\t{ended}\n"
    )
    yield "payments", (
        f"P-{s.station}-{s.n}\tcapture\t26.00\tCNY\t{stop}\twechat\t{s.token}\t{s.station}\t{evse}\t{s.n + 1}\t{{}}\n"
    )


def _frame(s: Session, seq: int, at: datetime, action: str) -> str:
    kind = "sent" if action == "sent" else "received"
    name = "\\N" if action == "sent" else action
    moment = iso(at)
    text = (
        f'[2,"m{seq}","{action}",{{"connectorId":1,"transactionId":{s.n + 1},"meterValue":[{{"timestamp":"{moment}",'
        '"sampledValue":[{"value":"1004120","measurand":"Energy.Active.Import.Register","unit":"Wh"},'
        '{"value":"24000","measurand":"Power.Active.Import","unit":"W"},'
        '{"value":"60.0","measurand":"Current.Import","unit":"A"}]}]}]'
    )
    return f"{s.station}\t{seq}\t{moment}\t{moment}\t{kind}\tm{seq}\t{name}\t{text}\t1\t{HASH}\t{HASH}\n"


# --- filling ----------------------------------------------------------------------------------------


async def fill(dsn: str, size: Size, tell: Callable[[str], None]) -> dict[str, int]:
    """The counts of rows, by table."""
    conn = await asyncpg.connect(dsn)
    try:
        await cover(conn, [BEGIN + timedelta(days=31 * n) for n in range(4)])
        await conn.execute("set synchronous_commit = off")
        await _stations(conn)
        counts = dict.fromkeys(TEXT, 0)
        for first in range(0, STATIONS, 25):
            await _some(conn, size, range(first, first + 25), counts)
            if first % 100 == 75:
                tell(f"{first + 25} stations, {counts['frames']:,} frames, {counts['readings']:,} readings")
        await conn.execute("vacuum analyze")
        return counts
    finally:
        await conn.close()


async def _stations(conn: Any) -> None:
    body = {"currency": "CNY", "timezone": "Asia/Shanghai", "valid_from": "2020-01-01T00:00:00Z",
            "periods": [{"from": "00:00", "to": "24:00", "energy_price": "0.80", "service_price": "0.50"}]}
    await conn.execute("set session_replication_role = replica")
    for n in range(STATIONS):
        id = f"ST-{n:04d}"
        await conn.execute(
            "insert into stations (id, vendor, model, site, tariff, protocol, max_power_w, connected)"
            " values ($1, 'V', 'M', $2, 'flat', 'ocpp1.6', 60000, true)", id, f"SITE-{n // 10}",
        )
        await conn.execute(
            "insert into connectors (station, evse, connector, max_power_w, status)"
            " select $1, e, 1, 60000, 'Available' from generate_series(1, 2) e", id,
        )


    await conn.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
    await tariffs.put(conn, "flat", body)


async def _some(conn: Any, size: Size, numbers: range, counts: dict[str, int]) -> None:
    """A few stations' rows, a table at a time: COPY takes one table."""
    held: dict[str, list[str]] = {table: [] for table in TEXT}
    for n in numbers:
        for table, line in rows_of(size, f"ST-{n:04d}"):
            held[table].append(line)
    for table, lines in held.items():
        counts[table] += len(lines)
        await conn.copy_to_table(table, source=_pieces(lines), columns=TEXT[table].split(","), format="text")


async def _pieces(lines: list[str]) -> AsyncIterator[bytes]:
    for first in range(0, len(lines), 20_000):
        yield "".join(lines[first : first + 20_000]).encode()


# --- measuring --------------------------------------------------------------------------------------


@dataclass
class Seen:
    """Statements that ran, each once, with the arguments of its last run."""

    statements: dict[str, tuple[Any, ...]]

    def note(self, query: Any) -> None:
        if query.query.lstrip().lower().startswith(("select", "with")):
            self.statements[query.query] = tuple(query.args)


async def measure(dsn: str, size: Size, complaints: int) -> tuple[list[float], list[float], Seen]:
    """(milliseconds of gathering and judging and freezing, of the whole filing, statements seen)."""
    db = await connect(dsn, most=4)
    seen = Seen({})
    clock = SetClock(BEGIN)
    desk = Desk(db, Csms(db, InProcess(), clock), clock, classify=classify, judge=judge, remote=allowed_remotely,
                recorded=recorded)
    judged, filed = [], []
    try:
        for n in range(complaints):
            station = f"ST-{n * 37 % STATIONS:04d}"
            found = list(sessions(size, station))
            session = found[len(found) * (n + 1) // (complaints + 2)]
            clock.now = session.stop + timedelta(hours=3)
            given = read({
                "channel": "web", "text": "充电费扣多了,电量不对,请核查", "station": station, "evse": 1 + session.n % 2,
                "occurred_at": session.start.isoformat(), "customer": {"token": session.token},
                "payment_reference": f"P-{station}-{session.n}",
            })
            began = time.perf_counter()
            view = await desk.file(given, by="bench")
            filed.append(1000 * (time.perf_counter() - began))
            began = time.perf_counter()
            made = await desk.assess(view.case.number, always=True)
            judged.append(1000 * (time.perf_counter() - began))
            if made.judgement["transaction"] is None or made.judgement["bill"]["charged"] != "26.00":
                raise RuntimeError(f"the session of {view.case.number} was not found: {made.judgement['steps']}")
        async with db.acquire() as conn:
            with conn.query_logger(seen.note):
                csms = Csms(_One(conn), InProcess(), clock)
                story = await csms.story(
                    station, session.start - timedelta(days=1), session.stop + timedelta(hours=3),
                    tokens=[session.token], payment_references=[f"P-{station}-{session.n}"],
                )
                assert story.transactions
                await csms.payments_of(references=[f"P-{station}-{session.n}"], tokens=[session.token])
                await csms.frames(station, session.start, session.stop, limit=5000)
                await csms.frames_by_id([f"{station}:{session.seq}"])
                await csms.transactions_of([session.token], session.start, session.stop)
    finally:
        await db.close()
    return judged, filed, seen


class _One:
    """A pool of the one connection whose statements are watched."""

    def __init__(self, conn: Any) -> None:
        self.conn = conn

    def acquire(self) -> _One:
        return self

    async def __aenter__(self) -> Any:
        return self.conn

    async def __aexit__(self, *_: object) -> None:
        return None


LARGE_TABLES = "select relname from pg_class where relkind = 'r' and reltuples >= $1"


async def scans(dsn: str, seen: Seen) -> list[str]:
    """Sequential scans of large tables in the plans of what ran."""
    db = await connect(dsn, most=1)
    wrong = []
    try:
        async with db.acquire() as conn:
            large = {row["relname"] for row in await conn.fetch(LARGE_TABLES, LARGE)}
            for query, args in seen.statements.items():
                plan = await conn.fetchval(f"explain (format json) {query}", *args)
                text = plan if isinstance(plan, str) else json.dumps(plan)
                for found in re.findall(r'"Node Type": "Seq Scan"[^{}]*?"Relation Name": "(\w+)"', text):
                    if found in large:
                        wrong.append(f"{found}: {' '.join(query.split())[:120]}")
    finally:
        await db.close()
    return wrong


# --- the command ------------------------------------------------------------------------------------


SIZES = """
    select (select count(*) from frames) as frames, (select count(*) from readings) as readings,
        (select count(*) from transactions) as transactions,
        pg_size_pretty(pg_database_size(current_database())) as size
"""


async def run(options: argparse.Namespace) -> int:
    size, busy = Size(options.frames), report.load_average()
    with tempfile.TemporaryDirectory(prefix="ohmbudsman-bench-", ignore_cleanup_errors=True) as temporary:
        postgres = EmbeddedPostgres(options.folder or Path(temporary))
        dsn = await postgres.start()
        try:
            await migrate(dsn)
            if not await _one(dsn, "select 1 from frames limit 1"):
                await fill(dsn, size, lambda said: print(f"  {said}", flush=True))
                busy = report.load_average()
            counts = await _one(dsn, SIZES)
            judged, filed, seen = await measure(dsn, size, options.complaints)
            wrong = await scans(dsn, seen)
        finally:
            await postgres.stop()
    told = table(counts, busy, {ASSESSED: judged, FILED: filed}, seen, wrong)
    print(told)
    if options.write:
        report.write(told + "\n", "evidence")
    return 1 if wrong or median(judged) > BUDGET_MS else 0


async def _one(dsn: str, query: str) -> Any:
    conn = await asyncpg.connect(dsn)
    try:
        return await conn.fetchrow(query)
    finally:
        await conn.close()


def table(counts: Any, busy: float, times: dict[str, list[float]], seen: Seen, wrong: list[str]) -> str:
    lines = [
        (f"{report.machine()} · {counts['frames']:,} frames, {counts['readings']:,} readings, "
         f"{counts['transactions']:,} transactions, {counts['size']} · load average before: {busy:.1f}"), "",
        "| one complaint | complaints | first | median | p99 | budget |", "|---|---|---|---|---|---|",
    ]
    for name, each in times.items():
        ordered = sorted(each)
        p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
        took = f"{each[0]:.0f} ms | **{median(each):.0f} ms** | {p99:.0f} ms"
        lines.append(f"| {name} | {len(each)} | {took} | {f'{BUDGET_MS:.0f} ms' if name == ASSESSED else 'none'} |")
    scanned = "; ".join(wrong) or "none reads a large table from end to end"
    return "\n".join([*lines, "", f"{len(seen.statements)} statements explained: {scanned}."])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--frames", type=int, default=1_000_000, help="frames stored; readings are about twice as many")
    parser.add_argument("--complaints", type=int, default=60)
    parser.add_argument("--folder", type=Path, help="keep the database here and use it again; a temporary one without")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    logs.configure(level="warning")
    raise SystemExit(asyncio.run(run(parser.parse_args())))


if __name__ == "__main__":
    main()
