"""PostgreSQL goes away under load: nobody is answered, nobody is refused, nothing is lost, all heals by itself."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from csms.app import Centre, CentreOptions
from csms.kit.db import connect
from csms.kit.migrate import migrate
from tools.chaos.fleet import Fleet, assert_nothing_lost_or_doubled
from tools.chaos.processes import Postgres


@pytest.mark.slow
@pytest.mark.timeout(600)  # it takes some 30 s; a machine that does ten things at once may need longer
async def test_stations_live_through_a_database_that_is_away(tmp_path: Path) -> None:
    postgres = Postgres(tmp_path)
    dsn = await postgres.start()
    await migrate(dsn)
    db = await connect(dsn)
    centre = Centre(db, CentreOptions(unknown_stations="accept", accept_unknown_tokens=True))
    port = await centre.start("127.0.0.1", 0)
    # Less patient than the outage is long: they ask again under new ids.
    fleet = Fleet(f"ws://127.0.0.1:{port}/ocpp", 50, seed=7, message_timeout_s=4)
    try:
        await fleet.start()
        for how, seconds in ((signal.SIGINT, 10), (signal.SIGQUIT, 3)):
            await fleet.heard_again(5)
            await postgres.stop(how)
            before = fleet.acknowledged
            fleet.stations[0].wire.drop()  # one comes back while nobody can be admitted
            await asyncio.sleep(seconds)
            assert fleet.acknowledged - before <= len(fleet.stations), "answered without a database"
            assert await postgres.start() == dsn
            await fleet.heard_again(5)
        await fleet.rest()
        assert not fleet.refusals
        async with db.acquire() as conn:
            await assert_nothing_lost_or_doubled(conn, fleet)
        assert centre.owner
        assert not centre.owner.failed.done()
    finally:
        await fleet.end()
        await centre.stop()
        await db.close()
        await postgres.end()
