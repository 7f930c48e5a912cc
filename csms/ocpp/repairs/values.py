"""Meter values that are no numbers; in 1.6 a value is text, and any text passes the schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any


def mend_values(payload: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The payload with only samples that can be read."""
    ours = deepcopy(dict(payload))
    names: dict[str, None] = {}
    for field in ("meterValue", "transactionData"):
        for element in ours.get(field, ()):
            kept = []
            for sample in element.get("sampledValue", ()):
                name = _mend_value(sample)
                if name:
                    names[name] = None
                if name in (None, "decimal_comma"):
                    kept.append(sample)
            element["sampledValue"] = kept
    return ours, tuple(names)


def _mend_value(sample: dict[str, Any]) -> str | None:
    if sample.get("format") == "SignedData":
        return None
    said = str(sample["value"]).strip()
    if not said or said.lower() == "null":
        return "empty_value"  # Heidelberg Amperfied (quirk 7)
    if re.fullmatch(r"-?\d+,\d+", said):
        sample["value"] = said = said.replace(",", ".")
        return None if _unreadable(sample) else "decimal_comma"
    return "unreadable_value" if _unreadable(sample) else None


def _unreadable(sample: dict[str, Any]) -> bool:
    try:
        return (
            not abs(float(sample["value"])) < 1e300
            or abs((sample.get("unitOfMeasure") or {}).get("multiplier", 0)) > 12
        )
    except ValueError:
        return True
