"""Tariffs: what is taken in, what is refused, which version holds."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from csms import tariffs
from csms.errors import BadInput, Conflict
from csms.kit.db import Conn

BODY: dict[str, Any] = {
    "currency": "CNY",
    "timezone": "Asia/Shanghai",
    "valid_from": "2026-01-01T00:00:00Z",
    "start_fee": "1.00",
    "periods": [
        {"from": "00:00", "to": "08:00", "energy_price": "0.40", "service_price": "0.30"},
        {"from": "08:00", "to": "24:00", "energy_price": "0.85", "service_price": "0.45"},
    ],
    "idle": {"grace_minutes": 15, "price_per_minute": "0.50", "cap": "30.00"},
}


def body(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(BODY) | changes


def periods(*spans: tuple[str, str]) -> list[dict[str, str]]:
    return [{"from": a, "to": b, "energy_price": "1", "service_price": "0"} for a, b in spans]


def test_a_body_is_read_and_written_the_same() -> None:
    assert tariffs.as_json(tariffs.read("t", BODY)) == {"id": "t"} | body(valid_from="2026-01-01T00:00:00.000Z")


def test_fees_may_be_left_out() -> None:
    plain = body()
    del plain["start_fee"], plain["idle"]
    read = tariffs.read("t", plain)
    assert read.start_fee == 0
    assert read.idle is None


def test_a_period_over_midnight_becomes_two() -> None:
    read = tariffs.read("t", body(periods=periods(("22:00", "06:00"), ("06:00", "22:00"))))
    assert [(p.start_minute, p.end_minute) for p in read.periods] == [(0, 360), (360, 1320), (1320, 1440)]


def test_periods_may_come_in_any_order_and_end_at_midnight_by_either_name() -> None:
    read = tariffs.read("t", body(periods=periods(("12:00", "00:00"), ("00:00", "12:00"))))
    assert [(p.start_minute, p.end_minute) for p in read.periods] == [(0, 720), (720, 1440)]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"currency": "cny"}, "currency"),
        ({"currency": None}, "currency"),
        ({"timezone": "Asia/Atlantis"}, "timezone"),
        ({"timezone": "../etc/passwd"}, "timezone"),
        ({"timezone": ""}, "timezone"),
        ({"timezone": 8}, "timezone"),
        ({"valid_from": "soon"}, "valid_from"),
        ({"valid_from": None}, "valid_from"),
        ({"start_fee": "-1"}, "start_fee"),
        ({"start_fee": 0.1}, "start_fee"),
        ({"start_fee": True}, "start_fee"),
        ({"periods": []}, "periods"),
        ({"periods": "all day"}, "periods"),
        ({"periods": ["all day"]}, "periods[0]"),
        ({"periods": periods(("00:00", "23:00"))}, "periods[0].to"),
        ({"periods": periods(("01:00", "24:00"))}, "periods[0].from"),
        ({"periods": periods(("00:00", "08:00"), ("07:00", "24:00"))}, "periods[1].from"),
        ({"periods": periods(("00:00", "08:00"), ("09:00", "24:00"))}, "periods[1].from"),
        ({"periods": periods(("00:00", "08:00"), ("08:00", "24:30"))}, "periods[1].to"),
        ({"periods": periods(("00:00", "08:00"), ("08:00", "8 pm"))}, "periods[1].to"),
        ({"periods": periods(("08:00", "08:00"))}, "periods[0].to"),
        ({"periods": periods(("24:00", "24:00"))}, "periods[0].from"),
        ({"periods": [{"from": "00:00", "to": "24:00", "service_price": "1"}]}, "periods[0].energy_price"),
        ({"periods": [{"from": "00:00", "to": "24:00", "energy_price": "1e3"}]}, "periods[0].energy_price"),
        ({"periods": [{"from": "00:00", "to": "24:00", "energy_price": "NaN"}]}, "periods[0].energy_price"),
        (
            {"periods": [{"from": "00:00", "to": "24:00", "energy_price": "1", "service_price": "-0.1"}]},
            "periods[0].service_price",
        ),
        ({"idle": 5}, "idle"),
        ({"idle": {"grace_minutes": -1, "price_per_minute": "1"}}, "idle.grace_minutes"),
        ({"idle": {"grace_minutes": 1.5, "price_per_minute": "1"}}, "idle.grace_minutes"),
        ({"idle": {"grace_minutes": 15}}, "idle.price_per_minute"),
        ({"idle": {"grace_minutes": 15, "price_per_minute": "1", "cap": "lots"}}, "idle.cap"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as wrong:
        tariffs.read("t", body(**changes))
    assert wrong.value.field == field


def test_the_version_in_force_is_the_latest_that_had_begun() -> None:
    versions = [tariffs.read("t", body(valid_from=f"2026-0{m}-01T00:00:00Z")) for m in (1, 3, 5)]
    assert tariffs.in_force(versions, datetime(2026, 4, 1, tzinfo=UTC)) == versions[1]
    assert tariffs.in_force(versions, datetime(2026, 5, 1, tzinfo=UTC)) == versions[2]
    assert tariffs.in_force(versions, datetime(2025, 12, 31, tzinfo=UTC)) is None


async def test_versions_are_kept_and_the_same_body_changes_nothing(conn: Conn) -> None:
    first, new = await tariffs.put(conn, "t", BODY)
    assert new
    assert (await tariffs.put(conn, "t", body(start_fee="1.0")))[1] is False
    later, new = await tariffs.put(conn, "t", body(valid_from="2026-06-01T08:00:00+08:00", start_fee="2"))
    assert new
    earlier, new = await tariffs.put(conn, "t", body(valid_from="2025-06-01T00:00:00Z", idle=None))
    assert new
    await tariffs.put(conn, "other", BODY)
    assert await tariffs.versions(conn, "t") == [earlier, first, later]
    assert later.valid_from == datetime(2026, 6, 1, tzinfo=UTC)
    assert later.start_fee == Decimal(2)
    assert [t.id for t in await tariffs.newest(conn)] == ["other", "t"]
    assert await tariffs.newest(conn, after="other", limit=1) == [later]


async def test_a_version_in_force_is_never_rewritten(conn: Conn) -> None:
    first, _ = await tariffs.put(conn, "t", BODY)
    with pytest.raises(Conflict):
        await tariffs.put(conn, "t", body(start_fee="9.99"))
    assert await tariffs.versions(conn, "t") == [first]
