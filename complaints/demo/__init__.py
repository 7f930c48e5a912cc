"""The demo: a town with a week behind it, then a story that is told while it happens.

`town` is plain data, `traffic` and `troubles` write the week as stations and people would have, `week` lets the
product live it; `story` is what is told; `street` keeps the stations alive afterwards.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import httpx

from charger_emulator import Clock
from complaints.app import Product, running
from complaints.demo import town
from complaints.demo.story import MINUTES_A_SECOND, Story, Teller
from complaints.demo.street import Street
from complaints.demo.traffic import Week
from complaints.demo.week import Past
from complaints.settings import Settings
from csms.kit import logs
from csms.kit.clock import SetClock, system_clock
from csms.kit.db import connect
from csms.kit.migrate import migrate
from csms.kit.postgres import EmbeddedPostgres


async def tell(*, ends: bool, http_port: int = 0) -> int:
    """Tell the story; 0 if every step held. Without `ends`, in a town with a week behind it, and go on serving."""
    logs.configure(level="critical")
    with tempfile.TemporaryDirectory(prefix="ohmbudsman-demo-") as folder:
        settings = Settings.load({}, data=Path(folder), http_port=http_port, ocpp_port=0, hotline="400-820-0000")
        week = None if ends else await _lived(settings)
        logs.configure(level="error")
        clock = Clock(time_scale=MINUTES_A_SECOND)
        async with running(settings, clock=clock.now) as product:
            story = Story(product, clock, Teller())
            try:
                async with httpx.AsyncClient(base_url=product.http, timeout=30) as client:
                    held = await story.run(client)
                if week is not None:
                    clock.time_scale = 1.0  # from now on a minute is a minute: nobody wants to be late for lunch
                    await _keep_serving(product, clock, week, story)
            finally:
                await story.leave()
    return 0 if held else 1


async def lived(product: Product, clock: SetClock) -> Week:
    """The town's week until `clock`, lived in a product that goes by that clock and does not run yet."""
    return await Past(product, clock, clock.now).live()


async def _lived(settings: Settings) -> Week:
    """In the data folder, before the product runs there."""
    assert settings.data is not None
    print("A week in town: 60 stations, some 450 sessions, 40 complaints. It takes a moment ...", flush=True)
    began = time.monotonic()
    postgres = EmbeddedPostgres(settings.data)
    dsn = await postgres.start()
    try:
        await migrate(dsn)
        db = await connect(dsn)
        try:
            clock = SetClock(system_clock())
            week = await lived(Product(db, settings, clock=clock), clock)
        finally:
            await db.close()
    finally:
        await postgres.stop()
    print(f"Lived in {time.monotonic() - began:.0f} s. Now the story.", flush=True)
    return week


async def _keep_serving(product: Product, clock: Clock, week: Week, story: Story) -> None:
    street = Street(product, clock, week)
    try:
        await street.come()
        names = ", ".join(f"{name} / {town.password(name)} ({role})" for name, role in town.PEOPLE.items())
        print(f"\nStill serving. Desk: {product.http}/desk  (log in as {names})\n"
              f"The case: {product.http}/desk/cases/{story.number}\nThe driver's page: "
              f"{product.http}{story.tracking}\nBehind a QR code: {product.http}/r/HB-02/1\n"
              f"Stations connect to {product.ocpp}/<id>. Ctrl-C ends it.", flush=True)
        await asyncio.Event().wait()
    finally:
        await street.leave()
