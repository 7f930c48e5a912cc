"""OCPP 2.0.1 <-> our vocabulary; 2.1 says most of it the same way.

`read` wants a payload that its schema has judged, or `repairs` has excused: what may be missing there
is asked for with `.get` here. Whole numbers pass through `int`, for draft 6 takes 1.0 for one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from csms.errors import BadInput, StationMistake
from csms.ocpp.orders2 import ORDERS, named, write_order
from csms.ocpp.outcomes import int_or_none, outcome, text_or_none
from csms.ocpp.reported2 import REPORTED
from csms.ocpp.samples import first_register, last_register, readings
from csms.ocpp.schedules import read_profile, write_profile
from csms.ocpp.times import moment, stamp
from csms.ocpp.told import read_told
from csms.vocabulary import (
    Beat,
    Booted,
    Command,
    CommandState,
    ComponentEvent,
    DataPassed,
    EventsNoted,
    FetchLog,
    Message,
    MeterReported,
    Noted,
    Noticed,
    OtherCommand,
    ProgressNoted,
    ReadVariables,
    Reply,
    Reset,
    SecurityNoted,
    SetAvailability,
    SigningAsked,
    Start,
    StatusReported,
    Stop,
    TokenPresented,
    Told,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
    Trigger,
    Unlock,
    VariablesReported,
    VariableValue,
)

Payload = Mapping[str, Any]

DEFAULT_INTERVAL_S = 300

# What the station says


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
            _variable(data, attribute) for data in p.get("reportData", ()) for attribute in data["variableAttribute"]
        ),
        _whole(p.get("requestId")),
        bool(p.get("tbc")),
    )


def _variable(data: Payload, attribute: Payload) -> VariableValue:
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


# What it is answered


def write_reply(message: Message | str, reply: Reply) -> dict[str, Any]:
    """The answer to a message, or to an action, as the specification asks for it."""
    match _action(message):
        case "BootNotification":
            return {
                "currentTime": stamp(reply.now),
                "interval": DEFAULT_INTERVAL_S if reply.interval_s is None else reply.interval_s,
                "status": reply.status or "Accepted",
            }
        case "Heartbeat":
            return {"currentTime": stamp(reply.now)}
        case "Authorize":
            return {"idTokenInfo": _token_info(reply)}
        case "TransactionEvent" if reply.token_status:
            return {"idTokenInfo": _token_info(reply)}
        case "DataTransfer":
            return {"status": reply.status or "UnknownVendorId"}
        case "NotifyEVChargingSchedule":
            return {"status": reply.status or "Accepted"}
        case "SignCertificate" | "NotifyEVChargingNeeds":
            return {"status": reply.status or "Rejected"}  # nobody here plans
        case "GetCertificateStatus":
            return {"status": "Accepted", "ocspResult": reply.ocsp} if reply.ocsp else {"status": "Failed"}
        case "Get15118EVCertificate":
            return {"status": "Failed", "exiResponse": ""}
    return {}


def read_reply(action: str, payload: Payload, now: datetime) -> Reply:
    """What an answer of the records said; `now` is when it was sent, where it does not say."""
    info = payload.get("idTokenInfo")
    info = info if isinstance(info, Mapping) else {}
    group = info.get("groupIdToken")
    return Reply(
        now=moment(payload.get("currentTime")) or now,
        status=text_or_none(payload.get("status")),
        interval_s=int_or_none(payload.get("interval")) if action == "BootNotification" else None,
        token_status=text_or_none(info.get("status")),
        token_expires_at=moment(info.get("cacheExpiryDateTime")),
        token_parent=text_or_none(group.get("idToken")) if isinstance(group, Mapping) else None,
    )


def _action(message: Message | str) -> str:
    match message:
        case str():
            return message
        case Noted(action=action) | Noticed(action=action):
            return action
        case SigningAsked():
            return "SignCertificate"
        case Booted():
            return "BootNotification"
        case Beat():
            return "Heartbeat"
        case TokenPresented():
            return "Authorize"
        case TransactionStarted() | TransactionUpdated() | TransactionEnded():
            return "TransactionEvent"
        case DataPassed():
            return "DataTransfer"
    return ""  # every other answer is empty


_TOKEN_STATES = {
    "Accepted", "Blocked", "ConcurrentTx", "Expired", "Invalid", "NoCredit", "NotAllowedTypeEVSE", "NotAtThisLocation",
    "NotAtThisTime", "Unknown",
}  # fmt: skip


def _token_info(reply: Reply) -> dict[str, Any]:
    status = reply.token_status or "Unknown"
    info: dict[str, Any] = {"status": status if status in _TOKEN_STATES else "Invalid"}
    if reply.token_expires_at:
        info["cacheExpiryDateTime"] = stamp(reply.token_expires_at)
    if reply.token_parent and len(reply.token_parent) <= 36:
        info["groupIdToken"] = {"idToken": reply.token_parent, "type": "Central"}
    return info


# What we ask


def write_command(command: Command) -> tuple[str, dict[str, Any]]:
    """The question in 2.x; `BadInput` where 2.x cannot ask it."""
    match command:
        case Reset(hard=hard, evse=evse):
            payload: dict[str, Any] = {"type": "Immediate" if hard else "OnIdle"}
            return "Reset", payload if evse is None else payload | {"evseId": evse}
        case Unlock(evse=evse, connector=connector):
            return "UnlockConnector", {"evseId": evse, "connectorId": connector}
        case Start(token=token, evse=evse, token_type=kind, remote_start_id=request):
            if request is None:
                raise BadInput("remote_start_id", "a 2.x start has an id, to know its transaction by")
            payload = {"idToken": {"idToken": token, "type": kind}, "remoteStartId": request}
            if command.profile is not None:
                payload["chargingProfile"] = write_profile(command.profile, protocol16=False)
            return "RequestStartTransaction", payload if evse is None else payload | {"evseId": evse}
        case Stop(transaction=transaction):
            return "RequestStopTransaction", {"transactionId": transaction}
        case Trigger(what=what, evse=evse, connector=connector):
            return "TriggerMessage", {"requestedMessage": what} | _at(evse, connector)
        case SetAvailability(operative=operative, evse=evse, connector=connector):
            status = "Operative" if operative else "Inoperative"
            return "ChangeAvailability", {"operationalStatus": status} | _at(evse or None, connector)
        case FetchLog(url=url, request_id=request, type=kind):
            return "GetLog", {"logType": kind, "requestId": request, "log": {"remoteLocation": url}}
        case ReadVariables(names=names):
            if not names:
                raise BadInput("names", "2.x reads variables by name; all of them come with GetBaseReport")
            return "GetVariables", {"getVariableData": [named(name) for name in names]}
        case OtherCommand():
            return command.action, dict(command.payload)
        case _:
            return write_order(command)


def read_command(action: str, payload: Payload) -> Command:
    """What a question means; `OtherCommand` where it has no neutral word.

    It is the meaning, not the whole: a RequestStartTransaction may carry a profile. What is sent is the payload.
    """
    try:
        return _command(action, payload)
    except (KeyError, TypeError, AttributeError, ValueError):
        return OtherCommand(action, payload)


def _command(action: str, p: Payload) -> Command:
    match action:
        case "Reset":
            return Reset(hard=p["type"] == "Immediate", evse=p.get("evseId"))
        case "UnlockConnector":
            return Unlock(p["evseId"], p["connectorId"])
        case "RequestStartTransaction":
            token = p["idToken"]
            profile = read_profile(p["chargingProfile"]) if "chargingProfile" in p else None
            return Start(token["idToken"], p.get("evseId"), token["type"], p["remoteStartId"], profile)
        case "RequestStopTransaction":
            return Stop(p["transactionId"])
        case "TriggerMessage":
            evse = p.get("evse") or {}
            return Trigger(p["requestedMessage"], evse.get("id"), evse.get("connectorId"))
        case "ChangeAvailability":
            evse = p.get("evse") or {}
            return SetAvailability(p["operationalStatus"] == "Operative", evse.get("id"), evse.get("connectorId"))
        case "GetLog":
            return FetchLog(p["log"]["remoteLocation"], p["requestId"], p["logType"])
        case "GetVariables":
            return ReadVariables(
                tuple(f"{one['component']['name']}.{one['variable']['name']}" for one in p["getVariableData"])
            )
    reader = ORDERS.get(action)
    return reader(p) if reader else OtherCommand(action, p)


def read_outcome(action: str, payload: Payload | None, error_code: str | None = None) -> CommandState:
    """What the station's answer comes to."""
    return outcome(action, payload, error_code)


def read_answer(action: str, asked: Payload, answer: Payload) -> Told | None:
    """What the answer tells beyond yes and no."""
    if action != "GetVariables":
        return read_told(action, asked, answer)
    variables = read_variables(action, answer)
    return VariablesReported(variables) if variables else None


def read_variables(action: str, payload: Payload) -> tuple[VariableValue, ...]:
    """The variables in an answer to GetVariables; those it would not tell are left out."""
    results = payload.get("getVariableResult") if action == "GetVariables" else None
    found: list[VariableValue] = []
    for one in results if isinstance(results, list) else ():
        try:
            if one["attributeStatus"] == "Accepted":
                attribute = {"value": one.get("attributeValue"), "type": one.get("attributeType")}
                found.append(_variable(one, attribute))
        except (KeyError, TypeError, AttributeError, ValueError):
            continue  # an answer no schema has judged: what can be read is read
    return tuple(found)


def _at(evse: int | None, connector: int | None) -> dict[str, Any]:
    if evse is None:
        return {}
    return {"evse": {"id": evse} if connector is None else {"id": evse, "connectorId": connector}}
