"""The queue of refunds: what waits for whom, what is on its way, what failed and may be tried again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from complaints import thread
from complaints.policy import Policy
from complaints.refunds import APPROVERS, COLUMNS, Refund, may_decide, refund_json
from complaints.thread import Draft
from csms.errors import Conflict
from csms.kit.db import Conn

VIEWS: Mapping[str, tuple[str, ...]] = {
    "waiting": ("proposed",), "under_way": ("approved", "initiated", "sent"), "failed": ("failed",),
    "confirmed": ("confirmed",), "declined": ("declined",),
}
"""The queue's views with the states in each."""

LISTED = f"""
    select {', '.join('r.' + name.strip() for name in COLUMNS.split(','))}, c.topic, c.level, c.owner, c.station
    from refunds r join complaints c on c.number = r.complaint
    where r.state = any($1::text[])
    order by case when $2 then r.proposed_at end, r.proposed_at desc, r.key limit $3 offset $4
"""
TOTALS = """
    select state, currency, count(*) as n, sum(amount) as amount from refunds
    where state = any($1::text[]) or proposed_at > $2 group by state, currency
"""
ONE = f"select {COLUMNS} from refunds where complaint = $1 and n = $2"
RETRY = f"""
    update refunds set state = case when via is null then 'approved' else 'initiated' end, settled_at = null
    where complaint = $1 and n = $2 and state = 'failed' and sent_at is null and decided_by is not null
    returning {COLUMNS}
"""
CALL_AGAIN = """
    update outbox set state = 'queued', not_before = $2, attempts = 0, error = null, ended_at = null
    where key = $1 and whom = 'hook' and state in ('failed', 'unclear') returning id
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A refund in the queue with the case it belongs to."""

    refund: Refund
    topic: str
    level: int
    owner: str | None
    station: str | None


@dataclass(frozen=True, slots=True)
class Total:
    """How many refunds of a view there are, in one currency."""

    n: int
    amount: Decimal
    currency: str


def deciders(refund: Refund, four_eyes_above: Decimal, policy: Policy) -> tuple[list[str], str | None]:
    """(roles that may decide it, who may not because he proposed it)."""
    roles = [role for role in ("agent", *APPROVERS) if may_decide(role, False, refund.amount, four_eyes_above, policy)]
    return roles, refund.proposed_by if refund.amount > four_eyes_above else None


async def listed(conn: Conn, view: str, *, skip: int = 0, limit: int = 50) -> list[Waiting]:
    """What has waited longest comes first; what is over, newest first."""
    rows = await conn.fetch(LISTED, list(VIEWS[view]), view in ("waiting", "failed"), limit, skip)
    return [Waiting(Refund(**{n: v for n, v in row.items() if n in Refund.__slots__}),
                    *(row[n] for n in ("topic", "level", "owner", "station"))) for row in rows]


async def totals(conn: Conn, since: datetime) -> dict[str, list[Total]]:
    """View -> its sums, a currency each. What is over counts from `since` on."""
    still = [state for view in ("waiting", "under_way", "failed") for state in VIEWS[view]]
    rows = await conn.fetch(TOTALS, still, since)
    return {view: _summed([r for r in rows if r["state"] in states]) for view, states in VIEWS.items()}


def _summed(rows: Sequence[Mapping[str, Any]]) -> list[Total]:
    currencies = sorted({row["currency"] for row in rows})
    return [Total(sum(r["n"] for r in rows if r["currency"] == c),
                  sum((r["amount"] for r in rows if r["currency"] == c), Decimal(0)), c) for c in currencies]


async def one(conn: Conn, number: str, n: int) -> Refund | None:
    row = await conn.fetchrow(ONE, number, n)
    return Refund(**dict(row)) if row else None


async def try_again(conn: Conn, refund: Refund, by: str, reason: str, now: datetime) -> Refund:
    """Ask once more for what was never handed over: by the same reference, so that it is paid once. Raises Conflict.

    What the payment side had and could not pay is proposed anew: under the old reference it would refuse again.
    """
    row = await conn.fetchrow(RETRY, refund.complaint, refund.n)
    if row is None:
        raise Conflict("only a refund that failed before it was handed over can be tried again; propose it anew")
    again = Refund(**dict(row))
    await conn.execute(CALL_AGAIN, again.key, now)
    await thread.add(conn, again.complaint, Draft("refund", by, reason, body=refund_json(again)), now)
    return again
