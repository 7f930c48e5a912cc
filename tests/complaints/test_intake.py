"""What comes in: wrong fields are named, attachments are looked at, nothing is lost."""

from __future__ import annotations

import base64
import io
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image

from complaints.desk import Desk
from complaints.intake import attachments
from complaints.intake.attachments import Sent, inspect
from complaints.intake.form import read
from complaints.judge import judge
from complaints.remote import allowed_by_rules
from csms.errors import BadInput
from tests.complaints.desk import Bench

GPS = 0x8825


def photo(kind: str = "JPEG") -> bytes:
    """A small picture that says where it was taken."""
    picture, out = Image.new("RGB", (40, 30), "red"), io.BytesIO()
    exif = picture.getexif()
    exif[0x010E] = "home address"
    exif.get_ifd(GPS)[1] = "N"
    picture.save(out, kind, exif=exif)
    return out.getvalue()


@pytest.mark.parametrize(("field", "given"), [
    ("text", {"text": ""}),
    ("text", {"text": "x" * 1_000_000}),
    ("text", {"text": None}),
    ("channel", {"channel": "pigeon"}),
    ("amount_disputed", {"amount_disputed": "-1"}),
    ("amount_disputed", {"amount_disputed": "lots"}),
    ("amount_disputed", {"amount_disputed": "NaN"}),
    ("currency", {"currency": "yuan"}),
    ("evse", {"evse": -1}),
    ("occurred_at", {"occurred_at": "yesterday"}),
    ("occurred_at", {"occurred_at": "0001-01-01T00:00:00Z"}),
    ("language", {"language": "fr"}),
    ("customer.phone", {"customer": {"phone": "1" * 300}}),
    ("attachments", {"attachments": [{"content": ""}] * 7}),
])
def test_a_wrong_field_is_named(field: str, given: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as error:
        read({"channel": "web", "text": "it does not charge"} | given)
    assert error.value.field == field


def test_only_channel_and_text_are_needed_and_unknown_fields_harm_nothing() -> None:
    assert read({"channel": "web", "text": " hello\x00 ", "station": " ", "colour": "red"}).text == "hello"


async def test_what_has_not_happened_yet_is_refused_and_nothing_is_filed(bench: Bench) -> None:
    soon = bench.clock() + timedelta(hours=1)
    with pytest.raises(BadInput) as error:
        await bench.desk.file(read({"channel": "web", "text": "x", "occurred_at": soon}), by="web")
    assert error.value.field == "occurred_at"
    assert await bench.db.fetchval("select count(*) from complaints") == 0


async def test_an_unknown_station_is_an_error_for_programs_and_a_note_for_the_public_form(bench: Bench) -> None:
    given = read({"channel": "qr", "text": "扫码了没反应", "station": "NOT-OURS"})
    with pytest.raises(BadInput) as error:
        await bench.desk.file(given, by="app")
    assert error.value.field == "station"
    view = await bench.desk.file(given, by="qr", strict=False)
    assert view.case.state == "assessed"
    notes = [e.text for e in (await bench.desk.view(view.case.number)).entries if e.type == "note"]
    assert any("NOT-OURS" in text for text in notes)


async def test_a_complaint_without_a_station_finds_it_by_its_payment(bench: Bench) -> None:
    await bench.a_dead_session()
    given = bench.dead_complaint()
    del given["station"], given["evse"]
    case = (await bench.desk.file(read(given), by="app")).case
    assert (case.station, case.matched_station, case.matched_evse) == (None, "CS-1", 1)


async def test_a_complaint_without_a_station_finds_it_by_the_card(bench: Bench) -> None:
    await bench.a_dead_session()
    given = {"channel": "app", "text": "没充进去电", "customer": {"token": "T1"}, "occurred_at": bench.at(-80)}
    assert (await bench.desk.file(read(given), by="app")).case.matched_station == "CS-1"


async def test_a_classifier_that_fails_loses_nothing(bench: Bench) -> None:
    def broken(text: str, *, language: str | None = None) -> Any:
        raise RuntimeError(text)

    desk = Desk(bench.db, bench.csms, bench.clock, classify=broken, judge=judge, remote=allowed_by_rules)
    case = (await desk.file(read({"channel": "web", "text": "hm"}), by="web")).case
    assert (case.category, case.topic, case.level) == ("other", "other", 2)


async def test_a_judgement_that_fails_is_made_good_by_the_worker(bench: Bench) -> None:
    def broken(*_: object) -> Any:
        raise RuntimeError("no judgement today")

    desk = Desk(bench.db, bench.csms, bench.clock, classify=bench.desk._classify, judge=broken, remote=allowed_by_rules)
    case = (await desk.file(read({"channel": "web", "text": "the app shows an error"}), by="web")).case
    assert case.state == "acknowledged"
    assert await desk.assessment(case.number) is None
    await bench.worker.assess_due()
    assert await bench.desk.assessment(case.number) is None
    bench.clock.move(timedelta(minutes=1))
    await bench.worker.assess_due()
    assert await bench.desk.assessment(case.number) is not None
    assert (await bench.desk.case(case.number)).state == "assessed"


def test_a_photo_loses_what_it_says_about_where_it_was_taken() -> None:
    sent = photo()
    assert b"home address" in sent
    kept = inspect([Sent("C:\\me\\IMG\n1.jpg", sent)])[0]
    assert (kept.mime, kept.name) == ("image/jpeg", "IMG1.jpg")
    assert b"home address" not in kept.content
    assert not Image.open(io.BytesIO(kept.content)).getexif()
    assert kept.sent_sha256 != kept.sha256


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_other_pictures_are_taken_too(kind: str) -> None:
    out = io.BytesIO()
    Image.new("P" if kind == "GIF" else "RGB", (20, 20)).save(out, kind)
    assert inspect([Sent("x", out.getvalue())])[0].mime.startswith("image/")


@pytest.mark.parametrize(("content", "mime"), [
    (b"%PDF-1.7\n1 0 obj", "application/pdf"),
    (b"ID3\x03\x00\x00" + bytes(40), "audio/mpeg"),
    (b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(40), "audio/wav"),
    (b"\x00\x00\x00\x18ftypmp42" + bytes(40), "video/mp4"),
    (b"#!AMR\n" + bytes(40), "audio/amr"),
])
def test_sounds_videos_and_pdf_are_known_by_their_bytes(content: bytes, mime: str) -> None:
    assert inspect([Sent("x.exe", content)])[0].mime == mime


@pytest.mark.parametrize("content", [b"", b"just text", b"MZ" + bytes(100), b"<svg onload=alert(1)>", photo()[:60]])
def test_anything_else_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(BadInput) as error:
        inspect([Sent("ok.png", photo("PNG")), Sent("x.png", content)])
    assert error.value.field == "attachments[1]"


def test_a_file_that_is_too_large_is_refused_with_the_limit() -> None:
    with pytest.raises(BadInput, match="at most 1,000"):
        inspect([Sent("x", photo() + bytes(2_000))], largest=1_000)


async def test_a_photo_is_kept_with_the_entry_that_names_it(bench: Bench) -> None:
    content = base64.b64encode(photo()).decode()
    given = read({"channel": "web", "text": "broken screen", "attachments": [{"name": "a.jpg", "content": content}]})
    number = (await bench.desk.file(given, by="web")).case.number
    named = (await bench.desk.view(number)).entries[0].body["attachments"][0]
    kept = await bench.desk.attachment(number, named["id"])
    assert kept.sha256 == named["sha256"] == attachments._sha256(kept.content)
    with pytest.raises(BadInput, match="base64"):
        attachments.from_json(read({"channel": "web", "text": "x", "attachments": [{"content": "%%%"}]}).attachments)
