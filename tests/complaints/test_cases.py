"""The life of a case: filed, assessed, resolved, confirmed, closed; a thread that nobody can edit."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from complaints import cases, thread
from complaints.actions import Ask
from complaints.intake.form import Correction, read
from complaints.states import ENDED, MOVES, OPEN, STATES, NotAllowedIn, after, can, diagram
from complaints.thread import Draft
from csms.errors import BadInput, Conflict, NotFound
from tests.complaints.desk import LI, WANG, ZHAO, Bench


async def filed(bench: Bench, **more: object) -> str:
    await bench.a_dead_session()
    return (await bench.desk.file(read(bench.dead_complaint(**more)), by="wang")).case.number


async def test_a_complaint_is_numbered_classified_and_judged_at_once(bench: Bench) -> None:
    await bench.a_dead_session()
    view = await bench.desk.file(read(bench.dead_complaint()), by="wang")
    case = view.case
    assert case.number == "C20261122-000001"
    assert (case.category, case.topic, case.level, case.department) == ("payment", "charged_no_energy", 2, "finance")
    assert case.state == "assessed"
    assert {d.kind for d in view.deadlines} == {
        "register", "acknowledge", "first_reply", "investigate", "resolve", "follow_up", "follow_up_7d",
        "follow_up_30d",
    }
    found = await bench.desk.assessment(case.number)
    assert found is not None
    assert found.judgement["verdict"] == "upheld"
    assert found.judgement["bill"]["charged"] == "30.00"
    assert case.matched_station == "CS-1"
    assert case.matched_evse == 1


async def test_its_evidence_is_frozen_with_a_checksum(bench: Bench) -> None:
    number = await filed(bench)
    async with bench.db.acquire() as conn:
        from complaints import evidence

        frozen = await evidence.frozen(conn, number, 1)
        frames = await evidence.frames(conn, number)
        assert frozen is not None
        assert frozen["claim"]["payment_reference"] == "P-1"
        assert {tuple(pair) for pair in frozen["frames"]} == {(f.id, f.hash) for f in frames}
        assert any(f.action == "StartTransaction" for f in frames)
        await conn.execute("update assessments set checksum = 'x'")
        with pytest.raises(ValueError, match="checksum"):
            await evidence.frozen(conn, number, 1)


async def test_judging_again_makes_a_version_only_where_it_differs_or_is_asked_for(bench: Bench) -> None:
    number = await filed(bench)
    first = await bench.desk.assessment(number)
    assert (await bench.desk.assess(number)) == first
    assert (await bench.desk.assess(number, by="wang", always=True)).version == 2
    await bench.pay("P-1-back", "30.00", -1, kind="refund", of="P-1")
    third = await bench.desk.assess(number)
    assert third.version == 3
    assert "bill" in {change["field"] for change in third.changed}


async def test_filing_in_parallel_gives_ordered_numbers_without_gaps(bench: Bench) -> None:
    views = await asyncio.gather(*(
        bench.desk.file(read({"channel": "web", "text": f"the screen is dark {n}"}), by="web") for n in range(12)
    ))
    assert sorted(v.case.number for v in views) == [f"C20261122-{n:06d}" for n in range(1, 13)]
    assert len({v.case.tracking for v in views}) == 12


async def test_a_case_lives_from_filing_to_closing(bench: Bench) -> None:
    number = await filed(bench)
    await bench.desk.act(number, Ask(action="assign"), WANG)
    assert (await bench.desk.case(number)).state == "investigating"
    with pytest.raises(NotAllowedIn) as refused:
        await bench.desk.act(number, Ask(action="close", reason="done"), ZHAO)
    assert refused.value.members == {"not_allowed_in": "investigating"}
    await bench.desk.act(number, Ask(action="resolve", text="接触器未闭合,30元全额退还。"), WANG)
    case = await bench.desk.case(number)
    assert case.state == "confirming"
    with pytest.raises(BadInput, match="confirmed"):
        await bench.desk.act(number, Ask(action="close", reason="done"), ZHAO)
    await bench.desk.customer_answers(case.tracking, settled=True, satisfaction=5)
    await bench.desk.act(number, Ask(action="close", reason="done"), ZHAO)
    view = await bench.desk.view(number)
    assert (view.case.state, view.case.close_reason) == ("closed", "confirmed")
    assert {d.kind for d in view.deadlines if not d.met_at} == {"follow_up_7d", "follow_up_30d"}
    types = [entry.type for entry in view.entries]
    assert types[:2] == ["filed", "classified"]
    assert {"assessment", "assignment", "resolution", "confirmation", "closing"} <= set(types)
    assert await bench.desk.first_broken(number) is None


async def test_a_rejected_resolution_is_reviewed_by_someone_else_with_clocks_of_its_own(bench: Bench) -> None:
    number = await filed(bench)
    await bench.desk.act(number, Ask(action="assign"), WANG)
    await bench.desk.act(number, Ask(action="resolve", text="fine"), WANG)
    tracking = (await bench.desk.case(number)).tracking
    bench.clock.move(timedelta(hours=30))
    await bench.desk.customer_answers(tracking, settled=False, text="still no money")
    view = await bench.desk.view(number)
    assert (view.case.state, view.case.round, view.case.owner) == ("second_review", 2, None)
    assert {d.round for d in view.deadlines} == {1, 2}
    assert all(d.due_at > bench.clock() for d in view.deadlines if d.round == 2 and not d.met_at)
    with pytest.raises(Conflict, match="someone else"):
        await bench.desk.act(number, Ask(action="assign"), WANG)
    await bench.desk.act(number, Ask(action="assign"), LI)
    assert (await bench.desk.case(number)).owner == "li"


async def test_a_question_pauses_the_case_until_the_customer_answers(bench: Bench) -> None:
    number = await filed(bench)
    await bench.desk.say(number, type="question", text="Which connector?", audience="customer", who=WANG)
    case = await bench.desk.case(number)
    assert case.state == "need_info"
    await bench.desk.customer_says(case.tracking, "the left one")
    assert (await bench.desk.case(number)).state == "investigating"


async def test_a_correction_needs_a_reason_and_judges_anew(bench: Bench) -> None:
    number = await filed(bench)
    await bench.add_station("CS-2")
    fix = Correction(reason="the customer meant the other one", station="CS-2", topic="overcharged")
    view = await bench.desk.correct(number, fix, WANG)
    assert (view.case.station, view.case.topic, view.case.version) == ("CS-2", "overcharged", 2)
    entry = next(e for e in (await bench.desk.view(number)).entries if e.type == "correction")
    assert entry.body["before"] == {"station": "CS-1", "topic": "charged_no_energy", "nature": "quality"}
    with pytest.raises(BadInput, match="no station"):
        await bench.desk.correct(number, Correction(reason="typo", station="CS-9"), WANG)
    with pytest.raises(BadInput, match="one of"):
        await bench.desk.correct(number, Correction(reason="typo", topic="nonsense"), WANG)


async def test_an_altered_removed_or_inserted_entry_breaks_the_chain(bench: Bench) -> None:
    number = await filed(bench)
    whole = (await bench.desk.view(number)).entries
    async with bench.db.acquire() as conn:
        await conn.execute("update entries set text = 'other words' where complaint = $1 and seq = 2", number)
        assert await thread.verify(conn, number) == 2
        await conn.execute("update entries set text = '' where complaint = $1 and seq = 2", number)
        assert await thread.verify(conn, number) is None
        await conn.execute("delete from entries where complaint = $1 and seq = $2", number, len(whole))
        assert await thread.verify(conn, number) == len(whole)


async def test_an_entry_with_a_key_is_written_once(bench: Bench) -> None:
    number = await filed(bench)
    async with bench.db.acquire() as conn:
        draft = Draft("effect", "ohmbudsman", key="effect:1")
        async with conn.transaction():
            assert await thread.add(conn, number, draft, bench.clock())
        async with conn.transaction():
            assert await thread.add(conn, number, draft, bench.clock()) is None


async def test_lists_filter_page_and_search(bench: Bench) -> None:
    await bench.a_dead_session()
    for n in range(5):
        await bench.desk.file(read(bench.dead_complaint(customer={"plate": f"粤B1234{n}"})), by="wang")
    first = await bench.desk.listed(cases.Wanted(states=OPEN, level=2), limit=2)
    assert [v.case.number[-1] for v in first] == ["5", "4"]
    rest = await bench.desk.listed(cases.Wanted(station="CS-1"), before=first[-1].case.number)
    assert [v.case.number[-1] for v in rest] == ["3", "2", "1"]
    assert [v.case.number[-1] for v in await bench.desk.listed(cases.Wanted(q="粤B12343"))] == ["4"]
    assert await bench.desk.listed(cases.Wanted(q="100%")) == []
    assert len(await bench.desk.listed(cases.Wanted(q="扫码付了30"))) == 5
    with pytest.raises(NotFound):
        await bench.desk.case("C20990101-000001")


def test_every_state_is_reached_and_open_ones_are_left() -> None:
    targets = {move.target for move in MOVES.values()}
    assert set(STATES) - targets == {"received"}
    for state in OPEN:
        assert any(state in move.sources and move.target != state for move in MOVES.values()), state
    assert set(OPEN) | set(ENDED) == set(STATES)
    assert "received --> acknowledged" in diagram()


@given(st.lists(st.sampled_from(sorted(MOVES)), max_size=40))
def test_no_sequence_of_moves_leaves_the_table(names: list[str]) -> None:
    state = "received"
    for name in names:
        if can(name, state):
            state = after(name, state)
            assert state in STATES
        else:
            with pytest.raises(NotAllowedIn):
                after(name, state)
