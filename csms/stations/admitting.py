"""Who is let in, and who knocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from csms.kit.db import Conn, Row
from csms.stations.columns import columns

ADMISSION = """
    select id, admission, security_profile, password_hash, strict,
        exists(select from new_passwords n where n.station = s.id) as rotating
    from stations s where id = $1
"""

# Letter case aside; two that differ only in it are two stations (stations_by_spelling serves it).
ALIKE = "select id from stations where lower(id) = lower($1) limit 2"

ADMISSIONS = "select id, admission from stations where id = any($1::text[])"

ADMIT = """
    insert into stations (id, admission) values ($1, $2) on conflict do nothing
"""

CREATE_MANY = "insert into stations (id) select unnest($1::text[]) on conflict do nothing"

KNOCK = """
    insert into knocks (station, first_at, last_at, address, protocols) values ($1, $2, $2, $3, $4)
    on conflict (station) do update set last_at = excluded.last_at, times = knocks.times + 1,
        address = excluded.address, protocols = excluded.protocols
"""

KNOCKING = "select * from knocks order by last_at desc limit $1"

FORGET_KNOCK = "delete from knocks where station = $1"

PUT = """
    insert into stations (id, vendor, model, firmware, site, name, tariff, max_power_w, password_hash,
        security_profile, strict, admission)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce($10, 0), coalesce($11, false), 'known')
    on conflict (id) do update set
        vendor = coalesce(excluded.vendor, stations.vendor), model = coalesce(excluded.model, stations.model),
        firmware = coalesce(excluded.firmware, stations.firmware), site = coalesce(excluded.site, stations.site),
        name = coalesce(excluded.name, stations.name), tariff = coalesce(excluded.tariff, stations.tariff),
        max_power_w = coalesce(excluded.max_power_w, stations.max_power_w),
        password_hash = coalesce(excluded.password_hash, stations.password_hash),
        security_profile = coalesce($10, stations.security_profile), strict = coalesce($11, stations.strict),
        admission = 'known', updated_at = now()
    returning (xmax = 0) as created
"""

PUT_CONNECTORS = """
    insert into connectors (station, evse, connector, type, max_power_w)
    select $1, * from unnest($2::int[], $3::int[], $4::text[], $5::float8[])
    on conflict (station, evse, connector) do update
    set type = coalesce(excluded.type, connectors.type),
        max_power_w = coalesce(excluded.max_power_w, connectors.max_power_w)
"""


async def admission(conn: Conn, station: str) -> Row | None:
    return await conn.fetchrow(ADMISSION, station)


async def spelled(conn: Conn, station: str) -> str:
    """The id as it was entered, where a station spells its own in another case (SteVe does the same)."""
    alike = await conn.fetch(ALIKE, station)
    return str(alike[0]["id"]) if len(alike) == 1 else station


async def admissions(conn: Conn, stations: Sequence[str]) -> dict[str, str]:
    """Station -> `known` or `quarantined`; it decides what a boot is answered."""
    return {row["id"]: row["admission"] for row in await conn.fetch(ADMISSIONS, list(stations))}


async def admit(conn: Conn, station: str, *, quarantined: bool) -> None:
    await conn.execute(ADMIT, station, "quarantined" if quarantined else "known")


async def create_many(conn: Conn, stations: Iterable[str]) -> None:
    await conn.execute(CREATE_MANY, sorted(stations))


async def knock(conn: Conn, station: str, at: datetime, address: str | None, protocols: str | None) -> None:
    """A stranger was turned away: staff see who knocks."""
    await conn.execute(KNOCK, station, at, address, protocols)


async def knocking(conn: Conn, limit: int = 100) -> list[Row]:
    return list(await conn.fetch(KNOCKING, limit))


async def put(
    conn: Conn, station: str, fields: Mapping[str, Any], connectors: Sequence[Mapping[str, Any]] = (),
    password_hash: str | None = None,
) -> bool:
    """Create or complete a station; True when it is new."""
    created: bool = await conn.fetchval(
        PUT, station, *(fields.get(f) for f in ("vendor", "model", "firmware", "site", "name", "tariff")),
        fields.get("max_power_w"), password_hash, fields.get("security_profile"), fields.get("strict"),
    )
    if connectors:
        await conn.execute(PUT_CONNECTORS, station, *columns(
            (c["evse"], c["connector"], c.get("type"), c.get("max_power_w")) for c in connectors
        ))
    await conn.execute(FORGET_KNOCK, station)
    return created
