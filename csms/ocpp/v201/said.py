"""What a station says in 2.0.1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from csms.errors import StationMistake
from csms.ocpp.reported2 import REPORTED
from csms.ocpp.samples import first_register, last_register, readings
from csms.ocpp.times import moment
from csms.vocabulary import (
    Beat,
    Booted,
    ComponentEvent,
    DataPassed,
    EventsNoted,
    Message,
    MeterReported,
    Noted,
    ProgressNoted,
    SecurityNoted,
    StatusReported,
    TokenPresented,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
    VariablesReported,
    VariableValue,
)

Payload = Mapping[str, Any]


def read(action: str, payload: Payload) -> Message:
    reader = _READERS.get(action)
    return reader(payload) if reader else Noted(action, payload)


def _booted(p: Payload) -> Booted:
    station = p.get("chargingStation", {})
    return Booted(
        vendor=station.get("vendorName", ""),
        model=station.get("model", ""),
        firmware=station.get("firmwareVersion"),
        serial=station.get("serialNumber"),
        reason=p.get("reason"),
    )


def _status(p: Payload) -> StatusReported:
    return StatusReported(
        _number_of(p["evseId"]), _number_of(p.get("connectorId", 1)), p["connectorStatus"], moment(p.get("timestamp"))
    )


def _transaction(p: Payload) -> TransactionStarted | TransactionUpdated | TransactionEnded:
    info = p["transactionInfo"]
    evse, connector = _place(p.get("evse"))
    token = p.get("idToken") or {}
    sampled = readings(p.get("meterValue", ()))
    at = moment(p.get("timestamp"))
    seq_no = _whole(p.get("seqNo"))
    match p["eventType"]:
        case "Started":
            return TransactionStarted(
                at=at,
                evse=evse,
                connector=connector,
                token=token.get("idToken"),
                token_type=token.get("type"),
                meter_wh=first_register(sampled),
                reference=info["transactionId"],
                seq_no=seq_no,
                offline=p.get("offline", False),
                trigger=p.get("triggerReason"),
                charging_state=info.get("chargingState"),
                remote_start_id=_whole(info.get("remoteStartId")),
                reservation=_whole(p.get("reservationId")),
                readings=sampled,
            )
        case "Ended":
            return TransactionEnded(
                at=at,
                reference=info["transactionId"],
                evse=evse,
                connector=connector,
                token=token.get("idToken"),
                token_type=token.get("type"),
                meter_wh=last_register(sampled),
                reason=info.get("stoppedReason"),
                seq_no=seq_no,
                offline=p.get("offline", False),
                trigger=p.get("triggerReason"),
                charging_state=info.get("chargingState"),
                readings=sampled,
            )
    return TransactionUpdated(
        at=at,
        reference=info["transactionId"],
        evse=evse,
        connector=connector,
        token=token.get("idToken"),
        token_type=token.get("type"),
        seq_no=seq_no,
        offline=p.get("offline", False),
        trigger=p.get("triggerReason"),
        charging_state=info.get("chargingState"),
        remote_start_id=_whole(info.get("remoteStartId")),
        readings=sampled,
    )


def _event(e: Payload) -> ComponentEvent:
    component, variable = e["component"], e["variable"]
    evse, connector = _place(component.get("evse"))
    return ComponentEvent(
        at=moment(e.get("timestamp")),
        component=component["name"],
        variable=variable["name"],
        value=e.get("actualValue", ""),
        evse=evse or 0,
        connector=connector,
        instance=component.get("instance") or variable.get("instance"),
        cleared=e.get("cleared", False),
        trigger=e.get("trigger"),
        tech_code=e.get("techCode"),
        tech_info=e.get("techInfo"),
        transaction=e.get("transactionId"),
    )


def _reported(p: Payload) -> VariablesReported:
    return VariablesReported(
        tuple(
            variable_in(data, attribute) for data in p.get("reportData", ()) for attribute in data["variableAttribute"]
        ),
        _whole(p.get("requestId")),
        bool(p.get("tbc")),
    )


def variable_in(data: Payload, attribute: Payload) -> VariableValue:
    component, variable = data["component"], data["variable"]
    evse, connector = _place(component.get("evse"))
    return VariableValue(
        component=component["name"],
        variable=variable["name"],
        value=attribute.get("value"),
        attribute=attribute.get("type") or "Actual",
        evse=evse,
        connector=connector,
        instance=variable.get("instance"),
        component_instance=component.get("instance"),
        read_only=attribute.get("mutability") == "ReadOnly",
    )


def _presented(p: Payload) -> TokenPresented:
    token = p["idToken"]
    return TokenPresented(token["idToken"], token.get("type"))


_READERS: dict[str, Callable[[Payload], Message]] = {
    "BootNotification": _booted,
    "Heartbeat": lambda _: Beat(),
    "StatusNotification": _status,
    "Authorize": _presented,
    "TransactionEvent": _transaction,
    "MeterValues": lambda p: MeterReported(_number_of(p["evseId"]), None, None, readings(p["meterValue"])),
    "NotifyEvent": lambda p: EventsNoted(tuple(_event(event) for event in p["eventData"])),
    "NotifyReport": _reported,
    "DataTransfer": lambda p: DataPassed(p.get("vendorId", ""), p.get("messageId"), p.get("data")),
    "SecurityEventNotification": lambda p: SecurityNoted(p["type"], moment(p.get("timestamp")), p.get("techInfo")),
    "FirmwareStatusNotification": lambda p: ProgressNoted("firmware", p["status"], _whole(p.get("requestId"))),
    "LogStatusNotification": lambda p: ProgressNoted("upload", p["status"], _whole(p.get("requestId"))),
    **REPORTED,
}


def _place(evse: Payload | None) -> tuple[int | None, int | None]:
    if evse is None:
        return None, None
    return _whole(evse.get("id")), _whole(evse.get("connectorId"))


def _whole(number: Any) -> int | None:
    """None also for what no integer of OCPP (32 bits) means: an id that no station was given."""
    return None if number is None or abs(number) >= 2**31 else int(number)


def _number_of(evse: Any) -> int:
    """An EVSE that something is said about."""
    if abs(evse) >= 2**31:
        raise StationMistake("PropertyConstraintViolation", f"there is no EVSE {evse}")
    return int(evse)
