"""Curves of meter readings: power, energy and state of charge, thinned out to what a screen can show. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
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


def curves(
    seen: Sequence[tuple[float, Mapping[str, Any]]], meters: Sequence[Meter], y: float, height: float
) -> list[Curve]:
    """Those of the meters that were read more than once. `seen`: (x, reading) in order of time."""
    made = (_curve(kind, unit, scale, _values(seen, name), y, height) for kind, name, scale, unit in meters)
    return [curve for curve in made if curve]


def _values(seen: Iterable[tuple[float, Mapping[str, Any]]], name: str) -> list[Point]:
    return [(x, r[name]) for x, r in seen if r[name] is not None]


def _curve(kind: str, unit: str, scale: float, values: list[Point], y: float, height: float) -> Curve | None:
    if len(values) < 2:
        return None
    # The register counts on for life: what the window added is what matters.
    base = min(v for _, v in values) if kind == "energy" else 0.0
    most = max(v for _, v in values) - base
    full = max(most, LEAST_TOP[kind])
    room = height - 16
    floor = y + height
    drawn = [(px, round(floor - (v - base) / full * room, 1)) for px, v in thinned(values)]
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


def thinned(values: Sequence[Point]) -> list[Point]:
    """The lowest and the highest of each column, in their order: no spike is lost."""
    columns: dict[int, list[Point]] = {}
    for point in values:
        columns.setdefault(int(point[0] // COLUMNS), []).append(point)
    found: list[Point] = []
    for points in columns.values():
        low, high = min(points, key=lambda p: p[1]), max(points, key=lambda p: p[1])
        found.extend([low] if low == high else sorted((low, high)))
    return found
