"""One thing the schema has against a payload, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jsonschema_rs import ValidationError, ValidationErrorKind as Kind


@dataclass(slots=True)
class Flaw:
    """One thing the schema has against a payload, and where."""

    protocol: str
    action: str
    error: ValidationError
    holder: Any
    """The object or list that holds the value; None for the payload itself."""
    value: Any
    removed: bool = False

    @property
    def kind(self) -> Kind:
        return self.error.kind

    @property
    def path(self) -> list[str | int]:
        return self.error.instance_path

    @property
    def key(self) -> str | int | None:
        return self.path[-1] if self.path else None

    @property
    def missing(self) -> str:
        return self.kind.property if isinstance(self.kind, Kind.Required) else ""

    @property
    def wanted(self) -> list[str]:
        return self.kind.types if isinstance(self.kind, Kind.Type) else []

    @property
    def is_settled(self) -> bool:
        """Whether the value is already another: one value may break two rules, of type and of enum."""
        if not isinstance(self.holder, dict):
            return False
        return self.key not in self.holder or self.holder[self.key] is not self.value

    def put(self, value: Any) -> bool:
        if self.holder is None:
            return False
        self.holder[self.key] = value
        return True

    def remove(self) -> bool:
        """Take the value out; list items go when all flaws are seen, for their paths count positions."""
        if isinstance(self.holder, dict):
            del self.holder[self.key]
            return True
        self.removed = isinstance(self.holder, list)
        return self.removed


LARGEST = 2.0**63
"""No integer that a database keeps is larger, and none that OCPP means."""
