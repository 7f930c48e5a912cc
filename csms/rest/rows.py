"""What goes out over HTTP of what is set in stations: rows in the shapes of their models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import Field

from csms.kit.db import Row
from csms.rest.shapes import Shape, when
from csms.vocabulary import Limit


def shape(model: type[Shape], row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that the model names."""
    return {field.alias or name: _value(row[field.alias or name]) for name, field in model.model_fields.items()}


def _value(value: Any) -> Any:
    match value:
        case datetime():
            return when(value)
        case UUID() | Decimal():
            return str(value)
    return value


class ProfileShape(Shape):
    id: str
    station: str
    evse: int = Field(description="0: the whole station")
    profile_id: int | None
    purpose: str = Field(description="station_max, tx_default, tx, external, priority, local_generation")
    stack: int
    kind: str
    recurrency: str | None
    valid_from: datetime | None
    valid_to: datetime | None
    said: str | None = Field(description="The transaction it is for, as the station names it.")
    schedules: list[dict[str, Any]]
    source: str = Field(description="csms where we set it, else who imposed it")
    installed_at: datetime
    cleared_at: datetime | None


class LimitShape(Shape):
    id: str
    evse: int
    purpose: str
    source: str
    since: datetime
    until: datetime | None
    limit_w: float | None
    limit_a: float | None
    phases: int | None
    profile: int | None
    stack: int
    frame: str


def limit(fact: Limit) -> dict[str, Any]:
    return {
        "id": fact.id, "evse": fact.evse, "purpose": fact.purpose, "source": fact.source, "since": when(fact.since),
        "until": when(fact.until), "limit_w": fact.limit_w, "limit_a": fact.limit_a, "phases": fact.phases,
        "profile": fact.profile, "stack": fact.stack, "frame": fact.frame,
    }


class CompositeShape(Shape):
    evse: int
    start_at: datetime
    schedule: dict[str, Any]
    received_at: datetime


class ReservationShape(Shape):
    station: str
    number: int
    evse: int | None
    token: str
    token_type: str | None
    parent: str | None
    state: str = Field(description="active, used, cancelled, expired, removed, replaced")
    made_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    transaction: str | None


class ListEntryShape(Shape):
    token: str
    token_type: str | None
    status: str | None
    parent: str | None
    expires_at: datetime | None
    version: int


class LocalListShape(Shape):
    version: int | None = Field(description="The version the station last took from us.")
    said: int | None = Field(description="The version it named itself when last asked.")
    said_at: datetime | None
    drift: bool | None
    updated_at: datetime | None
    items: list[ListEntryShape]
    next_cursor: str | None


def local_list(row: Row | None, items: Sequence[Row], following: str | None) -> dict[str, Any]:
    version, said = (row["version"], row["said"]) if row else (None, None)
    return {
        "version": version, "said": said, "said_at": when(row["said_at"]) if row else None,
        "drift": None if version is None or said is None else version != said,
        "updated_at": when(row["updated_at"]) if row else None,
        "items": [shape(ListEntryShape, r) for r in items], "next_cursor": following,
    }


class MonitorShape(Shape):
    number: int
    component: str
    component_instance: str | None
    variable: str
    instance: str | None
    evse: int | None
    type: str
    value: float
    severity: int
    only_in_transaction: bool
    received_at: datetime
    cleared_at: datetime | None


class DisplayShape(Shape):
    number: int
    priority: str | None
    state: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    said: str | None
    format: str | None
    language: str | None
    content: str
    received_at: datetime
    cleared_at: datetime | None


class CertificateShape(Shape):
    type: str
    serial: str
    issuer_name_hash: str
    issuer_key_hash: str
    algorithm: str
    parent_serial: str | None
    received_at: datetime


class CertificateRequestShape(Shape):
    id: str
    station: str
    type: str
    csr: str
    requested_at: datetime
    state: str
    settled_at: datetime | None


class FirmwareShape(Shape):
    id: str
    request_id: int | None
    location: str
    signed: bool
    published: bool = Field(description="Offered to neighbours by a local controller, not installed.")
    asked_at: datetime
    from_version: str | None
    status: str
    status_at: datetime
    ended_at: datetime | None
    outcome: str | None = Field(description="installed, failed, superseded")


class ProgressShape(Shape):
    what: str
    status: str
    request_id: int | None
    info: str | None
    received_at: datetime


class NoticeShape(Shape):
    kind: str
    at: datetime
    received_at: datetime
    evse: int | None
    said: str | None
    detail: dict[str, Any]


class NetworkShape(Shape):
    slot: int
    profile: dict[str, Any]
    set_at: datetime


class CustomerShape(Shape):
    request_id: int
    seq_no: int
    data: str
    done: bool
    received_at: datetime


class ResetShape(Shape):
    id: str = Field(description="of the command")
    hard: bool | None
    evse: int | None
    requested_at: datetime
    sent_at: datetime | None
    state: str
    effect: str
    effect_at: datetime | None
    boot_after_s: float | None
    back_after_s: float | None = Field(description="Until every connector was back, where it was seen.")
    requested_by: str
    reason: str | None


class ModelResetsShape(Shape):
    vendor: str
    model: str
    firmware: str
    hard: bool
    sent: int
    accepted: int
    rejected: int
    unanswered: int
    booted: int
    came_back: int
    did_not: int
    boot_after_s: float | None = Field(description="Median.")
    back_after_s: float | None = Field(description="Median.")
    last_at: datetime | None


class RegisterShape(Shape):
    vendor: str
    model: str
    firmware: str
    register_: str = Field(alias="register")
    boundary_factor: float
    reading_factor: float
    rollover_wh: float | None
    lines: str
    note: str | None
    updated_at: datetime
