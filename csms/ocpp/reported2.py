"""What 2.x stations report of what is set in them -> our vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from csms.ocpp.schedules import read_profile, read_schedule
from csms.ocpp.times import moment
from csms.vocabulary import (
    CustomerTold,
    Display,
    DisplaysReported,
    LimitImposed,
    LimitLifted,
    Message,
    Monitor,
    MonitorsReported,
    Noticed,
    ProfilesReported,
    ProgressNoted,
    ReservationEnded,
    SigningAsked,
)

Payload = Mapping[str, Any]


def _profiles(p: Payload) -> ProfilesReported:
    source = p["chargingLimitSource"]
    return ProfilesReported(
        int(p["evseId"]), "csms" if source == "CSO" else source, tuple(map(read_profile, p["chargingProfile"])),
        _whole(p.get("requestId")), bool(p.get("tbc")),
    )


def _imposed(p: Payload) -> LimitImposed:
    limit = p["chargingLimit"]
    return LimitImposed(
        limit["chargingLimitSource"], int(p.get("evseId") or 0),
        tuple(map(read_schedule, p.get("chargingSchedule", ()))), bool(limit.get("isGridCritical")),
    )


def monitor(about: Payload, m: Payload) -> Monitor:
    component, variable = about["component"], about["variable"]
    return Monitor(
        component=component["name"], variable=variable["name"], type=m["type"], value=float(m["value"]),
        severity=int(m["severity"]), id=_whole(m.get("id")), evse=_whole((component.get("evse") or {}).get("id")),
        instance=variable.get("instance"), component_instance=component.get("instance"),
        only_in_transaction=bool(m.get("transaction")),
    )


def _monitors(p: Payload) -> MonitorsReported:
    found = tuple(monitor(one, m) for one in p.get("monitor", ()) for m in one["variableMonitoring"])
    return MonitorsReported(found, _whole(p.get("requestId")), bool(p.get("tbc")))


def display(p: Payload) -> Display:
    shown = p["message"]
    return Display(
        id=int(p["id"]), content=shown["content"], priority=p["priority"], format=shown["format"],
        language=shown.get("language"), state=p.get("state"), starts_at=moment(p.get("startDateTime")),
        ends_at=moment(p.get("endDateTime")), transaction=p.get("transactionId"),
    )


def _displays(p: Payload) -> DisplaysReported:
    return DisplaysReported(
        tuple(map(display, p.get("messageInfo", ()))), _whole(p.get("requestId")), bool(p.get("tbc"))
    )


def _customer(p: Payload) -> CustomerTold:
    return CustomerTold(p["data"], int(p["requestId"]), int(p["seqNo"]), bool(p.get("tbc")))


def _published(p: Payload) -> ProgressNoted:
    return ProgressNoted("publish", p["status"], _whole(p.get("requestId")), ", ".join(p.get("location", ())) or None)


NOTICES: Mapping[str, tuple[str, str | None]] = {
    "NotifyEVChargingNeeds": ("ev_needs", None),
    "NotifyEVChargingSchedule": ("ev_schedule", "timeBase"),
    "GetCertificateStatus": ("certificate_status_asked", None),
    "Get15118EVCertificate": ("ev_certificate_asked", None),
    # 2.1
    "NotifyPriorityCharging": ("priority_charging", None),
    "VatNumberValidation": ("vat_number_asked", None),
    "GetCertificateChainStatus": ("certificate_chain_asked", None),
}
"""Action -> (kind of notice, where its time is)."""


def _notice(action: str, kind: str, time: str | None) -> Callable[[Payload], Noticed]:
    def read(p: Payload) -> Noticed:
        said = p.get("transactionId")
        evse = p.get("evseId")
        return Noticed(
            action, kind, p, moment(p.get(time)) if time else None,
            int(evse) if isinstance(evse, int | float) and abs(evse) < 2**31 else None,
            said if isinstance(said, str) else None,
        )

    return read


REPORTED: Mapping[str, Callable[[Payload], Message]] = {
    "ReportChargingProfiles": _profiles,
    "NotifyChargingLimit": _imposed,
    "ClearedChargingLimit": lambda p: LimitLifted(p["chargingLimitSource"], _whole(p.get("evseId"))),
    "NotifyMonitoringReport": _monitors,
    "NotifyDisplayMessages": _displays,
    "NotifyCustomerInformation": _customer,
    "ReservationStatusUpdate": lambda p: ReservationEnded(
        int(p["reservationId"]), str(p["reservationUpdateStatus"]).lower()
    ),
    "PublishFirmwareStatusNotification": _published,
    "SignCertificate": lambda p: SigningAsked(p["csr"], p.get("certificateType") or "ChargingStationCertificate"),
    **{action: _notice(action, kind, time) for action, (kind, time) in NOTICES.items()},
}


def _whole(number: Any) -> int | None:
    return None if number is None or abs(number) >= 2**31 else int(number)
