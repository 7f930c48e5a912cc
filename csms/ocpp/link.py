"""
One station's OCPP-J conversation, without I/O.

Feed it the text that arrived, send the text it returns. It knows the rules of OCPP-J and nothing
else: an answer belongs to the question with its id, at most one of our questions is open at a time,
and a question that cannot be read is refused rather than left hanging.

`receive` never raises, whatever arrives:

* `Asked`     the station asks: answer it with `answer` or `refuse` (a SEND of 2.1 wants neither)
* `Answered`  the station answers our open question
* `Stray`     it answers a question we gave up on, or never asked
* `Disputed`  it could not read an answer of ours (CALLRESULTERROR, 2.1)
* `Broken`    nothing of the kind; with an id, it is to be told so by `refuse`
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from csms.errors import LinkBusy
from csms.ocpp.broken_json import mend_text, without_nul

CALL, RESULT, ERROR, RESULT_ERROR, SEND = 2, 3, 4, 5, 6
NO_ID = "-1"
"""Stands for an id that could not be read (2.0.1 part 4, 4.2.3)."""

DEEPEST = 64
"""No message of any version nests a quarter as deep; what does is an attack on whoever walks it."""

_START = re.compile(r'\s*\[\s*"?(\d)"?\s*(?:,\s*"((?:[^"\\]++|\\.)*+)"\s*(?:,\s*"([^"\\]*+)")?)?', re.DOTALL)


@dataclass(slots=True)
class Asked:
    """The station asks us something, or (`answerable` false: a SEND) merely tells it."""

    id: str
    action: str
    payload: dict[str, Any]
    repairs: tuple[str, ...] = ()
    answerable: bool = True


@dataclass(frozen=True, slots=True)
class Answered:
    """The station answers our open question; `payload` is None when it refused."""

    id: str
    action: str
    """Of our question."""
    payload: dict[str, Any] | None
    error_code: str | None = None
    error_description: str | None = None


@dataclass(frozen=True, slots=True)
class Stray:
    """An answer nobody waits for any more; it may still settle its command."""

    id: str
    payload: dict[str, Any] | None
    error_code: str | None = None
    error_description: str | None = None


@dataclass(frozen=True, slots=True)
class Disputed:
    """The station could not read our answer to its question `id`."""

    id: str
    error_code: str
    error_description: str


@dataclass(frozen=True, slots=True)
class Broken:
    """Not a message. With an `id` it was a question: refuse it; without, there is nobody to tell."""

    id: str | None
    code: str
    description: str
    action: str | None = None


Received = Asked | Answered | Stray | Disputed | Broken


class Link:
    __slots__ = ("_open", "protocol", "strict")

    def __init__(self, protocol: str, *, strict: bool = False) -> None:
        """`strict` takes the specification at its word: a question that wants repairs is refused."""
        self.protocol, self.strict = protocol, strict
        self._open: tuple[str, str] | None = None

    @property
    def open(self) -> str | None:
        """The id of our question that waits for its answer."""
        return self._open[0] if self._open else None

    def receive(self, text: str | bytes) -> Received:
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        repairs: tuple[str, ...] = ()
        try:
            frame = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            mended = mend_text(text)
            if mended is None:
                return self._unreadable(text, f"not JSON: {error}")
            frame, repairs = mended
        if text.count("{") + text.count("[") > DEEPEST and _is_deep(frame):
            return self._unreadable(text, f"nested more than {DEEPEST} deep")
        if "\\u0000" in text:
            frame, repairs = without_nul(frame, repairs)
        if type(frame) is list and len(frame) == 4 and frame[0] == CALL:
            _, id, action, payload = frame
            if type(id) is str and type(action) is str and type(payload) is dict:
                return self._asked(id, action, payload, repairs) if repairs else Asked(id, action, payload)
        match frame:
            case [3, str(id), dict(payload)]:
                return self._answered(id, payload)
            case [4, str(id), str(code), str(description), *_]:
                return self._answered(id, None, code, description)
        return self._odd(frame, repairs)

    def ask(self, id: str, action: str, payload: Mapping[str, Any]) -> str:
        """The text of a question of ours; `LinkBusy` while another waits for its answer."""
        if self._open is not None:
            raise LinkBusy(f"{self._open[1]} waits for its answer")
        text = self.question(id, action, payload)
        self._open = (id, action)
        return text

    @staticmethod
    def question(id: str, action: str, payload: Mapping[str, Any]) -> str:
        return _text([CALL, id, action, payload])

    def give_up(self) -> None:
        """Wait no longer for the open question's answer; if it comes after all, it is `Stray`."""
        self._open = None

    @staticmethod
    def answer(id: str, payload: Mapping[str, Any]) -> str:
        return _text([RESULT, id, payload])

    @staticmethod
    def refuse(id: str, code: str, description: str) -> str:
        return _text([ERROR, id, code, description[:255], {}])

    def _asked(
        self, id: str, action: str, payload: dict[str, Any], repairs: tuple[str, ...], answerable: bool = True
    ) -> Asked | Broken:
        if repairs and self.strict:
            return Broken(id if answerable else None, self._not_formed, f"not taken: {', '.join(repairs)}", action)
        return Asked(id, action, payload, repairs, answerable)

    def _answered(
        self, id: str, payload: dict[str, Any] | None, code: str | None = None, description: str | None = None
    ) -> Answered | Stray:
        if self._open is not None and (id == self._open[0] or (id == NO_ID and code is not None)):
            # A CALLERROR "-1" means "I could not read the id": of the one question that is open.
            (id, action), self._open = self._open, None
            return Answered(id, action, payload, code, description)
        return Stray(id, payload, code, description)

    def _odd(self, frame: Any, repairs: tuple[str, ...]) -> Received:
        """Well-formed JSON that is not quite a message."""
        if not isinstance(frame, list) or not frame:
            return Broken(self._nobody, self._not_rpc, "a message is a JSON array of a type, an id and more")
        kind, id, *rest = frame if len(frame) > 1 else [frame[0], None]
        if isinstance(kind, str) and kind in {"2", "3", "4", "5", "6"}:
            kind, repairs = int(kind), (*repairs, "message_type_as_text")
        if isinstance(id, int | float) and not isinstance(id, bool):
            id, repairs = str(id), (*repairs, "message_id_as_number")
        if kind == CALL or (kind == SEND and self.protocol == "ocpp2.1"):
            return self._odd_question(kind, id, rest, repairs)
        if not isinstance(id, str):
            answers = kind in (RESULT, ERROR, RESULT_ERROR)  # an error is never answered by an error
            return Broken(None if answers else self._nobody, self._not_rpc, "its message id is not text")
        match kind, rest:
            case 3, [dict(payload), *_]:
                return self._answered(id, payload)
            case 3, [] | [None] | [[]]:
                return self._answered(id, {})
            case 3, _:
                return self._answered(id, None, self._not_formed, "the answer's payload is not an object")
            case 4, _:
                code, description, *_ = [str(word) for word in rest[:2]] + ["", ""]
                return self._answered(id, None, code or "GenericError", description)
            case 5, _ if self.protocol == "ocpp2.1":
                code, description, *_ = [str(word) for word in rest[:2]] + ["", ""]
                return Disputed(id, code or "GenericError", description)
        if self.protocol == "ocpp1.6":  # 1.6-J 4.1.3: a type not in the list is ignored
            return Broken(None, "ProtocolError", f"no message type {kind!r:.20}")
        return Broken(id, "MessageTypeNotSupported", f"no message type {kind!r:.20}")

    def _odd_question(self, kind: int, id: Any, rest: list[Any], repairs: tuple[str, ...]) -> Asked | Broken:
        answerable = kind == CALL
        if not isinstance(id, str):
            return Broken(self._nobody if answerable else None, self._not_rpc, "its message id is not text")
        match rest:
            case [str(action), dict(payload)]:
                return self._asked(id, action, payload, repairs, answerable)
            case [str(action), dict(payload), *_]:
                return self._asked(id, action, payload, (*repairs, "frame_too_long"), answerable)
            case [str(action)] | [str(action), None] | [str(action), []]:
                return self._asked(id, action, {}, (*repairs, "payload_missing"), answerable)
            case [str(action), *_]:
                refused = id if answerable else None
                return Broken(refused, self._not_formed, "the payload is not an object", action)
        return Broken(id if answerable else None, self._not_rpc, "a CALL is [2, id, action, payload]")

    def _unreadable(self, text: str, why: str) -> Received:
        """Beyond mending: whom to tell depends on how it starts."""
        start = _START.match(text)
        if start is None:
            return Broken(self._nobody, self._not_rpc, why)
        kind, id, action = int(start[1]), _unescaped(start[2]), start[3]
        if kind == CALL:
            return Broken(self._nobody if id is None else id, self._not_formed, why, action)
        if kind in (RESULT, ERROR) and id is not None and self._open is not None and id == self._open[0]:
            return self._answered(id, None, self._not_formed, why)
        return Broken(None, self._not_formed, why)

    @property
    def _nobody(self) -> str | None:
        return None if self.protocol == "ocpp1.6" else NO_ID

    @property
    def _not_rpc(self) -> str:
        return "FormationViolation" if self.protocol == "ocpp1.6" else "RpcFrameworkError"

    @property
    def _not_formed(self) -> str:
        return "FormationViolation" if self.protocol == "ocpp1.6" else "FormatViolation"


def _text(frame: list[Any]) -> str:
    try:
        return orjson.dumps(frame).decode()
    except TypeError:  # numbers beyond 64 bits, lone surrogates: the standard library writes them
        return json.dumps(frame, separators=(",", ":"))


def _unescaped(text: str | None) -> str | None:
    """The string a JSON string stands for, by way of the same repairs as a whole frame."""
    mended = None if text is None else mend_text(f'"{text}"')
    return mended[0] if mended is not None and isinstance(mended[0], str) else None


def _is_deep(frame: Any) -> bool:
    level = [frame] if isinstance(frame, dict | list) else []
    for _ in range(DEEPEST):
        level = [
            inner
            for value in level
            for inner in (value.values() if isinstance(value, dict) else value)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
