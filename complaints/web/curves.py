"""Curves of meter readings: power, energy and state of charge, thinned out to what a screen can show. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from typing import Any

BREAK = 4
"""This many usual intervals without a reading end a line."""
COLUMNS = 2.0
"""Width in chart units of which at most two points are drawn."""

Meter = tuple[str, str, float, str]
"""(name, field of a reading, what of it makes one unit, unit)"""
POWER: tuple[Meter, ...] = (("power", "power_w", 1000.0, "kW"), ("energy", "energy_wh", 1000.0, "kWh"))
BATTERY: tuple[Meter, ...] = (("soc", "soc_percent", 1.0, "%"), ("heat", "temperature_c", 1.0, "°C"))
LEAST_TOP = {"power": 1000.0, "energy": 100.0, "soc": 100.0, "heat": 60.0}
"""How high the scale goes at least, so that noise does not look like a mountain."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Curve:
    """One meter; each line of `lines` as SVG takes points. `top` is what its highest point stands for."""

    kind: str
    lines: tuple[str, ...]
    areas: tuple[str, ...]
    top: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The readings of one plug in one window, in order of time, and where that lies in the drawing."""

    stamps: Sequence[float]
    """Seconds since 1970."""
    readings: Sequence[Mapping[str, Any]]
    x_of: Callable[[float], float]
    columns: Sequence[slice]
    """Readings that share so little width that no more than the lowest and the highest of them can be told apart."""


def seen(
    stamps: Sequence[float], readings: Sequence[Mapping[str, Any]], since: float, until: float, width: float,
    x_of: Callable[[float], float],
) -> Seen:
    """What lies between two times that are `width` chart units apart."""
    low, high = bisect_left(stamps, since), bisect_right(stamps, until)
    inside = stamps[low:high]
    step = (until - since) * COLUMNS / width
    edges = [bisect_left(inside, since + n * step) for n in range(int(width / COLUMNS) + 1)]
    columns = [slice(a, b) for a, b in pairwise([*edges, len(inside)]) if a < b]
    return Seen(inside, readings[low:high], x_of, columns)


def curves(seen: Seen, meters: Sequence[Meter], y: float, height: float) -> list[Curve]:
    """Those of the meters that were read more than once."""
    made = (_curve(kind, unit, scale, thinned(seen, name), y, height) for kind, name, scale, unit in meters)
    return [curve for curve in made if curve]


def thinned(seen: Seen, name: str) -> list[Point]:
    """The lowest and the highest of each column, in their order: no spike is lost."""
    values = [r[name] for r in seen.readings]
    found: list[Point] = []
    for column in seen.columns:
        read = [(value, n) for n, value in enumerate(values[column], column.start) if value is not None]
        if not read:
            continue
        low, high = min(read), max(read)
        drawn = [low] if low[0] == high[0] else sorted((low, high), key=itemgetter(1))
        found.extend((seen.x_of(seen.stamps[n]), value) for value, n in drawn)
    return found


def _curve(kind: str, unit: str, scale: float, values: list[Point], y: float, height: float) -> Curve | None:
    if len(values) < 2:
        return None
    # The register counts on for life: what the window added is what matters.
    base = min(v for _, v in values) if kind == "energy" else 0.0
    most = max(v for _, v in values) - base
    full = max(most, LEAST_TOP[kind])
    room = height - 16
    floor = y + height
    drawn = [(px, round(floor - (v - base) / full * room, 1)) for px, v in values]
    parts = unbroken(drawn) if kind != "energy" else [drawn]
    lines = tuple(" ".join(f"{px},{py}" for px, py in part) for part in parts)
    areas = tuple(
        f"{part[0][0]},{floor} {line} {part[-1][0]},{floor}" for part, line in zip(parts, lines, strict=True)
    )
    digits = 3 if kind == "energy" and most < 1000 else 1
    return Curve(kind, lines, areas if kind == "power" else (), f"{most / scale:.{digits}f} {unit}")


def unbroken(points: Sequence[Point]) -> list[list[Point]]:
    """Where readings are missing for much longer than usual, no line pretends to know."""
    steps = sorted(b[0] - a[0] for a, b in pairwise(points))
    usual = max(steps[len(steps) // 2], COLUMNS)
    parts = [[points[0]]]
    for before, point in pairwise(points):
        if point[0] - before[0] > BREAK * usual:
            parts.append([])
        parts[-1].append(point)
    return parts
