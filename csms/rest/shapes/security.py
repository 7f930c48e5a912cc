"""Security events and certificates."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from csms.kit.db import Row
from csms.rest.shapes.base import Shape, when


class SecurityEventShape(Shape):
    station: str
    at: datetime
    first_at: datetime
    type: str
    info: str | None
    source: Literal["station", "door"]
    address: str | None
    times: int


def security_event(row: Row) -> dict[str, Any]:
    return {
        "station": row["station"], "at": when(row["at"]), "first_at": when(row["first_at"]), "type": row["type"],
        "info": row["info"], "source": row["source"], "address": row["address"], "times": row["times"],
    }


class IssuedCertificateShape(Shape):
    serial: str
    station: str
    type: str
    not_before: datetime
    not_after: datetime
    issued_at: datetime
    issued_by: str
    revoked_at: datetime | None
    revoked_by: str | None
    pem: str


def issued_certificate(row: Row) -> dict[str, Any]:
    times = {key: when(row[key]) for key in ("not_before", "not_after", "issued_at", "revoked_at")}
    said = {key: row[key] for key in ("serial", "station", "type", "issued_by", "revoked_by", "pem")}
    return {**times, **said}
