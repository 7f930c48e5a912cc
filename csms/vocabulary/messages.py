"""What stations say and what they are answered. No OCPP version in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from csms.vocabulary.reports import (
    BatterySwapped,
    CustomerTold,
    DisplaysReported,
    DynamicLimitAsked,
    GridAlarm,
    GridControlsReported,
    GridControlSwitched,
    LimitImposed,
    LimitLifted,
    MonitorsReported,
    Noticed,
    PaymentSettled,
    ProfilesReported,
    ReservationEnded,
    SigningAsked,
    StreamClosed,
    StreamOpened,
    StreamTold,
    VariablesReported,
)

# Plain slotted dataclasses, not pydantic: the official schema has already judged the payload, and
# these are built for every message of every station.


@dataclass(slots=True)
class Reading:
    """What the meter said at one moment, in normal units (Wh, W, A, V, percent, degrees Celsius)."""

    at: datetime
    energy_wh: float | None = None
    """Energy.Active.Import.Register: the register, not the energy of the session."""
    power_w: float | None = None
    current_a: float | None = None
    offered_a: float | None = None
    voltage_v: float | None = None
    soc_percent: float | None = None
    temperature_c: float | None = None
    context: str = "Sample.Periodic"
    other: Mapping[str, Any] = field(default_factory=dict)
    """Everything else that was sampled, `measurand[.phase][@location]` -> value in base units;
    `Power.Offered` in W; `signed` holds signed meter data as sent."""


@dataclass(frozen=True, slots=True)
class Booted:
    vendor: str
    model: str
    firmware: str | None = None
    serial: str | None = None
    reason: str | None = None
    """BootReasonEnum of 2.0.1; None in 1.6, which cannot say it."""


@dataclass(frozen=True, slots=True)
class Beat:
    """Heartbeat."""


@dataclass(frozen=True, slots=True)
class StatusReported:
    """StatusNotification. In 1.6 connector n is EVSE n, connector 1; EVSE 0 is the station itself."""

    evse: int
    connector: int
    status: str
    """A 1.6 ChargePointStatus, or 2.0.1's `Occupied`, as the station sent it."""
    at: datetime | None = None
    error: str | None = None
    """1.6 errorCode as sent, also when outside the enum; None where none was reported (NoError)."""
    vendor: str | None = None
    vendor_code: str | None = None
    info: str | None = None


@dataclass(frozen=True, slots=True)
class TokenPresented:
    """Authorize."""

    token: str
    type: str | None = None


@dataclass(frozen=True, slots=True)
class TransactionStarted:
    """StartTransaction, or TransactionEvent Started."""

    at: datetime | None
    evse: int | None
    connector: int | None = None
    token: str | None = None
    token_type: str | None = None
    meter_wh: float | None = None
    reference: str | None = None
    """transactionId of 2.x; None in 1.6, where the answer assigns a number."""
    seq_no: int | None = None
    offline: bool = False
    trigger: str | None = None
    charging_state: str | None = None
    remote_start_id: int | None = None
    reservation: int | None = None
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class TransactionUpdated:
    """TransactionEvent Updated."""

    at: datetime | None
    reference: str
    evse: int | None = None
    connector: int | None = None
    token: str | None = None
    token_type: str | None = None
    seq_no: int | None = None
    offline: bool = False
    trigger: str | None = None
    charging_state: str | None = None
    remote_start_id: int | None = None
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class TransactionEnded:
    """StopTransaction, or TransactionEvent Ended."""

    at: datetime | None
    number: int | None = None
    reference: str | None = None
    evse: int | None = None
    connector: int | None = None
    token: str | None = None
    token_type: str | None = None
    meter_wh: float | None = None
    reason: str | None = None
    """Stop reason as sent; None when absent (1.6: absent means Local)."""
    seq_no: int | None = None
    offline: bool = False
    trigger: str | None = None
    charging_state: str | None = None
    readings: tuple[Reading, ...] = ()


@dataclass(slots=True)
class MeterReported:
    """MeterValues. `transaction` is the transaction id as the station said it, in text."""

    evse: int
    connector: int | None
    transaction: str | None
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class ComponentEvent:
    """One eventData of NotifyEvent (2.0.1 section N07)."""

    at: datetime | None
    component: str
    variable: str
    value: str
    evse: int = 0
    connector: int | None = None
    instance: str | None = None
    cleared: bool = False
    trigger: str | None = None
    tech_code: str | None = None
    tech_info: str | None = None
    transaction: str | None = None


@dataclass(frozen=True, slots=True)
class EventsNoted:
    """NotifyEvent."""

    events: tuple[ComponentEvent, ...]


@dataclass(frozen=True, slots=True)
class SecurityNoted:
    """SecurityEventNotification."""

    type: str
    at: datetime | None = None
    info: str | None = None


@dataclass(frozen=True, slots=True)
class ProgressNoted:
    """FirmwareStatusNotification, PublishFirmwareStatus, DiagnosticsStatusNotification, LogStatusNotification."""

    what: str
    """`firmware`, `publish` or `upload`."""
    status: str
    request_id: int | None = None
    info: str | None = None


@dataclass(frozen=True, slots=True)
class DataPassed:
    """DataTransfer."""

    vendor: str
    message: str | None = None
    data: Any = None


@dataclass(frozen=True, slots=True)
class Noted:
    """Any other message: kept in the journal, answered per specification, no state behind it yet."""

    action: str
    payload: Mapping[str, Any]


Message = (
    Booted | Beat | StatusReported | TokenPresented | TransactionStarted | TransactionUpdated | TransactionEnded
    | MeterReported | EventsNoted | SecurityNoted | ProgressNoted | VariablesReported | DataPassed | Noted
    | ProfilesReported | LimitImposed | LimitLifted | MonitorsReported | DisplaysReported | CustomerTold
    | ReservationEnded | SigningAsked | Noticed | GridControlsReported | GridControlSwitched | GridAlarm | StreamOpened
    | StreamClosed | StreamTold | BatterySwapped | PaymentSettled | DynamicLimitAsked
)


@dataclass(slots=True)
class Reply:
    """What a station is answered; each translator takes what its answer has room for."""

    now: datetime
    status: str | None = None
    """RegistrationStatus for a boot, otherwise the status the answer carries (`Accepted`, ...)."""
    interval_s: int | None = None
    number: int | None = None
    """1.6 transactionId."""
    token_status: str | None = None
    """AuthorizationStatus in 2.0.1 words: Accepted, Blocked, Expired, Invalid, ConcurrentTx, Unknown ..."""
    token_expires_at: datetime | None = None
    token_parent: str | None = None
    ocsp: str | None = None
    """Of a certificate it asked about: an OCSP response, DER in base64."""
    limit: float | None = None
    """Of the dynamic profile it asked about, in the profile's unit."""
    standing: Mapping[str, tuple[str, datetime]] | None = None
    """Of the certificates it asked about: serial number -> (Good, Revoked, Unknown; good until)."""
