"""Coming and going: whether a station is connected, and by which session."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from csms.kit.db import Conn, Row
from csms.stations.columns import columns
from csms.vocabulary.heard import record_id

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

# Whose last socket ended since; one that is only silent is not gone, nor one that is known from an import.
DROPPED = """
    select s.id from stations s
    join lateral (
        select disconnected_at from connections where station = s.id order by connected_at desc limit 1
    ) c on c.disconnected_at >= $1
    where not s.connected order by s.id
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


async def connect(conn: Conn, arrivals: Sequence[tuple[str, str, str | None, datetime]]) -> dict[str, int]:
    """(station, node, protocol, at) -> each station's new session number."""
    return {row["id"]: row["session"] for row in await conn.fetch(CONNECT, *columns(arrivals))}


async def open_connections(
    conn: Conn, arrivals: Sequence[tuple[str, int, int | None, str | None, str | None, str | None, datetime]]
) -> None:
    """(station, seq, session, node, protocol, address, at). An older one still open ended no later than now."""
    if arrivals:
        await conn.execute(CLOSE_CONNECTIONS, *columns(
            (station, None, at, None, "replaced") for station, _, _, _, _, _, at in arrivals
        ))
        await conn.execute(OPEN_CONNECTIONS, *columns(
            (record_id("connection", station, seq), station, session, node, protocol, address, at)
            for station, seq, session, node, protocol, address, at in arrivals
        ))


async def disconnect(
    conn: Conn, departures: Sequence[tuple[str, int | None, datetime, int | None, str | None]]
) -> None:
    """(station, session, at, code, reason)."""
    if departures:
        await conn.execute(CLOSE_CONNECTIONS, *columns(departures))
        live = [(station, session, at) for station, session, at, _, _ in departures if session is not None]
        if live:
            await conn.fetch(DISCONNECT, *columns(live))


async def lose(conn: Conn, lost: Sequence[tuple[str, int, datetime, str]]) -> dict[str, int]:
    """(station, session, at, reason) of sockets that died with their node -> the stations' next session numbers."""
    await conn.execute(CLOSE_CONNECTIONS, *columns(
        (station, session, at, None, reason) for station, session, at, reason in lost
    ))
    rows = await conn.fetch(LOSE, *columns((station, session, at) for station, session, at, _ in lost))
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
