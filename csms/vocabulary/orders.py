"""What we ask beyond the everyday: profiles, reservations, lists, variables, firmware, certificates, displays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from csms.vocabulary.controls import CertificateName, Display, GridControl, ListEntry, Monitor, Profile
from csms.vocabulary.reports import VariableValue


@dataclass(frozen=True, slots=True)
class SetProfile:
    evse: int
    profile: Profile


@dataclass(frozen=True, slots=True)
class ClearProfiles:
    """Every profile that fits all that is given; nothing given means all of them."""

    id: int | None = None
    evse: int | None = None
    purpose: str | None = None
    stack: int | None = None


@dataclass(frozen=True, slots=True)
class AskComposite:
    """GetCompositeSchedule."""

    evse: int
    duration_s: int
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class ReportProfiles:
    """GetChargingProfiles; the report follows as ProfilesReported."""

    request_id: int
    evse: int | None = None
    purpose: str | None = None
    stack: int | None = None
    ids: tuple[int, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reserve:
    id: int
    token: str
    expires_at: datetime | None
    evse: int | None = None
    token_type: str | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class CancelReservation:
    id: int


@dataclass(frozen=True, slots=True)
class SendList:
    """SendLocalList."""

    version: int
    full: bool
    entries: tuple[ListEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class AskListVersion:
    """GetLocalListVersion."""


@dataclass(frozen=True, slots=True)
class ClearCache:
    pass


@dataclass(frozen=True, slots=True)
class WriteVariables:
    """ChangeConfiguration / SetVariables."""

    values: tuple[VariableValue, ...]


@dataclass(frozen=True, slots=True)
class ReportVariables:
    """GetBaseReport, GetReport; the report follows as VariablesReported."""

    request_id: int
    base: str | None = None
    """FullInventory, ConfigurationInventory, SummaryInventory; None: of the names alone (GetReport)."""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetMonitors:
    monitors: tuple[Monitor, ...]


@dataclass(frozen=True, slots=True)
class ClearMonitors:
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SetMonitoringBase:
    base: str


@dataclass(frozen=True, slots=True)
class SetMonitoringLevel:
    severity: int


@dataclass(frozen=True, slots=True)
class ReportMonitors:
    request_id: int


@dataclass(frozen=True, slots=True)
class Show:
    """SetDisplayMessage."""

    display: Display


@dataclass(frozen=True, slots=True)
class TakeDown:
    """ClearDisplayMessage."""

    id: int


@dataclass(frozen=True, slots=True)
class ReportDisplays:
    request_id: int


@dataclass(frozen=True, slots=True)
class TellCost:
    """CostUpdated."""

    transaction: str
    total: float


@dataclass(frozen=True, slots=True)
class AskCustomer:
    """CustomerInformation: tell, or forget, what the station knows of a customer."""

    request_id: int
    report: bool
    clear: bool
    token: str | None = None
    customer: str | None = None


@dataclass(frozen=True, slots=True)
class InstallCertificate:
    type: str
    pem: str


@dataclass(frozen=True, slots=True)
class DeleteCertificate:
    name: CertificateName


@dataclass(frozen=True, slots=True)
class ListCertificates:
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeliverCertificate:
    """CertificateSigned: what came of the station's own request."""

    chain: str
    type: str = "ChargingStationCertificate"


@dataclass(frozen=True, slots=True)
class UpdateFirmware:
    """UpdateFirmware, SignedUpdateFirmware."""

    url: str
    retrieve_at: datetime | None
    request_id: int | None = None
    install_at: datetime | None = None
    certificate: str | None = None
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class PublishFirmware:
    """Let a local controller offer a firmware to its neighbours (2.0.1 L03)."""

    url: str
    checksum: str
    request_id: int


@dataclass(frozen=True, slots=True)
class UnpublishFirmware:
    checksum: str


@dataclass(frozen=True, slots=True)
class SetNetworkProfile:
    slot: int
    profile: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Transfer:
    """DataTransfer, from us."""

    vendor: str
    message: str | None = None
    data: Any = None


@dataclass(frozen=True, slots=True)
class AskTransactionStatus:
    transaction: str | None = None


@dataclass(frozen=True, slots=True)
class SetPriority:
    """UsePriorityCharging (2.1)."""

    transaction: str
    active: bool


@dataclass(frozen=True, slots=True)
class SetGridControl:
    control: GridControl


@dataclass(frozen=True, slots=True)
class ClearGridControls:
    """Every control that fits all that is given."""

    default: bool
    id: str | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class ReportGridControls:
    """GetDERControl; the report follows as GridControlsReported."""

    request_id: int
    default: bool | None = None
    type: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class SignalBalance:
    """AFRRSignal: how much balancing power the grid wants (2.1 K29)."""

    signal: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class UpdateLimit:
    """UpdateDynamicSchedule: what holds of a dynamic profile from now on, in OCPP's names."""

    profile: int
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class AllowTransfers:
    """NotifyAllowedEnergyTransfer: how a vehicle may charge or feed in."""

    transaction: str
    modes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AdjustStream:
    id: int
    interval_s: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class ListStreams:
    """GetPeriodicEventStream."""


@dataclass(frozen=True, slots=True)
class SwapBattery:
    """RequestBatterySwap: let this driver put one in and take one out."""

    request_id: int
    token: str
    token_type: str = "Central"  # noqa: S105 - IdTokenEnumType of 2.0.1


@dataclass(frozen=True, slots=True)
class PostTariff:
    """SetDefaultTariff: what an EVSE (0: each of them) shows and reckons by, as OCPP writes tariffs."""

    evse: int
    tariff: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ChangeTariff:
    """ChangeTransactionTariff."""

    transaction: str
    tariff: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ClearTariffs:
    """These, or (none named) all of an EVSE, or of the station."""

    ids: tuple[str, ...] = ()
    evse: int | None = None


@dataclass(frozen=True, slots=True)
class ListTariffs:
    evse: int


@dataclass(frozen=True, slots=True)
class AnnouncePayment:
    """NotifyWebPaymentStarted: somebody pays for this EVSE by the code on its display; give it to nobody else."""

    evse: int
    timeout_s: int


Order = (
    SetProfile | ClearProfiles | AskComposite | ReportProfiles | Reserve | CancelReservation | SendList | AskListVersion
    | ClearCache | WriteVariables | ReportVariables | SetMonitors | ClearMonitors | SetMonitoringBase
    | SetMonitoringLevel | ReportMonitors | Show | TakeDown | ReportDisplays | TellCost | AskCustomer
    | InstallCertificate | DeleteCertificate | ListCertificates | DeliverCertificate | UpdateFirmware | PublishFirmware
    | UnpublishFirmware | SetNetworkProfile | Transfer | AskTransactionStatus | SetPriority | SetGridControl
    | ClearGridControls | ReportGridControls | SignalBalance | UpdateLimit | AllowTransfers | AdjustStream | ListStreams
    | SwapBattery | PostTariff | ChangeTariff | ClearTariffs | ListTariffs | AnnouncePayment
)
