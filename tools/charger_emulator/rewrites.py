"""How quirks change what a station says: payloads before they are written, and the text after."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from datetime import timedelta

from .clock import iso, read_time
from .link import Payload

Rewrite = Callable[[str, Payload], Payload]


def rewrite(quirks: frozenset[str], action: str, payload: Payload) -> Payload:
    """The payload as this station says it."""
    changing = [_REWRITES[name] for name in sorted(quirks) if name in _REWRITES]
    if not changing:
        return payload
    payload = copy.deepcopy(payload)
    for change in changing:
        payload = change(action, payload)
    return payload


def respell(quirks: frozenset[str], action: str, text: str) -> str:
    """The text as this station writes it."""
    if action == "MeterValues" and "broken_json" in quirks:
        text = text.replace('"sampledValue":[{', '"sampledValue":[,{', 1)
    if action == "MeterValues" and "missing_value" in quirks:
        text = text.replace('"connectorId":', '"transactionId":,"connectorId":', 1)
    return text


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


def _suffixed(suffix: str, *actions: str) -> Rewrite:
    def change(action: str, payload: Payload) -> Payload:
        if "idTag" not in payload or (actions and action not in actions):
            return payload
        return payload | {"idTag": payload["idTag"] + suffix}

    return change


def _sample_objects(_: str, payload: Payload) -> Payload:
    for value in payload.get("meterValue", ()):
        value["sampledValue"] = value["sampledValue"][0]
    return payload


def _odd_words(action: str, payload: Payload) -> Payload:
    for value in payload.get("meterValue", ()):
        number: float | str = "7" if action == "MeterValues" else 7
        value["sampledValue"] += [
            {"value": number, "measurand": "Request.Energy"},
            {"value": number, "context": "Sample.Whim"},
        ]
    return payload


def _repeated_begin(payload: Payload) -> Payload:
    if payload.get("eventType") == "Ended":
        for value in payload.get("meterValue", ()):
            value["sampledValue"] += [s | {"context": "Transaction.Begin"} for s in value["sampledValue"]]
    return payload


def _finishing_with_error(payload: Payload) -> Payload:
    return payload | {"errorCode": "OtherError"} if payload.get("status") == "Finishing" else payload


def _lying(payload: Payload) -> Payload:
    word = "status" if "status" in payload else "connectorStatus"
    fine = payload[word] not in ("Faulted", "Unavailable", "Reserved")
    return payload | {word: "Available"} if fine else payload


def _long_serial(payload: Payload) -> Payload:
    serial = "3N183741234567890123456789012345"
    if "chargingStation" in payload:
        return payload | {"chargingStation": payload["chargingStation"] | {"serialNumber": serial}}
    return payload | {"chargePointSerialNumber": serial}


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
    "sample_object": _sample_objects,
    "odd_words": _odd_words,
    "connector_zero_values": _on("MeterValues", lambda p: p | {"connectorId": 0}),
    "missing_transaction_id": _on("StopTransaction", _without("transactionId")),
    "no_start_time": _on("StartTransaction", _without("timestamp")),
    "idtag_suffix": _suffixed("-", "StopTransaction"),
    "cluster_token": _suffixed("_17292018"),
    "semicolon_token": _suffixed(";VISA"),
    "long_serial": _on("BootNotification", _long_serial),
    "finishing_with_error": _on("StatusNotification", _finishing_with_error),
    "status_lies": _on("StatusNotification", _lying),
    "repeated_begin": _on("TransactionEvent", _repeated_begin),
    "missing_value": _on("MeterValues", _without("transactionId")),
    "no_transaction_id": _on("MeterValues", _without("transactionId")),
    "local_time_as_utc": _times(lambda text: iso(read_time(text) + timedelta(hours=8))),
    "time_without_zone": _times(lambda text: text.removesuffix("Z")),
    "seq_no_zero": _on("TransactionEvent", lambda p: p | {"seqNo": 0}),
    "no_offline_flag": _on("TransactionEvent", _without("offline")),
    "bare_updates": _on("TransactionEvent", _bare),
}
