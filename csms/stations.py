"""Stations: who they are, whether they are connected, what their connectors last said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from csms.errors import NotFound
from csms.kit.db import Conn, Row
from csms.vocabulary import (
    Boot,
    Booted,
    Connection,
    Connector,
    DataPassed,
    ProgressNoted,
    SecurityNoted,
    Station,
    StatusChange,
    StatusReported,
)
from csms.vocabulary.heard import Heard, device_time, record_id

Column = tuple[Any, ...]

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

# A main meter's connector 0 is the plug's where there is only one (KEBA).
ONLY_PLUG = "select min(evse) from connectors where station = $1 and evse > 0 having count(distinct evse) = 1"

CONNECT = """
    update stations s set connected = true, session = s.session + 1, node = c.node, protocol = c.protocol,
        connected_at = c.at, updated_at = c.at
    from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) as c (station, node, protocol, at)
    where s.id = c.station
    returning s.id, s.session
"""

# A closing socket may only take itself away, never the newer one that replaced it.
DISCONNECT = """
    update stations s set connected = false, updated_at = d.at
    from unnest($1::text[], $2::bigint[], $3::timestamptz[]) as d (station, session, at)
    where s.id = d.station and s.session = d.session
    returning s.id
"""

SET_PROTOCOL = "update stations set protocol = $2 where id = $1 and protocol is distinct from $2 and not connected"

OPEN_CONNECTIONS = """
    insert into connections (id, station, session, node, protocol, address, connected_at)
    select * from unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
    on conflict do nothing
"""

# With a session: that one. Without (history): whatever is open; a new connection closes the one before it.
CLOSE_CONNECTIONS = """
    update connections c set disconnected_at = d.at, code = d.code, reason = d.reason
    from unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::int[], $5::text[])
        as d (station, session, at, code, reason)
    where c.station = d.station and c.disconnected_at is null and c.connected_at <= d.at
      and (d.session is null or c.session is null or c.session = d.session)
"""

LEFT_BY = """
    select s.id, s.session, s.connected_at, h.last_heard_at from stations s join heads h on h.station = s.id
    where s.connected and s.node = any($1::text[]) order by s.id
"""

# The number moves on: should that node live after all, what its socket brings is refused and the station comes anew.
LOSE = """
    update stations s set connected = false, session = s.session + 1, updated_at = d.at
    from unnest($1::text[], $2::bigint[], $3::timestamptz[]) as d (station, session, at)
    where s.id = d.station and s.session = d.session and s.connected returning s.id, s.session
"""

SESSIONS = "select id, session from stations where id = any($1::text[])"

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
        security_profile, admission)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce($10, 0), 'known')
    on conflict (id) do update set
        vendor = coalesce(excluded.vendor, stations.vendor), model = coalesce(excluded.model, stations.model),
        firmware = coalesce(excluded.firmware, stations.firmware), site = coalesce(excluded.site, stations.site),
        name = coalesce(excluded.name, stations.name), tariff = coalesce(excluded.tariff, stations.tariff),
        max_power_w = coalesce(excluded.max_power_w, stations.max_power_w),
        password_hash = coalesce(excluded.password_hash, stations.password_hash),
        security_profile = coalesce($10, stations.security_profile), admission = 'known', updated_at = now()
    returning (xmax = 0) as created
"""

PUT_CONNECTORS = """
    insert into connectors (station, evse, connector, type, max_power_w)
    select $1, * from unnest($2::int[], $3::int[], $4::text[], $5::float8[])
    on conflict (station, evse, connector) do update
    set type = coalesce(excluded.type, connectors.type),
        max_power_w = coalesce(excluded.max_power_w, connectors.max_power_w)
"""

FETCH = """
    select s.*, h.last_heard_at from stations s left join heads h on h.station = s.id
    where s.id = any($1::text[]) order by s.id
"""
LIST = """
    select s.*, h.last_heard_at from stations s left join heads h on h.station = s.id
    where ($1::text is null or s.site = $1) and s.id > $2 order by s.id limit $3
"""
CONNECTORS = "select * from connectors where station = any($1::text[]) order by station, evse, connector"

# Whose last socket ended since; one that is only silent is not gone, nor one that is known from an import.
DROPPED = """
    select s.id from stations s
    join lateral (
        select disconnected_at from connections where station = s.id order by connected_at desc limit 1
    ) c on c.disconnected_at >= $1
    where not s.connected order by s.id
"""

STATUSES = """
    select * from statuses where station = $1 and at >= $2 and at < $3 order by at, seq
"""
STATUS_BEFORE = """
    select distinct on (evse) * from statuses
    where station = $1 and at < $2 and at > $2 - interval '30 days' and source = 'connector'
    order by evse, at desc, seq desc
"""
BOOTS = "select * from boots where station = $1 and at >= $2 and at < $3 order by at, seq"

CONNECTIONS = """
    select * from connections
    where station = any($1::text[]) and connected_at < $3 and coalesce(disconnected_at, 'infinity') >= $2
    order by connected_at
"""
SITE_STATIONS = "select id from stations where site = $1 and id <> $2 order by id limit 200"


# --- what stations say ------------------------------------------------------------------------------


async def note_boots(conn: Conn, heards: Sequence[Heard[Booted]], statuses: Sequence[str]) -> None:
    if not heards:
        return
    await conn.execute(BOOTED, *_columns(
        (h.station, h.said.vendor, h.said.model, h.said.firmware, h.said.serial, h.received_at, status)
        for h, status in zip(heards, statuses, strict=True)
    ))
    await conn.execute(KEEP_BOOTS, *_columns((h.station, h.received_at, h.said.reason, h.seq) for h in heards))


async def note_statuses(conn: Conn, heards: Sequence[Heard[StatusReported]]) -> None:
    """History, present state, and how far the station's clock is off."""
    if not heards:
        return
    timed = [(h, device_time(h.said.at, h.received_at)) for h in heards]
    await keep_statuses(conn, [
        (h.station, h.said.evse, h.said.connector, h.said.status, at, h.received_at, "connector", None, h.seq)
        for h, at in timed
    ])
    await conn.execute(SHOW_STATUSES, *_columns(
        (h.station, h.said.evse, h.said.connector, h.said.status, at, h.received_at) for h, at in timed
    ))
    if offsets := [(h.station, (at - h.received_at).total_seconds(), h.received_at) for h, at in timed if h.said.at]:
        await conn.execute(NOTE_OFFSETS, *_columns(offsets), LIVE_AFTER_S)


async def keep_statuses(conn: Conn, rows: Sequence[Column]) -> None:
    if rows:
        await conn.execute(KEEP_STATUSES, *_columns(rows))


async def note_security(conn: Conn, heards: Sequence[Heard[SecurityNoted]]) -> None:
    if heards:
        await conn.execute(KEEP_SECURITY, *_columns(
            (h.station, device_time(h.said.at, h.received_at), h.received_at, h.said.type, h.said.info, h.seq)
            for h in heards
        ))


async def note_progress(conn: Conn, heards: Sequence[Heard[ProgressNoted]]) -> None:
    if heards:
        await conn.execute(KEEP_PROGRESS, *_columns(
            (h.station, h.received_at, h.said.what, h.said.status, h.said.request_id, h.seq, h.said.info)
            for h in heards
        ))
        await conn.execute(SHOW_PROGRESS, *_columns(
            (h.station, h.received_at, h.said.what, h.said.status) for h in heards
        ))


async def note_transfers(conn: Conn, heards: Sequence[Heard[DataPassed]]) -> None:
    if heards:
        await conn.execute(KEEP_TRANSFERS, *_columns(
            (h.station, h.received_at, h.said.vendor, h.said.message, h.said.data, h.seq) for h in heards
        ))


# --- coming and going -------------------------------------------------------------------------------


async def connect(conn: Conn, arrivals: Sequence[tuple[str, str, str | None, datetime]]) -> dict[str, int]:
    """(station, node, protocol, at) -> each station's new session number."""
    return {row["id"]: row["session"] for row in await conn.fetch(CONNECT, *_columns(arrivals))}


async def open_connections(
    conn: Conn, arrivals: Sequence[tuple[str, int, int | None, str | None, str | None, str | None, datetime]]
) -> None:
    """(station, seq, session, node, protocol, address, at). An older one still open ended no later than now."""
    if arrivals:
        await conn.execute(CLOSE_CONNECTIONS, *_columns(
            (station, None, at, None, "replaced") for station, _, _, _, _, _, at in arrivals
        ))
        await conn.execute(OPEN_CONNECTIONS, *_columns(
            (record_id("connection", station, seq), station, session, node, protocol, address, at)
            for station, seq, session, node, protocol, address, at in arrivals
        ))


async def disconnect(
    conn: Conn, departures: Sequence[tuple[str, int | None, datetime, int | None, str | None]]
) -> None:
    """(station, session, at, code, reason)."""
    if departures:
        await conn.execute(CLOSE_CONNECTIONS, *_columns(departures))
        live = [(station, session, at) for station, session, at, _, _ in departures if session is not None]
        if live:
            await conn.fetch(DISCONNECT, *_columns(live))


async def lose(conn: Conn, lost: Sequence[tuple[str, int, datetime, str]]) -> dict[str, int]:
    """(station, session, at, reason) of sockets that died with their node -> the stations' next session numbers."""
    await conn.execute(CLOSE_CONNECTIONS, *_columns(
        (station, session, at, None, reason) for station, session, at, reason in lost
    ))
    rows = await conn.fetch(LOSE, *_columns((station, session, at) for station, session, at, _ in lost))
    return {row["id"]: row["session"] for row in rows}


async def sessions(conn: Conn, stations: Sequence[str]) -> dict[str, int]:
    """The number of each station's present session."""
    return {row["id"]: row["session"] for row in await conn.fetch(SESSIONS, list(stations))}


async def dropped(conn: Conn, since: datetime) -> list[str]:
    """Stations that lost their connection since then and are not back."""
    return [row["id"] for row in await conn.fetch(DROPPED, since)]


async def left_by(conn: Conn, nodes: Sequence[str]) -> list[Row]:
    """Stations that still count as connected to these nodes."""
    return list(await conn.fetch(LEFT_BY, list(nodes)))


async def remember_protocol(conn: Conn, station: str, protocol: str) -> None:
    await conn.execute(SET_PROTOCOL, station, protocol)


async def only_plug(conn: Conn, station: str) -> int | None:
    """The EVSE of a station that has but one."""
    evse: int | None = await conn.fetchval(ONLY_PLUG, station)
    return evse


# --- admission --------------------------------------------------------------------------------------


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
        fields.get("max_power_w"), password_hash, fields.get("security_profile"),
    )
    if connectors:
        await conn.execute(PUT_CONNECTORS, station, *_columns(
            (c["evse"], c["connector"], c.get("type"), c.get("max_power_w")) for c in connectors
        ))
    await conn.execute(FORGET_KNOCK, station)
    return created


# --- facts ------------------------------------------------------------------------------------------


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


def _columns(rows: Iterable[Column]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
