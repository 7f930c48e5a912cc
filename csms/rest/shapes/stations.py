"""Stations and their faults, variables, and who knocks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from csms.kit.db import Row
from csms.rest.shapes.base import Shape, when
from csms.vocabulary import Fault, Station


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
    strict: bool = Field(description="Nothing it says is repaired.")
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
