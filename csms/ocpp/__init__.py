"""
OCPP without I/O: no socket, no clock, no database, no log.

* `Link`: one station's conversation (frames, and which answer belongs to which question)
* `decode`: a payload the station sent -> what it means, repaired where it must be
* `TRANSLATORS`: one version of OCPP <-> our vocabulary, both ways
* `check_command`: what is wrong with a question before it is asked
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from csms.errors import StationMistake
from csms.ocpp import schemas, v16, v21, v201
from csms.ocpp.link import (
    Answered as Answered,
    Asked as Asked,
    Broken as Broken,
    Disputed as Disputed,
    Link as Link,
    Received as Received,
    Stray as Stray,
)
from csms.ocpp.repairs import mend_values, repair
from csms.vocabulary import Command, CommandState, Message, Reply, Told, VariableValue


class Translator(Protocol):
    """A module that turns one OCPP version into our vocabulary and back."""

    def read(self, action: str, payload: Mapping[str, Any]) -> Message: ...
    def write_reply(self, message: Message | str, reply: Reply) -> dict[str, Any]: ...
    def read_reply(self, action: str, payload: Mapping[str, Any], now: datetime) -> Reply: ...
    def write_command(self, command: Command) -> tuple[str, dict[str, Any]]: ...
    def read_command(self, action: str, payload: Mapping[str, Any]) -> Command: ...
    def read_outcome(
        self, action: str, payload: Mapping[str, Any] | None, error_code: str | None = None
    ) -> CommandState: ...
    def read_answer(self, action: str, asked: Mapping[str, Any], answer: Mapping[str, Any]) -> Told | None: ...
    def read_variables(self, action: str, payload: Mapping[str, Any]) -> tuple[VariableValue, ...]: ...


TRANSLATORS: dict[str, Translator] = {"ocpp1.6": v16, "ocpp2.0.1": v201, "ocpp2.1": v21}
"""By subprotocol."""


_ALSO_SPOKEN = {"ocpp1.6": (), "ocpp2.0.1": ("ocpp1.6", "ocpp2.1"), "ocpp2.1": ("ocpp1.6", "ocpp2.0.1")}
"""What is heard on a socket beside the version agreed on (quirk 19)."""


@dataclass(slots=True)
class Decoded:
    """What a station said, understood."""

    message: Message
    payload: Mapping[str, Any]
    """As it was read: mended, where that took repairs."""
    repairs: tuple[str, ...]
    protocol: str
    """The version it was said in: now and then not the one that was agreed on (quirk 19)."""

    def answer(self, reply: Reply) -> dict[str, Any]:
        """The payload of the answer, in the version of the question."""
        return TRANSLATORS[self.protocol].write_reply(self.message, reply)


def known(protocol: str, action: str) -> bool:
    """Whether it is something stations say in this version."""
    return action in schemas.SAID[protocol]


def decode(protocol: str, action: str, payload: Mapping[str, Any], strict: bool = False) -> Decoded:
    """What a question of a station means. `StationMistake` if it means nothing, and nothing else.

    `strict` takes the specification at its word: no repairs.
    """
    if action not in schemas.SAID[protocol]:
        if not strict and protocol != "ocpp1.6" and _speaks("ocpp1.6", action, payload):
            return _decode_as("ocpp1.6", action, payload)
        raise schemas.unknown(protocol, action)
    if schemas.is_valid(protocol, action, payload):
        try:
            return Decoded(TRANSLATORS[protocol].read(action, payload), payload, (), protocol)
        except ValueError as error:  # a meter value that is no number: no schema of 1.6 forbids it
            return _with_values_mended(protocol, action, payload, (), strict, error)
    if strict:
        schemas.check(protocol, action, payload)
    for other in _ALSO_SPOKEN[protocol]:
        if _speaks(other, action, payload):
            return _decode_as(other, action, payload)
    return _read_repaired(protocol, action, *repair(protocol, action, payload))


def check_command(protocol: str, action: str, payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is wrong with a question to a station: (field, message) each; empty if it may be asked."""
    if action not in schemas.ASKED[protocol]:
        return [("action", f"{action:.50} is not something to ask of a station in {protocol}")]
    return schemas.wrong_fields(protocol, action, payload)


def _speaks(protocol: str, action: str, payload: Mapping[str, Any]) -> bool:
    return action in schemas.SAID[protocol] and schemas.is_valid(protocol, action, payload)


def _decode_as(protocol: str, action: str, payload: Mapping[str, Any]) -> Decoded:
    """Said in another version than agreed on: FoxESS speaks 1.6 on a 2.0.1 socket (quirk 19)."""
    decoded = decode(protocol, action, payload)
    return Decoded(decoded.message, decoded.payload, (*decoded.repairs, f"spoken_in_{protocol}"), protocol)


def _read_repaired(protocol: str, action: str, payload: dict[str, Any], repairs: tuple[str, ...]) -> Decoded:
    try:
        return Decoded(TRANSLATORS[protocol].read(action, payload), payload, repairs, protocol)
    except ValueError as error:
        return _with_values_mended(protocol, action, payload, repairs, False, error)
    except (KeyError, TypeError, AttributeError) as error:  # excused, and yet its reader needs it
        raise StationMistake(schemas.malformed(protocol), f"{action} lacks {error}") from error


def _with_values_mended(
    protocol: str, action: str, payload: Mapping[str, Any], repairs: tuple[str, ...], strict: bool, error: ValueError
) -> Decoded:
    if strict:
        raise StationMistake("PropertyConstraintViolation", f"a meter value is no number: {error}") from error
    mended, names = mend_values(payload)
    return Decoded(TRANSLATORS[protocol].read(action, mended), mended, (*repairs, *names), protocol)
