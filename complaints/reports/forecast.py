"""How many complaints the coming weeks will bring: a plain seasonal model that says how wrong it has been. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from statistics import fmean

YEAR = 52
LEVEL_OVER = 8
"""Weeks that make the present level."""
TEST_OVER = 8
"""Weeks that the model is tried on before it is believed."""
LEAST = 4
WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Week:
    """A week to come, with the range that four of five such weeks fell into."""

    monday: date
    expected: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """`error`: mean absolute error in cases a week when the model was tried on the last weeks; `naive_error` is what
    "as last week" would have had. A model that is not better says so: believe the smaller."""

    weeks: tuple[Week, ...]
    method: str
    known_weeks: int
    error: float | None
    naive_error: float | None


def filled(counts: Mapping[date, int], last: date) -> list[int]:
    """Cases of each week from the first known one to `last`, zeros where there were none."""
    if not counts:
        return []
    first = min(counts)
    return [counts.get(first + n * WEEK, 0) for n in range((last - first) // WEEK + 1)]


def forecast(counts: Mapping[date, int], last: date, ahead: int) -> Forecast:
    """The weeks after `last`, a Monday. Fewer than four known weeks: nothing is foretold."""
    series = filled(counts, last)
    if len(series) < LEAST:
        return Forecast((), "too little is known yet", len(series), None, None)
    tries = _tries(series)
    error = fmean(abs(made - was) for made, was in tries) if tries else None
    spread = 1.28 * (sqrt(fmean((made - was) ** 2 for made, was in tries)) if tries else sqrt(max(fmean(series), 1)))
    weeks = tuple(
        Week(last + n * WEEK, made := _at(series, n), max(0.0, made - spread), made + spread)
        for n in range(1, ahead + 1)
    )
    naive = [abs(series[n] - series[n - 1]) for n in _test_weeks(series)]
    method = "level times season of the year" if len(series) > YEAR + LEVEL_OVER else "level of the last weeks"
    return Forecast(weeks, method, len(series), error, fmean(naive) if naive else None)


def _test_weeks(series: Sequence[int]) -> range:
    return range(max(LEAST, len(series) - TEST_OVER), len(series))


def _tries(series: Sequence[int]) -> list[tuple[float, int]]:
    """(foretold from what was known then, what came) for each of the last weeks."""
    return [(_at(series[:n], 1), series[n]) for n in _test_weeks(series)]


def _at(series: Sequence[int], ahead: int) -> float:
    """`ahead` weeks after the series ends: its level, times what the season did to that week a year ago."""
    level = fmean(series[-LEVEL_OVER:])
    n = len(series) - 1 + ahead - YEAR
    if n < LEVEL_OVER or ahead > YEAR or n >= len(series):
        return level
    then = fmean(series[max(0, len(series) - YEAR - LEVEL_OVER):len(series) - YEAR])
    # Three weeks around the same one: a holiday moves by some days from year to year.
    around = fmean(series[max(0, n - 1):n + 2])
    return level * around / then if then else level
