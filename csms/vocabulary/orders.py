"""What we ask beyond the everyday: profiles, reservations, lists, variables, firmware, certificates, displays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from csms.vocabulary.controls import CertificateName, Display, ListEntry, Monitor, Profile
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


Order = (
    SetProfile | ClearProfiles | AskComposite | ReportProfiles | Reserve | CancelReservation | SendList | AskListVersion
    | ClearCache | WriteVariables | ReportVariables | SetMonitors | ClearMonitors | SetMonitoringBase
    | SetMonitoringLevel | ReportMonitors | Show | TakeDown | ReportDisplays | TellCost | AskCustomer
    | InstallCertificate | DeleteCertificate | ListCertificates | DeliverCertificate | UpdateFirmware | PublishFirmware
    | UnpublishFirmware | SetNetworkProfile | Transfer | AskTransactionStatus | SetPriority
)
