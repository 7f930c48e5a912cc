"""What csms knows, as it tells it to others: the facts a complaint is judged by.

Every fact that can be cited carries the id of what proves it. Times are UTC; `at` is the device's
time (the receipt where the device clock was plainly unset), `received_at` is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Connector:
    evse: int
    connector: int
    type: str | None = None
    max_power_w: float | None = None
    status: str | None = None
    status_at: datetime | None = None


FIRMWARE_BUSY = frozenset({"Downloading", "Downloaded", "Installing", "DownloadScheduled", "InstallScheduled",
                           "InstallRebooting", "SignatureVerified"})
FIRMWARE_FORGOTTEN = timedelta(hours=24)
"""After so long without another word an update is over, whatever was said last."""


@dataclass(frozen=True, slots=True)
class Station:
    id: str
    vendor: str | None = None
    model: str | None = None
    firmware: str | None = None
    site: str | None = None
    name: str | None = None
    protocol: str | None = None
    max_power_w: float | None = None
    tariff: str | None = None
    connected: bool = False
    last_heard_at: datetime | None = None
    clock_offset_s: float | None = None
    """Device clock minus ours, estimated on live messages; positive = the device is ahead."""
    connectors: tuple[Connector, ...] = ()
    firmware_status: str | None = None
    """The last it said of a firmware update."""
    firmware_status_at: datetime | None = None

    def updating(self, now: datetime) -> bool:
        """A firmware update is under way (G4)."""
        said = self.firmware_status_at
        return self.firmware_status in FIRMWARE_BUSY and said is not None and now - said < FIRMWARE_FORGOTTEN


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction. `number` (1.6) and `reference` (2.x) are unique per station, not beyond."""

    id: str
    station: str
    evse: int | None
    connector: int | None
    number: int | None
    reference: str | None
    token: str | None
    started_at: datetime
    start_received_at: datetime
    stopped_at: datetime | None = None
    stop_received_at: datetime | None = None
    meter_start_wh: float | None = None
    meter_stop_wh: float | None = None
    energy_wh: float | None = None
    stop_reason: str | None = None
    """As the station sent it; None when it gave none (or has not stopped)."""
    stop_trigger: str | None = None
    """triggerReason of the Ended event (2.x)."""
    stop_token: str | None = None
    state: str = "open"
    """`open` or `closed`. A transaction whose stop never came stays open, or is closed by the next
    start on its connector, with `stop_missing` in `suspect` and no `stop_received_at`."""
    offline: bool = False
    token_status: str | None = None
    """What we answered for its token."""
    remote_start_id: int | None = None
    charging_state: str | None = None
    suspect: tuple[str, ...] = ()
    start_frame: str | None = None
    stop_frame: str | None = None

    @property
    def said(self) -> str:
        """The id that station messages name this transaction by."""
        return self.reference if self.reference is not None else str(self.number)


@dataclass(frozen=True, slots=True)
class MeterReading:
    """A reading as stored. `transaction` is our transaction id, where it belongs to one."""

    id: str
    at: datetime
    received_at: datetime
    evse: int
    energy_wh: float | None = None
    power_w: float | None = None
    current_a: float | None = None
    offered_a: float | None = None
    voltage_v: float | None = None
    soc_percent: float | None = None
    temperature_c: float | None = None
    context: str = "Sample.Periodic"
    transaction: str | None = None
    said: str | None = None
    """The transaction id the station named, in its own words."""
    frame: str | None = None
    other: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A connector's status, or (`source` = "transaction") the charging state of a 2.x transaction."""

    evse: int
    connector: int | None
    status: str
    at: datetime
    received_at: datetime
    frame: str
    source: str = "connector"
    said: str | None = None
    """With source "transaction": its reference."""


@dataclass(frozen=True, slots=True)
class TransactionStep:
    """One TransactionEvent of 2.x: what is needed to see gaps and replay."""

    said: str
    seq_no: int
    type: str
    """Started, Updated, Ended."""
    at: datetime
    received_at: datetime
    trigger: str | None
    charging_state: str | None
    offline: bool
    frame: str
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    id: str
    station: str
    evse: int
    """0: the station itself."""
    connector: int | None
    code: str
    """1.6 errorCode, or `Component.Variable` in 2.x."""
    vendor_code: str | None
    kind: str
    """lock ground temperature meter reader vehicle_communication emergency overcurrent voltage
    internal other"""
    level: int
    """1 unusable or dangerous, 2 partly usable, 3 minor."""
    opened_at: datetime
    cleared_at: datetime | None
    source: str
    description: str | None
    frame: str
    received_at: datetime | None = None
    warning: bool = False
    """Reported while the connector stayed usable (1.6 section 4.9: status other than Faulted)."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """A token presented at the station (Authorize), with our answer."""

    at: datetime
    token: str
    status: str
    frame: str


@dataclass(frozen=True, slots=True)
class CommandFact:
    """A command of ours, as it went. `kind` is the neutral name: reset, unlock, start, stop,
    trigger, set_availability, fetch_log, read_variables, other."""

    id: str
    station: str
    action: str
    kind: str
    payload: Mapping[str, Any]
    state: str
    effect: str
    requested_by: str
    requested_at: datetime
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    effect_at: datetime | None = None
    answer: Mapping[str, Any] | None = None
    evse: int | None = None
    connector: int | None = None
    token: str | None = None
    said: str | None = None
    """The transaction it names (stop)."""
    remote_start_id: int | None = None
    hard: bool = False
    operative: bool | None = None
    reason: str | None = None
    complaint: str | None = None
    frame: str | None = None
    answer_frame: str | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """One socket's life. `disconnected_at` None: still connected as far as the records go."""

    id: str
    station: str
    connected_at: datetime
    disconnected_at: datetime | None
    protocol: str | None = None
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Semantics:
    """What the registers of a model mean."""

    register: str = "lifetime"
    """lifetime, or session: it starts at zero with every session, whatever meterStart says."""
    boundary_factor: float = 1.0
    """What meterStart and meterStop are to be taken times for Wh: 1000 where they come in kWh."""
    reading_factor: float = 1.0
    """The same for the registers of meter values."""
    rollover_wh: float | None = None
    """Where the register starts at zero again."""
    lines: str = "given"
    """given, or summed: the total of a model that sends one line as the whole is the sum of its lines."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A cap in force on an EVSE (0: the whole station) over a stretch of time, by a charging profile or by others."""

    id: str
    station: str
    evse: int
    purpose: str
    """station_max, tx_default, tx, external, priority, local_generation"""
    source: str
    """csms where it was ours, else who imposed it: EMS, SO, CSO, Other"""
    since: datetime
    until: datetime | None
    limit_w: float | None
    limit_a: float | None
    """Each phase. One of the two is known: the profile's own unit."""
    phases: int | None
    profile: int | None
    stack: int
    frame: str
    """The question that installed it, or the message that told of it."""

    @property
    def ours(self) -> bool:
        return self.source == "csms"


@dataclass(frozen=True, slots=True)
class Boot:
    at: datetime
    reason: str | None
    frame: str


@dataclass(frozen=True, slots=True)
class Payment:
    """Money moved. kind: capture, hold, void, refund. A hold is not a charge."""

    reference: str
    kind: str
    amount: Decimal
    currency: str
    at: datetime
    method: str | None = None
    payer: str | None = None
    merchant: str | None = None
    token: str | None = None
    station: str | None = None
    evse: int | None = None
    transaction: str | None = None
    """As given: our id, or with `station` its number or reference."""
    order: str | None = None
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """A time-of-day band in the tariff's zone, minutes since midnight [start, end). Prices per kWh."""

    start_minute: int
    end_minute: int
    energy_price: Decimal
    service_price: Decimal


@dataclass(frozen=True, slots=True)
class IdleFee:
    grace_minutes: int
    price_per_minute: Decimal
    cap: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Tariff:
    id: str
    currency: str
    timezone: str
    valid_from: datetime
    periods: tuple[Period, ...]
    start_fee: Decimal = Decimal(0)
    idle: IdleFee | None = None


@dataclass(frozen=True, slots=True)
class FrameMark:
    """That a frame came or went: enough to see silence, without its text."""

    id: str
    at: datetime
    """When we received or sent it."""
    kind: str
    action: str | None


@dataclass(frozen=True, slots=True)
class Story:
    """Everything the records hold about one station around one time, and what belongs to it elsewhere.

    Lists are in time order. `since`/`until` bound what was gathered, so that a rule can tell
    "nothing happened" from "nobody looked".
    """

    station: Station
    since: datetime
    until: datetime
    transactions: tuple[Transaction, ...] = ()
    readings: tuple[MeterReading, ...] = ()
    statuses: tuple[StatusChange, ...] = ()
    steps: tuple[TransactionStep, ...] = ()
    faults: tuple[Fault, ...] = ()
    authorizations: tuple[Authorization, ...] = ()
    commands: tuple[CommandFact, ...] = ()
    connections: tuple[Connection, ...] = ()
    boots: tuple[Boot, ...] = ()
    frames: tuple[FrameMark, ...] = ()
    payments: tuple[Payment, ...] = ()
    """Payments that name this station, these tokens, transactions, orders or references."""
    tariffs: tuple[Tariff, ...] = ()
    """All versions of the station's tariff, newest last."""
    elsewhere: tuple[Transaction, ...] = ()
    """Transactions of the customer's token at other stations."""
    neighbours: tuple[Connection, ...] = ()
    """Connections of the other stations of the same site."""
    last_status_before: Mapping[int, StatusChange] = field(default_factory=dict)
    """EVSE -> the last connector status known before `since`."""
    other_stations: tuple[Station, ...] = ()
    limits: tuple[Limit, ...] = ()
    """Charging limits that were in force, by EVSE and time."""


@dataclass(frozen=True, slots=True)
class MakeUse:
    """All known stations of one vendor, model and firmware together over a time, as `Usage` has each."""

    vendor: str | None
    model: str | None
    firmware: str | None
    stations: tuple[str, ...]
    sessions: int
    energy_wh: float
    faults: int


@dataclass(frozen=True, slots=True)
class Usage:
    """One station over a time. Energy is what closed sessions' registers say, in Wh."""

    station: str
    vendor: str | None
    model: str | None
    firmware: str | None
    serial: str | None
    site: str | None
    sessions: int
    energy_wh: float
    faults: int
