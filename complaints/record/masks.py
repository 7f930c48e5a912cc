"""What each role sees of a customer. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WHOLE: Mapping[str, tuple[str, ...]] = {
    "agent": ("name", "phone", "email", "token", "plate"), "supervisor": ("name", "phone", "email", "token", "plate"),
    "admin": ("name", "phone", "email", "token", "plate"),
    "integration": ("name", "phone", "email", "token", "plate"),
    "finance": ("name", "token"), "technician": ("plate",), "auditor": (),
}
"""What a role's work needs in full; everything else is shown in part."""


def sees_all(role: str) -> bool:
    return len(WHOLE.get(role, ())) == len(WHOLE["admin"])


def masked(customer: Mapping[str, Any], role: str) -> dict[str, Any]:
    """The customer's data as this role sees them."""
    whole = WHOLE.get(role, ())
    return {
        name: value if name in whole or not isinstance(value, str) else mask(name, value)
        for name, value in customer.items()
    }


def mask(name: str, value: str) -> str:
    """Enough to tell two apart, too little to reach anybody: 138****1234, a***@example.org, 粤B***45."""
    match name:
        case "email":
            local, _, domain = value.partition("@")
            return f"{local[:1]}***@{domain}"
        case "name":
            return value[:1] + "**"
        case _ if len(value) <= 4:
            return "*" * len(value)
        case "phone":
            return value[:3] + "****" + value[-4:] if len(value) >= 10 else "****" + value[-2:]
        case _:
            return value[:2] + "***" + value[-2:]
