"""A claim: what the customer says, in the form the rules read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Claim:
    """One complaint as filed and classified. Times are UTC."""

    number: str
    channel: str
    text: str
    language: str
    """zh-Hans, zh-Hant or en."""
    category: str
    topic: str
    level: int
    filed_at: datetime
    station: str | None = None
    evse: int | None = None
    occurred_at: datetime | None = None
    payment_reference: str | None = None
    order: str | None = None
    amount_disputed: Decimal | None = None
    currency: str | None = None
    expectation: str | None = None
    token: str | None = None
    phone: str | None = None
    email: str | None = None
    plate: str | None = None
    also: tuple[str, ...] = ()
    """Tokens he has used before, as his phone, plate or account tell: weaker than one he names now."""
    named_station: str | None = None
    """The station he names, where the records lead to another one, `station`."""
    settled_on: str | None = None
    """The transaction that a person decided it is about, by our id; `none`: that there is none."""

    @property
    def about_money(self) -> bool:
        return self.category == "payment"

    @property
    def danger(self) -> bool:
        """Words of danger: records never contradict them (G1)."""
        return self.topic == "safety"
