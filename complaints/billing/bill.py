"""The expected bill: energy by period, start fee, idle fee (contract/codes.md, "The expected bill")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from complaints.billing import periods
from complaints.billing.energy import NOTHING_WH, Energy
from complaints.billing.failed import failed_early
from complaints.billing.idle import Idle, idle_of
from complaints.billing.ledger import Ledger, ledger_of
from complaints.billing.session import energy_of
from complaints.findings import Bill, BillLine, Finding
from complaints.rules.case import Case
from csms.vocabulary import Tariff

CENT = Decimal("0.01")
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Rating:
    """A session rated by its tariff, unrounded, part by part."""

    tariff: Tariff
    energy: Energy
    idle: Idle | None
    start_fee_due: bool

    @property
    def nothing(self) -> bool:
        """Below 50 Wh nothing is billed."""
        return self.energy.wh < NOTHING_WH

    @property
    def start_fee(self) -> Decimal:
        return self.tariff.start_fee if self.start_fee_due and not self.nothing else ZERO

    @property
    def idle_fee(self) -> Decimal:
        if self.idle is None or self.tariff.idle is None or self.nothing:
            return ZERO
        return self.idle.fee(self.tariff.idle)

    def energy_cost(self, shift: timedelta = timedelta(0)) -> Decimal:
        return ZERO if self.nothing else periods.cost(self.energy.slices, self.tariff, shift=shift)

    def total(self, shift: timedelta = timedelta(0)) -> Decimal:
        """Rounded once, half up; with `shift` as a clock that is so far ahead would bill it."""
        return money(self.energy_cost(shift) + self.start_fee + self.idle_fee)

    @property
    def bounds(self) -> tuple[Decimal, Decimal]:
        """What the gaps between the readings leave open."""
        if self.nothing:
            return ZERO, ZERO
        range_ = periods.bounds(self.energy.slices, self.tariff)
        return money(range_.least + self.start_fee + self.idle_fee), money(range_.most + self.start_fee + self.idle_fee)


def expected_bill(case: Case, findings: Sequence[Finding] = ()) -> Bill | None:
    """What it should have cost and what was taken. None where nothing can be said or nothing is to be said.

    `findings` of the other rules, where given, add what they have seen: connectors swapped, who ended it.
    """
    ledger = ledger_of(case)
    if case.transaction is None:
        return _without_transaction(case, ledger)
    rating = rate(case, findings)
    if rating is None:
        return _free(case, ledger)
    if ledger is not None and ledger.currency != rating.tariff.currency:
        return None
    return Bill(
        currency=rating.tariff.currency,
        expected=rating.total(),
        charged=money(ledger.charged if ledger else ZERO),
        lines=lines(rating),
        held=money(ledger.held if ledger else ZERO),
    )


def rate(case: Case, findings: Sequence[Finding] = ()) -> Rating | None:
    """The session by the tariff in force at its start; None without a tariff or a transaction."""
    if case.transaction is None or case.tariff is None:
        return None
    energy = _given_to_him(energy_of(case), findings)
    return Rating(
        tariff=case.tariff,
        energy=energy,
        idle=idle_of(case) if case.tariff.idle else None,
        start_fee_due=not failed_early(case),
    )


def _given_to_him(energy: Energy, findings: Sequence[Finding]) -> Energy:
    """Nothing, where the connectors are swapped: his payment charged a stranger's car."""
    swapped = any(f.code == "connectors.swapped" and f.stance == "supports" for f in findings)
    return Energy(notes=("swapped",)) if swapped else energy


def lines(rating: Rating) -> tuple[BillLine, ...]:
    """The bill's lines. Each is the rounded running total less the one before: so they add up to the cent."""
    if rating.nothing:
        return ()
    rows = [(*_energy_words(part), part.amount) for part in periods.split(rating.energy.slices, rating.tariff)]
    if rating.start_fee:
        rows.append(("Start fee", "1", f"{rating.start_fee:f}", rating.start_fee))
    if rating.idle_fee and rating.idle and rating.tariff.idle:
        rows.append((*_idle_words(rating), rating.idle_fee))
    found, exact = [], ZERO
    for what, quantity, price, amount in rows:
        found.append(BillLine(what, quantity, price, money(exact + amount) - money(exact)))
        exact += amount
    return tuple(found)


def _energy_words(part: periods.Part) -> tuple[str, str, str]:
    start, end = part.period.start_minute, part.period.end_minute
    span = "" if (start, end) == (0, periods.DAY) else f" {_clock(start)}-{_clock(end)}"
    prices = f"{part.period.energy_price:f} energy + {part.period.service_price:f} service"
    return f"Energy{span} ({prices})", f"{_round(part.wh / 1000, '0.001')} kWh", f"{part.price:f}"


def _idle_words(rating: Rating) -> tuple[str, str, str]:
    idle, fee = rating.idle, rating.tariff.idle
    assert idle is not None
    assert fee is not None
    minutes = _round(idle.paid_minutes(fee), "0.01").normalize()
    capped = ", capped" if fee.cap is not None and rating.idle_fee == fee.cap else ""
    return f"Idle fee after {fee.grace_minutes} min free{capped}", f"{minutes:f} min", f"{fee.price_per_minute:f}"


def _without_transaction(case: Case, ledger: Ledger | None) -> Bill | None:
    """Nothing was delivered, so nothing is owed. Silent where it was never about money."""
    currency = ledger.currency if ledger else case.claim.currency or (case.tariff.currency if case.tariff else None)
    if currency is None or (ledger is None and not case.claim.about_money):
        return None
    charged, held = (ledger.charged, ledger.held) if ledger else (ZERO, ZERO)
    return Bill(currency, money(ZERO), money(charged), held=money(held))


def _free(case: Case, ledger: Ledger | None) -> Bill | None:
    """Without a tariff only a session that delivered nothing has a bill: nothing."""
    if ledger is None or not case.registers or energy_of(case).wh >= NOTHING_WH:
        return None
    return Bill(ledger.currency, money(ZERO), money(ledger.charged), held=money(ledger.held))


def money(amount: Decimal) -> Decimal:
    """To the cent, half up."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def _round(value: Decimal, to: str) -> Decimal:
    return value.quantize(Decimal(to), rounding=ROUND_HALF_UP)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
