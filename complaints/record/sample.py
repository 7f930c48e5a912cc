"""Random audits: cases drawn so that anybody can draw them again, and the form they are judged by."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from csms.errors import BadInput, Conflict, NotFound
from csms.kit.clock import iso
from csms.kit.db import Conn

FORM: Mapping[str, str] = {
    "complete": "The case names who, what, where, when and what the customer asks for.",
    "words": "The customer's own words are kept; the summary says the same.",
    "evidence": "The verdict rests on records, not on one side's word alone.",
    "both_ways": "It was asked what speaks for and against each side.",
    "in_time": "Clocks were kept, or the delay was told with a new date.",
    "informed": "The customer heard at every step, in plain words.",
    "remedy": "What was promised was done, and its effect was seen.",
    "money": "Money was approved by who may, and by two where needed.",
    "closing": "It was closed for a reason that is on record.",
}
"""Questions of the audit form; each is answered yes, no or not applicable."""
ANSWERS = ("yes", "no", "n/a")

POPULATION = """
    select number from complaints
    where closed_at between $1 and $2 and state = 'closed' and ($3::text is null or department = $3) order by number
"""
KEEP = """
    insert into audits (seed, wanted, since, until, department, population, drawn, made_by, made_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id
"""
ONE = "select id, seed, wanted, since, until, department, population, drawn, made_by, made_at from audits where id = $1"
ALL = """
    select a.id, a.seed, a.wanted, a.since, a.until, a.department, a.population, a.drawn, a.made_by, a.made_at,
        count(f.complaint) as judged, count(f.complaint) filter (where f.passed) as passed
    from audits a left join audit_forms f on f.audit = a.id group by a.id order by a.id desc limit 100
"""
JUDGE = """
    insert into audit_forms (audit, complaint, answers, passed, remark, by, at) values ($1, $2, $3, $4, $5, $6, $7)
    on conflict do nothing returning audit
"""
FORMS = "select complaint, answers, passed, remark, by, at from audit_forms where audit = $1 order by complaint"


def draw(numbers: Sequence[str], seed: str, wanted: int) -> list[str]:
    """The same seed over the same cases draws the same sample, on any machine."""
    ordered = sorted(numbers)
    # Not secret but repeatable: whoever doubts the draw draws it again.
    return sorted(random.Random(seed).sample(ordered, min(wanted, len(ordered))))  # noqa: S311


async def make(
    conn: Conn, *, seed: str, wanted: int, since: datetime, until: datetime, department: str | None, by: str,
    now: datetime,
) -> dict[str, Any]:
    """Draw from the cases closed in a stretch of time. Raises BadInput."""
    if wanted < 1:
        raise BadInput("wanted", "must be at least 1")
    numbers = [row["number"] for row in await conn.fetch(POPULATION, since, until, department)]
    drawn = draw(numbers, seed, wanted)
    id = await conn.fetchval(KEEP, seed, wanted, since, until, department, len(numbers), drawn, by, now)
    return await one(conn, id)


async def one(conn: Conn, id: int) -> dict[str, Any]:
    row = await conn.fetchrow(ONE, id)
    if row is None:
        raise NotFound(f"there is no audit {id}")
    forms = [dict(form) | {"at": iso(form["at"])} for form in await conn.fetch(FORMS, id)]
    return _json(row) | {"forms": forms, "form": dict(FORM)}


async def listed(conn: Conn) -> list[dict[str, Any]]:
    return [_json(row) for row in await conn.fetch(ALL)]


def _json(row: Any) -> dict[str, Any]:
    return {name: iso(value) if isinstance(value, datetime) else value for name, value in dict(row).items()}


async def judge(
    conn: Conn, id: int, number: str, answers: Mapping[str, str], remark: str | None, by: str, now: datetime
) -> bool:
    """One form; True when it passed: no question was answered with no. Raises BadInput, NotFound, Conflict."""
    row = await conn.fetchrow(ONE, id)
    if row is None or number not in row["drawn"]:
        raise NotFound(f"{number} was not drawn for audit {id}")
    for question in FORM:
        if answers.get(question) not in ANSWERS:
            raise BadInput(f"answers.{question}", f"must be one of {', '.join(ANSWERS)}")
    passed = "no" not in answers.values()
    if await conn.fetchval(JUDGE, id, number, dict(answers), passed, remark, by, now) is None:
        raise Conflict(f"{number} has been judged in audit {id}")
    return passed
