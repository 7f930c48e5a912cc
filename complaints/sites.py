"""Sites as the desk knows them: in which zone and by which calendar they work, and what kind of place they are."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any
from zoneinfo import ZoneInfo

from complaints import calendars
from csms.errors import BadInput
from csms.kit.db import Conn

KINDS = ("public", "community", "company")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a case belongs. `calendar` is a country's code (CN, HK, GB-SCT); empty where every day is worked."""

    zone: str
    calendar: str = "CN"
    site: str | None = None
    region: str | None = None
    kind: str = "public"
    address: str | None = None
    position: str | None = None
    """"latitude,longitude" in degrees, for the way there."""


POSITION = re.compile(r"(-?\d{1,2}(?:\.\d{1,8})?),(-?\d{1,3}(?:\.\d{1,8})?)")
COUNTRIES = {
    "Asia/Shanghai": "CN", "Asia/Urumqi": "CN", "Asia/Hong_Kong": "HK", "Asia/Macau": "MO", "Asia/Taipei": "TW",
    "Asia/Singapore": "SG", "Europe/London": "GB", "Europe/Berlin": "DE", "Europe/Paris": "FR",
    "America/New_York": "US", "Asia/Tokyo": "JP",
}
"""Whose holidays count where nobody has said so."""

PLACE = "select site, zone, calendar, region, kind, address, position from sites where site = $1"
PUT = """
    insert into sites (site, zone, calendar, region, kind, address, position) values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (site) do update set zone = excluded.zone, calendar = excluded.calendar, region = excluded.region,
        kind = excluded.kind, address = excluded.address, position = excluded.position
"""
LISTED = "select site, zone, calendar, region, kind, address, position from sites order by site"


def check(zone: str, calendar: str, kind: str) -> None:
    """Raises BadInput."""
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise BadInput("zone", "must be an IANA time zone such as Asia/Shanghai") from None
    if not calendars.known(calendar):
        raise BadInput("calendar", "must be a country such as CN or HK, or empty for around the clock")
    if kind not in KINDS:
        raise BadInput("kind", f"must be one of {', '.join(KINDS)}")


def check_position(position: str | None) -> None:
    """Raises BadInput."""
    if position is None:
        return
    found = POSITION.fullmatch(position)
    if not found or abs(float(found[1])) > 90 or abs(float(found[2])) > 180:
        raise BadInput("position", "must be latitude and longitude in degrees, such as 30.2460,120.1430")


async def place_of(conn: Conn, site: str | None, zone: str) -> Place:
    """The site's own zone and calendar; the installation's where it has none."""
    row = await conn.fetchrow(PLACE, site) if site else None
    return Place(**dict(row)) if row else Place(zone, COUNTRIES.get(zone, "CN"), site)


async def put(conn: Conn, place: Place) -> None:
    check(place.zone, place.calendar, place.kind)
    check_position(place.position)
    await conn.execute(PUT, place.site, place.zone, place.calendar, place.region, place.kind, place.address,
                       place.position)


async def listed(conn: Conn) -> list[Place]:
    return [Place(**dict(row)) for row in await conn.fetch(LISTED)]


def place_json(place: Place) -> dict[str, Any]:
    return asdict(place)
