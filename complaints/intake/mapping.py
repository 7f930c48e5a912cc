"""Platform messages into complaints: one small table a platform, from their fields to ours. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")

Spec = Mapping[str, Any]
"""Our field (`customer.phone` inside customer) -> path in theirs, or several to try, or
{"path", "scale"} for amounts in cents, or {"value"} for a constant."""

MAPPINGS: Mapping[str, Spec] = {
    # WeChat Pay consumer complaints 2.0: amounts in fen, orders as a list.
    "wechat": {
        "external_id": "complaint_id", "text": ["complaint_detail", "content"],
        "submitted_at": ["complaint_time", "create_time"], "account": ["payer_openid", "openid"],
        "customer.phone": "payer_phone", "order": "complaint_order_info[0].out_trade_no",
        "payment_reference": "complaint_order_info[0].transaction_id",
        "amount_disputed": {"path": "complaint_order_info[0].amount", "scale": "0.01"},
        "currency": {"value": "CNY"}, "channel": {"value": "wechat"},
    },
    "app": {
        "external_id": ["id", "ticket_id"], "text": ["text", "content", "message"], "account": ["user_id", "account"],
        "customer.name": ["user.name", "name"], "customer.phone": ["user.phone", "phone"],
        "customer.email": ["user.email", "email"], "customer.token": ["user.token", "card"],
        "customer.plate": ["vehicle.plate", "plate"], "station": ["station", "charger_id"],
        "evse": ["evse", "connector"], "occurred_at": ["occurred_at", "time"], "order": ["order", "order_no"],
        "payment_reference": ["payment", "payment_reference"], "amount_disputed": "amount", "currency": "currency",
        "language": "language", "channel": {"value": "app"},
    },
    "platform": {
        "external_id": ["id", "case_id", "complaint_no"], "text": ["description", "text", "content"],
        "customer.name": ["consumer.name", "complainant"], "customer.phone": ["consumer.phone", "phone"],
        "submitted_at": ["created_at", "submitted_at"], "station": ["station", "location_id"], "order": "order",
        "amount_disputed": "amount", "currency": "currency", "expectation": ["demand", "expectation"],
        "channel": {"value": "platform"},
    },
}


def find(payload: Any, path: str) -> Any:
    """`a.b[0].c` in nested JSON; None where a step leads nowhere."""
    value = payload
    for name, index in STEP.findall(path):
        if index:
            value = value[int(index)] if isinstance(value, Sequence) and len(value) > int(index) else None
        else:
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is None:
            return None
    return value


def _one(payload: Any, where: Any) -> Any:
    match where:
        case str():
            return find(payload, where)
        case {"value": value}:
            return value
        case {"path": path, "scale": scale}:
            try:
                found = find(payload, path)
                return str(Decimal(str(found)) * Decimal(scale)) if found is not None else None
            except InvalidOperation:
                return None
        case [*paths]:
            return next((found for path in paths if (found := find(payload, path)) not in (None, "")), None)
        case _:
            return None


def complaint_of(payload: Mapping[str, Any], spec: Spec) -> tuple[str | None, dict[str, Any]]:
    """(their own number, the body of POST /complaints)."""
    given: dict[str, Any] = {}
    for field, where in spec.items():
        value = _one(payload, where)
        if value in (None, ""):
            continue
        outer, _, inner = field.partition(".")
        if inner:
            given.setdefault(outer, {})[inner] = value
        else:
            given[field] = value
    external = given.pop("external_id", None)
    return (str(external) if external is not None else None), given
