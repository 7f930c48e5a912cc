"""Excuses: the payload is left as sent, and read around."""

from __future__ import annotations

from collections.abc import Callable

from jsonschema_rs import ValidationErrorKind as Kind

from csms.ocpp.repairs.flaw import Flaw
from csms.ocpp.times import moment


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
