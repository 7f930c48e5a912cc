"""What an incident costs whom: its cases, people, money and what is still to be done, for lists and pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from complaints.incidents.rows import COLUMNS, Incident
from complaints.states import OPEN
from csms.kit.db import Conn

LISTED = f"""
    select {', '.join('i.' + name for name in COLUMNS.split(', '))}, m.cases, m.open, a.todo, a.next_due
    from incidents i
    left join lateral (
        select count(*) as cases, count(*) filter (where state = any($4::text[])) as open
        from complaints where incident = i.id
    ) m on true
    left join lateral (
        select count(*) as todo, min(due_at) as next_due from corrective_actions
        where incident = i.id and done_at is null
    ) a on true
    where ($1::text is null or i.state = $1) and ($2::bigint is null or i.id < $2) order by i.id desc limit $3
"""
COUNTS = "select state, count(*) as n from incidents group by state"
MEMBERS = """
    select number, filed_at, state, level, topic, language, coalesce(matched_station, station) as station,
        coalesce(matched_evse, evse) as evse, owner, amount_disputed, currency, verdict
    from complaints where incident = $1 order by number limit 500
"""
DISPUTED = """
    select coalesce(currency, 'CNY') as currency, sum(amount_disputed) as amount from complaints
    where incident = $1 and state = any($2::text[]) and amount_disputed is not null group by 1 order by 1
"""
REFUNDED = """
    select r.state, r.currency, sum(r.amount) as amount from refunds r join complaints c on c.number = r.complaint
    where c.incident = $1 and r.state not in ('declined', 'failed') group by 1, 2
"""


@dataclass(frozen=True, slots=True)
class Listed:
    """An incident on the list. `open`: cases of it that are; `todo`: corrective actions not done yet."""

    incident: Incident
    cases: int
    open: int
    todo: int
    next_due: datetime | None


@dataclass(frozen=True, slots=True)
class Impact:
    """`disputed`: what open cases ask for; `paid` and `waiting`: refunds gone out, and not decided or sent yet."""

    members: Sequence[Mapping[str, Any]]
    disputed: Mapping[str, Decimal]
    paid: Mapping[str, Decimal]
    waiting: Mapping[str, Decimal]


async def listed(
    conn: Conn, *, state: str | None = None, before: int | None = None, limit: int = 50
) -> list[Listed]:
    rows = await conn.fetch(LISTED, state, before, limit, list(OPEN))
    return [Listed(Incident(**{n: row[n] for n in Incident.__slots__}), row["cases"], row["open"], row["todo"],
                   row["next_due"]) for row in rows]


async def counts(conn: Conn) -> dict[str, int]:
    return {row["state"]: row["n"] for row in await conn.fetch(COUNTS)}


async def of(conn: Conn, id: int) -> Impact:
    members = [dict(row) for row in await conn.fetch(MEMBERS, id)]
    disputed = {row["currency"]: row["amount"] for row in await conn.fetch(DISPUTED, id, list(OPEN))}
    paid: dict[str, Decimal] = {}
    waiting: dict[str, Decimal] = {}
    for row in await conn.fetch(REFUNDED, id):
        sums = paid if row["state"] in ("sent", "confirmed") else waiting
        sums[row["currency"]] = sums.get(row["currency"], Decimal(0)) + row["amount"]
    return Impact(members, disputed, paid, waiting)
