"""What a 1.6J station answers to the central system (chapter 5, operations initiated by it)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from . import errands
from .clock import iso, read_time
from .link import Payload
from .outbox import Message
from .profiles import Profile
from .tokens import Leave, Token, leave_of_tag
from .voice import Done

if TYPE_CHECKING:
    from .machine import Machine

Answer = Callable[[Payload], Done]


def answers(station: Machine) -> dict[str, Answer]:
    """The table of what this station understands; anything else is NotImplemented."""
    return {name: partial(answer, station) for name, answer in _ANSWERS.items()}


def remote_start(station: Machine, ask: Payload) -> Done:
    token = Token(ask["idTag"])
    connector = station.orders.free_for(token, ask.get("connectorId"))
    if connector is None:
        return _status("Rejected")
    limit = profile(ask["chargingProfile"], connector.evse) if "chargingProfile" in ask else None
    return _status("Accepted", partial(station.orders.start, connector, token, None, limit))


def remote_stop(station: Machine, ask: Payload) -> Done:
    connector = station.orders.running(ask["transactionId"])
    if connector is None:
        return _status("Rejected")
    return _status("Accepted", partial(station.orders.stop, connector))


def reset(station: Machine, ask: Payload) -> Done:
    kind = "SoftReset" if ask["type"] == "Soft" else "HardReset"
    return _status("Accepted", partial(station.reset, kind))


def unlock(station: Machine, ask: Payload) -> Done:
    connector = station.orders.connector(ask["connectorId"])
    if connector is None:
        return _status("NotSupported")
    return _status(station.orders.unlock_result(connector), partial(station.orders.unlock, connector))


def change_availability(station: Machine, ask: Payload) -> Done:
    evse = ask["connectorId"]
    if evse and evse not in station.connectors:
        return _status("Rejected")
    status = station.orders.availability(evse, ask["type"] == "Operative")
    return _status(status, station.orders.tell_all)


def get_configuration(station: Machine, ask: Payload) -> Done:
    wanted: list[str] = ask.get("key") or [s.key for s in station.settings if s.key]
    known: list[Payload] = []
    unknown: list[str] = []
    for key in wanted:
        setting = station.settings.find(key)
        if setting is None or setting.key != key:
            unknown.append(key)
            continue
        shown = {} if setting.secret else {"value": setting.value[:500]}
        known.append({"key": key, "readonly": setting.readonly} | shown)
    return Done({"configurationKey": known} | ({"unknownKey": unknown} if unknown else {}))


def change_configuration(station: Machine, ask: Payload) -> Done:
    setting = station.settings.find(ask["key"])
    if setting is None or setting.key != ask["key"]:
        return _status("NotSupported")
    return _status(station.settings.change(ask["key"], ask["value"]), station.settings_changed)


def trigger(station: Machine, ask: Payload) -> Done:
    evse = ask.get("connectorId")
    if evse is not None and evse != 0 and evse not in station.connectors:
        return _status("Rejected")
    then = station.orders.triggers(ask["requestedMessage"], evse)
    return _status("NotImplemented") if then is None else _status("Accepted", then)


def get_diagnostics(station: Machine, ask: Payload) -> Done:
    name = errands.log_name(station)
    upload = errands.upload_log
    return Done({"fileName": name}, lambda: station.spawn(upload(station, ask["location"], name, None), "upload"))


def get_log(station: Machine, ask: Payload) -> Done:
    name, where = errands.log_name(station), ask["log"]["remoteLocation"]
    upload = errands.upload_log
    return Done(
        {"status": "Accepted", "filename": name},
        lambda: station.spawn(upload(station, where, name, ask["requestId"]), "upload"),
    )


def update_firmware(station: Machine, ask: Payload) -> Done:
    return Done({}, lambda: station.spawn(errands.update_firmware(station, ask["location"], None), "firmware"))


def signed_update(station: Machine, ask: Payload) -> Done:
    """1.6 security whitepaper 5.21. A certificate that is none is refused at once."""
    if "BEGIN CERTIFICATE" not in ask["firmware"]["signingCertificate"]:
        return _status("InvalidCertificate")
    where, number = ask["firmware"]["location"], ask["requestId"]
    work = errands.update_firmware
    return _status("Accepted", lambda: station.spawn(work(station, where, number, True), "firmware"))


def install_certificate(station: Machine, ask: Payload) -> Done:
    return _status(station.keys.install(ask["certificateType"], ask["certificate"]))


def delete_certificate(station: Machine, ask: Payload) -> Done:
    return _status(station.keys.delete(ask["certificateHashData"]))


def certificate_ids(station: Machine, ask: Payload) -> Done:
    found = station.keys.listed([ask["certificateType"]])
    if not found:
        return _status("NotFound")
    return Done({"status": "Accepted", "certificateHashData": [one.hashes for one in found]})


def certificate_signed(station: Machine, ask: Payload) -> Done:
    if station.keys.take(ask["certificateChain"]):
        return _status("Accepted")
    event: Payload = {"type": "InvalidChargePointCertificate", "timestamp": station.stamp()}
    return _status("Rejected", lambda: station.say(Message("SecurityEventNotification", lambda: event, kept=True)))


def clear_cache(station: Machine, _: Payload) -> Done:
    station.tokens.cached.clear()
    return _status("Accepted")


def local_list_version(station: Machine, _: Payload) -> Done:
    return Done({"listVersion": station.tokens.version})


def send_local_list(station: Machine, ask: Payload) -> Done:
    full = ask["updateType"] == "Full"
    if not full and ask["listVersion"] <= station.tokens.version:
        return _status("VersionMismatch")
    entries: dict[str, Leave | None] = {
        e["idTag"]: leave_of_tag(e["idTagInfo"]) if "idTagInfo" in e else None
        for e in ask.get("localAuthorizationList", [])
    }
    station.tokens.update(ask["listVersion"], entries, full)
    return _status("Accepted")


def data_transfer(station: Machine, ask: Payload) -> Done:
    return _status("Accepted" if ask["vendorId"] == station.vendor else "UnknownVendorId")


def reserve(station: Machine, ask: Payload) -> Done:
    status = station.orders.reserve(
        ask["reservationId"],
        ask["connectorId"],
        Token(ask["idTag"]),
        ask.get("parentIdTag"),
        read_time(ask["expiryDate"]),
    )
    return _status(status, station.orders.tell_all)


def cancel_reservation(station: Machine, ask: Payload) -> Done:
    done = station.orders.cancel(ask["reservationId"])
    return _status("Accepted" if done else "Rejected", station.orders.tell_all)


def set_profile(station: Machine, ask: Payload) -> Done:
    done = station.orders.set_profile(profile(ask["csChargingProfiles"], ask["connectorId"]))
    return _status("Accepted" if done else "Rejected", station.orders.tell_all)


def clear_profile(station: Machine, ask: Payload) -> Done:
    done = station.orders.clear_profiles(
        ask.get("id"), ask.get("connectorId"), ask.get("chargingProfilePurpose"), ask.get("stackLevel")
    )
    return _status("Accepted" if done else "Unknown", station.orders.tell_all)


def composite(station: Machine, ask: Payload) -> Done:
    evse = ask["connectorId"]
    if evse not in station.connectors:
        return _status("Rejected")
    unit = ask.get("chargingRateUnit", "W")
    periods = station.orders.composite(evse, ask["duration"])
    schedule = {
        "duration": ask["duration"],
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": [{"startPeriod": at, "limit": rate(watts, unit)} for at, watts in periods],
    }
    answer: Payload = {"status": "Accepted", "connectorId": evse, "scheduleStart": iso(station.now())}
    return Done(answer | {"chargingSchedule": schedule})


def profile(raw: Payload, evse: int) -> Profile:
    """A 1.6 ChargingProfile."""
    schedule = raw["chargingSchedule"]
    return read_profile(raw, schedule, evse, raw["chargingProfileId"])


def read_profile(raw: Payload, schedule: Payload, evse: int, id: int) -> Profile:
    """What both versions' profiles have in common. Currents count for three phases unless told otherwise."""
    return Profile(
        id=id,
        evse=evse,
        stack=raw["stackLevel"],
        purpose=raw["chargingProfilePurpose"],
        kind=raw["chargingProfileKind"],
        unit=schedule["chargingRateUnit"],
        periods=[
            (p["startPeriod"], float(p["limit"]), p.get("numberPhases", 3)) for p in schedule["chargingSchedulePeriod"]
        ],
        duration_s=schedule.get("duration"),
        start=_maybe_time(schedule.get("startSchedule")),
        recurrency=raw.get("recurrencyKind"),
        valid_from=_maybe_time(raw.get("validFrom")),
        valid_to=_maybe_time(raw.get("validTo")),
    )


def rate(watts: float, unit: str) -> float:
    """A power in the unit a schedule wants, over three phases of 230 V, to a tenth."""
    return round(watts if unit == "W" else watts / 690.0, 1)


def _maybe_time(text: Any) -> Any:
    return read_time(text) if text else None


def _status(status: str, then: Callable[[], Any] | None = None) -> Done:
    return Done({"status": status}, then)


_ANSWERS: dict[str, Callable[[Machine, Payload], Done]] = {
    "RemoteStartTransaction": remote_start,
    "RemoteStopTransaction": remote_stop,
    "Reset": reset,
    "UnlockConnector": unlock,
    "ChangeAvailability": change_availability,
    "GetConfiguration": get_configuration,
    "ChangeConfiguration": change_configuration,
    "TriggerMessage": trigger,
    "ExtendedTriggerMessage": trigger,
    "GetDiagnostics": get_diagnostics,
    "GetLog": get_log,
    "UpdateFirmware": update_firmware,
    "SignedUpdateFirmware": signed_update,
    "InstallCertificate": install_certificate,
    "DeleteCertificate": delete_certificate,
    "GetInstalledCertificateIds": certificate_ids,
    "CertificateSigned": certificate_signed,
    "ClearCache": clear_cache,
    "GetLocalListVersion": local_list_version,
    "SendLocalList": send_local_list,
    "DataTransfer": data_transfer,
    "ReserveNow": reserve,
    "CancelReservation": cancel_reservation,
    "SetChargingProfile": set_profile,
    "ClearChargingProfile": clear_profile,
    "GetCompositeSchedule": composite,
}
