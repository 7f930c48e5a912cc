"""What can be set in a station: charging profiles, monitors, display texts, certificates. No OCPP version in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class LimitPeriod:
    """From `start_s` after the schedule's start until the next period."""

    start_s: int
    limit: float | None
    """None: a period of 2.1 that sets something else than a limit."""
    phases: int | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    unit: str
    """W or A (each phase)."""
    periods: tuple[LimitPeriod, ...]
    start: datetime | None = None
    duration_s: int | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """A charging profile (1.6 section 3.13, 2.0.1 K)."""

    id: int | None
    purpose: str
    """station_max, external, tx_default, tx, priority, local_generation"""
    stack: int
    kind: str
    """absolute, recurring, relative, dynamic"""
    schedules: tuple[Schedule, ...]
    recurrency: str | None = None
    """daily, weekly"""
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    transaction: str | None = None
    """As stations name it, in text."""


@dataclass(frozen=True, slots=True)
class Monitor:
    """A variable monitor (2.0.1 N04). `id` is None until the station has given one."""

    component: str
    variable: str
    type: str
    value: float
    severity: int
    id: int | None = None
    evse: int | None = None
    instance: str | None = None
    component_instance: str | None = None
    only_in_transaction: bool = False


@dataclass(frozen=True, slots=True)
class Display:
    """A text on a station's display (2.0.1 O01)."""

    id: int
    content: str
    priority: str
    format: str = "UTF8"
    language: str | None = None
    state: str | None = None
    """Shown only while the station is Charging, Faulted, Idle or Unavailable."""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    transaction: str | None = None


@dataclass(frozen=True, slots=True)
class CertificateName:
    """How OCPP names a certificate without holding it (CertificateHashData)."""

    algorithm: str
    issuer_name_hash: str
    issuer_key_hash: str
    serial: str


@dataclass(frozen=True, slots=True)
class HeldCertificate:
    name: CertificateName
    type: str
    parent_serial: str | None = None


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One token of a local authorisation list; without a status it is to be taken off."""

    token: str
    status: str | None = None
    token_type: str | None = None
    parent: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GridControl:
    """What the grid wants of a station's inverter (2.1 R04): a curve, a fixed power factor, a limit of feeding in."""

    id: str
    type: str
    default: bool
    """Holds while no scheduled one does."""
    settings: Mapping[str, Any]
    """As OCPP writes them: one field, named after the type, with priority and times in it."""
    superseded: bool = False


@dataclass(frozen=True, slots=True)
class EventStream:
    """Values of a monitored variable, told by the dozen (2.1 N11)."""

    id: int
    monitor: int | None = None
    interval_s: int | None = None
    most: int | None = None
    """So many values in a message."""
