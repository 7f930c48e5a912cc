"""`python -m tools.bench.pages`: every page of desk, office, driver and technician with a hundred towns on record.

Lives the demo's week, multiplies it (`again.py`), serves it as `ohmbudsman serve` does, worker and all, and visits
every GET of the table of routes in turn: all pages once, then all once more, each time filled with another row, so
that what is kept for two seconds has grown old. Time is from request to last byte over loopback.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg
import httpx

from complaints.demo import town
from csms.kit import logs
from csms.kit.migrate import migrate
from tools.bench import report
from tools.bench.busy_town import build
from tools.bench.processes import cpu_s
from tools.bench.visits import NO_PAGES, PAGES, WHO, Page, forgotten
from tools.chaos.processes import Serving

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # without XDG_RUNTIME_DIR the package warns while it is imported
    from csms.kit.postgres import EmbeddedPostgres

BUDGET_MS = 100.0
FREE = {f"OHMBUDSMAN_RATE_{what}": "0" for what in ("ADDRESS", "TOKEN", "PUBLIC")}
"""One address asks for everything here."""
QUIET_S, QUIET_CPU_S, PATIENCE_S = 3.0, 0.6, 240.0
"""The worker has done what the copied cases gave it to do when three seconds cost less than that."""


@dataclass(slots=True)
class Times:
    """Of one page: milliseconds of its visits in their order, processor time of all of them, how much it is."""

    page: Page
    visits: list[float] = field(default_factory=list)
    server_s: float = 0.0
    database_s: float = 0.0
    kib: float = 0.0
    odd: str = ""
    """What it answered that is no page."""


SIZES = """
    select (select count(*) from stations) as stations, (select count(*) from transactions) as sessions,
        (select count(*) from frames) as frames, (select count(*) from readings) as readings,
        (select count(*) from complaints) as cases, (select count(*) from entries) as entries,
        pg_size_pretty(pg_database_size(current_database())) as size
"""


# --- the database ---------------------------------------------------------------------------------------------------


Planned = Sequence[tuple[Page, Sequence[Mapping[str, Any]]]]
"""Pages, each with the rows that fill its address, visit by visit."""


async def prepare(folder: Path, times: int, visits: int) -> tuple[Any, Planned]:
    """(sizes, what is to be visited); the town is built where it is not there yet."""
    postgres = EmbeddedPostgres(folder)
    dsn = await postgres.start()
    try:
        await migrate(dsn)
        conn = await asyncpg.connect(dsn)
        try:
            if not await conn.fetchval("select count(*) from stations"):
                await build(dsn, folder, times, say)
            return await conn.fetchrow(SIZES), [(page, await rows_of(conn, page, visits)) for page in PAGES]
        finally:
            await conn.close()
    finally:
        await postgres.stop()


async def rows_of(conn: Any, page: Page, visits: int) -> list[Mapping[str, Any]]:
    if not page.rows:
        return [{}]
    found = [dict(row) for row in await conn.fetch(page.rows, visits)]
    if not found:
        raise RuntimeError(f"nothing on record fills {page.name}")
    return found


# --- the visits -----------------------------------------------------------------------------------------------------


async def measure(serving: Serving, planned: Planned, visits: int) -> list[Times]:
    database = int((serving.data / "pg" / "postmaster.pid").read_text().split()[0])
    await settled(serving.pid, database)
    found = [Times(page) for page, _ in planned]
    guests = {who: await guest(serving.http, who) for who in set(WHO.values())}
    try:
        for n in range(visits):
            for times, (page, rows) in zip(found, planned, strict=True):
                address = page.address(rows[n % len(rows)])
                await visit(guests[WHO[page.face]], address, times, serving.pid, database)
            say(f"round {n + 1} of {visits}")
    finally:
        for each in guests.values():
            await each.aclose()
    return found


async def settled(server: int, database: int) -> None:
    """Wait until the worker has nothing left to do."""
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE_S:
        before = cpu_s(server) + cpu_s(database, family=True)
        await asyncio.sleep(QUIET_S)
        if cpu_s(server) + cpu_s(database, family=True) - before < QUIET_CPU_S:
            return
    say(f"the worker is still busy after {PATIENCE_S:.0f} s")


async def guest(base: str, who: str | None) -> httpx.AsyncClient:
    """Somebody with a browser, logged in unless nobody."""
    client = httpx.AsyncClient(base_url=base, timeout=60, headers={"accept-language": "zh-CN"})
    if who:
        login = await client.get("/login")
        token = login.text.partition('name="token" value="')[2].partition('"')[0]
        answer = await client.post("/login", data={"name": who, "password": town.password(who), "token": token})
        if answer.status_code != 303:
            raise RuntimeError(f"{who} was not let in: {answer.status_code}")
    return client


async def visit(client: httpx.AsyncClient, address: str, times: Times, server: int, database: int) -> None:
    spent = cpu_s(server), cpu_s(database, family=True)
    began = time.perf_counter()
    answer = await client.get(address)
    times.visits.append(1000 * (time.perf_counter() - began))
    times.server_s += cpu_s(server) - spent[0]
    times.database_s += cpu_s(database, family=True) - spent[1]
    times.kib = max(times.kib, len(answer.content) / 1024)
    if answer.status_code >= 400:
        times.odd = f"{address} answers {answer.status_code}"


# --- what is told ---------------------------------------------------------------------------------------------------


def table(sizes: Any, found: Sequence[Times], times: int, visits: int, busy: float) -> str:
    slow = [t for t in found if median(t.visits) > BUDGET_MS]
    worst = max(found, key=lambda t: median(t.visits))
    lines = [
        (f"{report.machine()} · the demo's week times {times}: {sizes['stations']:,} stations, {sizes['sessions']:,} "
         f"sessions, {sizes['frames']:,} frames, {sizes['readings']:,} readings, {sizes['cases']:,} cases, "
         f"{sizes['entries']:,} entries, {sizes['size']} · {visits} visits each · load average before: {busy:.1f}"), "",
        (f"{len(found)} pages, {len(found) - len(slow)} of them within the budget of {BUDGET_MS:.0f} ms at the median; "
         f"slowest median: **{median(worst.visits):.0f} ms** (`{worst.page.name}`)."), "",
        "| page | seen by | first ms | median ms | worst ms | server CPU ms | PostgreSQL CPU ms | KiB |",
        "|---|---|---|---|---|---|---|---|", *(_row(t) for t in sorted(found, key=lambda t: -median(t.visits))),
    ]
    return "\n".join(lines)


def _row(t: Times) -> str:
    each = len(t.visits)
    middle = f"{median(t.visits):.0f}"
    return (f"| `{t.page.name.replace('|', '/')}` | {t.page.face} | {t.visits[0]:.0f} | "
            f"{f'**{middle}**' if median(t.visits) > BUDGET_MS else middle} | {max(t.visits):.0f} | "
            f"{1000 * t.server_s / each:.0f} | {1000 * t.database_s / each:.0f} | {t.kib:.0f} |")


# --- the command ----------------------------------------------------------------------------------------------------


async def run(options: argparse.Namespace) -> int:
    if missing := forgotten():
        raise SystemExit(f"no visit is planned to {', '.join(sorted(missing))}")
    with tempfile.TemporaryDirectory(prefix="ohmbudsman-bench-", ignore_cleanup_errors=True) as temporary:
        folder = (options.folder or Path(temporary) / "data").resolve()
        folder.mkdir(parents=True, exist_ok=True)
        sizes, planned = await prepare(folder, options.times, options.visits)
        chosen = [(page, rows) for page, rows in planned if (options.only or "") in page.name]
        busy = report.load_average()
        serving = Serving(folder)
        serving.environment = FREE
        await serving.start()
        try:
            found = await measure(serving, chosen, options.visits)
        finally:
            await serving.end()
    told = table(sizes, found, options.times, options.visits, busy)
    print(told)
    print(f"Not visited: {', '.join(f'{path} ({why})' for path, why in NO_PAGES.items())}.")
    if options.write:
        report.write(told + "\n", "pages")
    for odd in filter(None, (t.odd for t in found)):
        print(odd)
    return 1 if any(t.odd or median(t.visits) > BUDGET_MS for t in found) else 0


def say(text: str) -> None:
    print(f"... {text}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--times", type=int, default=100, help="how often the demo's town is there")
    parser.add_argument("--visits", type=int, default=12, help="of every page")
    parser.add_argument("--only", help="only pages whose address has this in it")
    parser.add_argument("--folder", type=Path, help="keep the database here and use it again; a temporary one without")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    logs.configure(level="warning")
    raise SystemExit(asyncio.run(run(parser.parse_args())))


if __name__ == "__main__":
    main()
