"""What 2.1 adds to 2.0.1 <-> our vocabulary: grid controls, event streams, battery swaps, tariffs at stations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from csms.ocpp.orders16 import given
from csms.ocpp.times import moment, stamp
from csms.vocabulary import (
    AdjustStream,
    AllowTransfers,
    AnnouncePayment,
    BatterySwapped,
    ChangeTariff,
    ClearGridControls,
    ClearTariffs,
    Command,
    DynamicLimitAsked,
    EventStream,
    GridAlarm,
    GridControl,
    GridControlsReported,
    GridControlSwitched,
    GridControlTaken,
    ListStreams,
    ListTariffs,
    Message,
    Order,
    PaymentSettled,
    PostTariff,
    ReportGridControls,
    SetGridControl,
    SignalBalance,
    StreamClosed,
    StreamOpened,
    StreamsTold,
    StreamTold,
    SwapBattery,
    TariffAtStation,
    TariffsCleared,
    TariffsTold,
    Told,
    UpdateLimit,
)

Payload = Mapping[str, Any]

FIELDS = {
    "EnterService": "enterService", "FreqDroop": "freqDroop", "FixedPFAbsorb": "fixedPFAbsorb",
    "FixedPFInject": "fixedPFInject", "FixedVar": "fixedVar", "Gradients": "gradient",
    "LimitMaxDischarge": "limitMaxDischarge",
}
"""Where the settings of a control of a type stand; those of every other type are a curve."""

REPORTED_AS = {"fixedPFAbsorb": "fixedPF", "fixedPFInject": "fixedPF"}
"""A report names the settings inside another way."""

SWAPS = {"BatteryIn": "in", "BatteryOut": "out", "BatteryOutTimeout": "timeout"}

# What stations say


def _reported(p: Payload) -> GridControlsReported:
    controls = [
        GridControl(one["id"], one["curveType"], bool(one["isDefault"]), {"curve": one["curve"]},
                    bool(one["isSuperseded"]))
        for one in p.get("curve", ())
    ]
    for type, field in FIELDS.items():
        for one in p.get(field, ()):
            settings = {field: one[REPORTED_AS.get(field, field)]}
            controls.append(GridControl(
                one["id"], type, bool(one.get("isDefault")), settings, bool(one.get("isSuperseded"))
            ))
    return GridControlsReported(tuple(controls), _whole(p["requestId"]), bool(p.get("tbc")))


def _stream(p: Payload) -> EventStream:
    params = p.get("params") or {}
    return EventStream(
        _id(p["id"]), _whole(p.get("variableMonitoringId")), _whole(params.get("interval")),
        _whole(params.get("values")),
    )


def _values(p: Payload) -> StreamTold:
    base = moment(p["basetime"])
    return StreamTold(_id(p["id"]), tuple(
        (base + timedelta(seconds=_seconds(one["t"])) if base else None, str(one["v"])) for one in p["data"]
    ))


def _seconds(t: float) -> float:
    """No stream reaches back a year; what claims to is no time."""
    return t if abs(t) < 366 * 86400 else 0


def _swapped(p: Payload) -> BatterySwapped:
    return BatterySwapped(
        _id(p["requestId"]), SWAPS[p["eventType"]], p["idToken"]["idToken"], tuple(dict(b) for b in p["batteryData"])
    )


def _settled(p: Payload) -> PaymentSettled:
    return PaymentSettled(
        reference=p["pspRef"], status=p["status"], amount=float(p["settlementAmount"]), at=moment(p["settlementTime"]),
        transaction=p.get("transactionId"), receipt=p.get("receiptId"), receipt_url=p.get("receiptUrl"),
        info=p.get("statusInfo"), vat_number=p.get("vatNumber"),
    )


SAID: Mapping[str, Callable[[Payload], Message]] = {
    "ReportDERControl": _reported,
    "NotifyDERStartStop": lambda p: GridControlSwitched(
        p["controlId"], bool(p["started"]), moment(p["timestamp"]), tuple(p.get("supersededIds", ()))
    ),
    "NotifyDERAlarm": lambda p: GridAlarm(
        p["controlType"], p.get("gridEventFault"), bool(p.get("alarmEnded")), moment(p["timestamp"]), p.get("extraInfo")
    ),
    "OpenPeriodicEventStream": lambda p: StreamOpened(_stream(p["constantStreamData"])),
    "ClosePeriodicEventStream": lambda p: StreamClosed(_id(p["id"])),
    "NotifyPeriodicEventStream": _values,
    "BatterySwap": _swapped,
    "NotifySettlement": _settled,
    "PullDynamicScheduleUpdate": lambda p: DynamicLimitAsked(_id(p["chargingProfileId"])),
}


def _whole(number: Any) -> int | None:
    return None if number is None or abs(number) >= 2**31 else int(number)


def _id(number: Any) -> int:
    """Beyond 32 bits it is the id of nothing, and nothing has -1."""
    found = _whole(number)
    return -1 if found is None else found


# What we ask


def write_order(order: Command) -> tuple[str, dict[str, Any]] | None:
    """The question; None for one that 2.0.1 has too."""
    match order:
        case SetGridControl(control=control):
            return "SetDERControl", {
                "controlId": control.id, "controlType": control.type, "isDefault": control.default, **control.settings
            }
        case ClearGridControls(default=default, id=id, type=type):
            return "ClearDERControl", given(isDefault=default, controlId=id, controlType=type)
        case ReportGridControls(request_id=request, default=by_default, type=type, id=id):
            return "GetDERControl", given(requestId=request, isDefault=by_default, controlType=type, controlId=id)
        case SignalBalance(signal=signal, at=at):
            return "AFRRSignal", given(signal=signal, timestamp=at and stamp(at))
        case UpdateLimit(profile=profile, values=values):
            return "UpdateDynamicSchedule", {"chargingProfileId": profile, "scheduleUpdate": dict(values)}
        case AllowTransfers(transaction=transaction, modes=modes):
            return "NotifyAllowedEnergyTransfer", {"transactionId": transaction, "allowedEnergyTransfer": list(modes)}
        case AdjustStream(id=number, interval_s=interval, most=most):
            return "AdjustPeriodicEventStream", {"id": number, "params": given(interval=interval, values=most)}
        case ListStreams():
            return "GetPeriodicEventStream", {}
        case SwapBattery(request_id=request, token=token, token_type=kind):
            return "RequestBatterySwap", {"requestId": request, "idToken": {"idToken": token, "type": kind}}
        case PostTariff(evse=evse, tariff=tariff):
            return "SetDefaultTariff", {"evseId": evse, "tariff": dict(tariff)}
        case ChangeTariff(transaction=transaction, tariff=tariff):
            return "ChangeTransactionTariff", {"transactionId": transaction, "tariff": dict(tariff)}
        case ClearTariffs(ids=ids, evse=at_evse):
            return "ClearTariffs", given(tariffIds=list(ids) or None, evseId=at_evse)
        case ListTariffs(evse=evse):
            return "GetTariffs", {"evseId": evse}
        case AnnouncePayment(evse=evse, timeout_s=timeout):
            return "NotifyWebPaymentStarted", {"evseId": evse, "timeout": timeout}
    return None


def _control(p: Payload) -> GridControl:
    field = FIELDS.get(p["controlType"], "curve")
    return GridControl(p["controlId"], p["controlType"], bool(p["isDefault"]), {
        name: p[name] for name in (field, *sorted({*FIELDS.values(), "curve"} - {field})) if name in p
    })


def _adjusted(p: Payload) -> AdjustStream:
    return AdjustStream(p["id"], p["params"].get("interval"), p["params"].get("values"))


ORDERS: Mapping[str, Callable[[Payload], Order]] = {
    "SetDERControl": lambda p: SetGridControl(_control(p)),
    "ClearDERControl": lambda p: ClearGridControls(p["isDefault"], p.get("controlId"), p.get("controlType")),
    "GetDERControl": lambda p: ReportGridControls(
        p["requestId"], p.get("isDefault"), p.get("controlType"), p.get("controlId")
    ),
    "AFRRSignal": lambda p: SignalBalance(p["signal"], moment(p["timestamp"])),
    "UpdateDynamicSchedule": lambda p: UpdateLimit(p["chargingProfileId"], {
        name: value for name, value in p["scheduleUpdate"].items() if name != "customData"
    }),
    "NotifyAllowedEnergyTransfer": lambda p: AllowTransfers(p["transactionId"], tuple(p["allowedEnergyTransfer"])),
    "AdjustPeriodicEventStream": _adjusted,
    "GetPeriodicEventStream": lambda _: ListStreams(),
    "RequestBatterySwap": lambda p: SwapBattery(p["requestId"], p["idToken"]["idToken"], p["idToken"]["type"]),
    "SetDefaultTariff": lambda p: PostTariff(p["evseId"], p["tariff"]),
    "ChangeTransactionTariff": lambda p: ChangeTariff(p["transactionId"], p["tariff"]),
    "ClearTariffs": lambda p: ClearTariffs(tuple(p.get("tariffIds", ())), p.get("evseId")),
    "GetTariffs": lambda p: ListTariffs(p["evseId"]),
    "NotifyWebPaymentStarted": lambda p: AnnouncePayment(p["evseId"], p["timeout"]),
}


# What answers tell


def _cleared(_: Payload, answer: Payload) -> TariffsCleared | None:
    """A result without an id stands for all that were asked for."""
    gone = [one for one in answer["clearTariffsResult"] if one["status"] in ("Accepted", "NoTariff")]
    ids = [one["tariffId"] for one in gone if one.get("tariffId")]
    return TariffsCleared(tuple(ids)) if gone else None


def _tariffs(asked: Payload, answer: Payload) -> TariffsTold | None:
    if answer["status"] not in ("Accepted", "NoTariff"):
        return None
    return TariffsTold(asked["evseId"], tuple(
        TariffAtStation(
            one["tariffId"], "driver" if one["tariffKind"] == "DriverTariff" else "default",
            tuple(map(int, one.get("evseIds") or ())), moment(one.get("validFrom")),
        )
        for one in answer.get("tariffAssignments") or ()
    ))


TOLD: Mapping[str, Callable[[Payload, Payload], Told | None]] = {
    "SetDERControl": lambda _, answer: (
        GridControlTaken(tuple(map(str, answer["supersededIds"]))) if answer.get("supersededIds") else None
    ),
    "GetPeriodicEventStream": lambda _, answer: StreamsTold(
        tuple(map(_stream, answer.get("constantStreamData") or ()))
    ),
    "ClearTariffs": _cleared,
    "GetTariffs": _tariffs,
}
