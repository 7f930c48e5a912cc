"""What a 2.1 station answers to the questions that 2.0.1 does not have."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from .link import Payload
from .outbox import Message
from .v201_more import status
from .voice import Done

if TYPE_CHECKING:
    from .machine import Machine


def set_default_tariff(station: Machine, ask: Payload) -> Done:
    """I07: the tariff of an EVSE (0: of all), by which this station could reckon costs."""
    if ask["evseId"] and ask["evseId"] not in station.connectors:
        return status("Rejected")
    used = {t["tariffId"] for evse, t in station.shelf.tariffs.items() if evse != ask["evseId"]}
    if ask["tariff"]["tariffId"] in used:
        return status("DuplicateTariffId")
    station.shelf.tariffs[ask["evseId"]] = ask["tariff"]
    return status("Accepted")


def get_tariffs(station: Machine, ask: Payload) -> Done:
    found = {e: t for e, t in station.shelf.tariffs.items() if ask["evseId"] in (0, e)}
    if not found:
        return status("NoTariff")
    assigned = [
        {"tariffId": t["tariffId"], "tariffKind": "DefaultTariff"}
        | ({"evseIds": [evse]} if evse else {})
        | ({"validFrom": t["validFrom"]} if "validFrom" in t else {})
        for evse, t in sorted(found.items())
    ]
    return Done({"status": "Accepted", "tariffAssignments": assigned})


def clear_tariffs(station: Machine, ask: Payload) -> Done:
    tariffs = station.shelf.tariffs
    wanted = ask.get("tariffIds") or [t["tariffId"] for e, t in tariffs.items() if ask.get("evseId", e) == e]
    results = []
    for id in wanted:
        evses = [e for e, t in tariffs.items() if t["tariffId"] == id]
        for evse in evses:
            del tariffs[evse]
        results.append({"tariffId": id, "status": "Accepted" if evses else "NoTariff"})
    return Done({"clearTariffsResult": results or [{"status": "NoTariff"}]})


def change_tariff(station: Machine, ask: Payload) -> Done:
    """I11: another tariff for a running transaction; the currency stays."""
    connector = station.orders.running(ask["transactionId"])
    if connector is None or connector.transaction is None:
        return status("TxNotFound")
    before = connector.transaction.tariff or {}
    if before.get("currency", ask["tariff"]["currency"]) != ask["tariff"]["currency"]:
        return status("NoCurrencyChange")
    connector.transaction.tariff = ask["tariff"]
    return status("Accepted", partial(station.sessions.tell_changed, connector, "TariffChanged"))


def use_priority(station: Machine, ask: Payload) -> Done:
    """K21: needs a priority profile; the station tells once it charges by it."""
    if station.orders.running(ask["transactionId"]) is None:
        return status("Rejected")
    if not any(p.purpose == "PriorityCharging" for p in station.profiles):
        return status("NoProfile")
    told: Payload = {"transactionId": ask["transactionId"], "activated": ask["activate"]}
    return status("Accepted", lambda: station.say(Message("NotifyPriorityCharging", lambda: told)))


def update_schedule(station: Machine, ask: Payload) -> Done:
    """K28: a new limit for a dynamic profile, from now on."""
    found = next((p for p in station.profiles if p.id == ask["chargingProfileId"]), None)
    limit = ask["scheduleUpdate"].get("limit")
    if found is None or limit is None:
        return status("Rejected")
    found.periods = [(0, float(limit), found.periods[-1][2] if found.periods else 3)]
    return status("Accepted", station.orders.tell_all)


def set_control(station: Machine, ask: Payload) -> Done:
    """R04: kept; a default of the same type is superseded."""
    before = [
        id
        for id, c in station.shelf.controls.items()
        if (c["controlType"], c["isDefault"]) == (ask["controlType"], ask["isDefault"]) and id != ask["controlId"]
    ]
    for id in before:
        del station.shelf.controls[id]
    station.shelf.controls[ask["controlId"]] = ask
    return Done({"status": "Accepted"} | ({"supersededIds": before} if before else {}))


def get_control(station: Machine, ask: Payload) -> Done:
    found = [c for c in station.shelf.controls.values() if _is_that(c, ask)]
    if not found:
        return status("NotFound")
    return status("Accepted", lambda: _report_controls(station, ask["requestId"], found))


def _report_controls(station: Machine, request_id: int, found: list[Payload]) -> None:
    names = {"FixedPFAbsorb": "fixedPFAbsorb", "FixedPFInject": "fixedPFInject", "FixedVar": "fixedVar",
             "FreqDroop": "freqDroop", "Gradients": "gradient", "EnterService": "enterService",
             "LimitMaxDischarge": "limitMaxDischarge"}
    payload: Payload = {"requestId": request_id, "tbc": False}
    for control in found:
        field = names.get(control["controlType"], "curve")
        if field not in control:
            continue
        inner = field.removesuffix("Absorb").removesuffix("Inject")
        about: Payload = {"id": control["controlId"], inner: control[field]}
        if field not in ("enterService", "gradient"):
            about |= {"isDefault": control["isDefault"], "isSuperseded": False}
        if field == "curve":
            about["curveType"] = control["controlType"]
        payload.setdefault(field, []).append(about)
    station.say(Message("ReportDERControl", lambda: payload))


def clear_control(station: Machine, ask: Payload) -> Done:
    gone = [id for id, c in station.shelf.controls.items() if _is_that(c, ask)]
    for id in gone:
        del station.shelf.controls[id]
    return status("Accepted" if gone else "NotFound")


def _is_that(control: Payload, ask: Payload) -> bool:
    return all(control[name] == ask[name] for name in ("isDefault", "controlType", "controlId") if name in ask)


def get_streams(station: Machine, _: Payload) -> Done:
    streams = list(station.shelf.streams.values())
    return Done({"constantStreamData": streams} if streams else {})


def adjust_stream(station: Machine, ask: Payload) -> Done:
    if ask["id"] not in station.shelf.streams:
        return status("Rejected")
    station.shelf.streams[ask["id"]]["params"] = ask["params"]
    return status("Accepted")


def allowed_energy_transfer(station: Machine, ask: Payload) -> Done:
    return status("Accepted" if station.orders.running(ask["transactionId"]) else "Rejected")


def refused(_: Machine, __: Payload) -> Done:
    """Balancing power, battery swapping: this station does neither."""
    return status("Rejected")


NEW: dict[str, Callable[[Machine, Payload], Done]] = {
    "SetDefaultTariff": set_default_tariff,
    "GetTariffs": get_tariffs,
    "ClearTariffs": clear_tariffs,
    "ChangeTransactionTariff": change_tariff,
    "UsePriorityCharging": use_priority,
    "UpdateDynamicSchedule": update_schedule,
    "SetDERControl": set_control,
    "GetDERControl": get_control,
    "ClearDERControl": clear_control,
    "GetPeriodicEventStream": get_streams,
    "AdjustPeriodicEventStream": adjust_stream,
    "NotifyAllowedEnergyTransfer": allowed_energy_transfer,
    "AFRRSignal": refused,
    "RequestBatterySwap": refused,
}
