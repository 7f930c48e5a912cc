"""Transactions with their readings, tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from csms.kit.db import Row
from csms.rest.shapes.base import Shape, some, when
from csms.vocabulary import MeterReading, Transaction


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
        **some(row, "token", "status", "type", "parent", "customer"), "expires_at": when(row["expires_at"]),
        "updated_at": when(row["updated_at"]),
    }
