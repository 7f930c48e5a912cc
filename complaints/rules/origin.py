"""On whose behalf a command was sent."""

from __future__ import annotations

from csms.vocabulary import CommandFact

_CUSTOMER = ("app", "customer", "driver", "wechat", "alipay", "mini", "qr", "web", "user", "portal")
_STAFF = ("agent", "technician", "finance", "supervisor", "admin", "auditor", "staff", "desk", "operator", "manager")


def by_customer(command: CommandFact) -> bool:
    """Sent for the driver: by his app, his page or his own account."""
    return _who(command).startswith(_CUSTOMER)


def by_staff(command: CommandFact) -> bool:
    """Sent by a person of ours; what is sent from a complaint's case always is."""
    return command.complaint is not None or _who(command).startswith(_STAFF)


def _who(command: CommandFact) -> str:
    return (command.requested_by or "").strip().lower()
