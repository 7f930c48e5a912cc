"""Before a station is accepted: what it may say all the same, and what it is told (2.0.1 B02, B03; 1.6 4.2).

1.6 forbids the station to speak and names no answer to one that does. It gets the usual one: a StartTransaction that
is refused takes the rest of its session from the record (station-surprises 14).
"""

from __future__ import annotations

from collections.abc import Container

from csms.vocabulary import Command, ReportVariables, Trigger

EARLY = "before_acceptance"
NOT_YET = "SecurityError"
"""2.0.1 B02.FR.09, B03.FR.07."""
WHY = "this station is not accepted yet: until its boot is, it may say only what it is asked for"


def may_say(protocol: str, action: str | None, invited: Container[str]) -> bool:
    """Whether what it says gets the usual answer."""
    return protocol == "ocpp1.6" or action in invited


def invites(command: Command) -> str | None:
    """The message that a question of ours asks for."""
    match command:
        case Trigger(what=what):
            return what
        case ReportVariables():
            return "NotifyReport"
    return None
