"""What goes out over HTTP: the contract's shapes, and the same as models for OpenAPI.

Answers are written straight from the facts; the models document them, and the tests hold both together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, Literal, TypeVar

import orjson
from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from csms.kit.clock import iso
from csms.kit.db import Row
from csms.uploads import Upload
from csms.vocabulary import CommandFact, Fault, MeterReading, Station, Transaction

T = TypeVar("T")


def json(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


def paged(items: Sequence[Any], next_cursor: str | None) -> Response:
    return json({"items": items, "next_cursor": next_cursor})


def when(at: datetime | None) -> str | None:
    return iso(at) if at else None


def exact(at: datetime) -> str:
    """To the microsecond where it has any: the hash chain and a later import need the very same time."""
    return iso(at) if at.microsecond % 1000 == 0 else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Listing(Shape, Generic[T]):
    items: list[T]
    next_cursor: str | None


class FieldError(Shape):
    field: str
    message: str


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError]
    guards: list[str] | None = Field(None, description="Which guards forbid a command (409).")


# --- faults -----------------------------------------------------------------------------------------


class FaultShape(Shape):
    id: str
    station: str
    evse: int
    connector: int | None
    code: str
    vendor_code: str | None
    kind: str
    level: int
    warning: bool
    opened_at: datetime
    cleared_at: datetime | None
    received_at: datetime | None
    source: str
    description: str | None
    frame: str


def fault(fact: Fault) -> dict[str, Any]:
    return {
        "id": fact.id, "station": fact.station, "evse": fact.evse, "connector": fact.connector, "code": fact.code,
        "vendor_code": fact.vendor_code, "kind": fact.kind, "level": fact.level, "warning": fact.warning,
        "opened_at": when(fact.opened_at), "cleared_at": when(fact.cleared_at),
        "received_at": when(fact.received_at), "source": fact.source, "description": fact.description,
        "frame": fact.frame,
    }


# --- stations ---------------------------------------------------------------------------------------


class ConnectorShape(Shape):
    evse: int
    connector: int
    type: str | None
    max_power_w: float | None
    status: str | None
    status_at: datetime | None


class StationShape(Shape):
    id: str
    vendor: str | None
    model: str | None
    firmware: str | None
    site: str | None
    name: str | None
    tariff: str | None
    max_power_w: float | None
    connected: bool
    protocol: str | None
    last_heard_at: datetime | None
    clock_offset_s: float | None = Field(description="Device clock minus ours.")
    connectors: list[ConnectorShape]
    open_faults: list[FaultShape]


class StationDetail(StationShape):
    admission: str
    security_profile: int
    password_set: bool
    warnings: list[str] = Field(description="What is likely not meant as it is.")


def station(fact: Station, open_faults: Sequence[Fault]) -> dict[str, Any]:
    return {
        "id": fact.id, "vendor": fact.vendor, "model": fact.model, "firmware": fact.firmware, "site": fact.site,
        "name": fact.name, "tariff": fact.tariff, "max_power_w": fact.max_power_w, "connected": fact.connected,
        "protocol": fact.protocol, "last_heard_at": when(fact.last_heard_at), "clock_offset_s": fact.clock_offset_s,
        "connectors": [
            {
                "evse": c.evse, "connector": c.connector, "type": c.type, "max_power_w": c.max_power_w,
                "status": c.status, "status_at": when(c.status_at),
            }
            for c in fact.connectors
        ],
        "open_faults": [fault(f) for f in open_faults],
    }


class KnockShape(Shape):
    station: str
    first_at: datetime
    last_at: datetime
    times: int
    address: str | None
    protocols: str | None


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


def knock(row: Row) -> dict[str, Any]:
    return {
        "station": row["station"], "first_at": when(row["first_at"]), "last_at": when(row["last_at"]),
        "times": row["times"], "address": row["address"], "protocols": row["protocols"],
    }


class VariableShape(Shape):
    component: str
    component_instance: str | None
    variable: str
    instance: str | None
    evse: int | None
    connector: int | None
    attribute: str
    value: str | None
    read_only: bool
    received_at: datetime | None = Field(description="When the station told the value; null if it never did.")
    wanted: str | None = Field(description="What it was last set to, as far as the station took it.")
    wanted_at: datetime | None
    drift: bool | None = Field(description="Whether it is not as wanted; null where one of the two is not known.")


def variable(row: Row) -> dict[str, Any]:
    return {
        "component": row["component"], "component_instance": row["component_instance"] or None,
        "variable": row["variable"], "instance": row["instance"] or None, "evse": row["evse"] or None,
        "connector": row["connector"] or None, "attribute": row["attribute"], "value": row["value"],
        "read_only": row["read_only"], "received_at": when(row["received_at"]), "wanted": row["wanted"],
        "wanted_at": when(row["wanted_at"]), "drift": row["drift"],
    }


# --- the journal ------------------------------------------------------------------------------------


class FrameShape(Shape):
    seq: int
    station: str
    at: datetime | None = Field(description="The device's time, where the message has one.")
    received_at: datetime
    kind: str
    message_id: str | None
    action: str | None
    frame: list[Any] | str | None = Field(description="The JSON array, or the text as it came where it is none.")
    hash: str
    prev_hash: str
    repairs: list[str]
    by: str | None
    complaint: str | None
    protocol: str | None = Field(None, description="Of `connected`.")
    code: int | None = Field(None, description="Of `disconnected`: the WebSocket close code.")
    text: str | None = Field(None, description="With `?raw=true`: exactly what was hashed.")


def frame(row: Row, *, raw: bool = False) -> dict[str, Any]:
    kind, said = row["kind"], row["frame"]
    shape = {
        "seq": row["seq"], "station": row["station"], "at": when(row["at"]), "received_at": exact(row["received_at"]),
        "kind": kind, "message_id": row["message_id"], "action": row["action"],
        "frame": None if kind == "disconnected" else parsed(said), "hash": row["hash"].hex(),
        "prev_hash": row["prev_hash"].hex(), "repairs": list(row["repairs"] or ()), "by": row["by"],
        "complaint": row["complaint"],
    }
    if kind == "connected":
        shape |= {"action": None, "protocol": row["action"]}
    if kind == "disconnected":
        shape["code"] = code_of(said)
    if raw:
        shape["text"] = said
    return shape


def parsed(text: str | None) -> list[Any] | str | None:
    """A frame as the JSON array it is, otherwise as text."""
    try:
        value = orjson.loads(text or "")
    except orjson.JSONDecodeError:
        return text
    return value if isinstance(value, list) else text


def code_of(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


class RejectedLine(Shape):
    line: int
    message: str


class ImportShape(Shape):
    accepted: int
    duplicates: int
    rejected: list[RejectedLine]


class BrokenShape(Shape):
    station: str
    seq: int
    why: str = Field(description="altered, removed, inserted or cut off")


class VerifiedShape(Shape):
    intact: bool
    rows: int
    broken: list[BrokenShape] = Field(description="The first row of each station that does not fit.")


class RepairShape(Shape):
    vendor: str
    model: str
    firmware: str
    name: str
    times: int
    last_at: datetime
    meaning: str


def repair(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**_row(row, "vendor", "model", "firmware", "name", "times", "meaning"), "last_at": when(row["last_at"])}


class QuarantineShape(Shape):
    station: str
    seq: int
    received_at: datetime
    action: str | None
    error: str
    frame: list[Any] | str | None


def quarantined(row: Row) -> dict[str, Any]:
    return {
        **_row(row, "station", "seq", "action", "error"), "received_at": when(row["received_at"]),
        "frame": parsed(row["frame"]),
    }


class SuspectShape(Shape):
    id: str
    station: str
    transaction: str | None
    code: str
    at: datetime
    seq: int
    detail: dict[str, Any]


def suspect(row: Row) -> dict[str, Any]:
    return {
        **_row(row, "station", "code", "seq", "detail"), "id": str(row["id"]), "at": when(row["at"]),
        "transaction": str(row["transaction"]) if row["transaction"] else None,
    }


def _row(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


# --- transactions -----------------------------------------------------------------------------------


class TransactionShape(Shape):
    id: str
    station: str
    evse: int | None
    connector: int | None
    number: int | None = Field(description="1.6 transactionId; unique per station")
    reference: str | None = Field(description="2.x transactionId; unique per station")
    token: str | None
    token_status: str | None = Field(description="What was answered for the token.")
    started_at: datetime
    start_received_at: datetime
    stopped_at: datetime | None
    stop_received_at: datetime | None
    meter_start_wh: float | None
    meter_stop_wh: float | None
    energy_wh: float | None
    stop_reason: str | None
    stop_trigger: str | None
    stop_token: str | None
    state: str
    charging_state: str | None
    offline: bool
    remote_start_id: int | None
    suspect: list[str]
    start_frame: str | None
    stop_frame: str | None


def transaction(fact: Transaction) -> dict[str, Any]:
    return {
        "id": fact.id, "station": fact.station, "evse": fact.evse, "connector": fact.connector, "number": fact.number,
        "reference": fact.reference, "token": fact.token, "token_status": fact.token_status,
        "started_at": when(fact.started_at), "start_received_at": when(fact.start_received_at),
        "stopped_at": when(fact.stopped_at), "stop_received_at": when(fact.stop_received_at),
        "meter_start_wh": fact.meter_start_wh, "meter_stop_wh": fact.meter_stop_wh, "energy_wh": fact.energy_wh,
        "stop_reason": fact.stop_reason, "stop_trigger": fact.stop_trigger, "stop_token": fact.stop_token,
        "state": fact.state, "charging_state": fact.charging_state, "offline": fact.offline,
        "remote_start_id": fact.remote_start_id, "suspect": list(fact.suspect), "start_frame": fact.start_frame,
        "stop_frame": fact.stop_frame,
    }


class ReadingShape(Shape):
    at: datetime
    received_at: datetime
    evse: int
    energy_wh: float | None
    power_w: float | None
    current_a: float | None
    offered_a: float | None
    voltage_v: float | None
    soc_percent: float | None
    temperature_c: float | None
    context: str
    other: dict[str, Any]
    frame: str | None


def reading(fact: MeterReading) -> dict[str, Any]:
    return {
        "at": when(fact.at), "received_at": when(fact.received_at), "evse": fact.evse, "energy_wh": fact.energy_wh,
        "power_w": fact.power_w, "current_a": fact.current_a, "offered_a": fact.offered_a,
        "voltage_v": fact.voltage_v, "soc_percent": fact.soc_percent, "temperature_c": fact.temperature_c,
        "context": fact.context, "other": dict(fact.other), "frame": fact.frame,
    }


# --- commands ---------------------------------------------------------------------------------------


class CommandShape(Shape):
    id: str
    station: str
    action: str
    payload: dict[str, Any]
    state: str
    answer: dict[str, Any] | None
    effect: str
    effect_at: datetime | None
    requested_by: str
    requested_at: datetime
    sent_at: datetime | None
    settled_at: datetime | None
    reason: str | None
    complaint: str | None
    frame: str | None
    answer_frame: str | None


def command(fact: CommandFact) -> dict[str, Any]:
    return {
        "id": fact.id, "station": fact.station, "action": fact.action, "payload": dict(fact.payload),
        "state": fact.state, "answer": dict(fact.answer) if fact.answer is not None else None, "effect": fact.effect,
        "effect_at": when(fact.effect_at), "requested_by": fact.requested_by,
        "requested_at": when(fact.requested_at), "sent_at": when(fact.sent_at), "settled_at": when(fact.settled_at),
        "reason": fact.reason, "complaint": fact.complaint, "frame": fact.frame, "answer_frame": fact.answer_frame,
    }


# --- tokens, uploads --------------------------------------------------------------------------------


class TokenShape(Shape):
    token: str
    status: str
    type: str | None
    parent: str | None
    expires_at: datetime | None
    customer: str | None
    updated_at: datetime


def token(row: Row) -> dict[str, Any]:
    return {
        **_row(row, "token", "status", "type", "parent", "customer"), "expires_at": when(row["expires_at"]),
        "updated_at": when(row["updated_at"]),
    }


class UploadShape(Shape):
    id: str
    station: str
    command: str | None
    created_at: datetime
    expires_at: datetime
    received_at: datetime | None
    name: str | None
    bytes: int | None
    sha256: str | None
    complaint: str | None
    excerpt: str | None
    """Where the words that were looked for stand first."""


def upload(fact: Upload, excerpt: str | None = None) -> dict[str, Any]:
    return {
        "complaint": fact.complaint, "excerpt": excerpt,
        "id": fact.id, "station": fact.station, "command": fact.command, "created_at": when(fact.created_at),
        "expires_at": when(fact.expires_at), "received_at": when(fact.received_at), "name": fact.name,
        "bytes": fact.bytes, "sha256": fact.sha256,
    }
