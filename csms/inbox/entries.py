"""What is brought to the inbox, what becomes of it, and what strangers are answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from csms.authority import Authority
from csms.journal import Line
from csms.vocabulary import Command, Message, Reply, Told
from csms.vocabulary.heard import Heard

ACCEPTED = "Accepted"


@dataclass(frozen=True, slots=True)
class Settlement:
    """How one of our commands ended, known from the frame that is written with it."""

    command: str
    kind: str
    state: str
    answer: Mapping[str, Any] | None
    evse: int | None = None
    asked: Command | None = None
    told: Told | None = None
    """What the answer tells beyond yes and no."""
    by: str | None = None
    on_record: bool = False
    """The row is settled already; what follows from the answer is derived anew."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A station's socket came."""

    protocol: str | None
    node: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Departure:
    """A station's socket went."""

    code: int | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """A station's socket went with its node; the line names its session. Said by whoever is left."""

    reason: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A command of ours is about to be sent with this line."""

    command: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Recall:
    """History: this line was a command of ours."""

    command: str
    asked: Command
    action: str
    payload: Mapping[str, Any]


Written = Reply | bool | int | None
"""What the writer of an entry learns: the reply, whether a claim held, the session number."""


@dataclass(slots=True, eq=False)
class Entry:
    """One thing to be written down, and what becomes of it."""

    line: Line
    said: Message | None = None
    answer: Callable[[Reply], str] | None = None
    """Writes the answer frame; the answer is journalled with the question."""
    then: Settlement | Arrival | Departure | Lost | Claim | Recall | None = None
    recorded: Reply | None = None
    stranger: bool = False
    """Its station is not admitted: no token is good there."""
    seq: int = 0
    reply: Reply | None = None
    result: Written = None
    text: str | None = None
    """The answer frame, to be sent once all this is committed. Given with the entry: a refusal."""
    told: Callable[[Entry], None] | None = None
    """Who is to learn that it is committed."""
    failed: Exception | None = None
    """Why it could not even be kept."""

    def heard(self) -> Heard[Any]:
        assert self.said is not None
        return Heard(self.line.station, self.seq, self.line.received_at, self.said, self.recorded)


@dataclass(frozen=True, slots=True)
class Policy:
    """What strangers are answered."""

    accept_unknown_tokens: bool = False
    heartbeat_s: int = 300
    pending_s: int = 60
    authority: Authority | None = None
    """Signs certificates of stations; nobody without."""
