"""Cases are found by what is known of them and what people said; the list keeps its order and its counts."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from complaints import search, worklist
from complaints.actions import Ask
from complaints.cases import Wanted
from complaints.intake.form import read
from complaints.record import access
from complaints.search import words_of
from complaints.states import ENDED, OPEN
from complaints.worklist import OURS, Worklist, statement
from csms.kit.db import Conn
from tests.complaints.desk import WANG, ZHAO, Bench


async def file(bench: Bench, text: str, **more: Any) -> str:
    return (await bench.desk.file(read({"channel": "web", "text": text, **more}), by="web", strict=False)).case.number


async def found(bench: Bench, q: str, *, internal: bool = False, **more: Any) -> set[str]:
    async with bench.db.acquire() as conn:
        items = await worklist.listed(conn, Wanted(q=q, **more), internal=internal, skip=0, limit=50)
        return {item.case.number for item in items}


def test_a_query_is_words_and_quoted_phrases_and_no_punctuation() -> None:
    assert words_of('充电枪 "CS 1" -- a 12') == ["充电枪", "CS 1", "12"]
    assert words_of(None) == []


async def test_a_case_is_found_by_any_part_of_what_is_known_of_it(bench: Bench) -> None:
    one = await file(
        bench, "充电枪坏了,充不进电", station="SH-PD-0042", order="OD-7731",
        customer={"phone": "13812345678", "plate": "沪A·D12345", "name": "王小明", "email": "w.ming@example.org"},
    )
    other = await file(bench, "Ladestecker klemmt, 100% schade_n", customer={"phone": "13900000000"})
    for q in ("充电枪", "枪坏", "充電槍", "5678", "13812345678", "D12345", "a·d123", "pd-0042", "SH-PD", one, one[-6:],
              "王小", "ming@ex", "7731", "充电枪 5678", "od 充不进", '"充不进电"', "1381"):
        assert await found(bench, q) == {one}, q
    for q in ("KLEMMT", "stecker", "100%", "schade_n"):
        assert await found(bench, q) == {other}, q
    for q in ("枪充", "5679", "schadexn", "充电枪 klemmt", "C19990101-000001"):
        assert await found(bench, q) == set(), q
    assert await found(bench, "充电枪", department="legal") == set()
    assert [c.number for c in await _newest(bench, Wanted(q="充电枪"))] == [one]


async def _newest(bench: Bench, wanted: Wanted) -> list[Any]:
    async with bench.db.acquire() as conn:
        return await search.newest(conn, wanted)


async def test_threads_are_searched_as_far_as_one_may_read_them_and_forgotten_with_the_person(bench: Bench) -> None:
    number = await file(bench, "无法启动", customer={"phone": "13812345678"})
    await bench.desk.customer_says((await bench.desk.case(number)).tracking, "屏幕显示离线")
    await bench.desk.say(number, type="note", text="怀疑恶意投诉", audience="internal", who=ZHAO)
    assert await found(bench, "显示离线") == {number}
    assert await found(bench, "无法启动 显示离线") == {number}
    assert await found(bench, "恶意投诉") == set()
    assert await found(bench, "恶意投诉", internal=True) == {number}
    assert await found(bench, "无法启动 恶意投诉") == set()
    assert await found(bench, "无法启动 恶意投诉", internal=True) == {number}
    await bench.desk.act(number, Ask(action="withdraw", reason="settled"), WANG)
    async with bench.db.acquire() as conn, conn.transaction():
        await access.forget(conn, number, "zhao", "asked for it", bench.clock())
    for q in ("无法启动", "显示离线", "13812345678", "恶意投诉"):
        assert await found(bench, q, internal=True) == set(), q
    assert await found(bench, number) == {number}


async def test_what_is_corrected_is_found_by_its_new_facts(bench: Bench) -> None:
    number = await file(bench, "x", station="CS-OLD")
    await bench.db.execute("update complaints set station = 'CS-NEW' where number = $1", number)
    assert await found(bench, "CS-NEW") == {number}
    assert await found(bench, "CS-OLD") == set()


async def test_the_list_puts_danger_first_then_the_clock_then_the_customers_turn_then_what_ended(bench: Bench) -> None:
    await bench.add_people(wang="agent", zhao="supervisor")
    ended, asked, calm = [await file(bench, text) for text in ("建议增加雨棚", "充电太慢", "建议增加座椅")]
    danger, money = await file(bench, "充电枪冒烟了"), await file(bench, "扣了钱没充电,退款")
    await bench.desk.act(ended, Ask(action="withdraw", reason="x"), WANG)
    await bench.desk.say(asked, type="question", text="哪个枪?", audience="customer", who=WANG)
    async with bench.db.acquire() as conn:
        items = await worklist.listed(conn, Wanted(), internal=False, skip=0, limit=50)
    assert [i.case.number for i in items] == [danger, money, calm, asked, ended]
    assert [i.due_at is not None for i in items] == [True, True, True, False, False]
    counts = await Worklist(bench.db, bench.clock).counts(WANG)
    assert {k: counts[k] for k in ("now", "open", "ended", "all")} == {"now": 3, "open": 4, "ended": 1, "all": 5}


@pytest.mark.parametrize("q", [None, "充电枪 5678"])
async def test_every_combination_of_filters_is_a_statement(conn: Conn, q: str | None) -> None:
    for states, level, department, station, owner in product(
        ((), OURS, OPEN, ENDED, ("closed",)), (None, 1), (None, "legal"), (None, "CS-1"), (None, "wang")
    ):
        wanted = Wanted(states, level, department, station, q, owner)
        for made in (statement(wanted, internal=True, skip=0, limit=50),
                     search.newest_statement(wanted, before="C2", limit=5)):
            await conn.fetch(made[0], *made[1])


async def test_common_words_are_found_by_walking_the_list(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is few on a large desk is many here: both ways find the same, in the same order."""
    numbers = [await file(bench, f"充电枪坏了 {n}") for n in range(3)]
    await file(bench, "停车费太贵")
    async with bench.db.acquire() as conn:
        assert set(await search.candidates(conn, "充电枪", internal=False) or ()) == set(numbers)
        few = await worklist.listed(conn, Wanted(q="充电枪"), internal=False, skip=1, limit=2)
        monkeypatch.setattr(search, "FEW", 2)
        assert await search.candidates(conn, "充电枪", internal=False) is None
        walked = await worklist.listed(conn, Wanted(q="充电枪"), internal=False, skip=1, limit=2)
    assert [i.case.number for i in few] == [i.case.number for i in walked] == sorted(numbers)[1::-1]
