"""
The tolerant reader: what to make of frames that break the rules in known ways.

Nothing here runs for a valid frame. A payload that breaks its schema goes through `repair`, a meter value
that is no number through `mend_values` (and text that is no JSON through `broken_json`). Each repair is a
small function with a name, and the names go with the message: that a value was repaired is itself evidence.

A repair either mends (the payload is changed) or excuses (it is left as sent, and the reader copes):
what a station said is never replaced by something it did not say. Which station does it is told by row
numbers of `station-quirks.md` and `station-surprises.md`, the collected field reports.
What no repair speaks for is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from jsonschema_rs import ValidationError, ValidationErrorKind as Kind

from csms.ocpp.schemas import mistake, mistakes
from csms.ocpp.times import moment

# Payloads that break their schema


@dataclass(slots=True)
class Flaw:
    """One thing the schema has against a payload, and where."""

    protocol: str
    action: str
    error: ValidationError
    holder: Any
    """The object or list that holds the value; None for the payload itself."""
    value: Any
    removed: bool = False

    @property
    def kind(self) -> Kind:
        return self.error.kind

    @property
    def path(self) -> list[str | int]:
        return self.error.instance_path

    @property
    def key(self) -> str | int | None:
        return self.path[-1] if self.path else None

    @property
    def missing(self) -> str:
        return self.kind.property if isinstance(self.kind, Kind.Required) else ""

    @property
    def wanted(self) -> list[str]:
        return self.kind.types if isinstance(self.kind, Kind.Type) else []

    @property
    def is_settled(self) -> bool:
        """Whether the value is already another: one value may break two rules, of type and of enum."""
        if not isinstance(self.holder, dict):
            return False
        return self.key not in self.holder or self.holder[self.key] is not self.value

    def put(self, value: Any) -> bool:
        if self.holder is None:
            return False
        self.holder[self.key] = value
        return True

    def remove(self) -> bool:
        """Take the value out; list items go when all flaws are seen, for their paths count positions."""
        if isinstance(self.holder, dict):
            del self.holder[self.key]
            return True
        self.removed = isinstance(self.holder, list)
        return self.removed


_LARGEST = 2.0**63
"""No integer that a database keeps is larger, and none that OCPP means."""

_ROUNDS = 6
"""A mended value may show the next flaw beneath it; nothing known takes more than four."""


def repair(protocol: str, action: str, payload: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The payload as it may be read, and the names of the repairs; `StationMistake` if something has none."""
    ours = deepcopy(dict(payload))
    names: dict[str, None] = {}
    for _ in range(_ROUNDS):
        flaws = [_flaw(protocol, action, ours, error) for error in mistakes(protocol, action, ours)]
        mended = [name for flaw in flaws if (name := _mend(flaw))]
        _take_out(flaws)
        names.update(dict.fromkeys(mended or map(_excuse, flaws)))
        if not mended:
            return ours, tuple(names)
    raise mistake(protocol, flaws[0].error)


def _flaw(protocol: str, action: str, payload: Any, error: ValidationError) -> Flaw:
    holder, value = None, payload
    for step in error.instance_path:
        holder, value = value, value[step]
    return Flaw(protocol, action, error, holder, value)


def _mend(flaw: Flaw) -> str | None:
    if flaw.is_settled:
        return None
    for mend in MENDS.get(flaw.kind.name, ()):
        if mend(flaw):
            return mend.__name__
    return None


def _excuse(flaw: Flaw) -> str:
    excuse = None if flaw.action in _REPEATED else EXCUSES.get(flaw.kind.name)
    name = excuse(flaw) if excuse else None
    if name is None:
        raise mistake(flaw.protocol, flaw.error)
    return name


def _take_out(flaws: list[Flaw]) -> None:
    gone: dict[int, tuple[list[Any], set[int]]] = {}
    for flaw in flaws:
        if flaw.removed and isinstance(flaw.key, int):
            gone.setdefault(id(flaw.holder), (flaw.holder, set()))[1].add(flaw.key)
    for holder, positions in gone.values():
        holder[:] = [one for position, one in enumerate(holder) if position not in positions]


# Mends: the payload is changed


def null_field(flaw: Flaw) -> bool:
    """null where nothing is meant, e.g. `"transactionId": null` (quirk 3): left out."""
    return flaw.value is None and flaw.remove()


def empty_field(flaw: Flaw) -> bool:
    """ "" where a number, a time or a word of a list belongs (transactionId: quirk 3; unit: quirk 42): left out."""
    return isinstance(flaw.value, str) and not flaw.value.strip() and flaw.remove()


def single_object(flaw: Flaw) -> bool:
    """An object where a list of one belongs: meterValue, sampledValue (Huawei: quirk 5)."""
    return "array" in flaw.wanted and isinstance(flaw.value, dict) and flaw.put([flaw.value])


def array_of_one(flaw: Flaw) -> bool:
    """A list of one where an object belongs: the same, the other way round."""
    match flaw.value:
        case [dict(only)] if "object" in flaw.wanted:
            return flaw.put(only)
    return False


def number_as_text(flaw: Flaw) -> bool:
    """A number where text belongs, e.g. `"value": 230` in 1.6 (OpenEVSE: quirk 6)."""
    if "string" not in flaw.wanted or not isinstance(flaw.value, int | float):
        return False
    return flaw.put(str(flaw.value).lower() if isinstance(flaw.value, bool) else str(flaw.value))


def text_as_number(flaw: Flaw) -> bool:
    """Text where a number belongs, e.g. `"connectorId": "1"`: quirk 6, the other way round."""
    if not isinstance(flaw.value, str) or not {"integer", "number"} & set(flaw.wanted):
        return False
    try:
        number = float(flaw.value)
    except ValueError:
        return False
    if not abs(number) < _LARGEST:
        return False
    return flaw.put(int(number) if number.is_integer() else number)


def whole_number(flaw: Flaw) -> bool:
    """1.0 where 1 belongs: draft 4, and so 1.6, tells them apart."""
    if "integer" not in flaw.wanted or not isinstance(flaw.value, float) or not flaw.value.is_integer():
        return False
    return abs(flaw.value) < _LARGEST and flaw.put(int(flaw.value))


def text_as_boolean(flaw: Flaw) -> bool:
    """ "true", "false", 1 or 0 where a boolean belongs."""
    known = {"true": True, "false": False, "1": True, "0": False}
    said = str(flaw.value).lower()
    return "boolean" in flaw.wanted and said in known and flaw.put(known[said])


def object_as_text(flaw: Flaw) -> bool:
    """An object as the data of a DataTransfer, or as a signed value, where 1.6 has text: written as JSON."""
    if flaw.key not in ("data", "value") or "string" not in flaw.wanted or not isinstance(flaw.value, dict | list):
        return False
    return flaw.put(json.dumps(flaw.value, separators=(",", ":")))


def word_spelling(flaw: Flaw) -> bool:
    """A word of the list in another spelling: "available", "WH", "Sample_Periodic", " Charging"."""
    if not isinstance(flaw.kind, Kind.Enum) or not isinstance(flaw.value, str):
        return False
    said = _letters(flaw.value)
    for option in flaw.kind.options:
        if isinstance(option, str) and _letters(option) == said:
            return flaw.put(option)
    return False


def sample_without_value(flaw: Flaw) -> bool:
    """A sampledValue that has no value, or had an empty one (Heidelberg: quirk 7): left out."""
    return flaw.missing == "value" and flaw.path[-2:-1] == ["sampledValue"] and flaw.remove()


def connector_missing(flaw: Flaw) -> bool:
    """MeterValues that name no connector: of the station as a whole; a transaction id in it says more (quirk 3)."""
    if flaw.action != "MeterValues" or flaw.path or flaw.missing not in ("connectorId", "evseId"):
        return False
    flaw.value[flaw.missing] = 0
    return True


MENDS: dict[str, tuple[Callable[[Flaw], bool], ...]] = {
    "type": (
        null_field,
        empty_field,
        single_object,
        array_of_one,
        number_as_text,
        text_as_number,
        whole_number,
        text_as_boolean,
        object_as_text,
    ),
    "enum": (null_field, empty_field, word_spelling, number_as_text),
    "format": (empty_field,),
    "required": (sample_without_value, connector_missing),
}


def _letters(word: str) -> str:
    return "".join(filter(str.isalnum, word)).lower()


# Excuses: left as sent, and read around


def unknown_word(flaw: Flaw) -> str | None:
    """A word outside its list, kept as sent: measurand, context, unit (quirk 8: Charge Amps, Alfen), errorCode
    (Legrand's "Error", others' "EmergencyStop": the fault must not be lost), reasons, states.
    """
    if flaw.key == "eventType":  # what the message is about hangs on it
        return None
    return _UNKNOWN_WORDS.get(str(flaw.key), "unknown_word")


def too_long_text(_: Flaw) -> str:
    """Text longer than allowed, kept: idTag with a suffix (KEBA, Ocular: quirks 14-16), serial numbers (17)."""
    return "too_long_text"


def unknown_field(_: Flaw) -> str:
    """A field the version does not have; nobody reads it."""
    return "unknown_field"


def odd_time(flaw: Flaw) -> str | None:
    """A time without a zone (AEFA: quirk 21), with a leading '+', in seconds since 1970 ... or no time at all."""
    if not isinstance(flaw.kind, Kind.Format) or flaw.kind.format != "date-time":
        return None
    return "odd_time" if moment(flaw.value) else "unreadable_time"


def empty_list(_: Flaw) -> str:
    """A list with nothing in it, where there should be something."""
    return "empty_list"


def out_of_range(_: Flaw) -> str:
    """A number, or a number of things, beyond what is allowed; kept."""
    return "out_of_range"


def part_of_a_watt_hour(flaw: Flaw) -> str | None:
    """meterStart or meterStop with decimals (quirk 10): a register is read as it is."""
    return "part_of_a_watt_hour" if flaw.key in ("meterStart", "meterStop") and isinstance(flaw.value, float) else None


def missing_field(flaw: Flaw) -> str | None:
    """A required field that its reader can do without: the time (quirk 20), the transaction (3), the token ..."""
    if flaw.path and flaw.path[-1] == "customData":
        return "missing_field"
    spared = _SPARED_16 if flaw.protocol == "ocpp1.6" else _SPARED_2
    if flaw.missing not in spared.get(flaw.action, ()):
        return None
    return _MISSING.get(flaw.missing, "missing_field")


EXCUSES: dict[str, Callable[[Flaw], str | None]] = {
    "enum": unknown_word,
    "maxLength": too_long_text,
    "additionalProperties": unknown_field,
    "format": odd_time,
    "minItems": empty_list,
    "maxItems": out_of_range,
    "minimum": out_of_range,
    "maximum": out_of_range,
    "type": part_of_a_watt_hour,
    "required": missing_field,
}
_UNKNOWN_WORDS = {
    "measurand": "unknown_measurand",
    "context": "unknown_context",
    "unit": "unknown_unit",
    "errorCode": "unknown_error_code",
    "status": "unknown_status",
    "connectorStatus": "unknown_status",
}
_MISSING = {"timestamp": "missing_time", "generatedAt": "missing_time", "transactionId": "missing_transaction"}

_REPEATED = {"GetCertificateChainStatus", "VatNumberValidation"}
"""Our answer repeats what was asked, so it has to be right."""

_SPARED_16: dict[str, set[str]] = {
    "BootNotification": {"chargePointVendor", "chargePointModel"},
    "StatusNotification": {"errorCode"},
    "StartTransaction": {"connectorId", "idTag", "meterStart", "timestamp"},
    "StopTransaction": {"transactionId", "meterStop", "timestamp", "sampledValue"},
    "MeterValues": {"timestamp", "sampledValue"},
    "DataTransfer": {"vendorId"},
    "SecurityEventNotification": {"timestamp"},
}
_SPARED_2: dict[str, set[str]] = {
    "BootNotification": {"chargingStation", "vendorName", "model", "reason"},
    "StatusNotification": {"timestamp", "connectorId"},
    "Authorize": {"type"},
    "TransactionEvent": {
        "timestamp", "triggerReason", "seqNo", "sampledValue", "type", "idToken", "id",
        "signedMeterData", "signingMethod", "encodingMethod", "publicKey",
    },
    "MeterValues": {
        "timestamp", "sampledValue", "signedMeterData", "signingMethod", "encodingMethod", "publicKey",
    },
    "NotifyEvent": {
        "generatedAt", "seqNo", "eventId", "timestamp", "trigger", "actualValue", "eventNotificationType", "id",
    },
    "NotifyReport": {"generatedAt", "seqNo", "requestId", "id"},
    "DataTransfer": {"vendorId"},
    "SecurityEventNotification": {"timestamp"},
    "LogStatusNotification": {"requestId"},
}  # fmt: skip
"""The required fields each reader asks for with `.get`."""


# Meter values that are no numbers; in 1.6 a value is text, and any text passes the schema


def mend_values(payload: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The payload with only samples that can be read."""
    ours = deepcopy(dict(payload))
    names: dict[str, None] = {}
    for field in ("meterValue", "transactionData"):
        for element in ours.get(field, ()):
            kept = []
            for sample in element.get("sampledValue", ()):
                name = _mend_value(sample)
                if name:
                    names[name] = None
                if name in (None, "decimal_comma"):
                    kept.append(sample)
            element["sampledValue"] = kept
    return ours, tuple(names)


def _mend_value(sample: dict[str, Any]) -> str | None:
    if sample.get("format") == "SignedData":
        return None
    said = str(sample["value"]).strip()
    if not said or said.lower() == "null":
        return "empty_value"  # Heidelberg Amperfied (quirk 7)
    if re.fullmatch(r"-?\d+,\d+", said):
        sample["value"] = said = said.replace(",", ".")
        return None if _unreadable(sample) else "decimal_comma"
    return "unreadable_value" if _unreadable(sample) else None


def _unreadable(sample: dict[str, Any]) -> bool:
    try:
        return (
            not abs(float(sample["value"])) < 1e300
            or abs((sample.get("unitOfMeasure") or {}).get("multiplier", 0)) > 12
        )
    except ValueError:
        return True
