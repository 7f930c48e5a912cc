"""An ack is a receipt: what was acknowledged survives SIGKILL at any moment, once."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from csms.kit.db import connect
from csms.kit.postgres import EmbeddedPostgres
from tools.chaos.fleet import Fleet, assert_nothing_lost_or_doubled
from tools.chaos.processes import Serving

SEED = 20261122
KILLS = 5


@pytest.mark.slow
@pytest.mark.timeout(600)  # it takes some 30 s; a machine that does ten things at once may need longer
async def test_what_was_acknowledged_survives_five_kills(tmp_path: Path) -> None:
    serving = Serving(tmp_path / "data")
    dice = random.Random(SEED)
    await serving.start()
    fleet = Fleet(serving.url, 50, SEED)
    try:
        await fleet.start()
        for _ in range(KILLS):
            await fleet.all_online()
            await asyncio.sleep(dice.uniform(0.1, 1.5))  # the moment of death is the point of it
            await serving.kill()
            await serving.start()
        await fleet.heard_again(3)
        await fleet.rest()
        assert not fleet.refusals
        dsn = await EmbeddedPostgres(serving.data).start()
        db = await connect(dsn)
        async with db.acquire() as conn:
            await assert_nothing_lost_or_doubled(conn, fleet)
            assert await conn.fetchval("select count(*) from stations where connected") == len(fleet.stations)
        await db.close()
    finally:
        await fleet.end()
        await serving.end()
