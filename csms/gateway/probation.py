"""A station that nobody has admitted yet: all it says is kept, and most of it refused as its version asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from csms.inbox import ACCEPTED, Entry
from csms.journal import Line
from csms.ocpp import Decoded, Link
from csms.ocpp.acceptance import EARLY, NOT_YET, WHY, invites, may_say
from csms.vocabulary import Booted, Command, Reply

Answer = Callable[[Reply], str]


class Probation:
    """What one socket may say, until a boot of its station is accepted."""

    def __init__(self) -> None:
        self.over = False
        self._invited: set[str] = set()

    def ask(self, command: Command) -> None:
        """What we ask for it may say."""
        if wanted := invites(command):
            self._invited.add(wanted)

    def hear(self, line: Line, decoded: Decoded, answer: Answer | None) -> Entry:
        """What it says, to be written like anybody's: a station may drop for good what it was refused."""
        if isinstance(decoded.message, Booted):
            return Entry(line, decoded.message, answer and partial(self._booted, answer), stranger=True)
        if may_say(decoded.protocol, line.action, self._invited):
            return Entry(line, decoded.message, answer, stranger=True)
        refusal = partial(_not_yet, line.message_id or "") if answer else None
        return Entry(replace(line, repairs=(*line.repairs, EARLY)), decoded.message, refusal, stranger=True)

    def _booted(self, answer: Answer, reply: Reply) -> str:
        self.over = reply.status == ACCEPTED
        return answer(reply)


def _not_yet(id: str, _: Reply) -> str:
    return Link.refuse(id, NOT_YET, WHY)
