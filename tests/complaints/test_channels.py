"""Every way in leads to one case: mail, signed calls, paper, the hotline; the same thing twice is one."""

from __future__ import annotations

import json
import smtplib
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import anyio.to_thread
import pytest
from hypothesis import given, strategies as st

from complaints import hooks, merging
from complaints.actions import Ask
from complaints.intake import hotline, mail, mapping, papers, smtp
from complaints.intake.classify.topics import CATEGORY_OF
from complaints.intake.doors import Doors
from complaints.intake.form import read
from complaints.intake.signed import NotBelieved
from complaints.outbound import sign
from csms.errors import BadInput, Conflict
from tests.complaints.desk import WANG, Bench

SECRET = "a secret of some length"


@pytest.fixture
def doors(bench: Bench) -> Doors:
    return Doors(bench.db, bench.desk, bench.clock)


def letter(text: str, *, subject: str = "No energy", to: str = "help@ohm.example", **headers: str) -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Ann <ann@example.org>", to, subject
    made["Message-ID"] = headers.pop("id", "<1@example.org>")
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made.as_bytes()


async def entries(bench: Bench, number: str) -> list[Any]:
    return list((await bench.desk.view(number)).entries)


# --- mail -------------------------------------------------------------------------------------


async def test_a_mail_becomes_a_case_and_its_answer_goes_into_it(bench: Bench, doors: Doors) -> None:
    filed = await doors.mail(letter("I paid 30 yuan and it did not charge."))
    assert filed.new
    assert filed.number is not None
    case = await bench.desk.case(filed.number)
    assert (case.channel, case.customer_email, case.customer_name) == ("email", "ann@example.org", "Ann")
    again = await doors.mail(letter("I paid 30 yuan and it did not charge."))
    assert (again.number, again.new) == (filed.number, False)
    answer = letter("It was the left one.\n\nOn Mon, 23 Nov 2026 at 10:00 Ohmbudsman wrote:\n> Which plug?",
                    subject=f"Re: {filed.number}", id="<2@example.org>")
    assert (await doors.mail(answer)).number == filed.number
    assert (await entries(bench, filed.number))[-1].text == "It was the left one."


async def test_a_number_is_believed_only_from_that_case_s_customer_a_secret_address_from_anybody(
    bench: Bench, doors: Doors
) -> None:
    filed = await doors.mail(letter("It does not charge."))
    assert filed.number is not None
    stranger = letter("me too", subject=f"Re: {filed.number}", id="<3@x>")
    other = await doors.mail(stranger.replace(b"ann@example.org", b"eve@example.org"))
    assert other.new
    case = await bench.desk.case(filed.number)
    tagged = letter("from my other mailbox", to=f"help+{case.tracking}@ohm.example", id="<4@x>")
    assert (await doors.mail(tagged.replace(b"ann@", b"ann.work@"))).number == filed.number


async def test_machines_are_not_answered(doors: Doors) -> None:
    for n, headers in enumerate(({"Auto_Submitted": "auto-replied"}, {"Precedence": "bulk"})):
        arrived = await doors.mail(letter("I am on leave", id=f"<auto{n}@x>", **headers))
        assert arrived.number is None
        assert arrived.ignored


async def test_what_cannot_be_kept_does_not_cost_the_mail(bench: Bench, doors: Doors) -> None:
    made = EmailMessage()
    made["From"], made["Subject"], made["Message-ID"] = "ann@example.org", "look", "<5@x>"
    made.set_content("see the files")
    made.add_attachment(b"MZ\x90\x00" * 50, maintype="application", subtype="octet-stream", filename="virus.exe")
    made.add_attachment(b"%PDF-1.4\n%x\n" + b"1" * 400, maintype="application", subtype="pdf", filename="bill.pdf")
    arrived = await doors.mail(made.as_bytes())
    assert arrived.number is not None
    first = (await entries(bench, arrived.number))[0]
    assert [a["name"] for a in first.body["attachments"]] == ["bill.pdf"]
    assert "virus.exe" in first.text


async def test_the_mail_slot_says_250_once_the_case_is_there(bench: Bench, doors: Doors) -> None:
    server = await smtp.listen(doors, "127.0.0.1", 0, ("ohm.example",))
    port = server.sockets[0].getsockname()[1]

    def post(to: str) -> Any:
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
            return client.sendmail("ann@example.org", [to], letter("it does not charge", to=to))

    try:
        assert await anyio.to_thread.run_sync(post, "help@ohm.example") == {}
        assert len(await bench.db.fetch("select number from complaints")) == 1
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            await anyio.to_thread.run_sync(post, "help@elsewhere.example")
    finally:
        server.close()
        await server.wait_closed()


@given(st.binary(max_size=600))
def test_any_bytes_are_read_as_a_mail(raw: bytes) -> None:
    assert isinstance(mail.read(raw).text, str)


def test_quotations_are_left_out_in_three_languages() -> None:
    for quote in ("> old", "-----Original Message-----", "发件人: x", "在 2026年11月22日,客服写道:"):
        assert mail.unquoted(f"new words\n{quote}\nold words") == "new words"
    assert mail.unquoted("> all of it") == "> all of it"


# --- signed calls -----------------------------------------------------------------------------


async def call(bench: Bench, doors: Doors, payload: dict[str, Any], *, secret: str = SECRET, late_s: int = 0) -> Any:
    body = json.dumps(payload).encode()
    stamp = str(int(bench.clock().timestamp()) - late_s)
    return await doors.called("wechat", stamp, sign(secret, stamp, body), body, payload)


WECHAT = {
    "complaint_id": "200201820200101080076610000", "complaint_time": "2026-11-22T11:00:00+08:00",
    "complaint_detail": "付了30元没充上电", "payer_openid": "o-1", "payer_phone": "13800000000",
    "complaint_order_info": [{"out_trade_no": "O-1", "transaction_id": "P-1", "amount": 3000}],
}


async def test_a_platform_s_signed_message_becomes_a_case_once(bench: Bench, doors: Doors) -> None:
    await bench.a_dead_session()
    await doors.hook_put("wechat", "", SECRET, "root", "wechat", None)
    filed = await call(bench, doors, WECHAT)
    case = await bench.desk.case(filed.number)
    assert (case.channel, case.order_ref, case.payment_reference, case.account) == ("wechat", "O-1", "P-1", "o-1")
    assert str(case.amount_disputed) == "30.00"
    assert not (await call(bench, doors, WECHAT)).new
    more = await call(bench, doors, WECHAT | {"complaint_detail": "还没有人回复我"})
    assert more.number == filed.number
    assert (await entries(bench, filed.number))[-1].text == "还没有人回复我"


async def test_an_unsigned_a_late_or_an_altered_call_is_not_believed(bench: Bench, doors: Doors) -> None:
    with pytest.raises(NotBelieved):
        await call(bench, doors, WECHAT)  # no such hook
    await doors.hook_put("wechat", "", SECRET, "root", "wechat", None)
    with pytest.raises(NotBelieved):
        await call(bench, doors, WECHAT, secret="another one, just as long")
    with pytest.raises(NotBelieved):
        await call(bench, doors, WECHAT, late_s=301)
    stamp, body = str(int(bench.clock().timestamp())), b"{}"
    with pytest.raises(NotBelieved):
        await doors.called("wechat", stamp, sign(SECRET, stamp, body), b'{"a": 1}', {"a": 1})
    async with bench.db.acquire() as conn:
        assert "secret" not in (await hooks.listed(conn))[0]
        with pytest.raises(BadInput):
            await hooks.put(conn, "x", "", "short", "root", bench.clock())


def test_a_mapping_finds_its_fields_wherever_they_stand() -> None:
    external, found = mapping.complaint_of(WECHAT, mapping.MAPPINGS["wechat"])
    assert external == WECHAT["complaint_id"]
    assert read(found).customer.phone == "13800000000"
    for spec in mapping.MAPPINGS.values():
        assert mapping.complaint_of({}, spec)[1].get("text") is None
        assert read(mapping.complaint_of({"content": "x", "text": "x"}, spec)[1]).text == "x"


# --- paper and hotline ------------------------------------------------------------------------


async def test_a_box_of_paper_is_brought_in_with_its_own_times_and_only_once(bench: Bench, doors: Doors) -> None:
    box = "编号,内容,日期,电话\n1,充电枪坏了,2026-11-20 09:30,13800001111\n2,,2026-11-20,\n3,太贵,22.11.2026,\n"
    dry = await doors.papers(box, box="north gate", by="wang", dry_run=True)
    assert (dry["accepted"], dry["numbers"]) == (1, [])
    report = await doors.papers(box, box="north gate", by="wang")
    assert report["accepted"] == 1
    assert [(r["line"], r["field"]) for r in report["rejected"]] == [(3, "text"), (4, "submitted_at")]
    register = next(d for d in (await bench.desk.overview(report["numbers"][0])).deadlines if d.kind == "register")
    assert register.met_at is not None
    assert register.met_at > register.due_at  # it lay in the box for more than a day
    assert (await doors.papers(box, box="north gate", by="wang"))["duplicates"] == 1
    with pytest.raises(BadInput):
        list(papers.slips("a,b\n1,2\n", zone="Asia/Shanghai", box="x"))


@pytest.mark.parametrize("topic", sorted(CATEGORY_OF))
def test_every_topic_has_its_questions(topic: str) -> None:
    guide = hotline.guide(topic)
    assert guide["questions"]
    assert all(q["en"] and q["zh"] for q in guide["questions"])
    asked = {q["field"].partition(".")[0] for q in guide["questions"]}
    assert asked <= set(type(read({"channel": "hotline", "text": "x"})).model_fields)


def test_what_was_not_asked_yet_is_named() -> None:
    assert hotline.missing("overcharged", {"text": "x", "station": "CS-1"}) == [
        "occurred_at", "customer.phone", "expectation",
    ]


# --- told twice -------------------------------------------------------------------------------


async def test_the_same_matter_told_twice_is_found_merged_and_unmerged(bench: Bench) -> None:
    await bench.a_dead_session()
    said = bench.dead_complaint(customer={"phone": "13800001111"})
    first = (await bench.desk.file(read(said), by="web")).case.number
    second = (await bench.desk.file(read(said | {"channel": "hotline"}), by="wang")).case.number
    found = next(e for e in await entries(bench, second) if e.type == "duplicates")
    assert found.body["cases"][0]["number"] == first
    await bench.desk.act(second, Ask(action="merge", reason="same", into=first), WANG)
    case = await bench.desk.case(second)
    assert (case.state, case.merged_into) == ("merged", first)
    await bench.desk.customer_says(case.tracking, "any news?")
    assert (await bench.desk.case(second)).state == "merged"  # a reply reopens nothing
    assert (await entries(bench, first))[-1].text == "any news?"
    bench.clock.move(timedelta(days=3))
    await bench.worker.round()
    assert "deadline" not in [e.type for e in await entries(bench, second)]
    with pytest.raises(Conflict):
        await bench.desk.act(first, Ask(action="merge", reason="x", into=second), WANG)
    await bench.desk.act(second, Ask(action="unmerge", reason="two cars"), WANG)
    case = await bench.desk.case(second)
    assert (case.state, case.merged_into) == ("investigating", None)
    async with bench.db.acquire() as conn:
        links = await merging.links_of(conn, second)
    assert {link["kind"] for link in links} == {"maybe_same", "merged"}
    assert await bench.desk.first_broken(second) is None


async def test_two_people_at_one_charger_are_not_the_same(bench: Bench) -> None:
    await bench.a_dead_session()
    for phone in ("1", "2"):
        given = bench.dead_complaint(customer={"phone": phone}, payment_reference=None)
        number = (await bench.desk.file(read(given), by="web")).case.number
    assert "duplicates" not in [e.type for e in await entries(bench, number)]
