"""A fleet in the terminal: what it has come to, what it is doing, who is in trouble; drawn anew twice a second."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from .connectors import Connector
from .fleet import Fleet, Totals
from .station import Station

EVERY_S = 0.5
ROWS = 12
"""Stations shown one by one: those in trouble first."""

COLOURS = {
    "Available": "green", "Preparing": "cyan", "Charging": "bright_blue", "SuspendedEV": "yellow",
    "SuspendedEVSE": "yellow", "Finishing": "cyan", "Reserved": "magenta", "Unavailable": "white", "Faulted": "red",
}  # fmt: skip


class View:
    """Draws a fleet; remembers what it drew last, for rates."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._began = self._last_at = time.monotonic()
        self._last_said = 0
        self._rate = 0.0

    async def show(self, console: Console, ended: asyncio.Event) -> None:
        """Until `ended` is set."""
        with Live(self.draw(), console=console, auto_refresh=False, screen=console.is_terminal) as live:
            while not ended.is_set():
                live.update(self.draw(), refresh=True)
                try:
                    async with asyncio.timeout(EVERY_S):
                        await ended.wait()
                except TimeoutError:
                    continue

    def draw(self) -> RenderableType:
        totals = self._fleet.totals()
        self._measure(totals)
        return Group(
            Panel(self._figures(totals), title=f"{totals.stations} stations", border_style="blue"),
            Panel(_statuses(totals.statuses), title="connectors", border_style="blue"),
            _summary(self._fleet),
            *([Text(f"cannot dial: {_listed(totals.troubles)}", style="red")] if totals.troubles else []),
        )

    def _measure(self, totals: Totals) -> None:
        now = time.monotonic()
        if now - self._last_at >= EVERY_S / 2:
            self._rate = (totals.said - self._last_said) / (now - self._last_at)
            self._last_at, self._last_said = now, totals.said

    def _figures(self, totals: Totals) -> Table:
        grid = Table.grid(padding=(0, 3))
        bar = ProgressBar(total=totals.stations, completed=totals.speaking, width=30)
        clock = self._fleet.stations[0].now() if self._fleet.stations else None
        grid.add_row("booted", bar, f"{totals.speaking} ({totals.online} online)")
        grid.add_row("messages", f"{totals.said:,}", f"{self._rate:,.0f}/s, {totals.waiting} waiting")
        grid.add_row("acknowledged", f"{totals.acknowledged:,}", f"{totals.said - totals.acknowledged} open or refused")
        grid.add_row("sessions", f"{totals.charging} running", f"{totals.ended:,} ended")
        grid.add_row("power", f"{totals.power_w / 1000:,.0f} kW", f"{totals.energy_wh / 1000:,.1f} kWh delivered")
        up = time.monotonic() - self._began
        grid.add_row("time", f"{clock:%Y-%m-%d %H:%M:%S}" if clock else "", f"{up:.0f} s up")
        return grid


def _statuses(counted: Counter[str]) -> Text:
    text = Text()
    for status, number in counted.most_common():
        text.append(f"{status} {number}   ", style=COLOURS.get(status, ""))
    return text


def _listed(troubles: Counter[str]) -> str:
    return ", ".join(f"{why} ({number})" for why, number in troubles.most_common(3))


def _summary(fleet: Fleet) -> Table:
    """A line for each of some stations: those in trouble first, then the busy ones."""
    table = Table("station", "online", "connectors", "said", "acknowledged", "transactions", "kWh", expand=False)
    shown = sorted(fleet.stations, key=_calm)[:ROWS]
    for station in sorted(shown, key=lambda s: s.id):
        energy = sum(c.meter_wh for c in station.connectors.values()) / 1000
        table.add_row(
            station.id,
            "yes" if station.online else Text("no", style="red"),
            Text(" ").join(_word(c) for c in station.connectors.values()),
            str(station.voice.said),
            str(station.voice.acknowledged),
            str(len(station.transactions)),
            f"{energy:.2f}",
        )
    return table


def _word(connector: Connector) -> Text:
    return Text(connector.status, style=COLOURS.get(connector.status, ""))


def _calm(station: Station) -> tuple[bool, bool, bool]:
    statuses = {c.status for c in station.connectors.values()}
    return station.speaking, "Faulted" not in statuses, not statuses - {"Available"}
