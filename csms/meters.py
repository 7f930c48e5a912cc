"""Meter readings: what the register and the sensors said, in normal units, each kept once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from csms.kit.clock import micros
from csms.kit.db import Conn
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

# Taken or received in the window; those that name one of its transactions from further away too.
BY_STATION = """
    select at, received_at, evse, energy_wh, power_w, current_a, offered_a, voltage_v, soc_percent, temperature_c,
        context, said, seq, other
    from readings
    where station = $1 and at >= $2::timestamptz - $4::interval and at < $3::timestamptz + $4::interval
        and (at >= $2 and at < $3 or received_at >= $2 and received_at < $3 or said = any($5::text[]))
    order by at, seq, context limit $6
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


async def around(
    conn: Conn, station: str, since: datetime, until: datetime, *, far: timedelta, named: Sequence[str],
    limit: int = 50_000,
) -> list[MeterReading]:
    """Readings of a station by device time, oldest first: taken or received in the window, and those up to `far` away
    that name one of these transactions: device clocks jump when they are set. `transaction` is not filled in.
    """
    return [_fact(station, *row) for row in await conn.fetch(BY_STATION, station, since, until, far, named, limit)]


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


def _fact(
    station: str, at: datetime, received_at: datetime, evse: int, energy_wh: float | None, power_w: float | None,
    current_a: float | None, offered_a: float | None, voltage_v: float | None, soc_percent: float | None,
    temperature_c: float | None, context: str, said: str | None, seq: int, other: Mapping[str, Any] | None,
) -> MeterReading:
    """Thousands in a story: by place, which costs half of by name."""
    frame = f"{station}:{seq}"
    return MeterReading(
        f"{frame}:{evse}:{at.isoformat()}:{context}", at, received_at, evse, energy_wh, power_w, current_a, offered_a,
        voltage_v, soc_percent, temperature_c, context, None, said, frame, other or {},
    )
