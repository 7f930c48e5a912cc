"""Tariffs: what a kWh costs at which time of day, in versions that never rewrite the past."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from csms.errors import BadInput, Conflict
from csms.kit.clock import iso, parse_time
from csms.kit.db import Conn, Row
from csms.vocabulary import IdleFee, Period, Tariff

DAY = 24 * 60
MONEY = re.compile(r"\d{1,12}(\.\d{1,8})?")
CLOCK_TIME = re.compile(r"([01]\d|2[0-4]):([0-5]\d)")
CURRENCY = re.compile(r"[A-Z]{3}")

PUT = """
    insert into tariffs (id, valid_from, currency, timezone, start_fee, periods, idle, body)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict (id, valid_from) do nothing
    returning id
"""

VERSION = """
    select id, valid_from, currency, timezone, start_fee, periods, idle
    from tariffs where id = $1 and valid_from = $2
"""

VERSIONS = """
    select id, valid_from, currency, timezone, start_fee, periods, idle
    from tariffs where id = $1 order by valid_from
"""

ALL = """
    select distinct on (id) id, valid_from, currency, timezone, start_fee, periods, idle
    from tariffs where id > $1 order by id, valid_from desc limit $2
"""


def read(id: str, body: Mapping[str, Any]) -> Tariff:
    """The tariff of a contract body. Raises BadInput naming the field that is wrong."""
    return Tariff(
        id=id,
        currency=_currency(body.get("currency")),
        timezone=_zone(body.get("timezone")),
        valid_from=_time("valid_from", body.get("valid_from")),
        start_fee=_money("start_fee", body.get("start_fee", "0")),
        periods=_periods(body.get("periods")),
        idle=_idle(body.get("idle")),
    )


def as_json(tariff: Tariff) -> dict[str, Any]:
    """The contract's shape."""
    return {
        "id": tariff.id,
        "currency": tariff.currency,
        "timezone": tariff.timezone,
        "valid_from": iso(tariff.valid_from),
        "start_fee": f"{tariff.start_fee:f}",
        "periods": _periods_json(tariff.periods),
        "idle": _idle_json(tariff.idle),
    }


def in_force(versions: Sequence[Tariff], at: datetime) -> Tariff | None:
    """The version that holds at a moment; None before the first."""
    return max((t for t in versions if t.valid_from <= at), key=lambda t: t.valid_from, default=None)


def _currency(value: object) -> str:
    if not isinstance(value, str) or not CURRENCY.fullmatch(value):
        raise BadInput("currency", "three capital letters, like CNY")
    return value


def _zone(value: object) -> str:
    try:
        return ZoneInfo(str(value)).key if isinstance(value, str) and value else _no_zone()
    except (ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError with an OSError behind it
        return _no_zone()
    except KeyError:
        return _no_zone()


def _no_zone() -> str:
    raise BadInput("timezone", "an IANA time zone, like Asia/Shanghai")


def _time(field: str, value: object) -> datetime:
    try:
        return parse_time(value) if isinstance(value, str) else _no_time(field)
    except ValueError:
        return _no_time(field)


def _no_time(field: str) -> datetime:
    raise BadInput(field, "an RFC 3339 time, like 2026-01-01T00:00:00Z")


def _money(field: str, value: object) -> Decimal:
    """Text, not a JSON float: 0.1 must arrive as 0.1."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not MONEY.fullmatch(text):
        raise BadInput(field, 'a decimal string that is not negative, like "0.40"')
    return Decimal(text)


def _minute(field: str, value: object) -> int:
    found = CLOCK_TIME.fullmatch(value) if isinstance(value, str) else None
    minute = int(found[1]) * 60 + int(found[2]) if found else DAY + 1
    if minute > DAY:
        raise BadInput(field, "a time of day from 00:00 to 24:00")
    return minute


def _periods(value: object) -> tuple[Period, ...]:
    if not isinstance(value, list) or not value:
        raise BadInput("periods", "a list of periods that cover 24 hours")
    named = [(f"periods[{i}]", period) for i, item in enumerate(value) for period in _period(f"periods[{i}]", item)]
    named.sort(key=lambda pair: pair[1].start_minute)
    end = 0
    for name, period in named:
        if period.start_minute != end:
            raise BadInput(f"{name}.from", f"overlaps the period before it: {_clock(end)} was expected"
                           if period.start_minute < end else f"leaves a gap before it: {_clock(end)} was expected")
        end = period.end_minute
    if end != DAY:
        raise BadInput(f"{named[-1][0]}.to", "the periods end before 24:00")
    return tuple(period for _, period in named)


def _period(name: str, item: object) -> list[Period]:
    """One period; one that runs over midnight becomes two."""
    if not isinstance(item, dict):
        raise BadInput(name, "an object with from, to, energy_price and service_price")
    start, end = _minute(f"{name}.from", item.get("from")), _minute(f"{name}.to", item.get("to")) or DAY
    energy = _money(f"{name}.energy_price", item.get("energy_price"))
    service = _money(f"{name}.service_price", item.get("service_price", "0"))
    if start == DAY:
        raise BadInput(f"{name}.from", "a period begins before 24:00")
    if start == end:
        raise BadInput(f"{name}.to", "a period lasts at least one minute")
    if start < end:
        return [Period(start, end, energy, service)]
    return [Period(start, DAY, energy, service), Period(0, end, energy, service)]


def _idle(value: object) -> IdleFee | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise BadInput("idle", "an object with grace_minutes, price_per_minute and perhaps cap")
    grace = value.get("grace_minutes", 0)
    if isinstance(grace, bool) or not isinstance(grace, int) or grace < 0:
        raise BadInput("idle.grace_minutes", "a whole number of minutes that is not negative")
    cap = value.get("cap")
    return IdleFee(
        grace_minutes=grace,
        price_per_minute=_money("idle.price_per_minute", value.get("price_per_minute")),
        cap=None if cap is None else _money("idle.cap", cap),
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _periods_json(periods: Sequence[Period]) -> list[dict[str, str]]:
    return [
        {
            "from": _clock(p.start_minute),
            "to": _clock(p.end_minute),
            "energy_price": f"{p.energy_price:f}",
            "service_price": f"{p.service_price:f}",
        }
        for p in periods
    ]


def _idle_json(idle: IdleFee | None) -> dict[str, Any] | None:
    if idle is None:
        return None
    return {
        "grace_minutes": idle.grace_minutes,
        "price_per_minute": f"{idle.price_per_minute:f}",
        "cap": None if idle.cap is None else f"{idle.cap:f}",
    }


def _of_row(row: Row) -> Tariff:
    return Tariff(
        id=row["id"],
        currency=row["currency"],
        timezone=row["timezone"],
        valid_from=row["valid_from"],
        start_fee=row["start_fee"],
        periods=_periods(row["periods"]),
        idle=_idle(row["idle"]),
    )


async def put(conn: Conn, id: str, body: Mapping[str, Any]) -> tuple[Tariff, bool]:
    """Keep a version: (tariff, True) when it is new, (tariff, False) when the same was known.

    Another body from the same moment on is refused: bills of that time rest on what is there.
    """
    tariff = read(id, body)
    shape = as_json(tariff)
    new = await conn.fetchval(
        PUT, id, tariff.valid_from, tariff.currency, tariff.timezone, tariff.start_fee,
        shape["periods"], shape["idle"], dict(body),
    )  # fmt: skip
    if new is None and _of_row(await conn.fetchrow(VERSION, id, tariff.valid_from)) != tariff:
        raise Conflict(f"tariff {id} has another version from {iso(tariff.valid_from)}; give a later valid_from")
    return tariff, new is not None


async def versions(conn: Conn, id: str) -> list[Tariff]:
    """All versions, newest last."""
    return [_of_row(row) for row in await conn.fetch(VERSIONS, id)]


async def newest(conn: Conn, *, after: str = "", limit: int = 100) -> list[Tariff]:
    """The newest version of each tariff, in order of id."""
    return [_of_row(row) for row in await conn.fetch(ALL, after, limit)]
