"""What ends every batch: its journal rows, its readings and the heads of its chains, in one statement."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from csms import meters
from csms.errors import StaleHead
from csms.journal import Chain
from csms.kit.db import Conn

# Heads in order, so that two nodes that hand stations over to each other lock rows in the same order.
RECORD = """
    with entries as (
        select * from unnest($1::kept_entry[])
    ), written as (
        insert into frames (station, seq, received_at, at, kind, message_id, action, frame, session, by, complaint,
            repairs, hash, prev_hash)
        select station, seq, instant(received_us), at, kind, message_id, action, frame, session, by, complaint,
            repairs, hash, prev_hash
        from entries
        union all
        select station, seq + 1, instant(answered_us), null, 'sent', message_id, action, answer, session, null, null,
            null, answer_hash, hash
        from entries where answer is not null
    ), kept as (
        insert into readings (station, evse, at, received_at, context, said, energy_wh, power_w, current_a, offered_a,
            voltage_v, soc_percent, temperature_c, other, seq)
        select station, evse, instant(at_us), instant(received_us), context, said, energy_wh, power_w, current_a,
            offered_a, voltage_v, soc_percent, temperature_c, other, seq
        from unnest($2::kept_reading[])
        on conflict do nothing
    ), moved as (
        update heads h set seq = e.seq + (e.answer is not null)::int, hash = coalesce(e.answer_hash, e.hash),
            last_heard_at = greatest(h.last_heard_at, instant(coalesce(e.answered_us, e.received_us)))
        from (select * from entries order by station) e
        where h.station = e.station and h.seq = e.seq - 1
        returning 1
    )
    select (count(*) = cardinality($1))::every_head_moved from moved
"""


async def record(conn: Conn, chain: Chain, readings: Sequence[meters.Column]) -> None:
    """Raises StaleHead when another node has written to one of the stations: nothing is kept then."""
    if not chain.rows:
        return
    try:
        await conn.execute(RECORD, chain.rows, readings)
    except asyncpg.CheckViolationError as error:
        if error.constraint_name != "heads_stale":
            raise
        raise StaleHead(f"one of {len(chain.rows)} stations") from error
