"""Late facts: news about what has been judged already, and which cases are to be judged again for it.

A station's offline queue, a hold that is released, a second capture, a fault that clears: the frozen evidence
stays what it was, a new version tells what changed.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from complaints import cases
from complaints.cases import Case
from complaints.evidence.why import NEWS
from complaints.states import OPEN
from csms.kit.db import Conn
from csms.vocabulary import Fault, Payment, Transaction

STILL_OURS = timedelta(days=60)
"""How long after its closing a case is still judged again: a late truth is told, though nothing reopens by itself."""

CONCERNED = """
    select number from complaints
    where (station = any($1::text[]) or matched_station = any($1::text[]) or payment_reference = any($2::text[])
            or order_ref = $3 or matched = $4)
        and (state = any($5::text[]) or closed_at >= $6) and version > 0
    order by number limit 500
"""
CITED = """
    select a.complaint from complaints c
    join assessments a on a.complaint = c.number and a.version = c.version
    where c.number = $1 and a.judgement @> jsonb_build_object('findings', jsonb_build_array(
        jsonb_build_object('refs', jsonb_build_array(jsonb_build_object('id', $2::text)))))
"""


# --- rules ------------------------------------------------------------------------------------


def came_late(happened_at: datetime, case: Case) -> bool:
    """It happened before the complaint was filed, and we only learned of it now."""
    return happened_at < case.filed_at


def concerns(payment: Payment, case: Case) -> bool:
    """Named by the case, or at its station before it was filed. A refund of ours changes no judgement."""
    if payment.reference.startswith(f"refund-{case.number}-"):
        return False
    named = case.payment_reference in (payment.reference, payment.of) and case.payment_reference is not None
    ordered = case.order_ref is not None and payment.order == case.order_ref
    return named or ordered or came_late(payment.at, case)


def touches(session: Transaction, case: Case) -> bool:
    """A session the case may be about: begun before it was filed, at its plug if it names one."""
    evse = case.matched_evse if case.matched_evse is not None else case.evse
    own = case.matched == session.id or (case.customer_token is not None and case.customer_token == session.token)
    return came_late(session.started_at, case) and (own or evse is None or session.evse in (None, evse))


# --- rows -------------------------------------------------------------------------------------


async def waits_at(conn: Conn, station: str, now: datetime) -> bool:
    """Whether any case is about this station."""
    return bool(await conn.fetch(CONCERNED, [station], [], None, None, list(OPEN), now - STILL_OURS))


async def hear_session(conn: Conn, kind: str, session: Transaction, now: datetime) -> None:
    for case in await _concerned(conn, now, station=session.station, matched=session.id):
        if touches(session, case):
            await cases.assess_later(conn, case.number, now, NEWS[kind].en)


async def hear_payment(conn: Conn, payment: Payment, now: datetime) -> None:
    """A payment that belongs to what is complained of changes what is owed."""
    references = [reference for reference in (payment.reference, payment.of) if reference]
    for case in await _concerned(
        conn, now, station=payment.station, references=references, order=payment.order, matched=payment.transaction
    ):
        if concerns(payment, case) or payment.of in await _known_payments(conn, case):
            await cases.assess_later(conn, case.number, now, NEWS[f"payment.{payment.kind}"].en)


async def hear_fault(conn: Conn, kind: str, fault: Fault, now: datetime) -> None:
    """A fault of before the filing that we learn of now, or one that a judgement rests on and that is over."""
    for case in await _concerned(conn, now, station=fault.station):
        late = kind == "fault.opened" and came_late(fault.opened_at, case)
        if late or (kind == "fault.cleared" and await conn.fetchval(CITED, case.number, fault.id)):
            await cases.assess_later(conn, case.number, now, NEWS[kind].en)


async def _known_payments(conn: Conn, case: Case) -> frozenset[str]:
    """References that the newest assessment cites."""
    rows = await conn.fetch(CITED_PAYMENTS, case.number)
    return frozenset(row["id"] for row in rows)


CITED_PAYMENTS = """
    select distinct r.value ->> 'id' as id from complaints c
    join assessments a on a.complaint = c.number and a.version = c.version
    cross join lateral jsonb_array_elements(a.judgement -> 'findings') f
    cross join lateral jsonb_array_elements(f.value -> 'refs') r
    where c.number = $1 and r.value ->> 'kind' = 'payment'
"""


async def _concerned(
    conn: Conn, now: datetime, *, station: str | None = None, references: list[str] | None = None,
    order: str | None = None, matched: str | None = None,
) -> list[Case]:
    rows = await conn.fetch(
        CONCERNED, [station] if station else [], references or [], order, _uuid(matched), list(OPEN), now - STILL_OURS
    )
    return [await cases.get(conn, row["number"]) for row in rows]


def _uuid(id: str | None) -> str | None:
    """A payment may name a transaction by the station's own number instead of our id."""
    return id if id and len(id) == 36 and id.count("-") == 4 else None
