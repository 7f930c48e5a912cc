"""Working calendars: which days are worked where, and working time between moments. Pure.

China's make-up days and holidays come from `chinesecalendar`, other countries' from `holidays`. Past the last year
that is published a day is judged by the weekly rhythm and the fixed holidays, and `knows` says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import chinese_calendar
import holidays

WEEKEND = (5, 6)
DAY = timedelta(days=1)
LATEST = date(9000, 1, 1)


@lru_cache(maxsize=4096)
def _china(day: date) -> bool | None:
    """Whether China works on this day; None past the published years."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None


@lru_cache(maxsize=32)
def _country(code: str) -> holidays.HolidayBase:
    country, _, subdivision = code.partition("-")
    return holidays.country_holidays(country, subdiv=subdivision or None)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The working days of a country in a zone. `code` is ISO 3166 (CN, HK, GB-SCT); empty: every hour counts."""

    zone: str
    code: str = "CN"
    opens: time = time(9)
    closes: time = time(18)
    own: Mapping[date, bool] = field(default_factory=dict)
    """Days that are worked, or not, whatever the published calendar says."""

    @property
    def always(self) -> bool:
        return not self.code

    def works(self, day: date) -> bool:
        if self.always:
            return True
        if day in self.own:
            return self.own[day]
        if self.code == "CN" and (published := _china(day)) is not None:
            return published
        return day.weekday() not in WEEKEND and day not in _country(self.code)

    def knows(self, at: datetime) -> bool:
        """Whether the calendar of that day has been published: else what is computed is provisional."""
        day = at.astimezone(ZoneInfo(self.zone)).date()
        if self.always:
            return True
        return _china(day) is not None if self.code == "CN" else day.year <= _country(self.code).end_year

    def local(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self.zone))

    # --- arithmetic -------------------------------------------------------------------------------

    def add_days(self, start: datetime, days: int) -> datetime:
        """The same wall-clock time `days` working days on; from a day off, from the next morning's opening."""
        local = self._working_day(self.local(start))
        while days:
            local += DAY  # wall-clock arithmetic: the zone's own offset changes are kept out
            days -= self.works(local.date())
        return local.astimezone(start.tzinfo)

    def add_time(self, start: datetime, length: timedelta) -> datetime:
        """Working hours on, skipping nights and days off. Real hours where every hour counts."""
        if self.always:
            return start + length
        local = self._opening(self.local(start))
        while local + length > (closing := self._at(local, self.closes)):
            length -= closing - local
            local = self._opening(self._at(local + DAY, self.opens))
        return (local + length).astimezone(start.tzinfo)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Working time that passes from start to end."""
        if self.always:
            return max(end - start, timedelta(0))
        total, local, last = timedelta(0), self.local(start), self.local(end)
        day = self._at(local, time(0))
        while day < last:
            if self.works(day.date()):
                begins, ends = max(local, self._at(day, self.opens)), min(last, self._at(day, self.closes))
                total += max(ends - begins, timedelta(0))
            day += DAY
        return total

    def _working_day(self, local: datetime) -> datetime:
        while not self.works(local.date()):
            local = self._at(local + DAY, self.opens)
            if local.date() > LATEST:
                raise OverflowError("no working day is left")
        return local

    def _opening(self, local: datetime) -> datetime:
        """This moment if the desk is open, else the next opening."""
        local = self._working_day(local)
        if local.time() >= self.closes:
            return self._opening(self._at(local + DAY, self.opens))
        return max(local, self._at(local, self.opens))

    @staticmethod
    def _at(local: datetime, wall: time) -> datetime:
        return local.replace(hour=wall.hour, minute=wall.minute, second=0, microsecond=0)


def known(code: str) -> bool:
    """Whether there is a calendar of this code."""
    try:
        return not code or bool(_country(code).country)
    except NotImplementedError:
        return False
