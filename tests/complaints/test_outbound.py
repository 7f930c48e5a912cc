"""Words to the outside: at every change, once, at decent hours, and through every way a process can die."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given, strategies as st

from complaints import alarms
from complaints.actions import Ask
from complaints.intake.form import read
from complaints.outbound import HookTransport, Message, Undelivered, Unwanted, allowed_from, outbox, sign
from complaints.outbound.quiet import is_quiet
from complaints.policy import Quiet
from complaints.states import MOVES
from complaints.thread import Draft
from tests.complaints.desk import LI, WANG, ZHAO, Bench, Killed

MAIL = "driver@example.org"
PHONE = "13800001234"


async def filed(bench: Bench, **customer: str) -> str:
    await bench.a_dead_session()
    given = bench.dead_complaint(customer=customer or {"email": MAIL}, channel="web")
    return (await bench.desk.file(read(given), by="web")).case.number


async def send(bench: Bench, seconds: float = 11) -> list[str]:
    bench.clock.move(timedelta(seconds=seconds))
    before = len(bench.post.sent)
    await bench.courier.round()
    return [message.text for _, message in bench.post.sent[before:]]


async def states(bench: Bench) -> list[str]:
    return [row["state"] for row in await bench.db.fetch("select state from outbox order by id")]


async def test_the_customer_gets_his_number_and_hears_of_every_step(bench: Bench) -> None:
    number = await filed(bench)
    assert [number in text for text in await send(bench)] == [True]
    await bench.desk.act(number, Ask(action="assign"), WANG)
    assert len(await send(bench)) == 1
    await bench.desk.say(number, type="question", text="Which plug was it?", audience="customer", who=WANG)
    assert await send(bench) == ["Which plug was it?"]
    case = await bench.desk.case(number)
    await bench.desk.customer_says(case.tracking, "the left one")
    assert len(await send(bench)) == 1
    await bench.desk.act(number, Ask(action="refund", reason="no energy"), WANG)
    assert "审批" in (await send(bench))[0]
    await bench.desk.act(number, Ask(action="refund", reason="fits", approve=True), LI)
    assert "30.00 元" in (await send(bench))[0]
    await bench.desk.act(number, Ask(action="resolve", text="接触器未闭合。"), WANG)
    answer = await send(bench)
    assert len(answer) == 1  # the answer and the question whether it settles it go out as one
    assert "接触器未闭合" in answer[0]
    await bench.desk.customer_answers(case.tracking, settled=True)
    await bench.desk.act(number, Ask(action="close", reason="done"), ZHAO)
    assert len(await send(bench)) == 1
    assert set(await states(bench)) == {"sent"}
    assert await send(bench) == []


async def test_no_move_is_made_without_a_word(bench: Bench) -> None:
    """Whatever the table lets happen, the customer's page and post tell it."""
    number = await filed(bench)
    for name, move in MOVES.items():
        if name in ("assess", "acknowledge", "merge"):
            continue  # told by the number he got; a merge by its own words (test_merging)
        await bench.db.execute("update complaints set state = $2 where number = $1", number, move.sources[0])
        async with bench.db.acquire() as conn, conn.transaction():
            from complaints import thread

            words = name in ("ask_customer", "resolve", "await_confirmation", "close", "reject", "refer")
            before = len([e for e in await thread.read(conn, number) if e.audience == "customer"])
            audience = "customer" if words else "staff"
            await thread.add(conn, number, Draft("x", "wang", "word", audience, move=name), bench.clock())
            after = len([e for e in await thread.read(conn, number) if e.audience == "customer"])
            assert after == before + 1, name


async def test_what_waits_for_one_person_goes_out_as_one_message(bench: Bench) -> None:
    number = await filed(bench, phone=PHONE)
    for text in ("first", "second"):
        await bench.desk.say(number, type="message", text=text, audience="customer", who=WANG)
    sent = await send(bench)
    assert len(sent) == 1
    assert sent[0].endswith("first\n\nsecond")
    assert bench.post.sent[0][0] == "sms"


async def test_who_left_no_address_reads_his_page(bench: Bench) -> None:
    await bench.a_dead_session()
    await bench.desk.file(read(bench.dead_complaint()), by="qr")
    assert await states(bench) == []


async def test_nothing_at_night_but_danger(bench: Bench) -> None:
    number = await filed(bench)
    await send(bench)
    bench.clock.now = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)  # 23:00 in Beijing
    await bench.desk.say(number, type="message", text="hello", audience="customer", who=WANG)
    assert await send(bench) == []
    assert await send(bench, 3600) == []
    assert await send(bench, 8 * 3600) == ["hello"]
    bench.clock.now = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    await bench.desk.act(number, Ask(action="escalate", reason="smoke", level=1), WANG)
    await bench.desk.say(number, type="message", text="keep away from it", audience="customer", who=WANG)
    assert await send(bench) == ["keep away from it"]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_while_sending_nothing_is_repeated_and_nothing_forgotten(bench: Bench, when: str) -> None:
    """Claimed and committed, then the process dies before or after the mail has left: nobody can know which.

    Mail does not recognise a repetition, so it is not repeated: staff see it and decide.
    """
    await filed(bench)
    bench.post.mishaps.append((when, Killed()))
    with pytest.raises(Killed):
        await send(bench)
    assert await states(bench) == ["sending"]
    left = len(bench.post.sent)
    for _ in range(3):
        await bench.worker.round()
    assert await states(bench) == ["sending"]  # another worker may still be at it
    await send(bench, 180)
    assert await states(bench) == ["unclear"]
    assert len(bench.post.sent) == left
    async with bench.db.acquire() as conn:
        assert "delivery.unclear" in {alarm.kind for alarm in await alarms.listed(conn)}
        id = await conn.fetchval("select id from outbox")
        assert await outbox.again(conn, id, bench.clock())
    assert len(await send(bench)) == 1
    assert await states(bench) == ["sent"]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_while_calling_a_hook_it_is_called_again_with_the_same_key(bench: Bench, when: str) -> None:
    async with bench.db.acquire() as conn:
        await outbox.to_hook(conn, "pay-1", "payments", complaint=None, situation="payout", payload={"amount": "30.00"},
                             now=bench.clock())
    bench.post.mishaps.append((when, Killed()))
    with pytest.raises(Killed):
        await bench.courier.round()
    await send(bench, 180)
    assert [message.key for _, message in bench.post.sent] == ["pay-1"]
    assert await states(bench) == ["sent"]


async def test_killed_before_the_claim_it_is_simply_sent_later(bench: Bench) -> None:
    await filed(bench)
    assert await states(bench) == ["queued"]
    assert len(await send(bench)) == 1


async def test_what_did_not_arrive_is_tried_again_ever_slower_then_given_to_people(bench: Bench) -> None:
    await filed(bench)
    bench.post.mishaps += [("before", Undelivered("busy"))] * 8
    while bench.post.mishaps:
        assert await send(bench, 3600 * 3) == []
    assert await states(bench) == ["failed"]
    assert bench.post.sent == []


async def test_a_wrong_address_is_not_tried_again(bench: Bench) -> None:
    await filed(bench)
    bench.post.mishaps.append(("before", Unwanted("no such mailbox")))
    await send(bench)
    assert await states(bench) == ["failed"]


async def test_two_couriers_send_each_message_once(bench: Bench) -> None:
    import asyncio

    number = await filed(bench)
    for n in range(5):
        await outbox.to_hook(bench.db, f"k{n}", "payments", complaint=number, situation="x", payload={},
                             now=bench.clock())
    bench.clock.move(timedelta(seconds=11))
    await asyncio.gather(*(bench.courier.round() for _ in range(4)))
    keys = [message.key for _, message in bench.post.sent]
    assert len(keys) == len(set(keys)) == 6


async def test_a_silent_case_is_told_where_it_stands_and_the_next_date(bench: Bench) -> None:
    number = await filed(bench)
    await send(bench)
    bench.clock.move(timedelta(days=2, minutes=1))
    await bench.watch.keep_informed()
    await bench.watch.keep_informed()
    told = await send(bench)
    assert len(told) == 1
    assert number in told[0]
    assert "2026-11-2" in told[0]


async def test_a_hook_is_signed_over_time_and_body_and_carries_its_key(bench: Bench) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(503 if len(seen) == 1 else 409 if len(seen) == 2 else 200)

    async def find(name: str) -> tuple[str, str] | None:
        return ("https://pay.example/refunds", "s3cret") if name == "payments" else None

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        hook = HookTransport(find, bench.clock, client)
        message = Message("refund-1", "hook:payments", None, "", "", "en", {"amount": "30.00"})
        with pytest.raises(Undelivered):
            await hook.send(message)
        with pytest.raises(Unwanted):
            await hook.send(message)
        await hook.send(message)
        with pytest.raises(Unwanted):
            await hook.send(Message("x", "hook:nobody", None, "", "", "en"))
    last = seen[-1]
    assert last.headers["Idempotency-Key"] == "refund-1"
    timestamp = last.headers["Ohmbudsman-Timestamp"]
    assert last.headers["Ohmbudsman-Signature"] == sign("s3cret", timestamp, last.content)


moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))
clock_times = st.times().map(lambda t: t.replace(second=0, microsecond=0))


@given(moments, clock_times, clock_times, st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/London"]))
def test_the_allowed_moment_is_never_quiet_and_never_earlier(at, since, until, zone) -> None:  # type: ignore[no-untyped-def]
    quiet = Quiet(since, until)
    allowed = allowed_from(at, zone, quiet)
    assert allowed >= at
    assert allowed - at <= timedelta(hours=25)
    assert allowed_from(at, zone, quiet, urgent=True) == at
    local = allowed.astimezone(ZoneInfo(zone)).time()
    if since != until and zone == "Asia/Shanghai":
        assert not is_quiet(local, quiet)
