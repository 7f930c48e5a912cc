"""What is known of stations, as others read it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from csms.errors import NotFound
from csms.kit.db import Conn, Row
from csms.vocabulary import Boot, Connection, Connector, Station, StatusChange

# A main meter's connector 0 is the plug's where there is only one (KEBA).
ONLY_PLUG = "select min(evse) from connectors where station = $1 and evse > 0 having count(distinct evse) = 1"

FETCH = """
    select s.*, h.last_heard_at from stations s left join heads h on h.station = s.id
    where s.id = any($1::text[]) order by s.id
"""

LIST = """
    select s.*, h.last_heard_at from stations s left join heads h on h.station = s.id
    where ($1::text is null or s.site = $1) and s.id > $2 order by s.id limit $3
"""

CONNECTORS = "select * from connectors where station = any($1::text[]) order by station, evse, connector"

STATUSES = """
    select * from statuses where station = $1 and at >= $2 and at < $3 order by at, seq
"""

STATUS_BEFORE = """
    select s.* from (select distinct evse from connectors where station = $1 union select 0) e
    cross join lateral (
        select * from statuses
        where station = $1 and evse = e.evse and at < $2 and at > $2 - interval '30 days' and source = 'connector'
        order by at desc, seq desc limit 1
    ) s
"""

BOOTS = "select * from boots where station = $1 and at >= $2 and at < $3 order by at, seq"

CONNECTIONS = """
    select * from connections
    where station = any($1::text[]) and connected_at < $3 and coalesce(disconnected_at, 'infinity') >= $2
    order by connected_at
"""

SITE_STATIONS = "select id from stations where site = $1 and id <> $2 order by id limit 200"


async def only_plug(conn: Conn, station: str) -> int | None:
    """The EVSE of a station that has but one."""
    evse: int | None = await conn.fetchval(ONLY_PLUG, station)
    return evse


async def find(conn: Conn, station: str) -> Station:
    """Raises NotFound."""
    found = await find_many(conn, [station])
    if not found:
        raise NotFound(f"no station {station}")
    return found[0]


async def find_many(conn: Conn, stations: Sequence[str]) -> list[Station]:
    return await _with_connectors(conn, await conn.fetch(FETCH, list(stations)))


async def listing(conn: Conn, *, site: str | None = None, after: str = "", limit: int = 100) -> list[Station]:
    return await _with_connectors(conn, await conn.fetch(LIST, site, after, limit))


async def _with_connectors(conn: Conn, rows: Sequence[Row]) -> list[Station]:
    plugs: dict[str, list[Connector]] = {row["id"]: [] for row in rows}
    for row in await conn.fetch(CONNECTORS, list(plugs)):
        if row["evse"]:
            plugs[row["station"]].append(Connector(
                row["evse"], row["connector"], row["type"], row["max_power_w"], row["status"], row["status_at"]
            ))
    return [_fact(row, plugs[row["id"]]) for row in rows]


def _fact(row: Row, connectors: Sequence[Connector]) -> Station:
    return Station(
        id=row["id"], vendor=row["vendor"], model=row["model"], firmware=row["firmware"], site=row["site"],
        name=row["name"], protocol=row["protocol"], max_power_w=row["max_power_w"], tariff=row["tariff"],
        connected=row["connected"], last_heard_at=row["last_heard_at"], clock_offset_s=row["clock_offset_s"],
        connectors=tuple(connectors), firmware_status=row["firmware_status"],
        firmware_status_at=row["firmware_status_at"],
    )


async def statuses_between(conn: Conn, station: str, since: datetime, until: datetime) -> list[StatusChange]:
    return [_status(row) for row in await conn.fetch(STATUSES, station, since, until)]


async def statuses_before(conn: Conn, station: str, at: datetime) -> dict[int, StatusChange]:
    """EVSE -> the last status known before a time."""
    return {row["evse"]: _status(row) for row in await conn.fetch(STATUS_BEFORE, station, at)}


def _status(row: Row) -> StatusChange:
    return StatusChange(
        evse=row["evse"], connector=row["connector"], status=row["status"], at=row["at"],
        received_at=row["received_at"], frame=f"{row['station']}:{row['seq']}", source=row["source"], said=row["said"],
    )


async def boots_between(conn: Conn, station: str, since: datetime, until: datetime) -> list[Boot]:
    return [
        Boot(row["at"], row["reason"], f"{station}:{row['seq']}")
        for row in await conn.fetch(BOOTS, station, since, until)
    ]


async def connections_between(
    conn: Conn, stations: Sequence[str], since: datetime, until: datetime
) -> list[Connection]:
    return [
        Connection(str(row["id"]), row["station"], row["connected_at"], row["disconnected_at"], row["protocol"],
                   row["code"])
        for row in await conn.fetch(CONNECTIONS, list(stations), since, until)
    ]


async def site_stations(conn: Conn, site: str, but: str) -> list[str]:
    return [row["id"] for row in await conn.fetch(SITE_STATIONS, site, but)]
