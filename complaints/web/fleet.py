"""The fleet at a glance: thousands of stations by state, site, model and firmware; who knocks; adding one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import Response

from complaints.web.frame import Visit, url
from complaints.web.public import plugs_of
from complaints.web.tongue import N_
from csms.vocabulary.fleet import STATES, Seen

GRID, LISTED, KNOCKS_SHOWN, GROUPS_SHOWN = 1000, 50, 20, 40
FEW = 40
"""Up to so many stations a list says more than a grid."""
NAMED = 200
"""Up to so many, a cell of the grid has room for the station's id."""
ODD_ID = N_("letters, digits and . _ - : only, at most 48 of them")
STATE_WORDS = {
    "faulted": N_("Faulted"), "offline": N_("Not connected"), "closed": N_("Out of service"),
    "never": N_("Never connected"), "busy": N_("In use"), "free": N_("Free"),
}
TONES = {"faulted": "bad", "offline": "off", "closed": "warn", "never": "plain", "busy": "busy", "free": "good"}
SIGNS = {"faulted": "!", "offline": "×", "closed": "–", "never": "?", "busy": "▸", "free": "·"}
"""Shape beside colour, in a cell of the grid."""
BY = {"site": N_("Site"), "model": N_("Model"), "firmware": N_("Firmware")}
FILTERS = ("q", "site", "model", "firmware", "state")
SETUP = ("technician", "supervisor")
BAR = 160
BROKEN = ("faulted", "offline")
RANK = {state: n for n, state in enumerate(STATES)}


@dataclass(frozen=True, slots=True)
class Group:
    """Stations that have something in common; `parts`: (state, how many, x, width) of its bar."""

    name: str
    total: int
    parts: Sequence[tuple[str, int, float, float]]


def grouped(stations: Sequence[Seen], by: str) -> tuple[list[Group], int]:
    """(the groups that are shown, how many there are): where most is broken first, then the largest."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for station in stations:
        counts[getattr(station, by) or ""][station.state] += 1
    order = sorted(counts, key=lambda name: (-sum(counts[name][s] for s in BROKEN), -counts[name].total(), name))
    return [Group(name, counts[name].total(), _parts(counts[name])) for name in order[:GROUPS_SHOWN]], len(order)


def _parts(found: Counter[str]) -> list[tuple[str, int, float, float]]:
    x, parts = 0.0, []
    for state in STATES:
        if n := found[state]:
            width = n / found.total() * BAR
            parts.append((state, n, round(x, 1), round(width, 1)))
            x += width
    return parts


async def listed(visit: Visit) -> Response:
    return await page(visit, {}, {})


async def page(visit: Visit, typed: Mapping[str, str], wrong: Mapping[str, str]) -> Response:
    chosen = {name: visit.query(name)[:200] for name in FILTERS}
    named = {name: found for name in BY if (found := _named(visit, name)) is not None}
    everything = await visit.site.fleet.all()
    if chosen["q"] or named:
        everything = [s for s in everything if fits(s, chosen["q"], named)]
    fitting = sorted((s for s in everything if chosen["state"] in ("", s.state)), key=lambda s: (RANK[s.state], s.id))
    by = visit.query("by") if visit.query("by") in BY else "site"
    show = visit.query("show") if visit.query("show") in ("grid", "list") else "list" if len(fitting) <= FEW else "grid"
    size = GRID if show == "grid" else LISTED
    skip = min(int(n), len(fitting)) if (n := visit.query("skip")).isdecimal() else 0
    shown = fitting[skip:skip + size]
    groups, groups_n = grouped(everything, by)
    counts = Counter(s.state for s in everything)
    return visit.page(
        "stations.html", 422 if wrong else 200, counts=counts, total=len(everything), states=STATES,
        state_words=STATE_WORDS, tones=TONES, signs=SIGNS, chosen=chosen, by=by, bys=BY, show=show, bar=BAR,
        named=len(shown) <= NAMED, groups=groups, more_groups=groups_n - len(groups), group_link=_group_link(visit, by),
        cells=_cells(visit, shown) if show == "grid" else (), **await _rows(visit, shown if show == "list" else ()),
        fitting=len(fitting), skip=skip, filtered=any(chosen.values()) or bool(named),
        link=lambda **change: _link(visit, change), size=size, **await _aside(visit, typed, wrong),
    )


def fits(station: Seen, words: str, named: Mapping[str, str]) -> bool:
    """Has the words in what it is called by, and is of the site, model and firmware that are named."""
    if any((getattr(station, name) or "") != value for name, value in named.items()):
        return False
    if not words:
        return True
    told = (station.id, station.name, station.site, station.vendor, station.model, station.serial)
    return words.casefold() in " ".join(filter(None, told)).casefold()


def _cells(visit: Visit, shown: Sequence[Seen]) -> list[tuple[str, str, str, str, str]]:
    """(id, address, tone, sign, words) of each cell of the grid."""
    words = {state: visit.say(STATE_WORDS[state]) for state in STATES}
    return [(s.id, f"/desk/stations/{quote(s.id, safe='')}", TONES[s.state], SIGNS[s.state],
             f"{s.id}: {words[s.state]}" + (f" · {s.site}" if s.site else "")) for s in shown]


def _named(visit: Visit, name: str) -> str | None:
    """None: any. Given and empty: those that have told none."""
    return visit.query(name)[:200] if name in visit.request.query_params else None


def _link(visit: Visit, change: Mapping[str, Any]) -> str:
    kept: dict[str, Any] = {
        k: v for k, v in visit.request.query_params.items() if k in (*FILTERS, "by", "show")
    }
    return url("desk", "stations", **{**kept, **change})


def _group_link(visit: Visit, by: str) -> Any:
    """To one group alone. An empty name is kept, for it means: none told."""
    def link(name: str) -> str:
        made = _link(visit, {by: name})
        return made if name else f"{made}{'&' if '?' in made else '?'}{by}="
    return link


async def _rows(visit: Visit, shown: Sequence[Seen]) -> dict[str, Any]:
    csms, ids = visit.site.csms, [s.id for s in shown]
    known = {s.id: s for s in await csms.archive.stations(ids)}
    rows = [(one, known[one.id], plugs_of(known[one.id], None)) for one in shown if one.id in known]
    return {"rows": rows, "faults": await csms.open_faults(ids)}


async def _aside(visit: Visit, typed: Mapping[str, str], wrong: Mapping[str, str]) -> dict[str, Any]:
    may_add = visit.who.may(*SETUP)
    return {
        "knocks": await visit.site.csms.archive.knocks(limit=KNOCKS_SHOWN), "typed": typed, "wrong": wrong,
        "may_add": may_add, "tariffs": await visit.site.csms.tariffs() if may_add else [], "ocpp": ocpp_base(visit),
        "incidents": await visit.site.worklist.open_incidents(),
    }


async def knocking(visit: Visit) -> Response:
    """Who knocks now: the page asks again by itself while it is open."""
    return visit.page("knocks.html", knocks=await visit.site.csms.archive.knocks(limit=KNOCKS_SHOWN),
                      may_add=visit.who.may(*SETUP))


def ocpp_base(visit: Visit) -> str:
    """Where stations connect: as this process knows it, else by its settings and the name we were called by."""
    settings = visit.site.settings
    known = visit.site.ocpp or f"ws://{settings.host}:{settings.ocpp_port}/ocpp"
    name = visit.request.url.hostname or settings.host
    return known.replace("//0.0.0.0", f"//{name}").replace("//[::]", f"//{name}")


async def add(visit: Visit) -> Response:
    """Enter a station, or admit one that knocks; the same form gives what is known of it."""
    form, wrong = visit.form, {}
    id = form.text("id")
    if not 0 < len(id) <= 48 or not all(c.isalnum() or c in "._-:" for c in id):
        wrong["id"] = visit.say(ODD_ID)
    plugs = int(n) if (n := form.text("plugs") or "1").isdecimal() else 0
    if not 1 <= plugs <= 64:
        wrong["plugs"] = visit.say("a number from 1 to 64")
    power = _kilowatts(form.text("power"))
    if power is not None and power <= 0:
        wrong["power"] = visit.say("a power in kW, such as 60")
    if wrong:
        return await page(visit, form.texts(), wrong)
    fields = {name: form.text(name) or None for name in ("name", "site", "tariff")}
    if power:
        fields["max_power_w"] = power * 1000 * plugs  # type: ignore[assignment]
    connectors = [{"evse": n, "connector": 1, "max_power_w": power * 1000 if power else None}
                  for n in range(1, plugs + 1)] if form.text("plugs") else []
    await visit.site.csms.put_station(id, fields, connectors, by=visit.who.name)
    return visit.go(url("desk", "stations", id), "added")


def _kilowatts(text: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return -1.0
