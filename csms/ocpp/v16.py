"""OCPP 1.6 (core, firmware, security) <-> our vocabulary.

`read` wants a payload that its schema has judged, or `repairs` has excused: what may be missing there
is asked for with `.get` here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from csms.errors import BadInput, StationMistake
from csms.ocpp.orders16 import ORDERS, write_order
from csms.ocpp.outcomes import int_or_none, outcome, text_or_none
from csms.ocpp.samples import readings
from csms.ocpp.schedules import read_profile, write_profile
from csms.ocpp.times import moment, stamp
from csms.ocpp.told import read_told
from csms.vocabulary import (
    Beat,
    Booted,
    Command,
    CommandState,
    DataPassed,
    FetchLog,
    Message,
    MeterReported,
    Noted,
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
    return Booted(
        vendor=p.get("chargePointVendor", ""),
        model=p.get("chargePointModel", ""),
        firmware=p.get("firmwareVersion"),
        serial=p.get("chargePointSerialNumber") or p.get("chargeBoxSerialNumber"),
    )


def _status(p: Payload) -> StatusReported:
    evse, connector = _place(p["connectorId"])
    error = p.get("errorCode")
    return StatusReported(
        evse=evse,
        connector=connector,
        status=p["status"],
        at=moment(p.get("timestamp")),
        error=None if error == "NoError" else error,
        vendor=_told(p.get("vendorId")),
        vendor_code=_told(p.get("vendorErrorCode")),
        info=_told(p.get("info")),
    )


def _started(p: Payload) -> TransactionStarted:
    evse, connector = _place(p["connectorId"]) if "connectorId" in p else (None, None)
    return TransactionStarted(
        at=moment(p.get("timestamp")),
        evse=evse,
        connector=connector,
        token=p.get("idTag"),
        meter_wh=_number(p.get("meterStart")),
        reservation=_id(p.get("reservationId")),
    )


def _ended(p: Payload) -> TransactionEnded:
    return TransactionEnded(
        at=moment(p.get("timestamp")),
        number=_id(p.get("transactionId")),
        token=p.get("idTag"),
        meter_wh=_number(p.get("meterStop")),
        reason=p.get("reason"),
        readings=readings(p.get("transactionData", ())),
    )


def _metered(p: Payload) -> MeterReported:
    evse, connector = _place(p["connectorId"])
    said = p.get("transactionId")
    return MeterReported(evse, connector, None if said is None else str(said), readings(p["meterValue"]))


def _passed(p: Payload) -> DataPassed:
    return DataPassed(p.get("vendorId", ""), p.get("messageId"), p.get("data"))


_READERS: dict[str, Callable[[Payload], Message]] = {
    "BootNotification": _booted,
    "Heartbeat": lambda _: Beat(),
    "StatusNotification": _status,
    "Authorize": lambda p: TokenPresented(p["idTag"]),
    "StartTransaction": _started,
    "StopTransaction": _ended,
    "MeterValues": _metered,
    "DataTransfer": _passed,
    "SecurityEventNotification": lambda p: SecurityNoted(p["type"], moment(p.get("timestamp")), p.get("techInfo")),
    "FirmwareStatusNotification": lambda p: ProgressNoted("firmware", p["status"]),
    "SignedFirmwareStatusNotification": lambda p: ProgressNoted("firmware", p["status"], _id(p.get("requestId"))),
    "DiagnosticsStatusNotification": lambda p: ProgressNoted("upload", p["status"]),
    "LogStatusNotification": lambda p: ProgressNoted("upload", p["status"], _id(p.get("requestId"))),
    "SignCertificate": lambda p: SigningAsked(p["csr"]),
}


def _place(connector: int) -> tuple[int, int]:
    """1.6 connector n is EVSE n, connector 1; connector 0 is the station itself."""
    if abs(connector) >= 2**31:
        raise StationMistake("PropertyConstraintViolation", f"there is no connector {connector}")
    return connector, 1 if connector else 0


def _id(number: int | None) -> int | None:
    """None also for what no integer of OCPP (32 bits) means: an id that no station was given."""
    return None if number is None or abs(number) >= 2**31 else number


def _told(text: str | None) -> str | None:
    """ABB sends the word "null" for nothing (station-quirks 31)."""
    return None if text in ("", "null") else text


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


# What it is answered


def write_reply(message: Message | str, reply: Reply) -> dict[str, Any]:
    """The answer to a message, or to an action, as the specification asks for it."""
    match _action(message):
        case "BootNotification":
            return {
                "status": reply.status or "Accepted",
                "currentTime": stamp(reply.now),
                "interval": DEFAULT_INTERVAL_S if reply.interval_s is None else reply.interval_s,
            }
        case "Heartbeat":
            return {"currentTime": stamp(reply.now)}
        case "Authorize":
            return {"idTagInfo": _tag_info(reply)}
        case "StartTransaction":
            return {"transactionId": reply.number or 0, "idTagInfo": _tag_info(reply)}
        case "StopTransaction" if reply.token_status:
            return {"idTagInfo": _tag_info(reply)}
        case "DataTransfer":
            return {"status": reply.status or "UnknownVendorId"}
        case "SignCertificate":
            return {"status": reply.status or "Rejected"}  # nobody here signs
    return {}


def read_reply(action: str, payload: Payload, now: datetime) -> Reply:
    """What an answer of the records said; `now` is when it was sent, where it does not say."""
    info = payload.get("idTagInfo")
    info = info if isinstance(info, Mapping) else {}
    return Reply(
        now=moment(payload.get("currentTime")) or now,
        status=text_or_none(payload.get("status")),
        interval_s=int_or_none(payload.get("interval")) if action == "BootNotification" else None,
        number=int_or_none(payload.get("transactionId")) if action == "StartTransaction" else None,
        token_status=text_or_none(info.get("status")),
        token_expires_at=moment(info.get("expiryDate")),
        token_parent=text_or_none(info.get("parentIdTag")),
    )


def _action(message: Message | str) -> str:
    match message:
        case str():
            return message
        case Noted(action=action):
            return action
        case SigningAsked():
            return "SignCertificate"
        case Booted():
            return "BootNotification"
        case Beat():
            return "Heartbeat"
        case TokenPresented():
            return "Authorize"
        case TransactionStarted():
            return "StartTransaction"
        case TransactionEnded():
            return "StopTransaction"
        case DataPassed():
            return "DataTransfer"
    return ""  # every other answer is empty


_TOKEN_STATES = {
    **{state: state for state in ("Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx")},
    "Unknown": "Invalid",
}


def _tag_info(reply: Reply) -> dict[str, Any]:
    # 1.6 has no words for "no credit", "not here", "not now": the tag is known and may not charge.
    info: dict[str, Any] = {"status": _TOKEN_STATES.get(reply.token_status or "Invalid", "Blocked")}
    if reply.token_expires_at:
        info["expiryDate"] = stamp(reply.token_expires_at)
    if reply.token_parent and len(reply.token_parent) <= 20:
        info["parentIdTag"] = reply.token_parent
    return info


# What we ask

_TRIGGERS = {
    "BootNotification", "DiagnosticsStatusNotification", "FirmwareStatusNotification", "Heartbeat", "MeterValues",
    "StatusNotification",
}  # fmt: skip


def write_command(command: Command) -> tuple[str, dict[str, Any]]:
    """The question in 1.6; `BadInput` where 1.6 cannot ask it."""
    match command:
        case Reset(hard=hard):
            return "Reset", {"type": "Hard" if hard else "Soft"}
        case Unlock(evse=evse):
            return "UnlockConnector", {"connectorId": evse}
        case Start(token=token, evse=evse, profile=profile):
            limited = {"chargingProfile": write_profile(profile, protocol16=True)} if profile else {}
            return "RemoteStartTransaction", {"idTag": token} | _at(evse) | limited
        case Stop(transaction=transaction):
            if not re.fullmatch(r"-?[0-9]{1,18}", transaction):
                raise BadInput("transaction", "an OCPP 1.6 station knows transactions by number")
            return "RemoteStopTransaction", {"transactionId": int(transaction)}
        case Trigger(what=what, evse=evse):
            action = "TriggerMessage" if what in _TRIGGERS else "ExtendedTriggerMessage"
            return action, {"requestedMessage": what} | _at(evse)
        case SetAvailability(operative=operative, evse=evse):
            return "ChangeAvailability", {
                "connectorId": evse or 0,
                "type": "Operative" if operative else "Inoperative",
            }
        case FetchLog(url=url, type="DiagnosticsLog"):
            return "GetDiagnostics", {"location": url}
        case FetchLog(url=url, request_id=request, type=kind):
            return "GetLog", {"logType": kind, "requestId": request, "log": {"remoteLocation": url}}
        case ReadVariables(names=names):
            return "GetConfiguration", {"key": list(names)} if names else {}
        case OtherCommand():
            return command.action, dict(command.payload)
        case _:
            return write_order(command)


def read_command(action: str, payload: Payload) -> Command:
    """What a question means; `OtherCommand` where it has no neutral word.

    It is the meaning, not the whole: a RemoteStartTransaction may carry a profile. What is sent is the payload.
    """
    try:
        return _command(action, payload)
    except (KeyError, TypeError, AttributeError, ValueError):
        return OtherCommand(action, payload)


def _command(action: str, p: Payload) -> Command:
    match action:
        case "Reset":
            return Reset(hard=p["type"] == "Hard")
        case "UnlockConnector":
            return Unlock(p["connectorId"])
        case "RemoteStartTransaction":
            profile = read_profile(p["chargingProfile"]) if "chargingProfile" in p else None
            return Start(p["idTag"], p.get("connectorId"), profile=profile)
        case "RemoteStopTransaction":
            return Stop(str(p["transactionId"]))
        case "TriggerMessage" | "ExtendedTriggerMessage":
            return Trigger(p["requestedMessage"], p.get("connectorId"))
        case "ChangeAvailability":
            return SetAvailability(p["type"] == "Operative", p["connectorId"])
        case "GetDiagnostics":
            return FetchLog(p["location"], request_id=0)
        case "GetLog":
            return FetchLog(p["log"]["remoteLocation"], p["requestId"], p["logType"])
        case "GetConfiguration":
            return ReadVariables(tuple(p.get("key", ())))
    reader = ORDERS.get(action)
    return reader(p) if reader else OtherCommand(action, p)


def read_outcome(action: str, payload: Payload | None, error_code: str | None = None) -> CommandState:
    """What the station's answer comes to."""
    return outcome(action, payload, error_code)


def read_answer(action: str, asked: Payload, answer: Payload) -> Told | None:
    """What the answer tells beyond yes and no."""
    if action != "GetConfiguration":
        return read_told(action, asked, answer)
    variables = read_variables(action, answer)
    return VariablesReported(variables) if variables else None


def read_variables(action: str, payload: Payload) -> tuple[VariableValue, ...]:
    """The configuration keys in an answer to GetConfiguration."""
    keys = payload.get("configurationKey") if action == "GetConfiguration" else None
    return tuple(
        VariableValue("", key["key"], key.get("value"), read_only=bool(key.get("readonly")))
        for key in (keys if isinstance(keys, list) else ())
        if isinstance(key, dict) and isinstance(key.get("key"), str)
    )


def _at(evse: int | None) -> dict[str, Any]:
    return {} if evse is None else {"connectorId": evse}
