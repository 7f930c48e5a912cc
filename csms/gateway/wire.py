"""Commands in the words of a station's OCPP version, for those who may not know a version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from csms import passwords
from csms.errors import BadInput
from csms.ocpp import TRANSLATORS, check_command
from csms.ocpp.meanings import MEANINGS
from csms.vocabulary import Command, VariableValue, WriteVariables

DEFAULT = "ocpp1.6"
"""For a station that has never connected: what most of them speak."""


REPAIRS: Mapping[str, str] = MEANINGS
"""Name of a repair of the reader -> what it means."""


def write(protocol: str | None, command: Command) -> tuple[str, dict[str, Any]]:
    """(action, payload). Raises BadInput when the version has no such thing."""
    action, payload = TRANSLATORS[protocol or DEFAULT].write_command(command)
    return action, check(protocol, action, payload)


def password_order(protocol: str | None, password: str | None) -> WriteVariables:
    """Sets the station's password, one of our own making without. Raises BadInput on one it could not take."""
    told = passwords.generate() if password is None else passwords.check(password)
    if (protocol or DEFAULT) == "ocpp1.6":
        return WriteVariables((VariableValue("", "AuthorizationKey", passwords.as_key(told)),))
    return WriteVariables((VariableValue("SecurityCtrlr", "BasicAuthPassword", told),))


def read(protocol: str | None, action: str, payload: Mapping[str, Any]) -> Command:
    """What a message to a station asks for. Raises BadInput naming the field that breaks the version's schema."""
    check(protocol, action, dict(payload))
    return TRANSLATORS[protocol or DEFAULT].read_command(action, payload)


def check(protocol: str | None, action: str, payload: dict[str, Any]) -> dict[str, Any]:
    wrong = check_command(protocol or DEFAULT, action, payload)
    if wrong:
        field, message = wrong[0]
        raise BadInput(field if field == "action" else f"payload.{field}".rstrip("."), message)
    return payload
