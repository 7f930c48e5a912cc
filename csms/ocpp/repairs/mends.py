"""Mends: the payload is changed to what the station must have meant."""

from __future__ import annotations

import json
from collections.abc import Callable

from jsonschema_rs import ValidationErrorKind as Kind

from csms.ocpp.repairs.flaw import LARGEST, Flaw


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
    if not abs(number) < LARGEST:
        return False
    return flaw.put(int(number) if number.is_integer() else number)


def whole_number(flaw: Flaw) -> bool:
    """1.0 where 1 belongs: draft 4, and so 1.6, tells them apart."""
    if "integer" not in flaw.wanted or not isinstance(flaw.value, float) or not flaw.value.is_integer():
        return False
    return abs(flaw.value) < LARGEST and flaw.put(int(flaw.value))


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
