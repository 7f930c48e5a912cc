"""Money on its way: handed to the payment side by a signed call, followed until that side says how it ended.

States: approved -> initiated (the call is in the outbox) -> sent (they have it) -> confirmed | failed. Never
"credited": when it shows on an account is the bank's to say.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from complaints import hooks, phrases, thread
from complaints.evidence import money
from complaints.outbound import outbox
from complaints.refunds import COLUMNS, Refund, refund_json
from complaints.thread import SYSTEM, Draft
from csms.errors import BadInput, NotFound
from csms.kit.clock import iso
from csms.kit.db import Conn, Row

HOOK = {"refund": "payments", "release_hold": "payments", "waive_fee": "payments", "coupon": "coupons"}
"""Which hook each kind goes to, where there is one."""
OWN = ("waive_fee", "coupon")
"""Kinds that move no money by themselves."""

INITIATE = f"""
    update refunds set state = 'initiated', via = $3, code = $4
    where complaint = $1 and n = $2 and state = 'approved' returning {COLUMNS}
"""
BY_KEY = f"select {COLUMNS} from refunds where key = $1"
SENT = f"""
    update refunds set state = 'sent', sent_at = $2 where key = $1 and state in ('approved', 'initiated')
    returning {COLUMNS}
"""
SETTLE = f"""
    update refunds set state = $2, settled_at = $3, note = coalesce($4, note)
    where key = $1 and state = any($5::text[]) returning {COLUMNS}
"""
CODE = "update refunds set code = $2 where key = $1 and code is null returning code"


def _refund(row: Row) -> Refund:
    return Refund(**dict(row))


async def by_key(conn: Conn, key: str) -> Refund | None:
    row = await conn.fetchrow(BY_KEY, key)
    return _refund(row) if row else None


def payload_of(refund: Refund) -> dict[str, Any]:
    """What the payment side is asked. Built from the stored row, so that asked again it is the same."""
    assert refund.decided_at is not None
    return {
        "kind": refund.kind, "reference": refund.key, "complaint": refund.complaint, "amount": money(refund.amount),
        "currency": refund.currency, "of": refund.of_ref, "approved_by": refund.decided_by,
        "approved_at": iso(refund.decided_at), **dict(refund.body),
    }


async def initiate(conn: Conn, refund: Refund, now: datetime) -> Refund | None:
    """Put the signed call into the outbox, in one transaction with the state. None: there is no such hook."""
    name = HOOK[refund.kind]
    if await hooks.find(conn, name) is None:
        return None
    row = await conn.fetchrow(INITIATE, refund.complaint, refund.n, name, None)
    if row is None:
        return await by_key(conn, refund.key)
    begun = _refund(row)
    await outbox.to_hook(
        conn, refund.key, name, complaint=refund.complaint, situation="payout", payload=payload_of(begun), now=now
    )
    await thread.add(conn, refund.complaint, Draft("refund", SYSTEM, body=refund_json(begun)), now)
    return begun


async def handed_over(conn: Conn, key: str, language: str, now: datetime) -> Refund | None:
    """They have it: the customer hears so. None when it was known already."""
    row = await conn.fetchrow(SENT, key, now)
    if row is None:
        return None
    refund = _refund(row)
    situation = {"refund": "refund_sent", "release_hold": "hold_released"}.get(refund.kind, refund.kind)
    code = await conn.fetchval(CODE, key, _code()) if refund.kind == "coupon" else None
    words = phrases.say(
        situation, language, amount=money(refund.amount), currency=refund.currency, code=code or "",
        number=refund.complaint,
    )
    draft = Draft("refund", SYSTEM, words, "customer", refund_json(refund), key=f"refund-sent:{refund.n}")
    await thread.add(conn, refund.complaint, draft, now)
    return refund


def _code() -> str:
    """A coupon's code: ten characters that nobody confuses or guesses."""
    return "".join(secrets.choice("23456789ABCDEFGHJKMNPQRSTUVWXYZ") for _ in range(10))


async def settle(conn: Conn, key: str, state: str, note: str | None, now: datetime) -> Refund:
    """How the payment side says that it ended. The same word twice changes nothing. Raises NotFound, BadInput."""
    if state not in ("confirmed", "failed"):
        raise BadInput("state", "must be confirmed or failed")
    known = await by_key(conn, key)
    if known is None:
        raise NotFound(f"there is no refund {key}")
    row = await conn.fetchrow(SETTLE, key, state, now, note, ["approved", "initiated", "sent"])
    if row is None:
        return known
    refund = _refund(row)
    draft = Draft("refund", SYSTEM, note or "", body=refund_json(refund), key=f"refund-{state}:{refund.n}")
    await thread.add(conn, refund.complaint, draft, now)
    return refund


# --- surveys ----------------------------------------------------------------------------------

ASK = """
    insert into surveys (complaint, round, asked_at, expires_at)
    values ($1, $2, $3::timestamptz, $3::timestamptz + interval '14 days')
    on conflict do nothing returning round
"""
ANSWER = """
    update surveys set answered_at = $3, score = $4, text = $5
    where complaint = $1 and round = $2 and answered_at is null and expires_at > $3 returning round
"""
OF_CASE = """
    select round, asked_at, expires_at, answered_at, score, text from surveys where complaint = $1 order by round
"""


async def ask_survey(conn: Conn, number: str, round: int, language: str, now: datetime) -> bool:
    """Once a round. The customer answers by his own link: nobody rates his own work."""
    if not await conn.fetchval(ASK, number, round, now):
        return False
    words = phrases.say("survey", language, number=number)
    draft = Draft("message", SYSTEM, words, "customer", {"cause": "survey"}, key=f"survey:{round}")
    await thread.add(conn, number, draft, now)
    return True


async def answer_survey(conn: Conn, number: str, round: int, score: int, text: str | None, now: datetime) -> bool:
    """False when it is answered already, or too old."""
    if not await conn.fetchval(ANSWER, number, round, now, score, text):
        return False
    body: Mapping[str, Any] = {"score": score, "round": round}
    await thread.add(conn, number, Draft("survey", "customer", text or "", body=body, key=f"surveyed:{round}"), now)
    return True


async def surveys_of(conn: Conn, number: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await conn.fetch(OF_CASE, number)]
