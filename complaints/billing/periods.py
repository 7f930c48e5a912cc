"""Energy priced by time of day: which part of each slice fell into which tariff period."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from zoneinfo import ZoneInfo

from complaints.billing.energy import Slice
from csms.vocabulary import Period, Tariff

DAY = 24 * 60
FINEST_WH = Decimal("0.000001")
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Part:
    """The energy of one tariff period."""

    period: Period
    wh: Decimal

    @property
    def price(self) -> Decimal:
        return self.period.energy_price + self.period.service_price

    @property
    def amount(self) -> Decimal:
        return self.wh / 1000 * self.price


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the energy can have cost at least and at most, each slice wholly in one of the periods it spans."""

    least: Decimal
    most: Decimal


def split(slices: Iterable[Slice], tariff: Tariff, *, shift: timedelta = timedelta(0)) -> list[Part]:
    """Each period's energy, linearly inside a slice, in order of first delivery.

    `shift` moves the times first: what a bill looks like by a clock that is off.
    """
    parts: dict[Period, Decimal] = {}
    for one in slices:
        for period, wh in _shares(one, tariff, shift):
            parts[period] = parts.get(period, ZERO) + wh
    return [Part(period, wh) for period, wh in parts.items()]


def cost(slices: Iterable[Slice], tariff: Tariff, *, shift: timedelta = timedelta(0)) -> Decimal:
    """The unrounded price of the energy."""
    return sum((part.amount for part in split(slices, tariff, shift=shift)), ZERO)


def bounds(slices: Sequence[Slice], tariff: Tariff) -> Bounds:
    """The range that the gaps between the readings leave."""
    least = most = ZERO
    for one in slices:
        prices = [p.energy_price + p.service_price for p, _ in _shares(one, tariff, timedelta(0))]
        least += one.wh / 1000 * min(prices)
        most += one.wh / 1000 * max(prices)
    return Bounds(least, most)


def at(tariff: Tariff, moment: datetime) -> Period:
    """The period a moment falls into."""
    return _stretch(tariff, ZoneInfo(tariff.timezone), moment)[0]


def _shares(one: Slice, tariff: Tariff, shift: timedelta) -> list[tuple[Period, Decimal]]:
    """A slice by periods; the last share takes the remainder, so that the shares add up exactly."""
    start, end = one.start + shift, one.end + shift
    stretches = list(_stretches(start, end, tariff))
    if len(stretches) == 1:
        return [(stretches[0][0], one.wh)]
    whole = _micros(end - start)
    shares = [
        (period, (one.wh * _micros(b - a) / whole).quantize(FINEST_WH, ROUND_DOWN)) for period, a, b in stretches[:-1]
    ]
    return [*shares, (stretches[-1][0], one.wh - sum((wh for _, wh in shares), ZERO))]


def _stretches(start: datetime, end: datetime, tariff: Tariff) -> Iterator[tuple[Period, datetime, datetime]]:
    zone, now = ZoneInfo(tariff.timezone), start
    while True:
        period, until = _stretch(tariff, zone, now)
        yield period, now, min(until, end)
        if until >= end:
            return
        now = until


def _stretch(tariff: Tariff, zone: ZoneInfo, moment: datetime) -> tuple[Period, datetime]:
    """The period of a moment, and when the wall clock leaves it (at least a minute later: clocks go back)."""
    local = moment.astimezone(zone)
    minute = local.hour * 60 + local.minute
    period = next(p for p in tariff.periods if p.start_minute <= minute < p.end_minute)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if period.end_minute == DAY:
        leaves = day + timedelta(days=1)
    else:
        leaves = day.replace(hour=period.end_minute // 60, minute=period.end_minute % 60)
    until = leaves.replace(fold=local.fold).astimezone(UTC)
    return period, until if until > moment else moment.astimezone(UTC) + timedelta(minutes=1)


def _micros(span: timedelta) -> Decimal:
    return Decimal(span // timedelta(microseconds=1))
