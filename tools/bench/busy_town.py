"""The database of `tools.bench.pages`: the demo's week, what an office has beside it, all of it many times over, and
one session with very many readings.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image

from complaints import demo, knowledge, saved_filters, sites, teams, workorders
from complaints.app import Product
from complaints.demo import town
from complaints.duty import rota
from complaints.intake import attachments
from complaints.intake.attachments import Sent
from complaints.record import sample
from complaints.settings import Settings
from complaints.sites import Place
from csms import uploads
from csms.kit.clock import SetClock, system_clock
from csms.kit.db import Conn, connect
from csms.uploads import Kept
from tools.bench.again import again

READINGS = 20_000
LANGUAGES = ("zh-Hans", "zh-Hant", "en")
ARTICLES = 24
LOG_LINES = 2000
LOGGED = ("HB-07", "XC-02", "GX-03")

TRACKED = "select tracking, number from complaints where closed_at is null order by number limit 4"
CONNECTED = """
    update stations set connected = true, connected_at = $1, node = 'main', booted_at = coalesce(booted_at, $1)
    where hashtext(id) % 20 <> 0
"""
LONGEST = """
    select c.number, t.id::text, t.station, t.evse, t.number::text as said, t.started_at, t.stopped_at, t.start_seq
    from complaints c join transactions t on t.id = c.matched
    where t.stopped_at - t.started_at > interval '10 minutes' and c.closed_at is null and t.meter_stop_wh is not null
    order by t.stopped_at - t.started_at desc, c.number limit 1
"""
MANY_READINGS = """
    insert into readings (station, evse, at, received_at, context, said, energy_wh, power_w, current_a, voltage_v,
        soc_percent, temperature_c, seq)
    select t.station, t.evse, at, at, 'Sample.Periodic', coalesce(t.reference, t.number::text),
        t.meter_start_wh + (t.meter_stop_wh - t.meter_start_wh) * n / $2,
        40000 + 9000 * sin(n / 300.0) + n % 97 * 20, 100 + n % 11, 400 + n % 7, 20 + 60 * n / $2, 30 + n % 23,
        t.start_seq
    from transactions t, generate_series(1, $2::int) n,
        lateral (select t.started_at + (t.stopped_at - t.started_at) * (n / ($2 + 1.0)) as at) a
    where t.id = $1::uuid
    on conflict do nothing
"""


async def build(dsn: str, folder: Path, times: int, tell: Callable[[str], None]) -> None:
    """Into a migrated, empty database whose data folder is `folder`."""
    db = await connect(dsn)
    try:
        clock = SetClock(system_clock())
        product = Product(db, Settings.load({}, data=folder, http_port=0, ocpp_port=0), clock=clock)
        tell("the demo's week is lived")
        await demo.lived(product, clock)
        await furnish(product, clock.now, folder)
        async with db.acquire() as conn:
            await again(conn, times, tell)
            await conn.execute(CONNECTED, clock.now)
        await long_session(product, READINGS)
        async with db.acquire() as conn:
            tell("vacuum and analyse")
            await conn.execute("vacuum analyze", timeout=3600)
    finally:
        await db.close()


async def furnish(product: Product, now: datetime, folder: Path) -> None:
    """What an office has and the demo's week has not, made through the functions that make it."""
    async with product.db.acquire() as conn, conn.transaction():
        await _people_and_places(conn, now)
        await _articles(conn, now)
        await sample.make(conn, seed="bench", wanted=20, since=now - timedelta(days=8), until=now, department=None,
                          by="an", now=now)
        await saved_filters.keep(conn, "root", "money", "department=finance", now)
        await _inspections(conn, now)
        await _logs(conn, now, folder)
    for row in await product.db.fetch(TRACKED):
        await product.desk.customer_says(row["tracking"], "照片在此", [_photo(len(row["number"]))])
    await product.office.reports.note_review(now - timedelta(days=90), now, "Replace the old contactors.", "zhao")


async def _people_and_places(conn: Conn, now: datetime) -> None:
    for site in town.SITES:
        await sites.put(conn, Place("Asia/Shanghai", "CN", site.name, "杭州", "public", "湖滨路 1 号",
                                    "30.2460,120.1430"))
    await rota.put(conn, "tan", {"departments": ["maintenance"], "on_call": 1, "capacity": 12})
    await teams.put(conn, "north", "root", now, department="maintenance", lead="zhao", members=["tan", "zhao"])
    await rota.absent(conn, "wu", now, now + timedelta(days=2), "li", "zhao")


async def _inspections(conn: Conn, now: datetime) -> None:
    """Three that belong to no case, with a photo each."""
    for n, station in enumerate(LOGGED):
        order = await workorders.plan(
            conn, kind="inspection", station=station, what="Monthly inspection", by="zhao", now=now,
            due_at=now + timedelta(days=n + 1),
        )
        await attachments.keep_for_order(conn, order.id, attachments.inspect([_photo(n)]))


async def _articles(conn: Conn, now: datetime) -> None:
    for n in range(ARTICLES):
        slug = f"bench-{n}"
        await knowledge.write(
            conn, slug, kind=("article", "template")[n % 3 == 1],
            topic="charged_no_energy", findings=["energy.none"],
            title=dict.fromkeys(LANGUAGES, f"Paid, and no energy came ({n})"),
            text=dict.fromkeys(LANGUAGES, "Look at the plug, then at the record. " * 20), public=n % 3 != 1,
            review_at=now.date() + timedelta(days=90), by="li", now=now,
        )
        await knowledge.publish(conn, slug, 1, "zhao")


async def _logs(conn: Conn, now: datetime, folder: Path) -> None:
    """Three stations have sent their log."""
    text = "".join(f"{now.isoformat()} [{n:06d}] contactor state {n % 7}\n" for n in range(LOG_LINES))
    (folder / "uploads").mkdir(exist_ok=True)
    (folder / "uploads" / "bench.log").write_text(text)
    kept = Kept("bench.log", len(text), hashlib.sha256(text.encode()).hexdigest())
    for station in LOGGED:
        id = uploads.id_of(await uploads.create(conn, station, now))
        await uploads.receive(conn, id, kept, f"{station}.log", now)
        await uploads.keep_text(conn, id, text, True)


def _photo(shade: int) -> Sent:
    file = io.BytesIO()
    Image.new("RGB", (640, 480), (shade % 256, 120, 90)).save(file, "JPEG")
    return Sent("plug.jpg", file.getvalue())


async def long_session(product: Product, readings: int) -> dict[str, Any]:
    """Give the session of one open case very many readings and have the case judged anew."""
    async with product.db.acquire() as conn:
        row = dict(await conn.fetchrow(LONGEST))
        await conn.execute(MANY_READINGS, row["id"], readings)
    await product.desk.assess(row["number"], by="bench", reason="more readings have come", always=True)
    return row
