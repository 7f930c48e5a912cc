"""Variable monitoring of 2.0.1 and 2.1 (N02 to N08): monitors are installed, listed, cleared, and speak up."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from . import model
from .link import Payload
from .outbox import Message
from .voice import Done

if TYPE_CHECKING:
    from .machine import Machine

THRESHOLDS = ("UpperThreshold", "LowerThreshold")
KINDS = {"UpperThreshold": "ThresholdMonitoring", "LowerThreshold": "ThresholdMonitoring", "Delta": "DeltaMonitoring"}
"""What a type of monitor counts as in monitoringCriteria; the other types are PeriodicMonitoring."""


@dataclass
class Monitor:
    id: int
    asked: Payload
    """As it was asked for: component, variable, type, value, severity, transaction."""
    last: float | None = None
    crossed: bool = False
    due: datetime | None = None

    @property
    def type(self) -> str:
        return str(self.asked["type"])

    @property
    def criterion(self) -> str:
        return KINDS.get(self.type, "PeriodicMonitoring")

    def report(self, version: str) -> Payload:
        named = {name: self.asked[name] for name in ("value", "type", "severity")}
        kind = {"eventNotificationType": "CustomMonitor"} if version == "ocpp2.1" else {}
        return {"id": self.id, "transaction": self.asked.get("transaction", False)} | named | kind


class Monitors:
    """The monitors of one station."""

    def __init__(self) -> None:
        self.installed: dict[int, Monitor] = {}
        self.level = 9
        """Only events as severe as this, or more severe, are told (0 is the worst)."""
        self._ids = itertools.count(1)

    def install(self, station: Machine, asked: Payload) -> Payload:
        """One SetMonitoringData's result."""
        shown = {name: asked[name] for name in ("type", "severity", "component", "variable")}
        variable = model.find(station, asked)
        if variable is None:
            return shown | {"status": model.unknown(station, asked)}
        if not variable.monitored:
            return shown | {"status": "UnsupportedMonitorType"}
        if asked["type"] == "Delta" and asked["value"] < 0:
            return shown | {"status": "Rejected"}
        if "id" not in asked and any(_alike(m.asked, asked) for m in self.installed.values()):
            return shown | {"status": "Duplicate"}
        if asked.get("id", 0) not in (*self.installed, 0):
            return shown | {"status": "Rejected"}  # N04.FR.16: an id is given by the station
        made = Monitor(asked.get("id") or next(self._ids), asked, _number(variable.value))
        made.due = _due(made, station.now())
        self.installed[made.id] = made
        if made.due is not None:
            station.spawn(self._strike(station, made), f"monitor {made.id}")
        return shown | {"status": "Accepted", "id": made.id}

    def check(self, station: Machine) -> None:
        """Look whether a threshold was crossed, or a value moved far enough; tell what did."""
        if not self.installed:
            return
        for monitor in list(self.installed.values()):
            variable = model.find(station, monitor.asked)
            value = _number(variable.value) if variable else None
            if value is None or monitor.due is not None:
                continue
            if monitor.type == "Delta":
                if monitor.last is None or abs(value - monitor.last) >= max(monitor.asked["value"], 1e-9):
                    monitor.last = value
                    self._tell(station, monitor, value, "Delta")
            elif (crossed := _beyond(monitor, value)) != monitor.crossed:
                monitor.crossed = crossed
                self._tell(station, monitor, value, "Alerting", cleared=not crossed)

    async def _strike(self, station: Machine, monitor: Monitor) -> None:
        """A periodic monitor's own clock."""
        while self.installed.get(monitor.id) is monitor and monitor.due is not None:
            await station.clock.sleep_until(monitor.due)
            monitor.due = _due(monitor, station.now())
            variable = model.find(station, monitor.asked)
            if variable is not None and self.installed.get(monitor.id) is monitor:
                self._tell(station, monitor, _number(variable.value) or 0.0, "Periodic")

    def _tell(self, station: Machine, monitor: Monitor, value: float, trigger: str, cleared: bool = False) -> None:
        if monitor.asked["severity"] > self.level:
            return
        event: Payload = {
            "eventId": next(station.shelf.event_ids),
            "timestamp": station.stamp(),
            "trigger": trigger,
            "actualValue": f"{value:g}",
            "eventNotificationType": "CustomMonitor",
            "variableMonitoringId": monitor.id,
            "component": monitor.asked["component"],
            "variable": monitor.asked["variable"],
        }
        if trigger == "Alerting":
            event["cleared"] = cleared
        payload: Payload = {"generatedAt": station.stamp(), "seqNo": 0, "eventData": [event]}
        station.say(Message("NotifyEvent", lambda: payload, kept=True, retried=False))


def set_monitoring(station: Machine, ask: Payload) -> Done:
    results = [station.monitors.install(station, one) for one in ask["setMonitoringData"]]
    return Done({"setMonitoringResult": results}, lambda: station.monitors.check(station))


def clear_monitoring(station: Machine, ask: Payload) -> Done:
    installed = station.monitors.installed
    results = [{"id": id, "status": "Accepted" if installed.pop(id, None) else "NotFound"} for id in ask["id"]]
    return Done({"clearMonitoringResult": results})


def set_base(station: Machine, ask: Payload) -> Done:
    """This station has no monitors of its own: any base but All clears those that were set (N03)."""
    if ask["monitoringBase"] != "All":
        station.monitors.installed.clear()
    return Done({"status": "Accepted"})


def set_level(station: Machine, ask: Payload) -> Done:
    if not 0 <= ask["severity"] <= 9:
        return Done({"status": "Rejected"})
    station.monitors.level = ask["severity"]
    return Done({"status": "Accepted"})


def get_report(station: Machine, ask: Payload) -> Done:
    """N02: what is installed, of the kinds and the variables asked for."""
    found = [m for m in station.monitors.installed.values() if _is_wanted(m, ask)]
    if not found:
        return Done({"status": "EmptyResultSet"})
    payload: Payload = {"requestId": ask["requestId"], "seqNo": 0, "generatedAt": station.stamp(), "tbc": False}
    version = station.speech.version
    payload["monitor"] = [
        {"component": m.asked["component"], "variable": m.asked["variable"], "variableMonitoring": [m.report(version)]}
        for m in found
    ]
    return Done({"status": "Accepted"}, lambda: _say(station, payload))


def _say(station: Machine, payload: Payload) -> None:
    station.say(Message("NotifyMonitoringReport", lambda: payload))


def _is_wanted(monitor: Monitor, ask: Payload) -> bool:
    named = ask.get("componentVariable")
    kinds = ask.get("monitoringCriteria")
    here = not named or any(
        one["component"]["name"] == monitor.asked["component"]["name"]
        and one.get("variable", monitor.asked["variable"])["name"] == monitor.asked["variable"]["name"]
        for one in named
    )
    return here and (not kinds or monitor.criterion in kinds)


def _alike(one: Payload, other: Payload) -> bool:
    """N04.FR.19: the same variable, type and severity."""
    return all(one[name] == other[name] for name in ("component", "variable", "type", "severity"))


def _beyond(monitor: Monitor, value: float) -> bool:
    limit = float(monitor.asked["value"])
    return value > limit if monitor.type == "UpperThreshold" else value < limit


def _due(monitor: Monitor, now: datetime) -> datetime | None:
    seconds = float(monitor.asked["value"])
    if not monitor.type.startswith("Periodic") or seconds <= 0:
        return None
    wait = seconds - now.timestamp() % seconds if monitor.type == "PeriodicClockAligned" else seconds
    return now + timedelta(seconds=wait)


def _number(value: str | None) -> float | None:
    if value in ("true", "false"):
        return float(value == "true")
    try:
        return float(value) if value is not None else None
    except ValueError:
        return None
