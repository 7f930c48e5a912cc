"""Secrets in messages: where they stand, and the same message without them.

The journal keeps every frame, and a password is in some: there it is `***`, in what we ask as in what a station
lets slip. What is hashed is what is stored, so the chain holds; the line carries the repair `secret_masked`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

MASK = "***"
MASKED = "secret_masked"

SECRET = frozenset({"authorizationkey", "basicauthpassword"})
"""Configuration keys (1.6) and variables (2.x) that are written and never read."""
VALUES = frozenset({"value", "attributeValue", "actualValue"})
FIELDS = frozenset({"basicAuthPassword", "apnPassword", "simPin"})
VPN = frozenset({"password", "key"})

LOOSE = re.compile(r'("(?:value|attributeValue|actualValue|basicAuthPassword)"\s*:\s*")[^"]*')


def may_hold_secret(text: str) -> bool:
    """Without one of these words a frame of a station holds none."""
    return "AuthorizationKey" in text or "asicAuthPassword" in text


def veil(payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """The payload with every secret masked; None when it holds none."""
    masked, found = _masked(payload)
    return masked if found else None


def veil_text(text: str) -> str:
    """The frame with every secret masked; itself when it holds none."""
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError:
        return LOOSE.sub(rf"\g<1>{MASK}", text)
    masked, found = _masked(frame)
    return orjson.dumps(masked).decode() if found else text


def password_in(payload: Mapping[str, Any]) -> str | None:
    """The password that a ChangeConfiguration or SetVariables is to set at the station."""
    if _is_secret(payload):
        return _text(payload.get("value"))
    for one in payload.get("setVariableData") or ():
        if isinstance(one, Mapping) and _is_secret(one):
            return _text(one.get("attributeValue"))
    return None


def sets_more(payload: Mapping[str, Any]) -> bool:
    return len(payload.get("setVariableData") or ()) > 1


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _is_secret(node: Mapping[str, Any]) -> bool:
    variable = node.get("variable")
    name = variable.get("name") if isinstance(variable, Mapping) else node.get("key")
    return isinstance(name, str) and name.lower() in SECRET


def _masked(node: Any, secret: bool = False, vpn: bool = False) -> tuple[Any, bool]:
    """(the same without secrets, whether there was one)."""
    if isinstance(node, list):
        parts = [_masked(part, secret) for part in node]
        return [part for part, _ in parts], any(found for _, found in parts)
    if not isinstance(node, Mapping):
        return node, False
    secret = secret or _is_secret(node)
    shown, found = {}, False
    for key, value in node.items():
        hide = key in FIELDS or (vpn and key in VPN) or (secret and key in VALUES)
        if hide and isinstance(value, str) and value:
            shown[key], found = MASK, True
        else:
            shown[key], deeper = _masked(value, secret, key == "vpn")
            found = found or deeper
    return shown, found
