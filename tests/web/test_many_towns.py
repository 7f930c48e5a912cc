"""What `tools.bench.pages` measures: every page there is, and a town whose copies hold together."""

from __future__ import annotations

from contextlib import aclosing
from datetime import timedelta

import asyncpg
import pytest

from complaints.demo import town
from csms.vocabulary import Payment
from tests.web.stage import stage
from tests.web.test_doors import logged_in
from tools.bench import again, visits

STATION = f"{town.SITES[0].code}-01"
SAID = [
    STATION, f"at {STATION}, plug 2", "C20261130-000042 and C20261130-000043", "WX000000017", "ORD-7", "13800138000",
    f"{town.SITES[0].name} is dark", "0477AA11", "a plain word", "wu@example.org",
    "5f0c1d2e-1111-4222-8333-444455556666", '{"case": "C20261130-000042", "n": 12}',
]


def test_every_page_is_visited_or_excused() -> None:
    assert visits.forgotten() == set()
    assert len({(page.face, page.name) for page in visits.PAGES}) == len(visits.PAGES)


async def test_a_copys_names_are_the_same_to_us_and_to_the_database(dsn: str) -> None:
    conn = await asyncpg.connect(dsn)
    try:
        await conn.execute(again._function())
        for k in (1, 42):
            told = [await conn.fetchval("select pg_temp.renamed($1, $2)", said, k) for said in SAID]
            assert told == [again.renamed(said, k) for said in SAID]
            assert [a == b for a, b in zip(told, SAID, strict=True)] == [said == "a plain word" for said in SAID]
    finally:
        await conn.close()


async def test_a_copy_has_pages_of_its_own(dsn: str) -> None:
    async with stage(dsn, past=timedelta(0), pace=1) as told:
        csms = told.product.csms
        await csms.put_station(STATION, {"name": "One"}, [{"evse": 1, "connector": 1}])
        paid = Payment("WX000000017", "capture", 30, "CNY", told.clock.now(), station=STATION)
        await csms.record_payment(paid)
        first = (await told.complain(STATION, 1, "扣了30元没充上电", payment_reference=paid.reference)).number
        conn = await asyncpg.connect(dsn)
        try:
            await again.again(conn, 3)
            assert await conn.fetchval("select count(*) from complaints") == 3
        finally:
            await conn.close()
        case, station = again.renamed(first, 2), again.renamed(STATION, 2)
        async with aclosing(await logged_in(told, "zhao")) as supervisor:
            page = await supervisor.get(f"/desk/cases/{case}")
            assert (page.status_code, station in page.text, STATION in page.text) == (200, True, False)
            assert (await supervisor.get(f"/desk/stations/{station}")).status_code == 200


async def test_names_have_room_for_so_many_copies_only() -> None:
    with pytest.raises(ValueError, match="1 to 999"):
        await again.again(None, 1000)
