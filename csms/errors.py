"""
The errors Ohmbudsman raises.

* OhmbudsmanError
    * TheyErred            someone outside did something wrong; told to them, field and fix
        * StationMistake   a station broke the protocol; answered with CALLERROR
        * BadInput         an API or form input; `field` names it
        * NotFound
        * Conflict         the same reference with another body, or a state that forbids it
        * Refused          guards forbid a remote action; `guards` names them
    * WeErred              our own trouble; a station is never told
        * Overloaded       a bounded queue is full
        * StaleHead        another node has written to this station's journal
        * Fenced           a newer connection speaks for this station
        * LinkBusy         a question to this station is open already
        * NameTaken        another process calls itself by this node's name
"""

from __future__ import annotations

from collections.abc import Sequence


class OhmbudsmanError(Exception):
    """Base class of every error of ours."""


class TheyErred(OhmbudsmanError):
    """Someone outside did something wrong."""


class StationMistake(TheyErred):
    """The station broke the protocol. `code` is the OCPP-J error code of its version."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code


class BadInput(TheyErred):
    """An input is wrong. `field` names it, the message says what would be right."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NotFound(TheyErred):
    """What was asked for is not there."""


class Conflict(TheyErred):
    """The state of things forbids it."""


class Refused(TheyErred):
    """Guards forbid a remote action (contract/codes.md, G1 to G11)."""

    def __init__(self, guards: Sequence[str], why: str) -> None:
        super().__init__(why)
        self.guards = tuple(guards)


class WeErred(OhmbudsmanError):
    """Our own trouble."""


class Overloaded(WeErred):
    """A bounded queue is full."""


class StaleHead(WeErred):
    """Another node has written to a station's journal since we last did."""


class Fenced(WeErred):
    """A newer connection speaks for this station; whatever an older one brings changes nothing."""


class NameTaken(WeErred):
    """Another process has started under this node's name: two of a name would end each other's connections."""


class LinkBusy(WeErred):
    """A question to this station is still open: OCPP-J allows one at a time."""
