"""What the registers of a model mean: lifetime or session, Wh or kWh, where they roll over. Data, not code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from csms.kit.db import Conn, Row
from csms.vocabulary import Semantics

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
