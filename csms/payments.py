"""Payments: the money that moved, as the payment side tells it. A hold is not a charge."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from csms.errors import BadInput, Conflict
from csms.kit.clock import iso, parse_time
from csms.kit.db import Conn, Row
from csms.vocabulary import Payment

KINDS = ("capture", "hold", "void", "refund")
TEXTS = ("method", "payer", "merchant", "token", "station", "transaction", "order", "of")
AMOUNT = re.compile(r"\d{1,12}(\.\d{1,4})?")
CURRENCY = re.compile(r"[A-Z]{3}")

COLUMNS = """p.reference, p.kind, p.amount, p.currency, p.at, p.method, p.payer, p.merchant, p.token, p.station,
    p.evse, p.transaction, p.order_ref, p.of_ref"""

RECORD = """
    insert into payments (reference, kind, amount, currency, at, method, payer, merchant, token, station,
                          evse, transaction, order_ref, of_ref, body)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    on conflict (reference) do nothing
    returning reference
"""

ONE = f"select {COLUMNS} from payments p where p.reference = $1"

# What carries one of the keys, then whatever shares an order, a transaction or a refund with that, to the end:
# the second capture of an order is found though the customer only knows the first.
FIND = f"""
    with recursive found as (
        select reference, order_ref, of_ref, transaction, station from payments
        where reference = any($1::text[])
           or order_ref = any($2::text[])
           or (transaction = any($4::text[]) and ($5::text is null or station is null or station = $5))
           or ((token = any($3::text[]) or station = $5 or payer = any($8::text[]))
               and at >= coalesce($6, '-infinity'::timestamptz) and at <= coalesce($7, 'infinity'::timestamptz))
      union
        select p.reference, p.order_ref, p.of_ref, p.transaction, p.station
        from found f join payments p
          on p.order_ref = f.order_ref or p.of_ref = f.reference or p.reference = f.of_ref
          or (p.transaction = f.transaction and p.station = f.station)
    )
    select {COLUMNS} from payments p where p.reference in (select reference from found)
    order by p.at, p.reference
"""


def read(body: Mapping[str, Any]) -> Payment:
    """The payment of a contract body. Raises BadInput naming the field that is wrong."""
    reference = _text(body, "reference")
    if reference is None:
        raise BadInput("reference", "the payment's own reference, unique for good")
    if body.get("kind") not in KINDS:
        raise BadInput("kind", f"one of {', '.join(KINDS)}")
    texts = {field: _text(body, field) for field in TEXTS}
    return Payment(
        reference=reference,
        kind=body["kind"],
        amount=_amount(body.get("amount")),
        currency=_currency(body.get("currency")),
        at=_time(body.get("at")),
        evse=_evse(body.get("evse")),
        **texts,
    )


def as_json(payment: Payment) -> dict[str, Any]:
    """The contract's shape; what was not given is left out."""
    shape = {
        "reference": payment.reference,
        "kind": payment.kind,
        "amount": f"{payment.amount:f}",
        "currency": payment.currency,
        "at": iso(payment.at),
        "method": payment.method,
        "payer": payment.payer,
        "merchant": payment.merchant,
        "token": payment.token,
        "station": payment.station,
        "evse": payment.evse,
        "transaction": payment.transaction,
        "order": payment.order,
        "of": payment.of,
    }
    return {field: value for field, value in shape.items() if value is not None}


def _text(body: Mapping[str, Any], field: str) -> str | None:
    """Text, or a number where others keep numbers; empty counts as not given, or all orders "" were one order."""
    value = body.get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is not None and not isinstance(value, str):
        raise BadInput(field, "text")
    if value and len(value) > 255:
        raise BadInput(field, "at most 255 characters")
    return value or None


def _amount(value: object) -> Decimal:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not AMOUNT.fullmatch(text):
        raise BadInput("amount", 'a decimal string that is not negative, like "12.30"; the direction is the kind')
    return Decimal(text)


def _currency(value: object) -> str:
    if not isinstance(value, str) or not CURRENCY.fullmatch(value):
        raise BadInput("currency", "three capital letters, like CNY")
    return value


def _time(value: object) -> datetime:
    if isinstance(value, str):
        try:
            return parse_time(value)
        except ValueError:
            pass
    raise BadInput("at", "an RFC 3339 time, like 2026-01-01T00:00:00Z")


def _evse(value: object) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise BadInput("evse", "the EVSE's number")
    return value


def _of_row(row: Row) -> Payment:
    return Payment(
        reference=row["reference"],
        kind=row["kind"],
        amount=row["amount"],
        currency=row["currency"],
        at=row["at"],
        method=row["method"],
        payer=row["payer"],
        merchant=row["merchant"],
        token=row["token"],
        station=row["station"],
        evse=row["evse"],
        transaction=row["transaction"],
        order=row["order_ref"],
        of=row["of_ref"],
    )


async def record(conn: Conn, payment: Payment) -> bool:
    """True when new, False when the same was known. Raises Conflict for the reference of another payment."""
    new = await conn.fetchval(
        RECORD, payment.reference, payment.kind, payment.amount, payment.currency, payment.at, payment.method,
        payment.payer, payment.merchant, payment.token, payment.station, payment.evse, payment.transaction,
        payment.order, payment.of, as_json(payment),
    )  # fmt: skip
    if new is None and _of_row(await conn.fetchrow(ONE, payment.reference)) != payment:
        raise Conflict(f"payment {payment.reference} is known with another body")
    return new is not None


async def find(
    conn: Conn,
    *,
    references: Sequence[str] = (),
    orders: Sequence[str] = (),
    tokens: Sequence[str] = (),
    transactions: Sequence[str] = (),
    payers: Sequence[str] = (),
    station: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Payment]:
    """Payments by any of these keys and their relatives, in time order.

    `since` and `until` bound what is found by token, payer or station alone: a card is used for years, while a
    reference, an order or a transaction means one purchase whenever its money moved.
    """
    rows = await conn.fetch(
        FIND, list(references), list(orders), list(tokens), list(transactions), station, since, until, list(payers)
    )  # fmt: skip
    return [_of_row(row) for row in rows]
