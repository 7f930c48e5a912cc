"""What a 2.0.1 station answers to the rarer questions: displays, costs, customers, networks, certificates, firmware."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from . import errands
from .clock import iso
from .connectors import Connector
from .link import Payload
from .outbox import Message
from .profiles import STATION, Profile
from .voice import Done

if TYPE_CHECKING:
    from .machine import Machine

LONGEST_DATA = 512
SLOTS = range(1, 4)

# Displays and costs


def set_display(station: Machine, ask: Payload) -> Done:
    """O01, O02: shown until its end, or its transaction's."""
    message = ask["message"]
    if "transactionId" in message and station.orders.running(message["transactionId"]) is None:
        return status("UnknownTransaction")
    if message["message"]["format"] not in ("ASCII", "UTF8", "URI"):
        return status("NotSupportedMessageFormat")
    station.shelf.displays[message["id"]] = message
    station.note(f"display: {message['message']['content']}")
    return status("Accepted")


def get_displays(station: Machine, ask: Payload) -> Done:
    wanted = {name: ask[name] for name in ("priority", "state") if name in ask}
    found = [
        m
        for id, m in sorted(station.shelf.displays.items())
        if id in ask.get("id", [id]) and all(m.get(name) == value for name, value in wanted.items())
    ]
    if not found:
        return status("Unknown")
    payload: Payload = {"requestId": ask["requestId"], "messageInfo": found, "tbc": False}
    return status("Accepted", lambda: station.say(Message("NotifyDisplayMessages", lambda: payload)))


def clear_display(station: Machine, ask: Payload) -> Done:
    return status("Accepted" if station.shelf.displays.pop(ask["id"], None) else "Unknown")


def cost_updated(station: Machine, ask: Payload) -> Done:
    """I02: the running total on the display. A cost limit ends the transaction that has reached it."""
    station.shelf.costs[ask["transactionId"]] = ask["totalCost"]
    station.note(f"cost of {ask['transactionId']}: {ask['totalCost']}")
    connector = station.orders.running(ask["transactionId"])
    if connector is None:
        return Done({})
    return Done({}, partial(station.sessions.cost, connector, ask["totalCost"]))


def customer_information(station: Machine, ask: Payload) -> Done:
    """N09, N10: what is known of a customer is what the list and the cache have of the token."""
    if not {"customerCertificate", "idToken", "customerIdentifier"} & ask.keys():
        return status("Invalid")
    token = ask.get("idToken", {}).get("idToken") or ask.get("customerIdentifier") or ""
    leave = station.tokens.knows(token)
    if ask["clear"]:
        station.tokens.listed.pop(token, None)
        station.tokens.cached.pop(token, None)
    if not ask["report"]:
        return status("Accepted")
    text = f"{token}: {leave.status}" if leave else "nothing is known"
    return status("Accepted", lambda: _tell_customer(station, ask["requestId"], text))


def _tell_customer(station: Machine, request_id: int, text: str) -> None:
    parts = [text[at : at + LONGEST_DATA] for at in range(0, len(text), LONGEST_DATA)]
    for number, part in enumerate(parts):
        payload: Payload = {
            "data": part,
            "seqNo": number,
            "tbc": number < len(parts) - 1,
            "generatedAt": station.stamp(),
            "requestId": request_id,
        }
        station.say(Message("NotifyCustomerInformation", partial(dict, payload)))


# Networks and certificates


def set_network_profile(station: Machine, ask: Payload) -> Done:
    """B09: kept in its slot; a weaker security than the present one is refused."""
    data = ask["connectionData"]
    if ask["configurationSlot"] not in SLOTS or data["ocppTransport"] != "JSON":
        return status("Rejected")
    if data["securityProfile"] < station.settings.number("SecurityCtrlr.SecurityProfile"):
        return status("Rejected")
    station.shelf.networks[ask["configurationSlot"]] = data
    return status("Accepted")


def install_certificate(station: Machine, ask: Payload) -> Done:
    return status(station.keys.install(ask["certificateType"], ask["certificate"]))


def delete_certificate(station: Machine, ask: Payload) -> Done:
    return status(station.keys.delete(ask["certificateHashData"]))


def certificate_ids(station: Machine, ask: Payload) -> Done:
    found = station.keys.listed(ask.get("certificateType"))
    if not found:
        return status("NotFound")
    chains = [{"certificateType": one.kind, "certificateHashData": one.hashes} for one in found]
    return Done({"status": "Accepted", "certificateHashDataChain": chains})


def certificate_signed(station: Machine, ask: Payload) -> Done:
    """A02: taken if it belongs to the key of our last request, else told as a security event."""
    if station.keys.take(ask["certificateChain"], ask.get("certificateType", "ChargingStationCertificate")):
        return status("Accepted")
    event: Payload = {"type": "InvalidChargingStationCertificate", "timestamp": station.stamp()}
    return status("Rejected", lambda: station.say(Message("SecurityEventNotification", lambda: event, kept=True)))


# Firmware for others, profiles


def publish_firmware(station: Machine, ask: Payload) -> Done:
    """L03: downloaded, checked, offered to the stations of the local network."""
    work = partial(errands.publish_firmware, station, ask["location"], ask["checksum"], ask["requestId"])
    return status("Accepted", lambda: station.spawn(work(), "publish"))


def unpublish_firmware(station: Machine, ask: Payload) -> Done:
    gone = station.shelf.firmware.pop(ask["checksum"], None)
    return status("Unpublished" if gone else "NoFirmware")


def get_profiles(station: Machine, ask: Payload) -> Done:
    """K09: what is installed, an EVSE and a source at a time."""
    found = [p for p in station.profiles if _is_wanted(p, ask)]
    if not found:
        return status("NoProfiles")
    return status("Accepted", lambda: _tell_profiles(station, ask["requestId"], found))


def _is_wanted(profile: Profile, ask: Payload) -> bool:
    wanted = ask["chargingProfile"]
    return (
        ask.get("evseId", profile.evse) == profile.evse
        and wanted.get("chargingProfilePurpose", profile.purpose) == profile.purpose
        and wanted.get("stackLevel", profile.stack) == profile.stack
        and profile.id in wanted.get("chargingProfileId", [profile.id])
        and source(profile) in wanted.get("chargingLimitSource", [source(profile)])
    )


def _tell_profiles(station: Machine, request_id: int, found: list[Profile]) -> None:
    groups = [(key, list(group)) for key, group in groupby(sorted(found, key=_group), key=_group)]
    for number, ((evse, where), group) in enumerate(groups):
        payload: Payload = {
            "requestId": request_id,
            "evseId": evse,
            "chargingLimitSource": where,
            "chargingProfile": [write_profile(p) for p in group],
            "tbc": number < len(groups) - 1,
        }
        station.say(Message("ReportChargingProfiles", partial(dict, payload)))


def _group(profile: Profile) -> tuple[int, str]:
    return profile.evse, source(profile)


def source(profile: Profile) -> str:
    """Where a profile came from."""
    return "SO" if profile.purpose == STATION[-1] else "CSO"


def write_profile(profile: Profile) -> Payload:
    """A profile in 2.0.1's words."""
    schedule: Payload = {
        "id": profile.id,
        "chargingRateUnit": profile.unit,
        "chargingSchedulePeriod": [
            {"startPeriod": at, "limit": limit} | ({"numberPhases": phases} if profile.unit == "A" else {})
            for at, limit, phases in profile.periods
        ],
    }
    if profile.duration_s is not None:
        schedule["duration"] = profile.duration_s
    if profile.start is not None:
        schedule["startSchedule"] = iso(profile.start)
    written: Payload = {
        "id": profile.id,
        "stackLevel": profile.stack,
        "chargingProfilePurpose": profile.purpose,
        "chargingProfileKind": profile.kind,
        "chargingSchedule": [schedule],
    }
    if profile.recurrency:
        written["recurrencyKind"] = profile.recurrency
    if profile.valid_from:
        written["validFrom"] = iso(profile.valid_from)
    if profile.valid_to:
        written["validTo"] = iso(profile.valid_to)
    return written


def impose(station: Machine, connector: Connector | None, profile: Profile) -> None:
    """A limit from outside, such as the grid operator's: obeyed and told (K12)."""
    station.profiles = [p for p in station.profiles if p.id != profile.id] + [profile]
    payload: Payload = {
        "chargingLimit": {"chargingLimitSource": "SO", "isGridCritical": False},
        "chargingSchedule": write_profile(profile)["chargingSchedule"],
    }
    if connector is not None:
        payload["evseId"] = connector.evse
    station.say(Message("NotifyChargingLimit", lambda: payload))
    station.orders.tell_all()


def status(word: str, then: Callable[[], Any] | None = None) -> Done:
    return Done({"status": word}, then)


MORE: dict[str, Callable[[Machine, Payload], Done]] = {
    "SetDisplayMessage": set_display,
    "GetDisplayMessages": get_displays,
    "ClearDisplayMessage": clear_display,
    "CostUpdated": cost_updated,
    "CustomerInformation": customer_information,
    "SetNetworkProfile": set_network_profile,
    "InstallCertificate": install_certificate,
    "DeleteCertificate": delete_certificate,
    "GetInstalledCertificateIds": certificate_ids,
    "CertificateSigned": certificate_signed,
    "PublishFirmware": publish_firmware,
    "UnpublishFirmware": unpublish_firmware,
    "GetChargingProfiles": get_profiles,
}
