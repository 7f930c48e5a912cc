"""On record: chains and heads, masks and looks, forgetting a person, audits that can be drawn again, knowledge."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from complaints import knowledge
from complaints.actions import Ask
from complaints.intake.form import Correction, read
from complaints.record import access, heads, masked, sample, verify_all
from complaints.record.access import secrets_in
from csms.errors import BadInput, Conflict, NotFound
from tests.complaints.desk import WANG, ZHAO, Bench

PHONE = "13800001234"


async def closed(bench: Bench, **more: object) -> str:
    given = bench.dead_complaint(customer={"phone": PHONE, "name": "王小明"}, **more)
    number = (await bench.desk.file(read(given), by="web")).case.number
    await bench.desk.act(number, Ask(action="resolve", text="fine"), WANG)
    await bench.desk.act(number, Ask(action="confirm"), WANG)
    await bench.desk.act(number, Ask(action="close", reason="done"), ZHAO)
    return number


async def test_a_signed_head_a_day_vouches_for_every_thread(bench: Bench, tmp_path: Path) -> None:
    await bench.a_dead_session()
    first = await closed(bench)
    second = await closed(bench)
    key, folder = heads.key_in(tmp_path / "heads.key"), tmp_path / "heads"
    assert heads.key_in(tmp_path / "heads.key").sign(b"x") == key.sign(b"x")
    async with bench.db.acquire() as conn, conn.transaction():
        assert await heads.make_head(conn, bench.clock(), key, folder) == 1
    bench.clock.move(timedelta(days=1))
    await bench.desk.say(first, type="note", text="one more", audience="staff", who=WANG)
    async with bench.db.acquire() as conn, conn.transaction():
        assert await heads.due(conn, bench.clock())
        assert await heads.make_head(conn, bench.clock(), key, folder) == 2
        assert await conn.fetchval("select cases from desk_heads where n = 2") == 1
        assert await verify_all(conn, folder) == (2, [])
    assert len(list(folder.iterdir())) == 2
    async with bench.db.acquire() as conn:
        # Somebody writes a whole thread anew, chain and all: only the head knows.
        await conn.execute("update entries set hash = sha256(hash) where complaint = $1 and seq = 1", second)
        found = {b.what for b in (await verify_all(conn, folder))[1]}
        assert second in found
        await conn.execute("update desk_heads set digest = sha256(digest) , hash = sha256(hash) where n = 1")
        found = {b.what for b in (await verify_all(conn, folder))[1]}
        assert {"head 1", "head 2"} <= found


async def test_the_worker_makes_a_head_a_day(bench: Bench) -> None:
    for _ in range(2):
        await bench.office.daily()
    bench.clock.move(timedelta(days=1))
    await bench.office.daily()
    assert await bench.db.fetchval("select count(*) from desk_heads") == 2


# --- persons ----------------------------------------------------------------------------------


def test_each_role_sees_what_its_work_needs() -> None:
    customer = {"name": "王小明", "phone": PHONE, "email": "ann@example.org", "token": "CARD-778", "plate": "粤B12345"}
    assert masked(customer, "agent") == customer
    technician = masked(customer, "technician")
    assert technician["plate"] == "粤B12345"
    assert technician["phone"] == "138****1234"
    assert technician["email"] == "a***@example.org"
    assert masked(customer, "auditor")["name"] == "王**"
    assert masked({"phone": None}, "auditor") == {"phone": None}


@given(st.text(min_size=5, max_size=30), st.sampled_from(["phone", "plate", "token", "email", "name"]))
def test_a_mask_never_shows_the_whole(value: str, name: str) -> None:
    shown = masked({name: value}, "auditor")[name]
    assert "**" in shown
    assert shown != value


async def test_a_person_is_forgotten_while_cases_proofs_and_chains_stay(bench: Bench) -> None:
    await bench.a_dead_session()
    number = await closed(bench)
    open_one = (await bench.desk.file(read(bench.dead_complaint(customer={"phone": PHONE})), by="web")).case.number
    async with bench.db.acquire() as conn, conn.transaction():
        with pytest.raises(Conflict, match="still needed"):
            await access.forget(conn, open_one, "zhao", "asked", bench.clock())
    await bench.desk.correct(open_one, Correction(reason="typo", customer={"phone": "13911112222"}), WANG)
    await bench.desk.act(open_one, Ask(action="withdraw", reason="asked"), WANG)
    async with bench.db.acquire() as conn, conn.transaction():
        for one in (number, open_one):
            await access.forget(conn, one, "zhao", "the customer asked us to", bench.clock())
            await access.forget(conn, one, "zhao", "again", bench.clock())
    for one in (number, open_one):
        view = await bench.desk.view(one)
        said = repr(view.case) + repr(view.entries)
        assert PHONE not in said
        assert "13911112222" not in said
        assert "王小明" not in said
        assert "扫码付了" not in said
        assert view.case.verdict == "upheld"
        assert await bench.desk.first_broken(one) is None
        assert [e.type for e in view.entries].count("pseudonymised") == 1
    async with bench.db.acquire() as conn:
        await conn.execute("update entries set text = 'never said' where complaint = $1 and seq = 1", number)
    assert await bench.desk.first_broken(number) == 1


async def test_what_outlived_its_retention_is_forgotten_by_itself(bench: Bench) -> None:
    await bench.a_dead_session()
    number = await closed(bench)
    async with bench.db.acquire() as conn, conn.transaction():
        assert await access.forget_old(conn, bench.clock()) == []
        assert await access.forget_old(conn, bench.clock() + timedelta(days=3 * 365 + 1)) == [number]


async def test_who_looked_is_on_record(bench: Bench) -> None:
    await bench.a_dead_session()
    number = await closed(bench)
    async with bench.db.acquire() as conn:
        await access.note(conn, "wang", "agent", number, "case", bench.clock(), masked=False)
        assert [row["who"] for row in await access.looked(conn, number=number)] == ["wang"]
        assert await access.looked(conn, who="li") == []


# --- audits -----------------------------------------------------------------------------------


@given(st.sets(st.text(min_size=1), max_size=40), st.text(max_size=8), st.integers(1, 50))
def test_the_same_seed_draws_the_same_sample(numbers: set[str], seed: str, wanted: int) -> None:
    drawn = sample.draw(sorted(numbers), seed, wanted)
    assert drawn == sample.draw(sorted(numbers, reverse=True), seed, wanted)
    assert set(drawn) <= numbers
    assert len(drawn) == min(wanted, len(numbers))


def test_the_draw_is_the_same_on_every_machine() -> None:
    assert sample.draw([f"C20261122-{n:06d}" for n in range(1, 21)], "2026-11", 3) == [
        "C20261122-000004", "C20261122-000013", "C20261122-000014",
    ]


async def test_an_audit_draws_closed_cases_and_judges_each_once(bench: Bench) -> None:
    await bench.a_dead_session()
    numbers = [await closed(bench) for _ in range(3)]
    span = {"since": bench.clock() - timedelta(days=1), "until": bench.clock() + timedelta(days=1)}
    async with bench.db.acquire() as conn, conn.transaction():
        made = await sample.make(conn, seed="s", wanted=2, department=None, by="aud", now=bench.clock(), **span)
        assert made["population"] == 3
        yes = dict.fromkeys(sample.FORM, "yes")
        drawn = made["drawn"][0]
        assert await sample.judge(conn, made["id"], drawn, yes, None, "aud", bench.clock())
        other = made["drawn"][1]
        assert not await sample.judge(conn, made["id"], other, yes | {"in_time": "no"}, "late", "aud", bench.clock())
        with pytest.raises(Conflict):
            await sample.judge(conn, made["id"], drawn, yes, None, "aud", bench.clock())
        with pytest.raises(BadInput):
            await sample.judge(conn, made["id"], drawn, {}, None, "aud", bench.clock())
        outside = (set(numbers) - set(made["drawn"])).pop()
        with pytest.raises(NotFound):
            await sample.judge(conn, made["id"], outside, yes, None, "aud", bench.clock())
        assert [(a["judged"], a["passed"]) for a in await sample.listed(conn)] == [(2, 1)]


# --- knowledge --------------------------------------------------------------------------------

THREE = dict.fromkeys(knowledge.LANGUAGES, "Why a session may give no energy")


async def test_an_article_speaks_three_languages_is_read_by_another_and_reviewed(bench: Bench) -> None:
    now, soon = bench.clock(), date(2027, 1, 1)
    facts = {"kind": "article", "topic": "charged_no_energy", "findings": ["energy.none"], "public": True,
             "review_at": soon, "by": "wang", "now": now}
    async with bench.db.acquire() as conn, conn.transaction():
        with pytest.raises(BadInput):
            await knowledge.write(conn, "no-energy", title=THREE, text={"en": "x"}, **facts)  # type: ignore[arg-type]
        leaked = dict.fromkeys(knowledge.LANGUAGES, "log in as admin, password: hunter22")
        with pytest.raises(BadInput, match="secret"):
            await knowledge.write(conn, "no-energy", title=THREE, text=leaked, **facts)  # type: ignore[arg-type]
        made = await knowledge.write(conn, "no-energy", title=THREE, text=THREE, **facts)  # type: ignore[arg-type]
        assert await knowledge.faq(conn) == []
        with pytest.raises(Conflict, match="somebody else"):
            await knowledge.publish(conn, "no-energy", made["version"], "wang")
        await knowledge.publish(conn, "no-energy", made["version"], "zhao")
        assert [a["slug"] for a in await knowledge.faq(conn)] == ["no-energy"]
        assert [a["slug"] for a in await knowledge.for_case(conn, "slow", ["energy.none"])] == ["no-energy"]
        assert await knowledge.for_case(conn, "slow", []) == []
        assert [a["slug"] for a in await knowledge.to_review(conn, soon)] == ["no-energy"]
        again = await knowledge.write(conn, "no-energy", title=THREE, text=THREE, **facts)  # type: ignore[arg-type]
        assert (again["version"], again["state"]) == (2, "draft")


def test_secrets_are_seen_and_plain_words_are_not() -> None:
    for text in ("password: hunter22", "密码是 abcd1234", "api_key=abcdef123", "ohm_" + "a" * 30):
        assert secrets_in(text), text
    for text in ("Enter your password.", "请输入密码。", "The token of the card was refused."):
        assert not secrets_in(text), text


def test_a_template_is_filled_with_the_case_s_facts() -> None:
    assert knowledge.fill("{number}: {amount}, {due}", {"number": "C1", "amount": "3"}) == "C1: 3, {due}"
