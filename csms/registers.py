"""What the registers of a model mean: lifetime or session, Wh or kWh, where they roll over. Data, not code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from csms.kit.db import Conn, Row
from csms.vocabulary import MeterReading, Transaction

ROUNDING_WH = 5
"""Registers kept in kWh stop a few Wh before they started (lbbrhzn#1810): rounding, not a lie."""

PUT = """
    insert into register_semantics (vendor, model, firmware, register, boundary_factor, reading_factor, rollover_wh,
        lines, note)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    on conflict (vendor, model, firmware) do update set register = excluded.register,
        boundary_factor = excluded.boundary_factor, reading_factor = excluded.reading_factor,
        rollover_wh = excluded.rollover_wh, lines = excluded.lines, note = excluded.note, updated_at = now()
    returning (xmax = 0) as created
"""

FORGET = "delete from register_semantics where vendor = $1 and model = $2 and firmware = $3 returning vendor"

LIST = """
    select * from register_semantics where (vendor, model, firmware) > ($1, $2, $3)
    order by vendor, model, firmware limit $4
"""

# The most particular entry counts: firmware before model before vendor.
OF_STATIONS = """
    select distinct on (s.id) s.id, r.register, r.boundary_factor, r.reading_factor, r.rollover_wh, r.lines
    from stations s
    join register_semantics r on r.vendor = s.vendor and r.model in ('', s.model) and r.firmware in ('', s.firmware)
    where s.id = any($1::text[])
    order by s.id, r.model <> '' desc, r.firmware <> '' desc
"""


@dataclass(frozen=True, slots=True)
class Semantics:
    register: str = "lifetime"
    """lifetime, or session: it starts at zero with every session, whatever meterStart says."""
    boundary_factor: float = 1.0
    """What meterStart and meterStop are to be taken times for Wh: 1000 where they come in kWh."""
    reading_factor: float = 1.0
    """The same for the registers of meter values."""
    rollover_wh: float | None = None
    """Where the register starts at zero again."""
    lines: str = "given"
    """given, or summed: the total of a model that sends one line as the whole is the sum of its lines."""


PLAIN = Semantics()
LINES = ("L1", "L2", "L3")


# --- rules ------------------------------------------------------------------------------------------


def energy(start: float | None, stop: float | None, means: Semantics = PLAIN) -> float | None:
    """The energy between two registers at the boundaries of a session, in Wh."""
    if means.register == "session":
        start = 0.0 if stop is not None else None
    if start is None or stop is None:
        return None
    return _difference(start * means.boundary_factor, stop * means.boundary_factor, means)


def energy_to(start: float | None, reading: float | None, means: Semantics = PLAIN) -> float | None:
    """From the start of a session to a register among its readings."""
    if means.register == "session":
        start = 0.0 if reading is not None else None
    if start is None or reading is None:
        return None
    return _difference(start * means.boundary_factor, reading * means.reading_factor, means)


def _difference(start: float, stop: float, means: Semantics) -> float:
    difference = stop - start
    if difference < -ROUNDING_WH and means.rollover_wh is not None:
        difference += means.rollover_wh
    return 0.0 if -ROUNDING_WH <= difference < 0 else difference


def in_kwh(boundary: float | None, reading: float | None) -> bool:
    """A register at a boundary that is the thousandth of one among the readings: kWh said for Wh (Huawei)."""
    if not boundary or not reading or boundary < 1:
        return False
    return abs(reading / boundary - 1000) < max(20, 1500 / boundary)


def meant(transaction: Transaction, means: Semantics) -> Transaction:
    """The transaction with the energy that its registers mean."""
    if means is PLAIN:
        return transaction
    return replace(transaction, energy_wh=energy(transaction.meter_start_wh, transaction.meter_stop_wh, means))


def reading_meant(reading: MeterReading, means: Semantics) -> MeterReading:
    if means is PLAIN:
        return reading
    total, power = reading.energy_wh, reading.power_w
    if means.lines == "summed":
        total = _sum_of_lines(reading.other, "Energy.Active.Import.Register") or total
        power = _sum_of_lines(reading.other, "Power.Active.Import") or power
    return replace(reading, energy_wh=None if total is None else total * means.reading_factor, power_w=power)


def _sum_of_lines(other: Mapping[str, Any], measurand: str) -> float | None:
    found = [other[name] for line in LINES if (name := f"{measurand}.{line}") in other]
    return float(sum(found)) if found else None


# --- rows -------------------------------------------------------------------------------------------


async def of_stations(conn: Conn, stations: Iterable[str]) -> dict[str, Semantics]:
    """Station -> what its registers mean, for those that are out of the ordinary."""
    wanted = sorted(set(stations))
    if not wanted:
        return {}
    return {
        row["id"]: Semantics(
            row["register"], row["boundary_factor"], row["reading_factor"], row["rollover_wh"], row["lines"]
        )
        for row in await conn.fetch(OF_STATIONS, wanted)
    }


async def put(conn: Conn, vendor: str, model: str, firmware: str, means: Semantics, note: str | None) -> bool:
    """True when new. Empty model or firmware: any."""
    created: bool = await conn.fetchval(
        PUT, vendor, model, firmware, means.register, means.boundary_factor, means.reading_factor, means.rollover_wh,
        means.lines, note,
    )
    return created


async def forget(conn: Conn, vendor: str, model: str, firmware: str) -> bool:
    return await conn.fetchval(FORGET, vendor, model, firmware) is not None


async def listing(
    conn: Conn, *, after: tuple[str, str, str] = ("", "", ""), limit: int = 100
) -> Sequence[Row]:
    return list(await conn.fetch(LIST, *after, limit))
