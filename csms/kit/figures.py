"""Figures that a process tells about itself. Noting one costs well under a microsecond."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SIZES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)


@dataclass(slots=True)
class Distribution:
    """How many values fell up to each bound, the last place being for those beyond."""

    bounds: tuple[float, ...]
    counts: list[int] = field(init=False)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def note(self, value: float, times: int = 1) -> None:
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times


Labelled: TypeAlias = Mapping[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Meter:
    """One figure that a part of the process can tell at any time, without waiting."""

    name: str
    """Like `ohmbudsman_stations_connected`; a counter's ends in `_total` when it is shown."""
    help: str
    read: Callable[[], float | Labelled | Distribution]
    kind: Literal["gauge", "counter"] = "gauge"
    """Of a distribution it makes no difference."""
    labels: tuple[str, ...] = ()


Survey: TypeAlias = Callable[[], Awaitable[Sequence[Meter]]]
"""Asks the database for figures; what it gives can be read at once."""
