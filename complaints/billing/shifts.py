"""Ways in which a bill may have got the time of day wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from complaints.billing.bill import CENT, Rating
from complaints.findings import Bill, Words
from complaints.rules.case import Case


@dataclass(frozen=True, slots=True)
class Shift:
    """Times moved by so much, and why."""

    by: timedelta
    why: Words


def shift_that_explains(case: Case, rating: Rating, bill: Bill) -> Shift | None:
    """The shift by which the tariff gives what was charged, where it changes the price at all."""
    for shift in possible(case, rating):
        wrong = rating.total(shift.by)
        if abs(wrong - rating.total()) > CENT and abs(wrong - bill.charged) <= CENT:
            return shift
    return None


def possible(case: Case, rating: Rating) -> Iterable[Shift]:
    """Shifts that something explains: the device's clock, the zone left out or counted twice, summer time."""
    t = case.transaction
    if t is None:
        return
    if case.clock.off:
        minutes = round(case.clock.offset_s / 60)
        en, zh = ("ahead", "快") if minutes > 0 else ("behind", "慢")
        why = Words(f"the station's clock is {abs(minutes)} minutes {en}", f"充电桩的时钟{zh}了{abs(minutes)}分钟")
        yield Shift(timedelta(seconds=case.clock.offset_s), why)
        yield Shift(timedelta(minutes=minutes), why)
    offset = t.started_at.astimezone(ZoneInfo(rating.tariff.timezone)).utcoffset() or timedelta(0)
    if offset:
        yield Shift(
            -offset, Words("the periods were taken in UTC, not in local time", "时段按世界时而不是当地时间计算")
        )
        yield Shift(offset, Words("the time zone was added twice", "时区被重复加了一次"))
    for hour in (timedelta(hours=1), timedelta(hours=-1)):
        yield Shift(hour, Words("the periods are one hour off, as with summer time", "时段相差一小时（如夏令时错误）"))
