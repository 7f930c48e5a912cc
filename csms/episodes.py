"""Fault episodes: one trouble from its first report to its all-clear, and whom it cost what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from csms.kit.db import Conn, Row

# Reports of the same fault at the same place less than ten minutes after it cleared are one episode: stations flap.
# A session is affected if it ran at that plug (any plug, for a fault of the station) while the fault was open, or
# ended up to a minute before it was reported; cut short if it ended within a minute of the report or during it.
# Money at risk: what was captured for those sessions and not given back, and what is still held for them.
EPISODES = """
    with marked as (
        select f.*, f.opened_at > coalesce(max(coalesce(f.cleared_at, 'infinity')) over before, '-infinity')
            + interval '10 minutes' as begins
        from faults f
        where ($1::text is null or f.station = $1) and f.opened_at >= $2 and f.opened_at < $3
        window before as (partition by f.station, f.evse, f.code, coalesce(f.vendor_code, '')
            order by f.opened_at, f.id rows between unbounded preceding and 1 preceding)
    ), numbered as (
        select *, count(*) filter (where begins) over (
            partition by station, evse, code, coalesce(vendor_code, '') order by opened_at, id) as nth
        from marked
    ), episodes as (
        select station, evse, code, vendor_code, nth, (array_agg(id order by opened_at, id))[1] as id,
            min(kind) as kind, min(level) as level, bool_and(warning) as warning, min(opened_at) as opened_at,
            case when count(cleared_at) = count(*) then max(cleared_at) end as cleared_at, count(*) as reports,
            (array_agg(description order by opened_at desc) filter (where description is not null))[1] as description
        from numbered group by station, evse, code, vendor_code, nth
    ), again as (
        select *, opened_at - lag(opened_at) over same as since_last, count(*) over same_all as times
        from episodes
        window same as (partition by station, evse, code, coalesce(vendor_code, '') order by opened_at),
            same_all as (partition by station, evse, code, coalesce(vendor_code, ''))
    ), shown as (
        select * from again
        where ($4::timestamptz is null or (opened_at, id) < ($4, $5::uuid))
          and ($6::boolean is null or (cleared_at is null) = $6)
        order by opened_at desc, id desc limit $7
    )
    select e.*, s.ids, s.cut, p.money
    from shown e
    left join lateral (
        select array_agg(t.id order by t.started_at) as ids, array_agg(distinct v.said) as said,
            count(distinct t.id) filter (where t.stopped_at >= e.opened_at - interval '60 seconds'
                and t.stopped_at <= coalesce(e.cleared_at, $8) and t.stop_received_at is not null) as cut
        from transactions t
        cross join lateral (values (t.id::text), (t.number::text), (t.reference)) as v (said)
        where t.station = e.station and (e.evse = 0 or t.evse = e.evse)
          and t.started_at >= e.opened_at - interval '3 days' and t.started_at <= coalesce(e.cleared_at, $8)
          and coalesce(t.stopped_at, $8) >= e.opened_at - interval '60 seconds'
    ) s on true
    left join lateral (
        select jsonb_object_agg(currency, jsonb_build_object('captured', captured::text, 'held', held::text)) as money
        from (
            select p.currency,
                coalesce(sum(case p.kind when 'capture' then p.amount when 'refund' then -p.amount end), 0) as captured,
                coalesce(sum(case p.kind when 'hold' then p.amount when 'void' then -p.amount end), 0) as held
            from payments p
            where p.station = e.station and p.transaction = any(s.said)
               or p.of_ref in (select reference from payments o where o.station = e.station
                    and o.transaction = any(s.said)) and p.transaction is null
            group by p.currency
        ) by_currency
    ) p on true
    order by e.opened_at desc, e.id desc
"""


@dataclass(frozen=True, slots=True)
class Money:
    """What was taken and not given back, and what is held."""

    captured: Decimal
    held: Decimal


@dataclass(frozen=True, slots=True)
class Episode:
    """`id` is the first fault's. `cleared_at` None: it is open still."""

    id: str
    station: str
    evse: int
    code: str
    vendor_code: str | None
    kind: str
    level: int
    warning: bool
    description: str | None
    opened_at: datetime
    cleared_at: datetime | None
    reports: int
    """How often it was reported within this episode."""
    sessions: tuple[str, ...]
    """Transactions that it touched."""
    cut: int
    """How many of them ended by it, as far as the times tell."""
    money: Mapping[str, Money] = field(default_factory=dict)
    """By currency."""
    times: int = 1
    """Episodes of the same fault at the same place in the time asked for."""
    since_last_s: float | None = None


async def listing(
    conn: Conn, *, station: str | None, since: datetime, until: datetime, only_open: bool | None = None,
    after: tuple[datetime, str] | None = None, limit: int = 100, now: datetime,
) -> list[Episode]:
    """Newest first."""
    at, id = after or (None, None)
    rows = await conn.fetch(EPISODES, station, since, until, at, id, only_open, limit, now)
    return [_of_row(row) for row in rows]


def _of_row(row: Row) -> Episode:
    ids = dict.fromkeys(str(id) for id in row["ids"] or ())
    return Episode(
        id=str(row["id"]), station=row["station"], evse=row["evse"], code=row["code"], vendor_code=row["vendor_code"],
        kind=row["kind"], level=row["level"], warning=row["warning"], description=row["description"],
        opened_at=row["opened_at"], cleared_at=row["cleared_at"], reports=row["reports"], sessions=tuple(ids),
        cut=row["cut"] or 0, money=_money(row["money"]), times=row["times"],
        since_last_s=row["since_last"].total_seconds() if row["since_last"] is not None else None,
    )


def _money(found: Mapping[str, Any] | None) -> dict[str, Money]:
    return {
        currency: Money(Decimal(one["captured"]), Decimal(one["held"])) for currency, one in (found or {}).items()
    }
