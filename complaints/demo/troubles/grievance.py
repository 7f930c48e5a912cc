"""One complaint of the demo's week: its words, what is known of it, what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from complaints.demo.courses import Step

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Grievance:
    """`topic` is what it really is about; `given` are the other fields of POST /complaints."""

    topic: str
    filed_at: datetime
    text: str
    channel: str = "qr"
    language: str = "zh-Hans"
    given: Mapping[str, Any] = field(default_factory=dict)
    course: Sequence[Step] = ()


def where(station: str, evse: int | None, occurred: datetime | None = None, **more: Any) -> dict[str, Any]:
    return {"station": station, "evse": evse, "occurred_at": occurred, **more}
