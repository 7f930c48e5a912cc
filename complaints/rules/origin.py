"""On whose behalf a command was sent."""

from __future__ import annotations

import re

from csms.vocabulary import CommandFact

_CUSTOMER = re.compile(r"(app|customer|driver|wechat|alipay|mini-?program|qr|web|user|portal)\b", re.IGNORECASE)
_NOBODY = frozenset({"", "unknown"})


def by_customer(command: CommandFact) -> bool:
    """Sent for the driver: by his app, his page or his own account. Never what was sent from a case."""
    return command.complaint is None and _CUSTOMER.match(_who(command)) is not None


def by_us(command: CommandFact) -> bool:
    """Sent by a person or a program of ours. Of a command without a name nothing is said."""
    if command.complaint is not None:
        return True
    return _who(command).lower() not in _NOBODY and not by_customer(command)


def _who(command: CommandFact) -> str:
    return (command.requested_by or "").strip()
