"""What stations in the field do against the specification: a table, and how each deed is done.

A quirk is switched on by its name. Most rewrite a message on its way out; some say a message again; the
rest are asked for by name where the station behaves (`name in station.quirks`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from .clock import iso, read_time
from .link import Payload
from .outbox import Message

QUIRKS: dict[str, str] = {
    # What a message says
    "stop_minus_one": "StopTransaction carries transactionId -1 (Keba P30, EVerest offline, go-e)",
    "stop_zero": "StopTransaction carries transactionId 0 (DELTA)",
    "faulted_no_error": "Faulted is reported with errorCode NoError (tfocpp, shiv3)",
    "no_status_time": "StatusNotification has no timestamp (1.6: SAP, VCP, shiv3)",
    "null_info": 'info is "null" and vendorErrorCode "0x0000" where there is no error (ABB)',
    "kwh_as_wh": "energy readings are in kWh but say Wh (Huawei)",
    "energy_in_kwh": "energy readings are in kWh, and say so",
    "number_values": "sampled values are JSON numbers in 1.6 (OpenEVSE); breaks the schema",
    "empty_values": "a voltage reading is an empty text in 1.6 (Heidelberg)",
    "object_for_array": "meterValue is one object, not an array (Huawei); breaks the schema",
    "no_transaction_id": "MeterValues come without transactionId (AEFA)",
    "local_time_as_utc": "times are local time (UTC+8) with a Z (steve#136)",
    "time_without_zone": "times have no zone (AEFA)",
    "clock_1970": "the clock was never set: times count from 1970-01-01 (MicroOcpp, tfocpp)",
    "clock_slow": "the clock is ten minutes behind and never set right",
    "seq_no_zero": "seqNo is always 0 in 2.0.1 (VCP)",
    "no_offline_flag": "events told late do not say offline (MicroOcpp 2.0.1)",
    "bare_updates": "Updated and Ended events come without evse (MicroOcpp, libocpp)",
    "stop_without_reason": "StopTransaction has no reason, which means Local (1.6: 7.38)",
    # How often
    "repeat_status": "every StatusNotification is said three times (EVerest#536)",
    "new_id_retry": "StartTransaction is said again under a new id though it was answered (MicroOcpp#237)",
    "stop_twice": "a second StopTransaction follows with 4 Wh more and reason Reboot (SAP)",
    "late_meter_values": "MeterValues of a transaction come after its stop (Ocular)",
    # How the station behaves
    "same_id_retry": "a retry keeps its message id (tfocpp)",
    "counter_ids": "message ids are 1, 2, 3 and start again at each boot (tfocpp, open-ocpp)",
    "no_boot_after_reconnect": "no BootNotification after the first one, even after a reset or a power cut",
    "boot_after_reconnect": "boots again after a mere network outage (shiv3, VCP, SAP)",
    "act_before_answer": "does what it is asked before it answers (shiv3)",
    "ignores_reset": "answers Accepted to Reset and does nothing",
    "rejects_reset": "answers Rejected to Reset",
    "unlock_lies": "answers Unlocked though the lock is jammed",
    "stuck_finishing": "stays Finishing after a remote stop, even unplugged, until it boots (Autel, Ocular)",
    "session_meter": "the register starts at 0 for every transaction (VCP, SAP)",
    "silent_meter": "sends no periodic meter values (Wallbox Pulsar Pro)",
    "no_stop": "never says that a transaction has ended (Hager Witty Park)",
    "no_stop_after_boot": "a reset or power cut swallows the stop (SAP, shiv3, open-ocpp)",
    "no_subprotocol": "dials without Sec-WebSocket-Protocol and speaks 1.6 (Grizzl-E)",
    "no_clock_sync": "ignores currentTime in answers",
    "firmware_fails": "an installation ends in InstallationFailed",
}

Rewrite = Callable[[str, Payload], Payload]


def check(names: Iterable[str]) -> frozenset[str]:
    """The names as a set. Raises ValueError for one that is not in the table."""
    chosen = frozenset(names)
    if unknown := chosen - QUIRKS.keys():
        raise ValueError(f"no such quirk: {', '.join(sorted(unknown))}")
    return chosen


def rewrite(quirks: frozenset[str], action: str, payload: Payload) -> Payload:
    """The payload as this station says it."""
    changing = [_REWRITES[name] for name in sorted(quirks) if name in _REWRITES]
    if not changing:
        return payload
    payload = copy.deepcopy(payload)
    for change in changing:
        payload = change(action, payload)
    return payload


def again(quirks: frozenset[str], message: Message) -> list[Message]:
    """The messages this station says in addition to `message`."""
    extra: list[Message] = []
    if message.action == "StatusNotification" and "repeat_status" in quirks:
        extra += [_same(message), _same(message)]
    if message.action == "StartTransaction" and "new_id_retry" in quirks:
        extra.append(_same(message))
    if message.action == "StopTransaction" and "stop_twice" in quirks:
        extra.append(Message(message.action, lambda: _later_stop(message.payload()), kept=True))
    if message.action == "StopTransaction" and "late_meter_values" in quirks:
        extra.append(Message("MeterValues", lambda: _closing_values(message.payload()), kept=True))
    return extra


def swallows(quirks: frozenset[str], message: Message, booting: bool) -> bool:
    """Whether the message is never said at all."""
    ends = message.action == "StopTransaction" or message.what == "Ended"
    return ends and ("no_stop" in quirks or (booting and "no_stop_after_boot" in quirks))


def shift(quirks: frozenset[str], moment: datetime, up_s: float) -> datetime:
    """The time this station's clock shows at `moment`, `up_s` seconds after it got power."""
    if "clock_1970" in quirks:
        return datetime(1970, 1, 1, tzinfo=moment.tzinfo) + timedelta(seconds=up_s)
    return moment - timedelta(minutes=10) if "clock_slow" in quirks else moment


def _same(message: Message) -> Message:
    return Message(message.action, message.payload, kept=message.kept)


def _later_stop(payload: Payload | None) -> Payload | None:
    return payload and payload | {"meterStop": payload["meterStop"] + 4, "reason": "Reboot"}


def _closing_values(payload: Payload | None) -> Payload | None:
    if payload is None:
        return None
    value: Payload = {"timestamp": payload["timestamp"], "sampledValue": [{"value": str(payload["meterStop"])}]}
    return {"connectorId": 1, "transactionId": payload["transactionId"], "meterValue": [value]}


def _on(action: str, change: Callable[[Payload], Payload]) -> Rewrite:
    return lambda said, payload: change(payload) if said == action else payload


def _without(*names: str) -> Callable[[Payload], Payload]:
    return lambda payload: {k: v for k, v in payload.items() if k not in names}


def _faulted_no_error(payload: Payload) -> Payload:
    return payload | {"errorCode": "NoError"} if payload.get("status") == "Faulted" else payload


def _null_info(payload: Payload) -> Payload:
    fine = payload.get("errorCode") == "NoError"
    return payload | {"info": "null", "vendorErrorCode": "0x0000"} if fine else payload


def _bare(payload: Payload) -> Payload:
    return payload if payload.get("eventType") == "Started" else _without("evse")(payload)


def _samples(payload: Payload) -> Iterator[Payload]:
    for value in (*payload.get("meterValue", ()), *payload.get("transactionData", ())):
        yield from value["sampledValue"]


def _energy(said_unit: str) -> Rewrite:
    def change(_: str, payload: Payload) -> Payload:
        for sample in _samples(payload):
            if sample.get("measurand", "").startswith("Energy."):
                _to_kwh(sample, said_unit)
        return payload

    return change


def _to_kwh(sample: Payload, said_unit: str) -> None:
    kwh = float(sample["value"]) / 1000.0
    if isinstance(sample["value"], str):
        sample |= {"value": f"{kwh:.3f}", "unit": said_unit}
    else:
        sample |= {"value": kwh, "unitOfMeasure": {"unit": said_unit}}


def _number_values(_: str, payload: Payload) -> Payload:
    for sample in _samples(payload):
        sample["value"] = float(sample["value"])
    return payload


def _empty_values(_: str, payload: Payload) -> Payload:
    for sample in _samples(payload):
        if sample.get("measurand") == "Voltage" and isinstance(sample["value"], str):
            sample["value"] = ""
    return payload


def _object_for_array(payload: Payload) -> Payload:
    return payload | {"meterValue": payload["meterValue"][0]}


def _times(respell: Callable[[str], str]) -> Rewrite:
    def walk(node: object) -> object:
        if isinstance(node, list):
            return [walk(one) for one in node]
        if isinstance(node, dict):
            return {k: respell(v) if k in ("timestamp", "generatedAt") else walk(v) for k, v in node.items()}
        return node

    def change(_: str, payload: Payload) -> Payload:
        changed = walk(payload)
        assert isinstance(changed, dict)
        return changed

    return change


_REWRITES: dict[str, Rewrite] = {
    "stop_minus_one": _on("StopTransaction", lambda p: p | {"transactionId": -1}),
    "stop_zero": _on("StopTransaction", lambda p: p | {"transactionId": 0}),
    "stop_without_reason": _on("StopTransaction", _without("reason")),
    "faulted_no_error": _on("StatusNotification", _faulted_no_error),
    "no_status_time": _on("StatusNotification", _without("timestamp")),
    "null_info": _on("StatusNotification", _null_info),
    "kwh_as_wh": _energy("Wh"),
    "energy_in_kwh": _energy("kWh"),
    "number_values": _number_values,
    "empty_values": _empty_values,
    "object_for_array": _on("MeterValues", _object_for_array),
    "no_transaction_id": _on("MeterValues", _without("transactionId")),
    "local_time_as_utc": _times(lambda text: iso(read_time(text) + timedelta(hours=8))),
    "time_without_zone": _times(lambda text: text.removesuffix("Z")),
    "seq_no_zero": _on("TransactionEvent", lambda p: p | {"seqNo": 0}),
    "no_offline_flag": _on("TransactionEvent", _without("offline")),
    "bare_updates": _on("TransactionEvent", _bare),
}
