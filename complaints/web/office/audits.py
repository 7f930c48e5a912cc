"""Audit at the office: who looked at whose data, what vouches for the record, and random samples with their form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fastapi import Response

from complaints import changes, sheets
from complaints.record import access, heads, sample
from complaints.web.frame import Visit, url
from complaints.web.labels import DEPARTMENT
from complaints.web.office import forms
from csms.errors import BadInput

LOOKS = 100
MOST_ROWS = 10_000
HEADS = 30


async def page(visit: Visit) -> Response:
    return await _page(visit, {}, "", 200)


async def _page(
    visit: Visit, wrong: Mapping[str, str], problem: str, status: int, checked: Any = None
) -> Response:
    case, person = visit.query("case") or None, visit.query("person") or None
    async with visit.site.desk.db.acquire() as conn:
        looks = await access.looked(conn, number=case, who=person, limit=LOOKS)
        found = await sample.listed(conn)
        newest = await heads.listed(conn, HEADS)
        changed = await changes.listed(conn, limit=20)
    return visit.page(
        "office/audit.html", status, looks=looks, case=case or "", person=person or "", samples=found, heads=newest,
        changed=changed, checked=checked, wrong=wrong, problem=problem, typed=visit.form.texts(),
        departments=DEPARTMENT, month_ago=visit.now - timedelta(days=30),
    )


async def verify(visit: Visit) -> Response:
    """Walk every thread and every head now. It changes nothing."""
    async with visit.site.desk.db.acquire() as conn:
        checked = await heads.verify_all(conn, visit.site.office.options.heads)
    return await _page(visit, {}, "", 200, checked)


async def looks_csv(visit: Visit) -> Response:
    async with visit.site.desk.db.acquire() as conn:
        found = await access.looked(
            conn, number=visit.query("case") or None, who=visit.query("person") or None, limit=MOST_ROWS
        )
    header = ("at", "who", "role", "case", "what", "masked")
    rows = [tuple(look[name] for name in ("at", "who", "role", "complaint", "what", "masked")) for look in found]
    return forms.attachment(sheets.sheet(header, rows), f"looks-{visit.now:%Y%m%d}.csv")


async def draw(visit: Visit) -> Response:
    """A random sample: the seed lets anybody draw it again."""
    async def act() -> str:
        seed, wanted = forms.words(visit, "seed", longest=100), forms.number(visit, "wanted", 1, 200)
        since, until = forms.moment(visit, "since"), forms.moment(visit, "until")
        assert since is not None
        assert until is not None
        if until <= since:
            raise BadInput("until", visit.say("must be after the beginning"))
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            made = await sample.make(
                conn, seed=seed, wanted=wanted, since=since, until=until,
                department=visit.form.text("department") or None, by=visit.who.name, now=visit.now,
            )
        return url("desk", "audit", made["id"])

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return await _page(visit, wrong, problem, status)

    return await forms.attempt(visit, act, again, "drawn")


async def one(visit: Visit) -> Response:
    return await _sample_page(visit, {}, "", 200)


def _id(visit: Visit) -> int:
    return min(int(visit.part("id")), 2**62)


async def _sample_page(visit: Visit, wrong: Mapping[str, str], problem: str, status: int) -> Response:
    async with visit.site.desk.db.acquire() as conn:
        found = await sample.one(conn, _id(visit))
    judged = {form["complaint"]: form for form in found["forms"]}
    left = [number for number in found["drawn"] if number not in judged]
    at = visit.query("case") if visit.query("case") in left else next(iter(left), None)
    return visit.page(
        "office/audit_sample.html", status, audit=found, judged=judged, left=left, at=at, questions=list(sample.FORM),
        answers=sample.ANSWERS, wrong=wrong, problem=problem, typed=visit.form.texts(),
    )


async def judge(visit: Visit) -> Response:
    number = visit.part("number")

    async def act() -> str:
        answers = {q: visit.form.text(f"q_{q}") for q in sample.FORM}
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            await sample.judge(
                conn, _id(visit), number, answers, visit.form.text("remark") or None, visit.who.name, visit.now
            )
        return url("desk", "audit", _id(visit))

    async def again(wrong: Mapping[str, str], _problem: str, status: int) -> Response:
        named = {name.replace("answers.", "q_"): visit.say("answer every question") for name in wrong}
        return await _sample_page(visit, named, visit.say("Answer every question."), status)

    return await forms.attempt(visit, act, again, "set")
