"""Notices: what stations tell that has a meaning and a time and no machine of its own; and what we told them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from csms.kit.db import Conn, Row
from csms.vocabulary import CustomerTold, DynamicLimitAsked, GridAlarm, Noticed
from csms.vocabulary.heard import Heard, device_time

KEEP = """
    insert into notices (station, received_at, at, kind, evse, said, detail, seq)
    select * from unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::text[], $5::int[], $6::text[],
        $7::jsonb[], $8::bigint[])
    on conflict do nothing
"""

KEEP_CUSTOMER = """
    insert into customer_information (station, request_id, seq_no, data, done, received_at, seq)
    values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing
"""

KEEP_COST = """
    insert into told_costs (station, said, at, total, seq) values ($1, $2, $3, $4, $5) on conflict do nothing
"""

KEEP_NETWORK = """
    insert into network_profiles (station, slot, profile, set_at) values ($1, $2, $3, $4)
    on conflict (station, slot) do update set profile = excluded.profile, set_at = excluded.set_at
"""

LIST = """
    select * from notices
    where station = $1 and ($2::text is null or kind = $2) and ($3::text is null or said = $3)
      and ($4::timestamptz is null or (at, seq) < ($4, $5::bigint))
    order by at desc, seq desc limit $6
"""

CUSTOMER = """
    select * from customer_information where station = $1 and request_id = $2 order by received_at, seq_no limit 1000
"""

COSTS = "select * from told_costs where station = $1 and said = $2 order by at, seq limit 1000"
NETWORKS = "select * from network_profiles where station = $1 order by slot"


async def note(conn: Conn, heards: Sequence[Heard[Noticed]]) -> None:
    rows = [
        (h.station, h.received_at, device_time(h.said.at, h.received_at), h.said.kind, h.said.evse, h.said.said,
         dict(h.said.detail), h.seq)
        for h in heards
    ]
    await conn.execute(KEEP, *(list(column) for column in zip(*rows, strict=True)))


async def note_alarms(conn: Conn, heards: Sequence[Heard[GridAlarm]]) -> None:
    """The word of it; what is wrong with the station meanwhile is a fault."""
    await note(conn, [
        Heard(h.station, h.seq, h.received_at, Noticed("NotifyDERAlarm", "grid_alarm", {
            "control_type": h.said.type, "fault": h.said.fault, "ended": h.said.ended, "info": h.said.info,
        }, h.said.at)) for h in heards
    ])


async def note_asked_limits(conn: Conn, heards: Sequence[Heard[DynamicLimitAsked]]) -> None:
    await note(conn, [
        Heard(h.station, h.seq, h.received_at, Noticed(
            "PullDynamicScheduleUpdate", "dynamic_limit_asked", {"profile": h.said.profile}
        )) for h in heards
    ])


async def note_customer(conn: Conn, heards: Sequence[Heard[CustomerTold]]) -> None:
    for h in heards:
        said = h.said
        await conn.execute(
            KEEP_CUSTOMER, h.station, said.request_id, said.seq_no, said.data, not said.more, h.received_at, h.seq
        )


async def keep_cost(conn: Conn, station: str, said: str, total: float, at: datetime, seq: int) -> None:
    await conn.execute(KEEP_COST, station, said, at, Decimal(str(total)), seq)


async def keep_network(
    conn: Conn, station: str, slot: int, profile: Mapping[str, Any], at: datetime
) -> None:
    await conn.execute(KEEP_NETWORK, station, slot, _without_secrets(profile), at)


def _without_secrets(profile: Mapping[str, Any]) -> dict[str, Any]:
    secret = {"password", "key", "apnPassword", "simPin", "basicAuthPassword"}
    return {
        name: "(secret)" if name in secret else _without_secrets(value) if isinstance(value, Mapping) else value
        for name, value in profile.items()
    }


async def listing(
    conn: Conn, station: str, *, kind: str | None = None, said: str | None = None,
    after: tuple[datetime, int] | None = None, limit: int = 100,
) -> list[Row]:
    """Newest first; `after` is (at, seq)."""
    return list(await conn.fetch(LIST, station, kind, said, *(after or (None, None)), limit))


async def customer(conn: Conn, station: str, request_id: int) -> list[Row]:
    return list(await conn.fetch(CUSTOMER, station, request_id))


async def costs(conn: Conn, station: str, said: str) -> list[Row]:
    """What the station was told that a session cost, as it went."""
    return list(await conn.fetch(COSTS, station, said))


async def networks(conn: Conn, station: str) -> list[Row]:
    return list(await conn.fetch(NETWORKS, station))
