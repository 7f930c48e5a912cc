"""Payments: what is taken in, what is refused, and how a purchase is found again."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from csms import payments
from csms.errors import BadInput, Conflict
from csms.kit.db import Conn

BODY: dict[str, Any] = {
    "reference": "P1", "kind": "capture", "amount": "30.00", "currency": "CNY", "at": "2026-03-01T10:00:00Z",
    "method": "wechat", "token": "T1", "station": "A", "evse": 1,
}  # fmt: skip


def body(reference: str = "P1", **changes: Any) -> dict[str, Any]:
    return BODY | {"reference": reference} | changes


async def keep(conn: Conn, *bodies: dict[str, Any]) -> None:
    for one in bodies:
        assert await payments.record(conn, payments.read(one))


async def found(conn: Conn, **keys: Any) -> list[str]:
    return [p.reference for p in await payments.find(conn, **keys)]


def test_a_body_is_read_and_written_the_same() -> None:
    assert payments.as_json(payments.read(BODY)) == BODY | {"at": "2026-03-01T10:00:00.000Z"}


def test_numbers_are_taken_as_ids_and_empty_text_as_none() -> None:
    read = payments.read(body(transaction=9001, order=""))
    assert read.transaction == "9001"
    assert read.order is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reference": ""}, "reference"),
        ({"reference": None}, "reference"),
        ({"reference": "x" * 256}, "reference"),
        ({"kind": "charge"}, "kind"),
        ({"kind": None}, "kind"),
        ({"amount": "-1.00"}, "amount"),
        ({"amount": 1.5}, "amount"),
        ({"amount": "1e2"}, "amount"),
        ({"amount": None}, "amount"),
        ({"currency": "yuan"}, "currency"),
        ({"at": "yesterday"}, "at"),
        ({"at": 5}, "at"),
        ({"evse": "1"}, "evse"),
        ({"evse": True}, "evse"),
        ({"token": ["T1"]}, "token"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as wrong:
        payments.read(BODY | changes)
    assert wrong.value.field == field


async def test_the_same_payment_twice_is_one_and_another_of_that_reference_a_conflict(conn: Conn) -> None:
    first = payments.read(BODY)
    assert await payments.record(conn, first) is True
    assert await payments.record(conn, payments.read(body(amount="30.0"))) is False
    with pytest.raises(Conflict):
        await payments.record(conn, payments.read(body(amount="30.01")))
    assert await payments.find(conn, references=["P1"]) == [first]
    assert first.amount == Decimal("30.00")


async def test_each_key_finds_it(conn: Conn) -> None:
    await keep(conn, body(order="O1", transaction="9001"))
    for keys in (
        {"references": ["P1"]},
        {"orders": ["O1"]},
        {"tokens": ["T1"]},
        {"transactions": ["9001"]},
        {"transactions": ["9001"], "station": "A"},
        {"station": "A"},
    ):
        assert await found(conn, **keys) == ["P1"], keys
    assert await found(conn, tokens=["T2"]) == []
    assert await found(conn) == []


async def test_the_second_capture_of_an_order_and_every_refund_come_along(conn: Conn) -> None:
    await keep(
        conn,
        body("P1", order="O1", token=None, station=None),
        body("P2", order="O1", token=None, station=None, at="2026-03-01T10:01:00Z"),
        body("R1", kind="refund", of="P2", token=None, station=None, at="2026-03-02T10:00:00Z"),
        body("X", token=None, station=None),
    )
    assert await found(conn, references=["P1"]) == ["P1", "P2", "R1"]
    assert await found(conn, references=["R1"]) == ["P1", "P2", "R1"]


async def test_the_second_capture_of_a_transaction_comes_along_but_not_that_of_another_station(conn: Conn) -> None:
    await keep(
        conn,
        body("P1", transaction="9001"),
        body("P2", transaction="9001", token="T9"),
        body("P3", transaction="9001", token="T9", station="B"),
    )
    assert await found(conn, references=["P1"]) == ["P1", "P2"]
    assert await found(conn, transactions=["9001"], station="B", since=datetime(2027, 1, 1, tzinfo=UTC)) == ["P3"]


async def test_a_window_bounds_what_is_found_by_token_or_station_alone(conn: Conn) -> None:
    await keep(
        conn,
        body("OLD", at="2025-03-01T10:00:00Z"),
        body("P1"),
        body("LATE", at="2026-05-01T10:00:00Z", order="O9"),
    )
    window = {"since": datetime(2026, 2, 1, tzinfo=UTC), "until": datetime(2026, 4, 1, tzinfo=UTC)}
    assert await found(conn, tokens=["T1"], **window) == ["P1"]
    assert await found(conn, station="A", **window) == ["P1"]
    assert await found(conn, station="A", orders=["O9"], **window) == ["P1", "LATE"]
    assert await found(conn, tokens=["T1"], until=window["until"]) == ["OLD", "P1"]
