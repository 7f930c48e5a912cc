"""Sites as the desk knows them: in which zone and by which calendar they work, and what kind of place they are."""

from __future__ import annotations

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


COUNTRIES = {
    "Asia/Shanghai": "CN", "Asia/Urumqi": "CN", "Asia/Hong_Kong": "HK", "Asia/Macau": "MO", "Asia/Taipei": "TW",
    "Asia/Singapore": "SG", "Europe/London": "GB", "Europe/Berlin": "DE", "Europe/Paris": "FR",
    "America/New_York": "US", "Asia/Tokyo": "JP",
}
"""Whose holidays count where nobody has said so."""

PLACE = "select site, zone, calendar, region, kind from sites where site = $1"
PUT = """
    insert into sites (site, zone, calendar, region, kind) values ($1, $2, $3, $4, $5)
    on conflict (site) do update set zone = excluded.zone, calendar = excluded.calendar, region = excluded.region,
        kind = excluded.kind
"""
LISTED = "select site, zone, calendar, region, kind from sites order by site"


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


async def place_of(conn: Conn, site: str | None, zone: str) -> Place:
    """The site's own zone and calendar; the installation's where it has none."""
    row = await conn.fetchrow(PLACE, site) if site else None
    return Place(**dict(row)) if row else Place(zone, COUNTRIES.get(zone, "CN"), site)


async def put(conn: Conn, place: Place) -> None:
    check(place.zone, place.calendar, place.kind)
    await conn.execute(PUT, place.site, place.zone, place.calendar, place.region, place.kind)


async def listed(conn: Conn) -> list[Place]:
    return [Place(**dict(row)) for row in await conn.fetch(LISTED)]


def place_json(place: Place) -> dict[str, Any]:
    return asdict(place)
