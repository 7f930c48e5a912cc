"""How resets went, station by station and model by model: shown before the next one."""

from __future__ import annotations

from csms.kit.db import Conn, Row

RESETS_OF = """
    select c.id, c.station, c.requested_at, c.sent_at, c.settled_at, c.state, c.effect, c.effect_at,
        (c.body ->> 'hard')::boolean as hard, (c.body ->> 'evse')::int as evse, c.requested_by, c.reason,
        extract(epoch from b.at - c.sent_at)::float8 as boot_after_s,
        extract(epoch from case when c.effect = 'observed' then c.effect_at end - c.sent_at)::float8 as back_after_s
    from commands c
    left join lateral (
        select min(at) as at from boots b
        where b.station = c.station and b.at > c.sent_at and b.at < c.sent_at + interval '1 hour') b on true
    where c.station = $1 and c.kind = 'reset' order by c.requested_at desc limit $2
"""

# Of the model, over all its stations: whether it takes them, how long it is away, whether it comes back.
MODELS_RESETS = """
    select coalesce(s.vendor, '') as vendor, coalesce(s.model, '') as model, coalesce(s.firmware, '') as firmware,
        coalesce((c.body ->> 'hard')::boolean, false) as hard,
        count(*) as sent,
        count(*) filter (where c.state = 'accepted') as accepted,
        count(*) filter (where c.state in ('rejected', 'unsupported')) as rejected,
        count(*) filter (where c.state = 'unanswered') as unanswered,
        count(b.at) as booted,
        count(*) filter (where c.effect = 'observed') as came_back,
        count(*) filter (where c.effect = 'not_observed') as did_not,
        percentile_cont(0.5) within group (order by extract(epoch from b.at - c.sent_at))::float8 as boot_after_s,
        percentile_cont(0.5) within group (order by
            extract(epoch from case when c.effect = 'observed' then c.effect_at end - c.sent_at))::float8
            as back_after_s,
        max(c.sent_at) as last_at
    from commands c
    join stations s on s.id = c.station
    left join lateral (
        select min(at) as at from boots b
        where b.station = c.station and b.at > c.sent_at and b.at < c.sent_at + interval '1 hour') b on true
    where c.kind = 'reset' and c.sent_at is not null
      and ($1::text is null or s.vendor = $1) and ($2::text is null or s.model = $2)
    group by 1, 2, 3, 4 order by 1, 2, 3, 4
"""


async def resets_of(conn: Conn, station: str, limit: int = 20) -> list[Row]:
    """The resets of one station, newest first."""
    return list(await conn.fetch(RESETS_OF, station, limit))


async def models_resets(conn: Conn, *, vendor: str | None = None, model: str | None = None) -> list[Row]:
    """Per vendor, model, firmware and hardness."""
    return list(await conn.fetch(MODELS_RESETS, vendor, model))
