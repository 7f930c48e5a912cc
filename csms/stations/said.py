"""What stations say of themselves: boots, statuses, security events, progress, transfers."""

from __future__ import annotations

from collections.abc import Sequence

from csms.kit.db import Conn
from csms.stations.columns import Column, columns
from csms.vocabulary import Booted, DataPassed, ProgressNoted, SecurityNoted, StatusReported
from csms.vocabulary.heard import Heard, device_time

LIVE_AFTER_S = 60
"""Within a minute of connecting a station may be replaying its queue: old times there are no clock offset."""

BOOTED = """
    update stations s set vendor = b.vendor, model = b.model, firmware = coalesce(b.firmware, s.firmware),
        serial = coalesce(b.serial, s.serial), booted_at = b.at, boot_status = b.status, updated_at = b.at
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[])
        as b (station, vendor, model, firmware, serial, at, status)
    where s.id = b.station
"""

KEEP_BOOTS = """
    insert into boots (station, at, reason, seq)
    select * from unnest($1::text[], $2::timestamptz[], $3::text[], $4::bigint[]) on conflict do nothing
"""

KEEP_STATUSES = """
    insert into statuses (station, evse, connector, status, at, received_at, source, said, seq)
    select * from unnest($1::text[], $2::int[], $3::int[], $4::text[], $5::timestamptz[], $6::timestamptz[],
        $7::text[], $8::text[], $9::bigint[])
    on conflict do nothing
"""

# What is replayed from an offline spell is history: it never becomes the present state again.
SHOW_STATUSES = """
    insert into connectors (station, evse, connector, status, status_at, received_at)
    select * from unnest($1::text[], $2::int[], $3::int[], $4::text[], $5::timestamptz[], $6::timestamptz[])
    on conflict (station, evse, connector) do update
    set status = excluded.status, status_at = excluded.status_at, received_at = excluded.received_at
    where connectors.status_at is null or connectors.status_at <= excluded.status_at
        or connectors.received_at + interval '10 minutes' < excluded.received_at
"""

NOTE_OFFSETS = """
    update stations s set clock_offset_s = o.offset_s
    from unnest($1::text[], $2::float8[], $3::timestamptz[]) as o (station, offset_s, received_at)
    where s.id = o.station
      and (s.connected_at is null or o.received_at > s.connected_at + make_interval(secs => $4))
      and (s.clock_offset_s is null or abs(s.clock_offset_s - o.offset_s) > 1)
"""

KEEP_SECURITY = """
    insert into security_events (station, at, received_at, type, info, seq)
    select * from unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::text[], $5::text[], $6::bigint[])
    on conflict do nothing
"""

KEEP_PROGRESS = """
    insert into progress (station, received_at, what, status, request_id, seq, info)
    select * from unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::int[], $6::bigint[], $7::text[])
    on conflict do nothing
"""

SHOW_PROGRESS = """
    update stations s set
        firmware_status = case when p.what = 'firmware' then p.status else s.firmware_status end,
        firmware_status_at = case when p.what = 'firmware' then p.at else s.firmware_status_at end,
        upload_status = case when p.what = 'upload' then p.status else s.upload_status end
    from unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[]) as p (station, at, what, status)
    where s.id = p.station
"""

KEEP_TRANSFERS = """
    insert into transfers (station, received_at, vendor, message, data, seq)
    select * from unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::jsonb[], $6::bigint[])
    on conflict do nothing
"""


async def note_boots(conn: Conn, heards: Sequence[Heard[Booted]], statuses: Sequence[str]) -> None:
    if not heards:
        return
    await conn.execute(BOOTED, *columns(
        (h.station, h.said.vendor, h.said.model, h.said.firmware, h.said.serial, h.received_at, status)
        for h, status in zip(heards, statuses, strict=True)
    ))
    await conn.execute(KEEP_BOOTS, *columns((h.station, h.received_at, h.said.reason, h.seq) for h in heards))


async def note_statuses(conn: Conn, heards: Sequence[Heard[StatusReported]]) -> None:
    """History, present state, and how far the station's clock is off."""
    if not heards:
        return
    timed = [(h, device_time(h.said.at, h.received_at)) for h in heards]
    await keep_statuses(conn, [
        (h.station, h.said.evse, h.said.connector, h.said.status, at, h.received_at, "connector", None, h.seq)
        for h, at in timed
    ])
    await conn.execute(SHOW_STATUSES, *columns(
        (h.station, h.said.evse, h.said.connector, h.said.status, at, h.received_at) for h, at in timed
    ))
    if offsets := [(h.station, (at - h.received_at).total_seconds(), h.received_at) for h, at in timed if h.said.at]:
        await conn.execute(NOTE_OFFSETS, *columns(offsets), LIVE_AFTER_S)


async def keep_statuses(conn: Conn, rows: Sequence[Column]) -> None:
    if rows:
        await conn.execute(KEEP_STATUSES, *columns(rows))


async def note_security(conn: Conn, heards: Sequence[Heard[SecurityNoted]]) -> None:
    if heards:
        await conn.execute(KEEP_SECURITY, *columns(
            (h.station, device_time(h.said.at, h.received_at), h.received_at, h.said.type, h.said.info, h.seq)
            for h in heards
        ))


async def note_progress(conn: Conn, heards: Sequence[Heard[ProgressNoted]]) -> None:
    if heards:
        await conn.execute(KEEP_PROGRESS, *columns(
            (h.station, h.received_at, h.said.what, h.said.status, h.said.request_id, h.seq, h.said.info)
            for h in heards
        ))
        await conn.execute(SHOW_PROGRESS, *columns(
            (h.station, h.received_at, h.said.what, h.said.status) for h in heards
        ))


async def note_transfers(conn: Conn, heards: Sequence[Heard[DataPassed]]) -> None:
    if heards:
        await conn.execute(KEEP_TRANSFERS, *columns(
            (h.station, h.received_at, h.said.vendor, h.said.message, h.said.data, h.seq) for h in heards
        ))
