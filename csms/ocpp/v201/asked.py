"""What we ask of a station in 2.0.1, and what its answer comes to."""

from __future__ import annotations

from typing import Any

from csms.errors import BadInput
from csms.ocpp.orders2 import ORDERS, named, write_order
from csms.ocpp.outcomes import outcome
from csms.ocpp.schedules import read_profile, write_profile
from csms.ocpp.told import read_told
from csms.ocpp.v201.said import Payload, variable_in
from csms.vocabulary import (
    Command,
    CommandState,
    FetchLog,
    OtherCommand,
    ReadVariables,
    Reset,
    SetAvailability,
    Start,
    Stop,
    Told,
    Trigger,
    Unlock,
    VariablesReported,
    VariableValue,
)


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
                found.append(variable_in(one, attribute))
        except (KeyError, TypeError, AttributeError, ValueError):
            continue  # an answer no schema has judged: what can be read is read
    return tuple(found)


def _at(evse: int | None, connector: int | None) -> dict[str, Any]:
    if evse is None:
        return {}
    return {"evse": {"id": evse} if connector is None else {"id": evse, "connectorId": connector}}
