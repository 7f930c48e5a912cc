"""What a station's answer tells beyond yes and no, in any version. No schema has judged an answer of a station."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from csms.ocpp.reported2 import monitor
from csms.ocpp.schedules import read_schedule
from csms.ocpp.times import moment
from csms.vocabulary import (
    CertificateName,
    CertificatesTold,
    CompositeTold,
    HeldCertificate,
    ListVersionTold,
    MonitorsCleared,
    MonitorsSet,
    Told,
    TransactionStatusTold,
    VariablesWritten,
    VariableValue,
)

Payload = Mapping[str, Any]
UNREADABLE = (KeyError, TypeError, AttributeError, ValueError, IndexError, OverflowError)


def read_told(action: str, asked: Payload, answer: Payload) -> Told | None:
    """None where the answer tells nothing, or what it tells cannot be read."""
    reader = _READERS.get(action)
    try:
        return reader(asked, answer) if reader else None
    except UNREADABLE:
        return None


def _changed(asked: Payload, answer: Payload) -> VariablesWritten:
    return VariablesWritten(((VariableValue("", asked["key"], asked["value"]), answer["status"]),))


def _written(asked: Payload, answer: Payload) -> VariablesWritten:
    """Results name the variable and not the value; it stands in the question."""
    wanted = {variable_key(one): one["attributeValue"] for one in asked["setVariableData"]}
    return VariablesWritten(tuple(
        (variable_of(one, wanted[variable_key(one)]), one["attributeStatus"])
        for one in answer["setVariableResult"] if variable_key(one) in wanted
    ))


def variable_key(one: Payload) -> tuple[Any, ...]:
    component, variable = one["component"], one["variable"]
    evse = component.get("evse") or {}
    return (
        component["name"], component.get("instance"), evse.get("id"), evse.get("connectorId"), variable["name"],
        variable.get("instance"), one.get("attributeType") or "Actual",
    )


def variable_of(one: Payload, value: str | None) -> VariableValue:
    name, component_instance, evse, connector, variable, instance, attribute = variable_key(one)
    return VariableValue(name, variable, value, attribute, evse, connector, instance, component_instance)


def _composite16(asked: Payload, answer: Payload) -> CompositeTold:
    schedule = read_schedule(answer["chargingSchedule"])
    start = moment(answer.get("scheduleStart")) or schedule.start
    return CompositeTold(answer.get("connectorId", asked["connectorId"]), replace(schedule, start=start))


def _composite(asked: Payload, answer: Payload) -> CompositeTold:
    if "connectorId" in asked:
        return _composite16(asked, answer)
    told = answer["schedule"]
    return CompositeTold(int(told.get("evseId", asked["evseId"])), read_schedule(told))


def certificate_name(p: Payload) -> CertificateName:
    return CertificateName(p["hashAlgorithm"], p["issuerNameHash"], p["issuerKeyHash"], p["serialNumber"])


def _certificates(asked: Payload, answer: Payload) -> CertificatesTold:
    found: list[HeldCertificate] = []
    for one in answer.get("certificateHashData") or ():  # 1.6
        found.append(HeldCertificate(certificate_name(one), certificate_type(asked["certificateType"])))
    for chain in answer.get("certificateHashDataChain") or ():
        top = certificate_name(chain["certificateHashData"])
        found.append(HeldCertificate(top, chain["certificateType"]))
        for child in chain.get("childCertificateHashData") or ():
            found.append(HeldCertificate(certificate_name(child), chain["certificateType"], top.serial))
    return CertificatesTold(tuple(found))


def _monitors_set(asked: Payload, answer: Payload) -> MonitorsSet:
    """A result has the id; the value stands in the question, in the same place (N04)."""
    pairs = zip(asked["setMonitoringData"], answer["setMonitoringResult"], strict=False)
    return MonitorsSet(tuple(
        monitor(question, {**question, "id": result["id"]}) for question, result in pairs
        if result["status"] == "Accepted" and "id" in result
    ))


def _monitors_cleared(_: Payload, answer: Payload) -> MonitorsCleared:
    return MonitorsCleared(tuple(
        int(one["id"]) for one in answer["clearMonitoringResult"] if one["status"] in ("Accepted", "NotFound")
    ))


def _transaction(_: Payload, answer: Payload) -> TransactionStatusTold:
    return TransactionStatusTold(answer.get("ongoingIndicator"), bool(answer["messagesInQueue"]))


_READERS: Mapping[str, Callable[[Payload, Payload], Told]] = {
    "ChangeConfiguration": _changed,
    "SetVariables": _written,
    "GetLocalListVersion": lambda _, answer: ListVersionTold(
        int(answer["listVersion"] if "listVersion" in answer else answer["versionNumber"])
    ),
    "GetCompositeSchedule": _composite,
    "GetInstalledCertificateIds": _certificates,
    "SetVariableMonitoring": _monitors_set,
    "ClearVariableMonitoring": _monitors_cleared,
    "GetTransactionStatus": _transaction,
}


def certificate_type(word: str) -> str:
    return "CSMSRootCertificate" if word == "CentralSystemRootCertificate" else word
