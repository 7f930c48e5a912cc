"""What was said and heard, for whoever compares the station's memory with the central system's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .link import Payload, Refusal


@dataclass
class Entry:
    """One CALL the station sent.

    `acknowledged` is true once a CALLRESULT came, even a late one: from then on the central system owns
    the message. `answer` is that result, `refusal` the CALLERROR instead of it. `at` is simulated time,
    `connection` counts the station's connections from 1.
    """

    message_id: str
    action: str
    payload: Payload
    at: datetime
    connection: int
    acknowledged: bool = False
    answer: Payload | None = None
    refusal: Refusal | None = None


@dataclass
class Asked:
    """One CALL of the central system and what the station answered."""

    message_id: str
    action: str
    payload: Payload
    at: datetime
    answer: Payload | None = None
    refusal: Refusal | None = None
