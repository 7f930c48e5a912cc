"""OCPP-J frames and their two rules: an answer matches its question, and one question is open at a time."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

Payload = dict[str, Any]

CALL, CALLRESULT, CALLERROR = 2, 3, 4


class SecondQuestion(RuntimeError):
    """We tried to ask while an earlier question of ours was open (OCPP-J 4.1.1)."""


class Refusal(Exception):
    """An answer that is a CALLERROR: `code` is one of OCPP-J's error codes."""

    def __init__(self, code: str, description: str = "", details: Payload | None = None) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description
        self.details = details or {}


@dataclass(frozen=True)
class Question:
    """The central system asks."""

    id: str
    action: str
    payload: Payload


@dataclass(frozen=True)
class Answer:
    """The central system answers. `expected` is false for an answer we no longer, or never, waited for."""

    id: str
    expected: bool
    payload: Payload = field(default_factory=dict)
    refusal: Refusal | None = None


@dataclass(frozen=True)
class Nonsense:
    """A text that is no OCPP-J frame. `id` is what could be saved of its message id."""

    text: str
    why: str
    id: str = "-1"


Heard = Question | Answer | Nonsense


class Link:
    """The state of one connection, without the connection: texts in, meaning out."""

    def __init__(self) -> None:
        self.open: str | None = None

    def ask(self, id: str, action: str, payload: Payload) -> str:
        """The CALL to send. Raises SecondQuestion while another one is open."""
        if self.open is not None:
            raise SecondQuestion(f"{action} while {self.open} is open")
        self.open = id
        return _text([CALL, id, action, payload])

    def give_up(self) -> None:
        """Wait no longer for the open question: it timed out, or the connection is gone."""
        self.open = None

    def hear(self, text: str | bytes) -> Heard:
        """What a received text means. Closes the open question if this is its answer."""
        shown = text if isinstance(text, str) else text.decode(errors="replace")
        try:
            frame = json.loads(text)
        except ValueError as error:
            return Nonsense(shown, f"not JSON: {error}")
        match frame:
            case [2, str(id), str(action), dict(payload)]:
                return Question(id, action, payload)
            case [3, str(id), dict(payload)]:
                return Answer(id, self._closes(id), payload)
            case [4, str(id), str(code), *rest]:
                description = rest[0] if rest and isinstance(rest[0], str) else ""
                details = rest[1] if len(rest) > 1 and isinstance(rest[1], dict) else {}
                return Answer(id, self._closes(id), refusal=Refusal(code, description, details))
            case [_, str(id), *_]:
                return Nonsense(shown, "not a frame", id)
            case _:
                return Nonsense(shown, "not a frame")

    def _closes(self, id: str) -> bool:
        if self.open != id:
            return False
        self.open = None
        return True


def result(id: str, payload: Payload) -> str:
    """The CALLRESULT to a question."""
    return _text([CALLRESULT, id, payload])


def error(id: str, refusal: Refusal) -> str:
    """The CALLERROR to a question."""
    return _text([CALLERROR, id, refusal.code, refusal.description[:255], refusal.details])


def _text(frame: list[Any]) -> str:
    return json.dumps(frame, separators=(",", ":"), ensure_ascii=False)
