"""Which money was moved for this transaction or try: captured, given back, held."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from complaints.rules.case import Case
from csms.vocabulary import Payment

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The payments of one purchase, in one currency."""

    currency: str
    payments: tuple[Payment, ...]

    @property
    def captures(self) -> tuple[Payment, ...]:
        """Captures that stand: a voided one moved no money."""
        return tuple(p for p in self._of_kind("capture") if not self._voided(p))

    @property
    def refunds(self) -> tuple[Payment, ...]:
        return self._of_kind("refund")

    @property
    def holds(self) -> tuple[Payment, ...]:
        return self._of_kind("hold")

    @property
    def voids(self) -> tuple[Payment, ...]:
        return self._of_kind("void")

    @property
    def captured(self) -> Decimal:
        return total(self.captures)

    @property
    def charged(self) -> Decimal:
        """Captures minus refunds."""
        return self.captured - total(self.refunds)

    @property
    def held(self) -> Decimal:
        """What holds still block: those not voided, less what was captured of them."""
        return self.left(h for h in self.holds if not self._voided(h))

    def left(self, holds: Iterable[Payment]) -> Decimal:
        """What was not captured of these holds."""
        return sum((max(ZERO, h.amount - total(self._taken(h))) for h in holds), ZERO)

    @property
    def open_holds(self) -> tuple[Payment, ...]:
        """Neither captured nor voided."""
        return tuple(h for h in self.holds if not self._voided(h) and not self._taken(h))

    @property
    def rests(self) -> tuple[Payment, ...]:
        """Holds captured in part and not voided: nothing shows what became of the rest."""
        return tuple(
            h for h in self.holds
            if not self._voided(h) and (taken := self._taken(h)) and total(taken) < h.amount
        )

    def releases(self, hold: Payment) -> tuple[Payment, ...]:
        """The voids of a hold: by its reference, else (naming none) by the same order, else as the only hold."""
        named = tuple(v for v in self.voids if v.of == hold.reference)
        unnamed = [v for v in self.voids if v.of is None and v.at >= hold.at]
        alone = len(self.holds) == 1
        return named or tuple(v for v in unnamed if (v.order and v.order == hold.order) or (not v.order and alone))

    def _of_kind(self, kind: str) -> tuple[Payment, ...]:
        return tuple(p for p in self.payments if p.kind == kind)

    def _voided(self, payment: Payment) -> bool:
        if payment.kind == "hold":
            return bool(self.releases(payment))
        return any(v.of == payment.reference for v in self.voids)

    def _taken(self, hold: Payment) -> tuple[Payment, ...]:
        """Captures of a hold: by its reference, else by the same order, else (naming none) of the only hold."""
        after = [c for c in self.captures if c.at >= hold.at]
        named = tuple(c for c in after if c.of == hold.reference)
        same = tuple(c for c in after if c.of is None and c.order and c.order == hold.order)
        alone = len(self.holds) == 1 and not hold.order
        return named or same or tuple(c for c in after if alone and c.of is None and not c.order)


def ledger_of(case: Case) -> Ledger | None:
    """The purchase of the case; None where no money moved or it moved in several currencies."""
    own = [p for p in case.payments if not names_another(case, p)]
    references = {p.reference for p in own}
    payments = [p for p in own if p.of is None or p.of in references or p.kind == "capture"]
    currencies = {p.currency for p in payments}
    return Ledger(currencies.pop(), tuple(sorted(payments, key=_time))) if len(currencies) == 1 else None


def names_another(case: Case, payment: Payment) -> bool:
    """Whether a payment says itself that it is for another transaction than the matched one."""
    t = case.transaction
    if t is None or payment.transaction is None:
        return False
    if payment.transaction == t.id:
        return False
    return payment.transaction not in (t.said, str(t.number)) or payment.station not in (None, t.station)


def total(payments: Iterable[Payment]) -> Decimal:
    return sum((p.amount for p in payments), ZERO)


def latest(payments: Sequence[Payment]) -> datetime | None:
    return max((p.at for p in payments), default=None)


def _time(payment: Payment) -> tuple[datetime, str]:
    return payment.at, payment.reference
