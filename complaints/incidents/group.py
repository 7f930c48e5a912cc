"""Which reports have one cause: the same station, site, model with firmware, or the whole platform. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

DROP_WITHIN = timedelta(minutes=10)
DROP_SHARE, DROP_AT_LEAST = 0.3, 5
TOPICS = (
    "cannot_start", "stopped_early", "slow", "connector_stuck", "cannot_insert", "screen_or_reader", "station_down",
    "status_wrong", "cannot_stop", "safety", "charged_no_energy", "start_failed_charged",
)
"""Complaints that may have a common technical cause."""


@dataclass(frozen=True, slots=True)
class Report:
    """A complaint or a fault of one station. `what`: the topic, or the fault's code."""

    id: str
    at: datetime
    station: str
    what: str
    complaint: bool
    evse: int | None = None
    site: str | None = None
    model: str | None = None
    firmware: str | None = None
    person: str | None = None
    """Who complained, as far as known: ten complaints of one are one."""
    cause: str | None = None
    """The key of the cause it is put down to already: it speaks for no other."""
    over: bool = False
    """The case is closed: it still shows that there is a cause, but nobody waits for an answer."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What some reports have in common."""

    key: str
    kind: str
    title: str
    reports: tuple[Report, ...]
    because: tuple[str, ...]
    station: str | None = None
    site: str | None = None
    model: str | None = None
    firmware: str | None = None

    @property
    def complaints(self) -> list[str]:
        return [r.id for r in self.reports if r.complaint]


def group(reports: Sequence[Report], *, at_least: int, connected: int = 0, dropped: Sequence[str] = ()) -> list[Cause]:
    """Causes, the widest first; a report belongs to the widest only. What is over for everybody is none."""
    found: list[Cause] = []
    left = list(reports)
    if connected + len(dropped) and len(dropped) >= DROP_AT_LEAST:
        share = len(dropped) / (connected + len(dropped))
        if share >= DROP_SHARE:
            because = (f"{len(dropped)} stations dropped within {DROP_WITHIN.seconds // 60} minutes ({share:.0%})",)
            gone = tuple(r for r in _speaking(left, "platform") if r.station in dropped)
            found.append(Cause("platform", "platform", "Many stations lost their connection at once", gone, because))
            left = [r for r in left if r.station not in dropped]
    for make in (_firmware, _site, _station):
        for cause in make(left, at_least):
            found.append(cause)
            taken = {r.id for r in cause.reports}
            left = [r for r in left if r.id not in taken]
    return [cause for cause in found if cause.kind == "platform" or not all(r.over for r in cause.reports)]


def _speaking(reports: Iterable[Report], key: str) -> list[Report]:
    """Those that may speak for a cause."""
    return [r for r in reports if r.cause in (None, key)]


def _by(reports: Iterable[Report], *names: str) -> Mapping[tuple[str, ...], list[Report]]:
    grouped: dict[tuple[str, ...], list[Report]] = defaultdict(list)
    for report in reports:
        key = tuple(getattr(report, name) or "" for name in names)
        if all(key):
            grouped[key].append(report)
    return grouped


def _people(reports: Iterable[Report]) -> int:
    return len({r.person or r.id for r in reports if r.complaint}) + len({
        (r.station, r.what) for r in reports if not r.complaint
    })


def _firmware(reports: Sequence[Report], at_least: int) -> list[Cause]:
    """The same trouble with one model and firmware at several sites: a batch, not a place."""
    found = []
    for (model, firmware, what), some in _by(reports, "model", "firmware", "what").items():
        key = f"firmware:{model}:{firmware}:{what}"
        mine = _speaking(some, key)
        sites = len({r.site or r.station for r in mine})
        if _people(mine) >= at_least and len({r.station for r in mine}) >= at_least and sites >= 2:
            because = (f"{_people(mine)} reports of {what} at {sites} sites",)
            title = f"{what} with {model}, firmware {firmware}"
            found.append(Cause(key, "firmware", title, tuple(mine), because, model=model, firmware=firmware))
    return found


def _site(reports: Sequence[Report], at_least: int) -> list[Cause]:
    found = []
    for (site,), some in _by(reports, "site").items():
        mine = _speaking(some, f"site:{site}")
        stations = len({r.station for r in mine})
        if stations >= min(at_least, 3) and _people(mine) >= at_least:
            because = (f"{_people(mine)} reports from {stations} stations",)
            title = f"Trouble at several stations of {site}"
            found.append(Cause(f"site:{site}", "site", title, tuple(mine), because, site=site))
    return found


def _station(reports: Sequence[Report], at_least: int) -> list[Cause]:
    found = []
    for (station,), some in _by(reports, "station").items():
        mine = _speaking(some, f"station:{station}")
        if _people(mine) >= at_least:
            because = (f"{_people(mine)} reports: {', '.join(sorted({r.what for r in mine}))}",)
            found.append(Cause(f"station:{station}", "station", f"Trouble at {station}", tuple(mine), because,
                               station=station, site=mine[0].site))
    return found


def silent_connectors(reports: Sequence[Report], *, at_least: int) -> list[tuple[str, int, tuple[str, ...]]]:
    """Connectors that people complain of and that report nothing: (station, EVSE, complaints)."""
    plugs: dict[tuple[str, int], list[Report]] = defaultdict(list)
    for report in reports:
        if report.evse is not None:
            plugs[report.station, report.evse].append(report)
    faulty = {(r.station, r.evse) for r in reports if not r.complaint}
    return [
        (station, evse, tuple(r.id for r in some))
        for (station, evse), some in sorted(plugs.items())
        if len({r.person or r.id for r in some if r.complaint}) >= at_least
        and not faulty & {(station, evse), (station, 0)}
    ]
