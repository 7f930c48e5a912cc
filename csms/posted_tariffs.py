"""Tariffs that stations show and reckon by: what a driver saw when he began (2.1 I07 to I11)."""

from __future__ import annotations

from datetime import datetime

from csms.kit.clock import parse_time
from csms.kit.db import Conn, Row
from csms.vocabulary import ChangeTariff, ClearTariffs, PostTariff, TariffsCleared, TariffsTold

KEEP = """
    insert into station_tariffs (station, evse, tariff, kind, said, detail, valid_from, set_at, seq, part)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing
"""

REPLACE = """
    update station_tariffs set ended_at = $2
    where station = $1 and ended_at is null and kind = $3 and ($4::int is null or evse = $4)
      and ($5::text is null or said = $5)
"""

CLEAR = """
    update station_tariffs set ended_at = $2
    where station = $1 and ended_at is null and kind <> 'transaction'
      and (cardinality($3::text[]) = 0 or tariff = any($3)) and ($4::int is null or evse in (0, $4))
"""

# Of one EVSE, or of all of them, what the station does not name any more is gone.
CLEAR_OTHERS = """
    update station_tariffs set ended_at = $2
    where station = $1 and ended_at is null and kind <> 'transaction' and not tariff = any($3::text[])
      and ($4 = 0 or evse in (0, $4))
"""

KNOWN = """
    select true from station_tariffs
    where station = $1 and ended_at is null and evse = $2 and tariff = $3 and kind = $4
"""

# Times are shown to the millisecond, and whoever asks for the time that he was shown means this row.
LIST = """
    select * from station_tariffs
    where station = $1 and ($2::boolean is null or (ended_at is null) = $2)
      and ($3::timestamptz is null
        or (date_trunc('milliseconds', set_at) <= $3 and coalesce(ended_at, 'infinity') > $3))
      and ($4::timestamptz is null or (set_at, seq, part) < ($4, $5::bigint, $6::int))
    order by set_at desc, seq desc, part desc limit $7
"""


async def post(conn: Conn, station: str, asked: PostTariff, at: datetime, seq: int) -> None:
    """In place of the EVSE's own; one for EVSE 0 in place of everybody's."""
    tariff = dict(asked.tariff)
    await conn.execute(REPLACE, station, at, "default", asked.evse or None, None)
    await conn.execute(
        KEEP, station, asked.evse, tariff["tariffId"], "default", None, tariff, _begins(tariff), at, seq, 0
    )


async def change(conn: Conn, station: str, asked: ChangeTariff, at: datetime, seq: int) -> None:
    tariff = dict(asked.tariff)
    await conn.execute(REPLACE, station, at, "transaction", None, asked.transaction)
    await conn.execute(
        KEEP, station, 0, tariff["tariffId"], "transaction", asked.transaction, tariff, _begins(tariff), at, seq, 0
    )


async def clear(conn: Conn, station: str, asked: ClearTariffs, told: TariffsCleared, at: datetime) -> None:
    await conn.execute(CLEAR, station, at, list(told.ids or asked.ids), asked.evse)


async def note_all(conn: Conn, station: str, told: TariffsTold, at: datetime, seq: int) -> None:
    """What the station has now; what is in a tariff that we did not set, it does not tell."""
    await conn.execute(CLEAR_OTHERS, station, at, [t.id for t in told.tariffs], told.evse)
    part = 0
    for tariff in told.tariffs:
        for evse in tariff.evses or (told.evse,):
            if not await conn.fetchval(KNOWN, station, evse, tariff.id, tariff.kind):
                await conn.execute(
                    KEEP, station, evse, tariff.id, tariff.kind, None, None, tariff.valid_from, at, seq, part
                )
                part += 1


async def listing(
    conn: Conn, station: str, *, active: bool | None = None, at: datetime | None = None,
    after: tuple[datetime, int, int] | None = None, limit: int = 100,
) -> list[Row]:
    """Newest first; `active` True: those there now; `at`: those that were there at a time."""
    return list(await conn.fetch(LIST, station, active, at, *(after or (None, None, None)), limit))


def _begins(tariff: dict[str, object]) -> datetime | None:
    said = tariff.get("validFrom")
    return parse_time(said) if isinstance(said, str) else None
