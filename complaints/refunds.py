"""Refunds and released holds: proposed, approved by who may, sent once, never more than was taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from complaints import thread
from complaints.actions import Ask
from complaints.cases import Case
from complaints.evidence import Assessment, money
from complaints.policy import DEFAULT, Policy
from complaints.thread import SYSTEM, Draft
from csms.errors import BadInput, Conflict
from csms.kit.clock import iso
from csms.kit.db import Conn, Row
from csms.vocabulary import Payment

APPROVERS = ("finance", "supervisor", "admin")
RUNNING = ("proposed", "approved", "initiated", "sent", "confirmed")
CENT = Decimal("0.01")
UNSETTLED = ("proposed", "approved", "initiated")
"""Still to be decided or handed over. What was sent is with the bank; what failed was told and is proposed anew."""


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund of a case. `key` is its reference on the payment side."""

    complaint: str
    n: int
    key: str
    kind: str
    amount: Decimal
    currency: str
    state: str
    of_ref: str | None
    body: Mapping[str, Any]
    reason: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    sent_at: datetime | None
    settled_at: datetime | None
    note: str | None
    via: str | None = None
    code: str | None = None


# --- rules ------------------------------------------------------------------------------------


def may_decide(role: str, own: bool, amount: Decimal, four_eyes_above: Decimal, policy: Policy = DEFAULT) -> bool:
    """Each role approves up to its limit; above the limit of four eyes not what one proposed oneself (`own`)."""
    most = policy.limit_of(role)
    return (most is None or amount <= most) and (amount <= four_eyes_above or not own)


def proposed_amount(assessment: Assessment | None) -> tuple[Decimal, str] | None:
    """What the newest assessment proposes to pay back."""
    remedies = assessment.judgement["remedies"] if assessment else ()
    found = next((r for r in remedies if r["kind"] == "refund" and "amount" in r), None)
    return (Decimal(found["amount"]), found["currency"]) if found else None


def refundable(assessment: Assessment | None, earlier: Sequence[Refund]) -> tuple[Decimal, str] | None:
    """What was taken and not given back: the assessed charge less what this case has on its way since.

    None where no charge is on record. An assessment is dated before it gathers, and a refund after it was handed
    over: only one that was sent before is sure to be in the assessed charge. In doubt it counts twice, never not.
    """
    bill = assessment.judgement["bill"] if assessment else None
    if assessment is None or bill is None:
        return None
    on_its_way = [
        r.amount for r in earlier if r.kind == "refund" and r.state in RUNNING
        and (r.sent_at is None or r.sent_at >= assessment.assessed_at)
    ]
    return Decimal(bill["charged"]) - sum(on_its_way, Decimal(0)), bill["currency"]


def amount_for(ask: Ask, assessment: Assessment | None, earlier: Sequence[Refund]) -> tuple[Decimal, str]:
    """The amount to propose. Raises BadInput when none is known, or it is more than was taken."""
    room, proposal = refundable(assessment, earlier), proposed_amount(assessment)
    if room is None:
        raise BadInput("amount", "no charge is on record for this case, so there is nothing to pay back")
    left, currency = room
    amount = ask.amount if ask.amount is not None else min(proposal[0], left) if proposal else None
    if amount is None or amount <= 0:
        raise BadInput("amount", "is required: the assessment proposes no refund that is not on its way already")
    if ask.currency not in (None, currency):
        raise BadInput("currency", f"must be {currency}, as it was charged")
    if amount > left:
        raise BadInput("amount", f"is more than the {money(max(left, Decimal(0)))} {currency} that were taken")
    return amount, currency


def given_amount(ask: Ask, assessment: Assessment | None) -> tuple[Decimal, str]:
    """A coupon or a waived fee: what staff say, in the currency of the bill. Raises BadInput."""
    bill = assessment.judgement["bill"] if assessment else None
    currency = ask.currency or (bill["currency"] if bill else None)
    if ask.amount is None or ask.amount <= 0:
        raise BadInput("amount", f"is required for a {ask.action}")
    if currency is None:
        raise BadInput("currency", "is required: no bill of this case says it")
    return ask.amount, currency


def cited_payments(assessment: Assessment | None) -> list[str]:
    """References of the payments that the newest assessment rests on."""
    findings = assessment.judgement["findings"] if assessment else ()
    refs = (ref["id"] for f in findings for ref in f["refs"] if ref["kind"] == "payment")
    return list(dict.fromkeys(refs))


def capture_behind(payments: Sequence[Payment], named: str | None, amount: Decimal) -> Payment | None:
    """The capture a refund gives back: the one named, else the last that is large enough, else the last."""
    captures = [p for p in payments if p.kind == "capture"]
    exact = [p for p in captures if p.reference == named]
    meant = exact or [p for p in captures if p.amount >= amount] or captures
    return meant[-1] if meant else None


def open_hold(payments: Sequence[Payment], named: str | None) -> Payment:
    """The hold to release. Raises BadInput when there is none, or more than one and none is named."""
    ended = {p.of for p in payments if p.kind in ("void", "capture") and p.of}
    holds = [p for p in payments if p.kind == "hold" and p.reference not in ended]
    meant = [p for p in holds if p.reference == named] if named else holds
    if len(meant) != 1:
        there = ", ".join(p.reference for p in holds) or "none"
        raise BadInput("payment", f"name the hold to release; open: {there}")
    return meant[0]


def payment_of(refund: Refund) -> Payment:
    """What goes to the payment side. Built from the stored row only, so that asked again it is the same."""
    assert refund.decided_at is not None
    kind = "refund" if refund.kind == "refund" else "void"
    return Payment(
        refund.key, kind, refund.amount, refund.currency, refund.decided_at, of=refund.of_ref, **refund.body
    )


# --- rows -------------------------------------------------------------------------------------

COLUMNS = """complaint, n, key, kind, amount, currency, state, of_ref, body, reason, proposed_by, proposed_at,
    decided_by, decided_at, sent_at, settled_at, note, via, code"""
OF_CASE = f"select {COLUMNS} from refunds where complaint = $1 order by n"
WAITING = f"select {COLUMNS} from refunds where state = 'approved' order by decided_at limit 100"
PROPOSE = f"""
    insert into refunds (complaint, n, key, kind, amount, currency, state, of_ref, body, reason, proposed_by,
        proposed_at)
    values ($1, $2, $3, $4, $5, $6, 'proposed', $7, $8, $9, $10, $11) returning {COLUMNS}
"""
DECIDE = f"""
    update refunds set state = $3, decided_by = $4, decided_at = $5, note = $6
    where complaint = $1 and n = $2 and state = 'proposed' returning {COLUMNS}
"""
ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtextextended('refund of ' || $1::text, 0))"
GIVEN_BACK = """
    select key, complaint, amount from refunds
    where of_ref = $1 and key <> $2 and kind = 'refund' and state in ('approved', 'initiated', 'sent', 'confirmed')
"""
FAILED = """
    update refunds set state = 'failed', note = $3, settled_at = $4
    where complaint = $1 and n = $2 and state in ('approved', 'initiated') returning n
"""


def _refund(row: Row) -> Refund:
    return Refund(**dict(row))


async def of_case(conn: Conn, number: str) -> list[Refund]:
    return [_refund(row) for row in await conn.fetch(OF_CASE, number)]


async def waiting(conn: Conn) -> list[Refund]:
    """Approved and not yet sent: a crash in between is made good by the worker."""
    return [_refund(row) for row in await conn.fetch(WAITING)]


def refund_json(refund: Refund) -> dict[str, Any]:
    return {
        "n": refund.n, "reference": refund.key, "kind": refund.kind, "amount": money(refund.amount),
        "currency": refund.currency, "state": refund.state, "of": refund.of_ref, "proposed_by": refund.proposed_by,
        "decided_by": refund.decided_by, "sent_at": iso(refund.sent_at) if refund.sent_at else None,
        "note": refund.note, "via": refund.via,
    }


async def propose(
    conn: Conn, case: Case, kind: str, amount: Decimal, currency: str, behind: Payment | None, *, by: str,
    reason: str, now: datetime, at_once: bool = False,
) -> Refund:
    """Put it before who may approve. The caller has locked the case. `at_once`: who proposes approves too."""
    n = len(await of_case(conn, case.number)) + 1
    body = {name: getattr(behind, name) for name in ("token", "station", "evse", "transaction", "order", "merchant",
            "payer", "method") if getattr(behind, name, None) is not None}
    key = f"refund-{case.number}-{n}"
    refund = _refund(await conn.fetchrow(
        PROPOSE, case.number, n, key, kind, amount, currency, behind.reference if behind else None, body, reason, by,
        now,
    ))
    await _note(conn, refund, by, reason, "propose", now, silent=at_once)
    return refund


async def decide(conn: Conn, case: Case, refund: Refund, *, approve: bool, by: str, note: str, now: datetime) -> Refund:
    """Approve or decline what is proposed. Raises Conflict when someone already has."""
    state = "approved" if approve else "declined"
    row = await conn.fetchrow(DECIDE, case.number, refund.n, state, by, now, note)
    if row is None:
        raise Conflict(f"refund {refund.n} is {refund.state} already")
    await _note(conn, _refund(row), by, note, "approve" if approve else "decline", now, silent=approve)
    return _refund(row)


async def not_twice(conn: Conn, refund: Refund, payments: Sequence[Payment]) -> None:
    """No payment is given back beyond what was taken, whichever of several cases about it asks.

    `payments`: the one behind the refund and its relatives. Raises Conflict. Held until the transaction ends.
    """
    capture = next((p for p in payments if p.kind == "capture" and p.reference == refund.of_ref), None)
    if capture is None or refund.kind != "refund":
        return
    await conn.execute(ONE_AT_A_TIME, capture.reference)
    ours = await conn.fetch(GIVEN_BACK, capture.reference, refund.key)
    keys = {row["key"] for row in ours}
    back = [p for p in payments if p.kind == "refund" and p.of == capture.reference]
    outside = [p.amount for p in back if p.reference not in keys]
    given = sum((row["amount"] for row in ours), sum(outside, Decimal(0)))
    if given + refund.amount > capture.amount + CENT:
        where = ", ".join(sorted({row["complaint"] for row in ours})) or "the payment side"
        raise Conflict(
            f"of payment {capture.reference} over {money(capture.amount)} {capture.currency}, {money(given)} is given "
            f"back already ({where})"
        )


async def note_failed(conn: Conn, refund: Refund, why: str, now: datetime) -> None:
    if await conn.fetchval(FAILED, refund.complaint, refund.n, why, now):
        body = refund_json(refund) | {"state": "failed"}
        await thread.add(conn, refund.complaint, Draft("refund", SYSTEM, why, body=body), now)


async def _note(
    conn: Conn, refund: Refund, by: str, text: str, move: str, now: datetime, *, silent: bool
) -> None:
    """`silent`: what comes at once after tells the customer."""
    draft = Draft("refund", by, text, body=refund_json(refund), move=move, silent=silent)
    await thread.add(conn, refund.complaint, draft, now)
