"""The rarer questions in 1.6 (local list, reservation, smart charging, firmware, security) <-> our vocabulary."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from csms.errors import BadInput
from csms.ocpp.schedules import PURPOSES, purpose_word, read_profile, write_profile
from csms.ocpp.times import moment, stamp
from csms.ocpp.told import certificate_name, certificate_type
from csms.vocabulary import (
    AskComposite,
    AskListVersion,
    CancelReservation,
    ClearCache,
    ClearProfiles,
    DeleteCertificate,
    DeliverCertificate,
    InstallCertificate,
    ListCertificates,
    ListEntry,
    Order,
    Reserve,
    SendList,
    SetProfile,
    Transfer,
    UpdateFirmware,
    VariableValue,
    WriteVariables,
)

Payload = Mapping[str, Any]
Asked = tuple[str, dict[str, Any]]


def given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def write_order(order: Order) -> Asked:
    """`BadInput` where 1.6 cannot ask it."""
    match order:
        case SetProfile(evse=evse, profile=profile):
            _one_schedule(order)
            return "SetChargingProfile", {
                "connectorId": evse, "csChargingProfiles": write_profile(profile, protocol16=True)
            }
        case ClearProfiles(id=id, evse=evse, purpose=purpose, stack=stack):
            word = purpose and purpose_word(purpose, True)
            return "ClearChargingProfile", given(
                id=id, connectorId=evse, chargingProfilePurpose=word, stackLevel=stack
            )
        case AskComposite(evse=evse, duration_s=duration, unit=unit):
            return "GetCompositeSchedule", given(connectorId=evse, duration=duration, chargingRateUnit=unit)
        case Reserve():
            return "ReserveNow", _reserve(order)
        case CancelReservation(id=id):
            return "CancelReservation", {"reservationId": id}
        case SendList(version=version, full=full, entries=entries):
            return "SendLocalList", {
                "listVersion": version, "updateType": "Full" if full else "Differential",
                "localAuthorizationList": [_entry(entry) for entry in entries],
            }
        case AskListVersion():
            return "GetLocalListVersion", {}
        case ClearCache():
            return "ClearCache", {}
        case WriteVariables(values=values):
            if len(values) != 1:
                raise BadInput("values", "OCPP 1.6 changes one key at a time")
            return "ChangeConfiguration", {"key": values[0].variable, "value": values[0].value or ""}
        case UpdateFirmware():
            return _update(order)
        case InstallCertificate(type=type, pem=pem):
            return "InstallCertificate", {"certificateType": _word(type), "certificate": pem}
        case DeleteCertificate(name=name):
            return "DeleteCertificate", {"certificateHashData": {
                "hashAlgorithm": name.algorithm, "issuerNameHash": name.issuer_name_hash,
                "issuerKeyHash": name.issuer_key_hash, "serialNumber": name.serial,
            }}
        case ListCertificates(types=types):
            if len(types) != 1:
                raise BadInput("types", "OCPP 1.6 lists one type of certificate at a time")
            return "GetInstalledCertificateIds", {"certificateType": _word(types[0])}
        case DeliverCertificate(chain=chain):
            return "CertificateSigned", {"certificateChain": chain}
        case Transfer(vendor=vendor, message=message, data=data):
            return "DataTransfer", given(vendorId=vendor, messageId=message, data=data)
    raise BadInput("action", f"OCPP 1.6 has no word for {order.__class__.__name__}")


def _word(type: str) -> str:
    return "CentralSystemRootCertificate" if type == "CSMSRootCertificate" else type


def _one_schedule(order: SetProfile) -> None:
    said = order.profile.transaction
    if len(order.profile.schedules) != 1:
        raise BadInput("profile", "an OCPP 1.6 profile has one schedule")
    if said is not None and not re.fullmatch(r"[0-9]{1,18}", said):
        raise BadInput("profile", "an OCPP 1.6 station knows transactions by number")


def _reserve(order: Reserve) -> dict[str, Any]:
    if order.expires_at is None:
        raise BadInput("expires_at", "a reservation ends some time")
    return given(
        connectorId=order.evse or 0, expiryDate=stamp(order.expires_at), idTag=order.token,
        parentIdTag=order.parent, reservationId=order.id,
    )


def _entry(entry: ListEntry) -> dict[str, Any]:
    if entry.status is None:
        return {"idTag": entry.token}
    info = given(
        status=entry.status, parentIdTag=entry.parent, expiryDate=entry.expires_at and stamp(entry.expires_at)
    )
    return {"idTag": entry.token, "idTagInfo": info}


def _update(order: UpdateFirmware) -> Asked:
    if order.retrieve_at is None:
        raise BadInput("retrieve_at", "the station wants to know when to fetch it")
    at = stamp(order.retrieve_at)
    if order.certificate is None or order.signature is None:
        return "UpdateFirmware", {"location": order.url, "retrieveDate": at}
    firmware = given(
        location=order.url, retrieveDateTime=at, installDateTime=order.install_at and stamp(order.install_at),
        signingCertificate=order.certificate, signature=order.signature,
    )
    return "SignedUpdateFirmware", {"requestId": order.request_id or 0, "firmware": firmware}


def read_firmware(p: Payload, request_id: int | None) -> UpdateFirmware:
    return UpdateFirmware(
        p["location"], moment(p.get("retrieveDateTime")), request_id, moment(p.get("installDateTime")),
        p.get("signingCertificate"), p.get("signature"),
    )


def _list(p: Payload) -> SendList:
    entries = []
    for one in p.get("localAuthorizationList", ()):
        info = one.get("idTagInfo") or {}
        entries.append(ListEntry(
            one["idTag"], info.get("status"), None, info.get("parentIdTag"), moment(info.get("expiryDate"))
        ))
    return SendList(int(p["listVersion"]), p["updateType"] == "Full", tuple(entries))


ORDERS: Mapping[str, Callable[[Payload], Order]] = {
    "SetChargingProfile": lambda p: SetProfile(p["connectorId"], read_profile(p["csChargingProfiles"])),
    "ClearChargingProfile": lambda p: ClearProfiles(
        p.get("id"), p.get("connectorId"),
        PURPOSES[p["chargingProfilePurpose"]] if "chargingProfilePurpose" in p else None, p.get("stackLevel"),
    ),
    "GetCompositeSchedule": lambda p: AskComposite(p["connectorId"], p["duration"], p.get("chargingRateUnit")),
    "ReserveNow": lambda p: Reserve(
        p["reservationId"], p["idTag"], moment(p["expiryDate"]), p["connectorId"] or None,
        parent=p.get("parentIdTag"),
    ),
    "CancelReservation": lambda p: CancelReservation(p["reservationId"]),
    "SendLocalList": _list,
    "GetLocalListVersion": lambda _: AskListVersion(),
    "ClearCache": lambda _: ClearCache(),
    "ChangeConfiguration": lambda p: WriteVariables((VariableValue("", p["key"], p["value"]),)),
    "UpdateFirmware": lambda p: UpdateFirmware(p["location"], moment(p["retrieveDate"])),
    "SignedUpdateFirmware": lambda p: read_firmware(p["firmware"], p["requestId"]),
    "InstallCertificate": lambda p: InstallCertificate(
        certificate_type(p["certificateType"]), p["certificate"]
    ),
    "DeleteCertificate": lambda p: DeleteCertificate(certificate_name(p["certificateHashData"])),
    "GetInstalledCertificateIds": lambda p: ListCertificates((certificate_type(p["certificateType"]),)),
    "CertificateSigned": lambda p: DeliverCertificate(p["certificateChain"]),
    "DataTransfer": lambda p: Transfer(p["vendorId"], p.get("messageId"), p.get("data")),
}
