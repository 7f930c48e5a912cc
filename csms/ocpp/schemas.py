"""The official JSON schemas, from the `ocpp` package, compiled when first needed and once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson

from csms.errors import StationMistake

_FOLDERS = {"ocpp1.6": "v16", "ocpp2.0.1": "v201", "ocpp2.1": "v21"}

_BOTH_WAYS = frozenset({"DataTransfer"})

_SAID_16 = _BOTH_WAYS | {
    "Authorize", "BootNotification", "DiagnosticsStatusNotification", "FirmwareStatusNotification", "Heartbeat",
    "LogStatusNotification", "MeterValues", "SecurityEventNotification", "SignCertificate",
    "SignedFirmwareStatusNotification", "StartTransaction", "StatusNotification", "StopTransaction",
}  # fmt: skip
_SAID_201 = _BOTH_WAYS | {
    "Authorize", "BootNotification", "ClearedChargingLimit", "FirmwareStatusNotification", "Get15118EVCertificate",
    "GetCertificateStatus", "Heartbeat", "LogStatusNotification", "MeterValues", "NotifyChargingLimit",
    "NotifyCustomerInformation", "NotifyDisplayMessages", "NotifyEVChargingNeeds", "NotifyEVChargingSchedule",
    "NotifyEvent", "NotifyMonitoringReport", "NotifyReport", "PublishFirmwareStatusNotification",
    "ReportChargingProfiles", "ReservationStatusUpdate", "SecurityEventNotification", "SignCertificate",
    "StatusNotification", "TransactionEvent",
}  # fmt: skip
_SAID_21 = _SAID_201 | {
    "BatterySwap", "ClosePeriodicEventStream", "GetCertificateChainStatus", "NotifyDERAlarm", "NotifyDERStartStop",
    "NotifyPeriodicEventStream", "NotifyPriorityCharging", "NotifySettlement", "OpenPeriodicEventStream",
    "PullDynamicScheduleUpdate", "ReportDERControl", "VatNumberValidation",
}  # fmt: skip

SAID: Mapping[str, frozenset[str]] = {"ocpp1.6": _SAID_16, "ocpp2.0.1": _SAID_201, "ocpp2.1": _SAID_21}
"""What stations say, by protocol."""


def folder(protocol: str) -> Path:
    """Where the schemas of a version are."""
    package = find_spec("ocpp")
    assert package is not None, "the `ocpp` package is a dependency"
    assert package.submodule_search_locations, "it is a package"
    return Path(package.submodule_search_locations[0]) / _FOLDERS[protocol] / "schemas"


def _asked(protocol: str) -> frozenset[str]:
    answers = {path.stem.removesuffix("Response") for path in folder(protocol).glob("*Response.json")}
    return frozenset(answers - SAID[protocol] | _BOTH_WAYS)


ASKED: Mapping[str, frozenset[str]] = {protocol: _asked(protocol) for protocol in _FOLDERS}
"""What may be asked of stations, by protocol."""


@cache
def _validator(protocol: str, action: str, answer: bool) -> jsonschema_rs.Validator:
    where = folder(protocol)
    path = where / (f"{action}Response.json" if answer else f"{action}Request.json")
    if not answer and not path.exists():  # 1.6 names questions by their action alone; so does a SEND of 2.1
        path = where / f"{action}.json"
    return jsonschema_rs.validator_for(orjson.loads(path.read_text("utf-8-sig")), validate_formats=True)


def is_valid(protocol: str, action: str, payload: Mapping[str, Any], answer: bool = False) -> bool:
    try:
        return _validator(protocol, action, answer).is_valid(payload)
    except ValueError:  # nested deeper than the validator goes; `link` lets nothing of the kind in
        return False


def mistakes(
    protocol: str, action: str, payload: Mapping[str, Any], answer: bool = False
) -> list[jsonschema_rs.ValidationError]:
    """Everything the schema has against `payload`."""
    try:
        return list(_validator(protocol, action, answer).iter_errors(payload))
    except ValueError as error:
        raise StationMistake(malformed(protocol), str(error)) from error


def check(protocol: str, action: str, payload: Mapping[str, Any], answer: bool = False) -> None:
    """Raise `StationMistake` naming the first field that breaks the schema."""
    if not is_valid(protocol, action, payload, answer):
        raise mistake(protocol, mistakes(protocol, action, payload, answer)[0])


def mistake(protocol: str, error: jsonschema_rs.ValidationError) -> StationMistake:
    field, message = _told(error)
    return StationMistake(_code(protocol, error.kind.name), f"{field}: {message}" if field else message)


def malformed(protocol: str) -> str:
    """The error code for a payload that is wrong in no particular way."""
    return "FormationViolation" if protocol == "ocpp1.6" else "FormatViolation"


def wrong_fields(protocol: str, action: str, payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    """For whoever sends a command: what is wrong with it, field by field; empty if nothing."""
    return [_told(error) for error in mistakes(protocol, action, payload)]


def unknown(protocol: str, action: str) -> StationMistake:
    """Why a station may not say this action: it is ours to ask, or nobody's."""
    if action in ASKED[protocol]:
        return StationMistake("NotSupported", f"{action:.50} is a question to stations, not from them")
    return StationMistake("NotImplemented", f"{action:.50} is not an action of {protocol}")


def _told(error: jsonschema_rs.ValidationError) -> tuple[str, str]:
    field = ".".join(str(step) for step in error.instance_path)
    match error.kind:
        case jsonschema_rs.ValidationErrorKind.Required(property=name):
            return f"{field}.{name}" if field else name, "is required"
        case jsonschema_rs.ValidationErrorKind.AdditionalProperties(unexpected=names):
            return field, f"has no field {', '.join(names)}"[:200]
        case jsonschema_rs.ValidationErrorKind.Enum(options=words):
            return field, f"must be one of {', '.join(map(str, words))}"[:500]
    return field, error.message[:200]


_CODES = {
    "required": "OccurrenceConstraintViolation",
    "minItems": "OccurrenceConstraintViolation",
    "maxItems": "OccurrenceConstraintViolation",
    "type": "TypeConstraintViolation",
    "enum": "PropertyConstraintViolation",
    "maxLength": "PropertyConstraintViolation",
    "minLength": "PropertyConstraintViolation",
    "minimum": "PropertyConstraintViolation",
    "maximum": "PropertyConstraintViolation",
    "multipleOf": "PropertyConstraintViolation",
}
_CODES_16 = {"OccurrenceConstraintViolation": "OccurenceConstraintViolation"}
"""1.6-J spells it so, and stations compare letters."""


def _code(protocol: str, keyword: str) -> str:
    code = _CODES.get(keyword, malformed(protocol))
    return _CODES_16.get(code, code) if protocol == "ocpp1.6" else code
