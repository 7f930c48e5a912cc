"""The same matter told twice: found by what the two say, merged by a link that can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from complaints import cases, phrases, thread
from complaints.cases import Case
from complaints.states import ENDED
from complaints.thread import SYSTEM, Draft
from csms.errors import BadInput, Conflict
from csms.kit.db import Conn, Row

NEAR = timedelta(hours=2)
LOOK_BACK = timedelta(days=14)
LIKELY = 0.6


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much another case looks like this one, and why."""

    number: str
    score: float
    because: tuple[str, ...]


def likeness(case: Case, other: Case) -> Likeness:
    """Two complaints of one person about one thing. Pure; 0 to 1."""
    reasons: list[tuple[float, str]] = []
    person = _same(case, other, "customer_phone", "customer_email", "customer_token", "customer_plate")
    matter = _same(case, other, "payment_reference", "order_ref", "matched")
    if person:
        reasons.append((0.35, f"same {person}"))
    if matter:
        reasons.append((0.6, f"same {matter}"))
    if case.where and case.where == other.where:
        reasons.append((0.15, "same station"))
    if _near(case.occurred_at, other.occurred_at):
        reasons.append((0.2, "same time"))
    if case.topic == other.topic:
        reasons.append((0.1, "same topic"))
    if case.text.strip() == other.text.strip():
        reasons.append((0.25 if person or matter else 0.1, "same words"))
    return Likeness(other.number, min(sum(weight for weight, _ in reasons), 1.0), tuple(why for _, why in reasons))


def _same(case: Case, other: Case, *names: str) -> str | None:
    return next(
        (n.removeprefix("customer_") for n in names if getattr(case, n) and getattr(case, n) == getattr(other, n)), None
    )


def _near(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= NEAR


# --- rows -------------------------------------------------------------------------------------

CANDIDATES = f"""
    select {', '.join(cases.COLUMNS)} from complaints
    where number <> $1 and filed_at between $2 and $3 and state <> 'merged'
        and (customer_phone = $4 or customer_email = $5 or customer_token = $6 or customer_plate = $7
            or payment_reference = $8 or order_ref = $9)
    order by number desc limit 20
"""
LINK = """
    insert into case_links (complaint, other, kind, score, because, made_by, made_at)
    select $1, $2, $3, $4, $5, $6, $7
    where not exists (select 1 from case_links where complaint = $1 and other = $2 and kind = $3 and ended_at is null)
    returning id
"""
END_LINK = """
    update case_links set ended_by = $3, ended_at = $4 where complaint = $1 and kind = $2 and ended_at is null
"""
LINKS = """
    select id, complaint, other, kind, score, because, made_by, made_at, ended_by, ended_at from case_links
    where complaint = $1 or other = $1 order by id
"""
SET_MERGED = "update complaints set merged_into = $2 where number = $1"
MERGED_HERE = f"select {', '.join(cases.COLUMNS)} from complaints where merged_into = $1 order by number"


async def find_same(conn: Conn, case: Case, now: datetime) -> list[Likeness]:
    """Earlier cases that may be the same, the likeliest first; noted as links for staff to decide."""
    rows = await conn.fetch(
        CANDIDATES, case.number, case.filed_at - LOOK_BACK, case.filed_at, case.customer_phone, case.customer_email,
        case.customer_token, case.customer_plate, case.payment_reference, case.order_ref,
    )
    found = [likeness(case, cases.of_row(row)) for row in rows]
    likely = sorted((one for one in found if one.score >= LIKELY), key=lambda one: -one.score)
    for one in likely:
        await conn.fetchval(LINK, case.number, one.number, "maybe_same", one.score, list(one.because), SYSTEM, now)
    if likely:
        body = {"cases": [{"number": one.number, "score": round(one.score, 2), "because": list(one.because)}
                          for one in likely]}
        await thread.add(conn, case.number, Draft("duplicates", SYSTEM, body=body, key="duplicates"), now)
    return likely


async def links_of(conn: Conn, number: str) -> Sequence[Row]:
    return list(await conn.fetch(LINKS, number))


def link_json(row: Row) -> dict[str, Any]:
    shape = dict(row)
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in shape.items()}


async def merge(conn: Conn, case: Case, into: str, by: str, reason: str, now: datetime) -> None:
    """Go on in another case. Raises BadInput, NotAllowedIn, NotFound."""
    if into == case.number:
        raise BadInput("into", "is this case itself")
    target = await cases.get(conn, into)
    if target.state in ENDED:
        raise Conflict(f"{into} is {target.state}: nothing goes on there")
    await thread.add(conn, case.number, Draft("merge", by, reason, body={"into": into}, move="merge"), now)
    await conn.execute(SET_MERGED, case.number, into)
    await conn.fetchval(LINK, case.number, into, "merged", None, [reason], by, now)
    await thread.add(conn, into, Draft("merged_here", by, reason, body={"case": case.number}), now)
    words = phrases.say("merged", case.language, number=case.number, other=into)
    await thread.add(conn, case.number, Draft("message", SYSTEM, words, "customer", {"cause": "merged"}), now)


async def unmerge(conn: Conn, case: Case, by: str, reason: str, now: datetime) -> None:
    """They were two matters after all. Raises NotAllowedIn."""
    body = {"from_case": case.merged_into}
    await thread.add(conn, case.number, Draft("unmerge", by, reason, body=body, move="unmerge"), now)
    await conn.execute(SET_MERGED, case.number, None)
    await conn.execute(END_LINK, case.number, "merged", by, now)
    if case.merged_into:
        await thread.add(conn, case.merged_into, Draft("unmerged", by, reason, body={"case": case.number}), now)


async def pass_on(conn: Conn, case: Case, draft: Draft, now: datetime) -> None:
    """What is said in a merged case is heard where it goes on; it reopens nothing here."""
    if case.state == "merged" and case.merged_into:
        body = {**draft.body, "from_case": case.number}
        await thread.add(conn, case.merged_into, Draft(draft.type, draft.author, draft.text, "staff", body), now)


async def merged_here(conn: Conn, number: str) -> list[Case]:
    return [cases.of_row(row) for row in await conn.fetch(MERGED_HERE, number)]
