"""The rarer questions in 2.x <-> our vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from csms.errors import BadInput
from csms.ocpp.orders16 import given, read_firmware
from csms.ocpp.reported2 import display, monitor
from csms.ocpp.schedules import PURPOSES, purpose_word, read_profile, write_profile
from csms.ocpp.times import moment, stamp
from csms.ocpp.told import certificate_name, variable_of
from csms.vocabulary import (
    AskComposite,
    AskCustomer,
    AskListVersion,
    AskTransactionStatus,
    CancelReservation,
    ClearCache,
    ClearMonitors,
    ClearProfiles,
    DeleteCertificate,
    DeliverCertificate,
    Display,
    InstallCertificate,
    ListCertificates,
    ListEntry,
    Monitor,
    Order,
    PublishFirmware,
    ReportDisplays,
    ReportMonitors,
    ReportProfiles,
    ReportVariables,
    Reserve,
    SendList,
    SetMonitoringBase,
    SetMonitoringLevel,
    SetMonitors,
    SetNetworkProfile,
    SetPriority,
    SetProfile,
    Show,
    TakeDown,
    TellCost,
    Transfer,
    UnpublishFirmware,
    UpdateFirmware,
    VariableValue,
    WriteVariables,
)

Payload = Mapping[str, Any]
Asked = tuple[str, dict[str, Any]]


def write_order(order: Order) -> Asked:
    """The question in 2.x. `BadInput` for what 2.1 alone can ask."""
    match order:
        case SetProfile(evse=evse, profile=profile):
            return "SetChargingProfile", {"evseId": evse, "chargingProfile": write_profile(profile, protocol16=False)}
        case ClearProfiles(id=id):
            wanted = given(evseId=order.evse, chargingProfilePurpose=_purpose(order.purpose), stackLevel=order.stack)
            return "ClearChargingProfile", given(chargingProfileId=id, chargingProfileCriteria=wanted or None)
        case AskComposite(evse=evse, duration_s=duration, unit=unit):
            return "GetCompositeSchedule", given(evseId=evse, duration=duration, chargingRateUnit=unit)
        case ReportProfiles():
            wanted = given(
                chargingProfilePurpose=_purpose(order.purpose), stackLevel=order.stack,
                chargingProfileId=list(order.ids) or None, chargingLimitSource=list(order.sources) or None,
            )
            return "GetChargingProfiles", given(
                requestId=order.request_id, evseId=order.evse, chargingProfile=wanted
            )
        case Reserve():
            return "ReserveNow", _reserve(order)
        case CancelReservation(id=id):
            return "CancelReservation", {"reservationId": id}
        case SendList(version=version, full=full, entries=entries):
            payload = {"versionNumber": version, "updateType": "Full" if full else "Differential"}
            return "SendLocalList", payload | given(
                localAuthorizationList=[_entry(entry) for entry in entries] or None
            )
        case AskListVersion():
            return "GetLocalListVersion", {}
        case ClearCache():
            return "ClearCache", {}
        case WriteVariables(values=values):
            return "SetVariables", {"setVariableData": [_wanted(value) for value in values]}
        case ReportVariables(request_id=request, base=base, names=names):
            if base is not None:
                return "GetBaseReport", {"requestId": request, "reportBase": base}
            return "GetReport", given(
                requestId=request, componentVariable=[named(name) for name in names] or None
            )
        case SetMonitors(monitors=monitors):
            return "SetVariableMonitoring", {"setMonitoringData": [_monitor(one) for one in monitors]}
        case ClearMonitors(ids=ids):
            return "ClearVariableMonitoring", {"id": list(ids)}
        case SetMonitoringBase(base=base):
            return "SetMonitoringBase", {"monitoringBase": base}
        case SetMonitoringLevel(severity=severity):
            return "SetMonitoringLevel", {"severity": severity}
        case ReportMonitors(request_id=request):
            return "GetMonitoringReport", {"requestId": request}
        case Show(display=shown):
            return "SetDisplayMessage", {"message": _display(shown)}
        case TakeDown(id=id):
            return "ClearDisplayMessage", {"id": id}
        case ReportDisplays(request_id=request):
            return "GetDisplayMessages", {"requestId": request}
        case TellCost(transaction=transaction, total=total):
            return "CostUpdated", {"transactionId": transaction, "totalCost": total}
        case AskCustomer():
            token = order.token and {"idToken": order.token, "type": "Central"}
            return "CustomerInformation", given(
                requestId=order.request_id, report=order.report, clear=order.clear, idToken=token,
                customerIdentifier=order.customer,
            )
        case InstallCertificate(type=type, pem=pem):
            return "InstallCertificate", {"certificateType": type, "certificate": pem}
        case DeleteCertificate(name=name):
            return "DeleteCertificate", {"certificateHashData": {
                "hashAlgorithm": name.algorithm, "issuerNameHash": name.issuer_name_hash,
                "issuerKeyHash": name.issuer_key_hash, "serialNumber": name.serial,
            }}
        case ListCertificates(types=types):
            return "GetInstalledCertificateIds", given(certificateType=list(types) or None)
        case DeliverCertificate(chain=chain, type=type):
            return "CertificateSigned", {"certificateChain": chain, "certificateType": type}
        case UpdateFirmware():
            return "UpdateFirmware", _update(order)
        case PublishFirmware(url=url, checksum=checksum, request_id=request):
            return "PublishFirmware", {"location": url, "checksum": checksum, "requestId": request}
        case UnpublishFirmware(checksum=checksum):
            return "UnpublishFirmware", {"checksum": checksum}
        case SetNetworkProfile(slot=slot, profile=connection):
            return "SetNetworkProfile", {"configurationSlot": slot, "connectionData": dict(connection)}
        case Transfer(vendor=vendor, message=message, data=data):
            return "DataTransfer", given(vendorId=vendor, messageId=message, data=data)
        case AskTransactionStatus(transaction=transaction):
            return "GetTransactionStatus", given(transactionId=transaction)
        case SetPriority(transaction=transaction, active=active):
            return "UsePriorityCharging", {"transactionId": transaction, "activate": active}
        case _:
            raise BadInput("action", f"2.0.1 has no {order.__class__.__name__}")


def _purpose(purpose: str | None) -> str | None:
    return purpose and purpose_word(purpose, False)


def _reserve(order: Reserve) -> dict[str, Any]:
    if order.expires_at is None:
        raise BadInput("expires_at", "a reservation ends some time")
    kind = order.token_type or "Central"
    return given(
        id=order.id, expiryDateTime=stamp(order.expires_at), idToken={"idToken": order.token, "type": kind},
        evseId=order.evse, groupIdToken=order.parent and {"idToken": order.parent, "type": "Central"},
    )


def _entry(entry: ListEntry) -> dict[str, Any]:
    token = {"idToken": entry.token, "type": entry.token_type or "Central"}
    if entry.status is None:
        return {"idToken": token}
    info = given(
        status=entry.status, cacheExpiryDateTime=entry.expires_at and stamp(entry.expires_at),
        groupIdToken=entry.parent and {"idToken": entry.parent, "type": "Central"},
    )
    return {"idToken": token, "idTokenInfo": info}


def named(name: str) -> dict[str, Any]:
    component, _, variable = name.partition(".")
    if not variable:
        raise BadInput("names", f"{name}: a variable of 2.x is named Component.Variable")
    return {"component": {"name": component}, "variable": {"name": variable}}


def _place(component: str, instance: str | None, evse: int | None, connector: int | None = None) -> dict[str, Any]:
    at = given(id=evse, connectorId=connector)
    return given(name=component, instance=instance, evse=at or None)


def _wanted(value: VariableValue) -> dict[str, Any]:
    return given(
        attributeValue=value.value or "", attributeType=None if value.attribute == "Actual" else value.attribute,
        component=_place(value.component, value.component_instance, value.evse, value.connector),
        variable=given(name=value.variable, instance=value.instance),
    )


def _monitor(one: Monitor) -> dict[str, Any]:
    return given(
        id=one.id, transaction=one.only_in_transaction or None, value=one.value, type=one.type, severity=one.severity,
        component=_place(one.component, one.component_instance, one.evse),
        variable=given(name=one.variable, instance=one.instance),
    )


def _display(shown: Display) -> dict[str, Any]:
    return given(
        id=shown.id, priority=shown.priority, state=shown.state, transactionId=shown.transaction,
        startDateTime=shown.starts_at and stamp(shown.starts_at), endDateTime=shown.ends_at and stamp(shown.ends_at),
        message=given(format=shown.format, language=shown.language, content=shown.content),
    )


def _update(order: UpdateFirmware) -> dict[str, Any]:
    if order.retrieve_at is None or order.request_id is None:
        raise BadInput("request_id", "a 2.x update has an id and a time to fetch it at")
    firmware = given(
        location=order.url, retrieveDateTime=stamp(order.retrieve_at),
        installDateTime=order.install_at and stamp(order.install_at), signingCertificate=order.certificate,
        signature=order.signature,
    )
    return {"requestId": order.request_id, "firmware": firmware}


def _list(p: Payload) -> SendList:
    entries = []
    for one in p.get("localAuthorizationList", ()):
        info, token = one.get("idTokenInfo") or {}, one["idToken"]
        group = info.get("groupIdToken") or {}
        entries.append(ListEntry(
            token["idToken"], info.get("status"), token["type"], group.get("idToken"),
            moment(info.get("cacheExpiryDateTime")),
        ))
    return SendList(int(p["versionNumber"]), p["updateType"] == "Full", tuple(entries))


def _clear(p: Payload) -> ClearProfiles:
    wanted = p.get("chargingProfileCriteria") or {}
    word = wanted.get("chargingProfilePurpose")
    return ClearProfiles(
        p.get("chargingProfileId"), wanted.get("evseId"), PURPOSES.get(word, word) if word else None,
        wanted.get("stackLevel"),
    )


def _profiles(p: Payload) -> ReportProfiles:
    wanted = p["chargingProfile"]
    word = wanted.get("chargingProfilePurpose")
    return ReportProfiles(
        p["requestId"], p.get("evseId"), PURPOSES.get(word, word) if word else None, wanted.get("stackLevel"),
        tuple(wanted.get("chargingProfileId", ())), tuple(wanted.get("chargingLimitSource", ())),
    )


def _names(p: Payload) -> tuple[str, ...]:
    return tuple(
        f"{one['component']['name']}.{(one.get('variable') or {}).get('name', '')}".rstrip(".")
        for one in p.get("componentVariable", ())
    )


ORDERS: Mapping[str, Callable[[Payload], Order]] = {
    "SetChargingProfile": lambda p: SetProfile(p["evseId"], read_profile(p["chargingProfile"])),
    "ClearChargingProfile": _clear,
    "GetCompositeSchedule": lambda p: AskComposite(p["evseId"], p["duration"], p.get("chargingRateUnit")),
    "GetChargingProfiles": _profiles,
    "ReserveNow": lambda p: Reserve(
        p["id"], p["idToken"]["idToken"], moment(p["expiryDateTime"]), p.get("evseId"), p["idToken"]["type"],
        (p.get("groupIdToken") or {}).get("idToken"),
    ),
    "CancelReservation": lambda p: CancelReservation(p["reservationId"]),
    "SendLocalList": _list,
    "GetLocalListVersion": lambda _: AskListVersion(),
    "ClearCache": lambda _: ClearCache(),
    "SetVariables": lambda p: WriteVariables(
        tuple(variable_of(one, one["attributeValue"]) for one in p["setVariableData"])
    ),
    "GetBaseReport": lambda p: ReportVariables(p["requestId"], p["reportBase"]),
    "GetReport": lambda p: ReportVariables(p["requestId"], None, _names(p)),
    "SetVariableMonitoring": lambda p: SetMonitors(tuple(monitor(one, one) for one in p["setMonitoringData"])),
    "ClearVariableMonitoring": lambda p: ClearMonitors(tuple(p["id"])),
    "SetMonitoringBase": lambda p: SetMonitoringBase(p["monitoringBase"]),
    "SetMonitoringLevel": lambda p: SetMonitoringLevel(p["severity"]),
    "GetMonitoringReport": lambda p: ReportMonitors(p["requestId"]),
    "SetDisplayMessage": lambda p: Show(display(p["message"])),
    "ClearDisplayMessage": lambda p: TakeDown(p["id"]),
    "GetDisplayMessages": lambda p: ReportDisplays(p["requestId"]),
    "CostUpdated": lambda p: TellCost(p["transactionId"], p["totalCost"]),
    "CustomerInformation": lambda p: AskCustomer(
        p["requestId"], p["report"], p["clear"], (p.get("idToken") or {}).get("idToken"), p.get("customerIdentifier")
    ),
    "InstallCertificate": lambda p: InstallCertificate(p["certificateType"], p["certificate"]),
    "DeleteCertificate": lambda p: DeleteCertificate(certificate_name(p["certificateHashData"])),
    "GetInstalledCertificateIds": lambda p: ListCertificates(tuple(p.get("certificateType", ()))),
    "CertificateSigned": lambda p: DeliverCertificate(
        p["certificateChain"], p.get("certificateType") or "ChargingStationCertificate"
    ),
    "UpdateFirmware": lambda p: read_firmware(p["firmware"], p["requestId"]),
    "PublishFirmware": lambda p: PublishFirmware(p["location"], p["checksum"], p["requestId"]),
    "UnpublishFirmware": lambda p: UnpublishFirmware(p["checksum"]),
    "SetNetworkProfile": lambda p: SetNetworkProfile(p["configurationSlot"], p["connectionData"]),
    "DataTransfer": lambda p: Transfer(p["vendorId"], p.get("messageId"), p.get("data")),
    "GetTransactionStatus": lambda p: AskTransactionStatus(p.get("transactionId")),
    "UsePriorityCharging": lambda p: SetPriority(p["transactionId"], p["activate"]),
}
