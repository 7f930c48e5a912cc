"""Alarms of the desk: what needs somebody's eye though no station said so. Raised once, until cleared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from csms.errors import Conflict
from csms.kit.clock import iso
from csms.kit.db import Conn


@dataclass(frozen=True, slots=True)
class Alarm:
    id: int
    key: str
    kind: str
    """silent_fault, delivery.unclear, delivery.failed, calendar.horizon, nobody, model_share, first_resolution,
    early_warning, out_of_limits"""
    station: str | None
    evse: int | None
    complaint: str | None
    detail: Mapping[str, Any]
    raised_at: datetime
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    cleared_at: datetime | None
    cleared_by: str | None


COLUMNS = """id, key, kind, station, evse, complaint, detail, raised_at, acknowledged_by, acknowledged_at, cleared_at,
    cleared_by"""
RAISE = """
    insert into alarms (key, kind, station, evse, complaint, detail, raised_at) values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (key) do nothing returning id
"""
LISTED = f"select {COLUMNS} from alarms where ($1::boolean is false or cleared_at is null) order by id desc limit $2"
ACKNOWLEDGE = f"""
    update alarms set acknowledged_by = $2, acknowledged_at = $3
    where id = $1 and acknowledged_at is null returning {COLUMNS}
"""
CLEAR = f"update alarms set cleared_by = $2, cleared_at = $3 where id = $1 and cleared_at is null returning {COLUMNS}"


async def raise_(
    conn: Conn, key: str, kind: str, now: datetime, *, station: str | None = None, evse: int | None = None,
    complaint: str | None = None, detail: Mapping[str, Any] | None = None,
) -> bool:
    """True when it is new. The same key is raised once only."""
    return bool(await conn.fetchval(RAISE, key, kind, station, evse, complaint, dict(detail or {}), now))


async def listed(conn: Conn, *, only_open: bool = True, limit: int = 100) -> list[Alarm]:
    """Newest first."""
    return [Alarm(**dict(row)) for row in await conn.fetch(LISTED, only_open, limit)]


async def acknowledge(conn: Conn, id: int, by: str, now: datetime) -> Alarm:
    return await _moved(conn, ACKNOWLEDGE, id, by, now)


async def clear(conn: Conn, id: int, by: str, now: datetime) -> Alarm:
    return await _moved(conn, CLEAR, id, by, now)


async def _moved(conn: Conn, statement: str, id: int, by: str, now: datetime) -> Alarm:
    row = await conn.fetchrow(statement, id, by, now)
    if row is None:
        raise Conflict(f"alarm {id} is not there, or somebody was quicker")
    return Alarm(**dict(row))


def alarm_json(alarm: Alarm) -> dict[str, Any]:
    return {
        "id": alarm.id, "kind": alarm.kind, "station": alarm.station, "evse": alarm.evse,
        "complaint": alarm.complaint, "detail": dict(alarm.detail), "raised_at": iso(alarm.raised_at),
        "acknowledged_by": alarm.acknowledged_by, "cleared_at": iso(alarm.cleared_at) if alarm.cleared_at else None,
    }
