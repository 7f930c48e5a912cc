"""Meter readings: what the register and the sensors said, in normal units, each kept once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from csms.kit.clock import micros
from csms.kit.db import Conn, Row
from csms.vocabulary import MeterReading, MeterReported, Reading
from csms.vocabulary.heard import device_time

# Kept mostly by the statement that ends a batch (inbox/record.py); by this one when projections are rebuilt.
# A reading is (station, EVSE, transaction, time, context): heard again under another message id it changes nothing.
KEEP = """
    insert into readings (station, evse, at, received_at, context, said, energy_wh, power_w, current_a, offered_a,
        voltage_v, soc_percent, temperature_c, other, seq)
    select station, evse, instant(at_us), instant(received_us), context, said, energy_wh, power_w, current_a,
        offered_a, voltage_v, soc_percent, temperature_c, other, seq
    from unnest($1::kept_reading[])
    on conflict do nothing
"""

BY_STATION = """
    select * from readings where station = $1 and at >= $2 and at < $3 order by at, seq, context limit $4
"""

# Readings that name no transaction are of the one that runs at their plug, if `evse` says where that is.
LAST_ENERGY = """
    select distinct on (w.id) w.id, r.energy_wh, r.at
    from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::int[])
        as w (id, station, said, started_at, evse)
    join readings r on r.station = w.station and r.energy_wh is not null
        and r.at >= w.started_at - interval '1 minute'
        and (r.said = w.said
            or coalesce(r.said, '') in ('', '0', '-1') and r.at >= w.started_at
                and (r.evse = w.evse or r.evse = 0 and w.evse is not null and 1 = (
                    select count(distinct c.evse) from connectors c where c.station = w.station and c.evse > 0)))
    order by w.id, r.at desc
"""

Column = tuple[Any, ...]
"""A row to be kept; its times in microseconds since 1970."""


def row_of(
    station: str, evse: int, said: str | None, reading: Reading, received_at: datetime, seq: int
) -> Column:
    return (
        station, evse, micros(device_time(reading.at, received_at)), micros(received_at), reading.context, said,
        reading.energy_wh, reading.power_w, reading.current_a, reading.offered_a, reading.voltage_v,
        reading.soc_percent, reading.temperature_c, dict(reading.other) or None, seq,
    )


def rows_of(station: str, said: MeterReported, received_at: datetime, seq: int) -> list[Column]:
    return [row_of(station, said.evse, said.transaction, reading, received_at, seq) for reading in said.readings]


async def keep(conn: Conn, rows: Sequence[Column]) -> None:
    if rows:
        await conn.execute(KEEP, rows)


async def between(
    conn: Conn, station: str, since: datetime, until: datetime, *, limit: int = 50_000
) -> list[MeterReading]:
    """Readings of a station by device time, oldest first. `transaction` is not filled in."""
    return [fact(row) for row in await conn.fetch(BY_STATION, station, since, until, limit)]


async def last_energy(
    conn: Conn, wanted: Iterable[tuple[str, str, str, datetime]], running: Mapping[str, int] | None = None
) -> dict[str, float]:
    """(transaction id, station, said, started_at) -> the last register value heard, in Wh.

    `running` says at which EVSE a transaction still runs: readings there that name none count too.
    """
    rows = [(*row, (running or {}).get(row[0])) for row in wanted]
    if not rows:
        return {}
    found = await conn.fetch(LAST_ENERGY, *zip(*rows, strict=True))
    return {str(row["id"]): row["energy_wh"] for row in found}


def fact(row: Row) -> MeterReading:
    return MeterReading(
        id=f"{row['station']}:{row['seq']}:{row['evse']}:{row['at'].isoformat()}:{row['context']}",
        at=row["at"], received_at=row["received_at"], evse=row["evse"], energy_wh=row["energy_wh"],
        power_w=row["power_w"], current_a=row["current_a"], offered_a=row["offered_a"], voltage_v=row["voltage_v"],
        soc_percent=row["soc_percent"], temperature_c=row["temperature_c"], context=row["context"], said=row["said"],
        frame=f"{row['station']}:{row['seq']}", other=row["other"] or {},
    )
