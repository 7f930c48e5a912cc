"""Complaints and faults set against how much each make was used; which model stands out. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from csms.vocabulary import MakeUse

Make = Literal["vendor", "model", "firmware"]


@dataclass(frozen=True, slots=True)
class Brand:
    """A make of stations over a time. Rates are per 1,000 sessions; None where none was charged."""

    key: str
    stations: int
    sessions: int
    energy_wh: float
    faults: int
    complaints: int
    topics: Mapping[str, int]

    @property
    def complaints_per_1000(self) -> float | None:
        return 1000 * self.complaints / self.sessions if self.sessions else None

    @property
    def faults_per_1000(self) -> float | None:
        return 1000 * self.faults / self.sessions if self.sessions else None


def make_of(usage: MakeUse, by: Make) -> str:
    """What the stations are, in words: firmware only means something together with its model."""
    vendor, model = usage.vendor or "unknown", usage.model or "unknown"
    return {"vendor": vendor, "model": f"{vendor} {model}",
            "firmware": f"{vendor} {model} {usage.firmware or 'unknown'}"}[by]


def by_make(used: Iterable[MakeUse], counts: Iterable[Mapping[str, Any]], by: Make) -> list[Brand]:
    """Each make, the most complained of (per session) first. `counts`: station, topic, cases."""
    makes: dict[str, list[MakeUse]] = defaultdict(list)
    for usage in used:
        makes[make_of(usage, by)].append(usage)
    make = {station: key for key, some in makes.items() for usage in some for station in usage.stations}
    topics: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in counts:
        if row["station"] in make:
            topics[make[row["station"]]][row["topic"]] += row["cases"]
    brands = [
        Brand(key, sum(len(u.stations) for u in some), sum(u.sessions for u in some), sum(u.energy_wh for u in some),
              sum(u.faults for u in some), sum(topics[key].values()),
              dict(sorted(topics[key].items(), key=lambda item: (-item[1], item[0]))))
        for key, some in makes.items()
    ]
    return sorted(brands, key=lambda b: (-(b.complaints_per_1000 or 0), -b.complaints, b.key))


@dataclass(frozen=True, slots=True)
class Standout:
    """One model has more than its share of the complaints about one topic."""

    topic: str
    model: str
    cases: int
    of: int
    share: float
    share_of_sessions: float


def standouts(
    brands: Sequence[Brand], *, over: float, at_least: int, times: float = 1.5
) -> list[Standout]:
    """Models above `over` of a topic's complaints, with enough of them, and more than their use explains.

    A fleet of one model has all complaints and no standout: its share of the sessions is as large.
    """
    sessions = sum(b.sessions for b in brands)
    totals: dict[str, int] = defaultdict(int)
    for brand in brands:
        for topic, n in brand.topics.items():
            totals[topic] += n
    found = []
    for brand in brands:
        used = brand.sessions / sessions if sessions else 0.0
        for topic, n in brand.topics.items():
            share = n / totals[topic]
            if n >= at_least and share > over and share > times * used:
                found.append(Standout(topic, brand.key, n, totals[topic], share, used))
    return sorted(found, key=lambda s: (-s.share, s.topic, s.model))


def brand_json(brand: Brand) -> dict[str, Any]:
    shape = {name: getattr(brand, name) for name in Brand.__slots__}
    return shape | {"complaints_per_1000": brand.complaints_per_1000, "faults_per_1000": brand.faults_per_1000}
