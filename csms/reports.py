"""What stations report of what is set in them: each kind of report to its feature."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from csms import certificates, displays, monitoring, notices, profiles, reservations, variables
from csms.kit.db import Conn
from csms.vocabulary import (
    CustomerTold,
    DisplaysReported,
    LimitImposed,
    LimitLifted,
    MonitorsReported,
    Noticed,
    ProfilesReported,
    ReservationEnded,
    SigningAsked,
    VariablesReported,
)
from csms.vocabulary.heard import Heard

NOTED: Mapping[type[Any], Callable[[Conn, Sequence[Heard[Any]]], Awaitable[None]]] = {
    VariablesReported: variables.note,
    ProfilesReported: profiles.note_reported,
    LimitImposed: profiles.note_imposed,
    LimitLifted: profiles.note_lifted,
    MonitorsReported: monitoring.note,
    DisplaysReported: displays.note,
    CustomerTold: notices.note_customer,
    ReservationEnded: reservations.note_ended,
    SigningAsked: certificates.note_asked,
    Noticed: notices.note,
}


def word(kind: type[Any], *, signs: bool) -> str | None:
    """What they are answered where the answer says something; `signs`: whether there is an authority here."""
    return ("Accepted" if signs else "Rejected") if kind is SigningAsked else None


REPORTS: Mapping[type[Any], str] = {
    VariablesReported: "variables", ProfilesReported: "profiles", MonitorsReported: "monitors",
    DisplaysReported: "displays", CustomerTold: "customer",
}
"""Those that come because we asked, in parts; by what they are called where their question waits for them."""
