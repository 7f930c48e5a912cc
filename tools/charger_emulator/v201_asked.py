"""What a 2.0.1 station answers to the central system."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from . import errands, model, monitors
from .clock import iso, read_time
from .link import Payload
from .profiles import Profile
from .tokens import Leave, leave_of_token, read_token
from .v16_asked import (
    cancel_reservation,
    clear_cache,
    data_transfer,
    get_log,
    rate,
    read_profile,
)
from .v21_asked import NEW
from .v201_more import MORE
from .voice import Done

if TYPE_CHECKING:
    from .machine import Machine

Answer = Callable[[Payload], Done]


def answers(station: Machine, version: str = "ocpp2.0.1") -> dict[str, Answer]:
    """The table of what this station understands; anything else is NotImplemented."""
    known = _ANSWERS | MORE | (NEW if version == "ocpp2.1" else {})
    return {name: partial(answer, station) for name, answer in known.items()}


def request_start(station: Machine, ask: Payload) -> Done:
    token = read_token(ask["idToken"])
    connector = station.orders.free_for(token, ask.get("evseId"))
    if connector is None:
        return _status("Rejected")
    limit = _profile(ask["chargingProfile"], connector.evse) if "chargingProfile" in ask else None
    return _status("Accepted", partial(station.orders.start, connector, token, ask["remoteStartId"], limit))


def request_stop(station: Machine, ask: Payload) -> Done:
    connector = station.orders.running(ask["transactionId"])
    if connector is None:
        return _status("Rejected")
    return _status("Accepted", partial(station.orders.stop, connector))


def reset(station: Machine, ask: Payload) -> Done:
    evse = ask.get("evseId")
    if evse is not None:
        return _reset_evse(station, evse)
    busy = any(c.transaction for c in station.connectors.values())
    if ask["type"] == "OnIdle" and busy:
        station.reset_when_idle()
        return _status("Scheduled")
    return _status("Accepted", partial(station.reset, "SoftReset", "RemoteReset"))


def _reset_evse(station: Machine, evse: int) -> Done:
    connector = station.orders.connector(evse)
    if connector is None:
        return _status("Rejected")
    return _status("Accepted", lambda: station.sessions.end(connector, "SoftReset"))


def unlock(station: Machine, ask: Payload) -> Done:
    connector = station.orders.connector(ask["evseId"])
    if connector is None or ask["connectorId"] != 1:
        return _status("UnknownConnector")
    if connector.transaction is not None:
        return _status("OngoingAuthorizedTransaction")
    return _status(station.orders.unlock_result(connector), partial(station.orders.unlock, connector))


def change_availability(station: Machine, ask: Payload) -> Done:
    evse = ask.get("evse", {}).get("id")
    if evse and evse not in station.connectors:
        return _status("Rejected")
    status = station.orders.availability(evse, ask["operationalStatus"] == "Operative")
    return _status(status, station.orders.tell_all)


def trigger(station: Machine, ask: Payload) -> Done:
    evse = ask.get("evse", {}).get("id")
    if evse is not None and evse not in station.connectors:
        return _status("Rejected")
    then = station.orders.triggers(ask["requestedMessage"], evse)
    return _status("NotImplemented") if then is None else _status("Accepted", then)


def update_firmware(station: Machine, ask: Payload) -> Done:
    where, number, signed = ask["firmware"]["location"], ask["requestId"], "signature" in ask["firmware"]
    work = errands.update_firmware
    return _status("Accepted", lambda: station.spawn(work(station, where, number, signed), "firmware"))


def local_list_version(station: Machine, _: Payload) -> Done:
    return Done({"versionNumber": station.tokens.version})


def send_local_list(station: Machine, ask: Payload) -> Done:
    full = ask["updateType"] == "Full"
    if not full and ask["versionNumber"] <= station.tokens.version:
        return _status("VersionMismatch")
    entries: dict[str, Leave | None] = {
        e["idToken"]["idToken"]: leave_of_token(e["idTokenInfo"]) if "idTokenInfo" in e else None
        for e in ask.get("localAuthorizationList", [])
    }
    station.tokens.update(ask["versionNumber"], entries, full)
    return _status("Accepted")


def reserve(station: Machine, ask: Payload) -> Done:
    group = ask.get("groupIdToken", {}).get("idToken")
    until = read_time(ask["expiryDateTime"])
    status = station.orders.reserve(ask["id"], ask.get("evseId"), read_token(ask["idToken"]), group, until)
    return _status(status, station.orders.tell_all)


def set_profile(station: Machine, ask: Payload) -> Done:
    done = station.orders.set_profile(_profile(ask["chargingProfile"], ask["evseId"]))
    return _status("Accepted" if done else "Rejected", station.orders.tell_all)


def clear_profile(station: Machine, ask: Payload) -> Done:
    wanted = ask.get("chargingProfileCriteria", {})
    done = station.orders.clear_profiles(
        ask.get("chargingProfileId"),
        wanted.get("evseId"),
        wanted.get("chargingProfilePurpose"),
        wanted.get("stackLevel"),
    )
    return _status("Accepted" if done else "Unknown", station.orders.tell_all)


def composite(station: Machine, ask: Payload) -> Done:
    evse, unit = ask["evseId"], ask.get("chargingRateUnit", "W")
    if evse not in station.connectors:
        return _status("Rejected")
    periods = station.orders.composite(evse, ask["duration"])
    schedule = {
        "evseId": evse,
        "duration": ask["duration"],
        "scheduleStart": iso(station.now()),
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": [{"startPeriod": at, "limit": rate(watts, unit)} for at, watts in periods],
    }
    return Done({"status": "Accepted", "schedule": schedule})


def transaction_status(station: Machine, ask: Payload) -> Done:
    queued = bool(station.voice.outbox.kept)
    if "transactionId" not in ask:
        return Done({"messagesInQueue": queued})
    running = station.orders.running(ask["transactionId"]) is not None
    return Done({"ongoingIndicator": running, "messagesInQueue": queued})


def _profile(raw: Payload, evse: int) -> Profile:
    # Only the first schedule is obeyed: the others are offers to an ISO 15118 vehicle.
    return read_profile(raw, raw["chargingSchedule"][0], evse, raw["id"])


def _status(status: str, then: Callable[[], Any] | None = None) -> Done:
    return Done({"status": status}, then)


_ANSWERS: dict[str, Callable[[Machine, Payload], Done]] = {
    "RequestStartTransaction": request_start,
    "RequestStopTransaction": request_stop,
    "Reset": reset,
    "UnlockConnector": unlock,
    "ChangeAvailability": change_availability,
    "GetVariables": model.get_variables,
    "SetVariables": model.set_variables,
    "GetBaseReport": model.get_base_report,
    "GetReport": model.get_report,
    "SetVariableMonitoring": monitors.set_monitoring,
    "ClearVariableMonitoring": monitors.clear_monitoring,
    "GetMonitoringReport": monitors.get_report,
    "SetMonitoringBase": monitors.set_base,
    "SetMonitoringLevel": monitors.set_level,
    "TriggerMessage": trigger,
    "GetLog": get_log,
    "UpdateFirmware": update_firmware,
    "ClearCache": clear_cache,
    "GetLocalListVersion": local_list_version,
    "SendLocalList": send_local_list,
    "DataTransfer": data_transfer,
    "ReserveNow": reserve,
    "CancelReservation": cancel_reservation,
    "SetChargingProfile": set_profile,
    "ClearChargingProfile": clear_profile,
    "GetCompositeSchedule": composite,
    "GetTransactionStatus": transaction_status,
}
