"""What stations report of what is set in them, and what their answers to our questions tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from csms.vocabulary.controls import (
    Display,
    EventStream,
    GridControl,
    HeldCertificate,
    Monitor,
    Profile,
    Schedule,
)


@dataclass(frozen=True, slots=True)
class VariableValue:
    """One reported variable of the device model, or one 1.6 configuration key (component "")."""

    component: str
    variable: str
    value: str | None
    attribute: str = "Actual"
    evse: int | None = None
    connector: int | None = None
    instance: str | None = None
    component_instance: str | None = None
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class VariablesReported:
    """NotifyReport; also what an answer to a reading of variables tells."""

    variables: tuple[VariableValue, ...]
    request_id: int | None = None
    more: bool = False
    """Another part follows."""


@dataclass(frozen=True, slots=True)
class ProfilesReported:
    """ReportChargingProfiles."""

    evse: int
    source: str
    """Who set them: csms, or the limit source as sent (EMS, SO, Other)."""
    profiles: tuple[Profile, ...]
    request_id: int | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class LimitImposed:
    """NotifyChargingLimit: somebody else than us limits the station (2.0.1 K12)."""

    source: str
    evse: int
    """0: the whole station."""
    schedules: tuple[Schedule, ...]
    critical: bool = False


@dataclass(frozen=True, slots=True)
class LimitLifted:
    """ClearedChargingLimit."""

    source: str
    evse: int | None = None


@dataclass(frozen=True, slots=True)
class MonitorsReported:
    """NotifyMonitoringReport."""

    monitors: tuple[Monitor, ...]
    request_id: int | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class DisplaysReported:
    """NotifyDisplayMessages."""

    displays: tuple[Display, ...]
    request_id: int | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class CustomerTold:
    """NotifyCustomerInformation: a part of what the station knows of a customer."""

    data: str
    request_id: int
    seq_no: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True)
class ReservationEnded:
    """ReservationStatusUpdate."""

    id: int
    status: str
    """expired, removed"""


@dataclass(frozen=True, slots=True)
class SigningAsked:
    """SignCertificate: the station has made a key and wants its certificate."""

    csr: str
    type: str = "ChargingStationCertificate"


@dataclass(frozen=True, slots=True)
class Noticed:
    """What has a meaning and a time and no machine of its own: kept as a notice of this kind."""

    action: str
    kind: str
    detail: Mapping[str, Any]
    at: datetime | None = None
    evse: int | None = None
    said: str | None = None
    """The transaction it names."""


@dataclass(frozen=True, slots=True)
class GridControlsReported:
    """ReportDERControl."""

    controls: tuple[GridControl, ...]
    request_id: int | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class GridControlSwitched:
    """NotifyDERStartStop: a scheduled control has begun or ended."""

    id: str
    started: bool
    at: datetime | None = None
    superseded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GridAlarm:
    """NotifyDERAlarm: the grid is out of bounds, or in them again."""

    type: str
    """Of the control that it concerns."""
    fault: str | None = None
    """OverVoltage, UnderFrequency, PhaseRotation ..."""
    ended: bool = False
    at: datetime | None = None
    info: str | None = None


@dataclass(frozen=True, slots=True)
class StreamOpened:
    stream: EventStream


@dataclass(frozen=True, slots=True)
class StreamClosed:
    id: int


@dataclass(frozen=True, slots=True)
class StreamTold:
    """NotifyPeriodicEventStream."""

    id: int
    values: tuple[tuple[datetime | None, str], ...]


@dataclass(frozen=True, slots=True)
class BatterySwapped:
    """BatterySwap."""

    request_id: int
    event: str
    """in, out, timeout: nobody took the battery that was given out"""
    token: str | None = None
    batteries: tuple[Mapping[str, Any], ...] = ()
    """evseId (the slot), serialNumber, soC and soH in percent, as OCPP names them."""


@dataclass(frozen=True, slots=True)
class PaymentSettled:
    """NotifySettlement: how a payment at the station's own terminal ended (2.1 C20)."""

    reference: str
    """Of the payment service provider."""
    status: str
    """Settled, Canceled, Rejected, Failed"""
    amount: float
    at: datetime | None = None
    transaction: str | None = None
    receipt: str | None = None
    receipt_url: str | None = None
    info: str | None = None
    vat_number: str | None = None


@dataclass(frozen=True, slots=True)
class DynamicLimitAsked:
    """PullDynamicScheduleUpdate: what limit of a dynamic profile holds now (2.1 K28)."""

    profile: int


# What answers tell


@dataclass(frozen=True, slots=True)
class VariablesWritten:
    """What became of each variable that was to be set: (variable with the value asked for, the station's word)."""

    results: tuple[tuple[VariableValue, str], ...]


@dataclass(frozen=True, slots=True)
class ListVersionTold:
    version: int


@dataclass(frozen=True, slots=True)
class CompositeTold:
    """The limits to come on an EVSE, all profiles taken together, as the station reckons."""

    evse: int
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class CertificatesTold:
    certificates: tuple[HeldCertificate, ...]


@dataclass(frozen=True, slots=True)
class MonitorsSet:
    monitors: tuple[Monitor, ...]
    """Those the station took, with the ids it gave."""


@dataclass(frozen=True, slots=True)
class MonitorsCleared:
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TransactionStatusTold:
    """Whether a transaction runs, and whether messages about it wait at the station (2.0.1 E14)."""

    ongoing: bool | None
    messages_queued: bool


@dataclass(frozen=True, slots=True)
class GridControlTaken:
    superseded: tuple[str, ...]
    """Ids of those that the new one takes the place of."""


@dataclass(frozen=True, slots=True)
class StreamsTold:
    streams: tuple[EventStream, ...]
    """All that are open."""


@dataclass(frozen=True, slots=True)
class TariffAtStation:
    id: str
    kind: str
    """default, driver"""
    evses: tuple[int, ...] = ()
    """None named: the whole station."""
    valid_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class TariffsTold:
    """All that an EVSE reckons by (0: the whole station's)."""

    evse: int
    tariffs: tuple[TariffAtStation, ...]


@dataclass(frozen=True, slots=True)
class TariffsCleared:
    ids: tuple[str, ...]
    """None named: all that were asked for."""


Told = (
    VariablesReported | VariablesWritten | ListVersionTold | CompositeTold | CertificatesTold | MonitorsSet
    | MonitorsCleared | TransactionStatusTold | GridControlTaken | StreamsTold | TariffsTold | TariffsCleared
)
