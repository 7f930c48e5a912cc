"""What a station's answer to a command comes to, in any version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from csms.vocabulary import CommandState

_ACCEPTED = {
    "Accepted", "AcceptedCanceled", "Scheduled", "RebootRequired", "Unlocked", "Unpublished",
}  # fmt: skip
_UNSUPPORTED = {
    "NotSupported", "NotImplemented", "NotSupportedAttributeType", "UnknownMessageId", "UnknownVendorId",
    "UnknownVendor",
}  # fmt: skip
_RESULTS = {
    "GetVariables": ("getVariableResult", "attributeStatus"),
    "SetVariables": ("setVariableResult", "attributeStatus"),
    "SetVariableMonitoring": ("setMonitoringResult", "status"),
    "ClearVariableMonitoring": ("clearMonitoringResult", "status"),
    "ClearTariffs": ("clearTariffsResult", "status"),
}
"""Answers of 2.x that carry a status for each thing asked for."""


def outcome(action: str, payload: Mapping[str, Any] | None, error_code: str | None) -> CommandState:
    if payload is None:
        unsupported = error_code in ("NotImplemented", "NotSupported")
        return CommandState.UNSUPPORTED if unsupported else CommandState.REJECTED
    if action in _RESULTS:
        results, status = _RESULTS[action]
        each = payload.get(results)
        return _best(
            [_state(one.get(status)) for one in each if isinstance(one, dict)] if isinstance(each, list) else []
        )
    if "status" in payload:
        return _state(payload["status"])
    return CommandState.ACCEPTED  # an answer without a status says yes (GetConfiguration, UpdateFirmware ...)


def _state(status: object) -> CommandState:
    if not isinstance(status, str):
        return CommandState.REJECTED
    if status in _ACCEPTED:
        return CommandState.ACCEPTED
    return CommandState.UNSUPPORTED if status in _UNSUPPORTED else CommandState.REJECTED


def _best(states: list[CommandState]) -> CommandState:
    """One thing read or set is a command that did something."""
    for state in (CommandState.ACCEPTED, CommandState.REJECTED):
        if state in states:
            return state
    return CommandState.UNSUPPORTED if states else CommandState.ACCEPTED


def text_or_none(value: object) -> str | None:
    """For recorded answers, which no schema has judged."""
    return value if isinstance(value, str) else None


def int_or_none(value: object) -> int | None:
    return int(value) if isinstance(value, int) else None
