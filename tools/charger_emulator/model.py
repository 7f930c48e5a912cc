"""The device model of 2.0.1 and 2.1: settings and live variables; reading, writing, reporting them (B05 to B08)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .link import Payload
from .outbox import Message
from .settings import Setting
from .voice import Done

if TYPE_CHECKING:
    from .machine import Machine

A_REPORT = 40
"""Variables in one NotifyReport."""

CRITERIA = {"Problem": "Problem", "Available": "Available", "Enabled": "Enabled", "Active": "Active"}
"""componentCriteria, each a variable that is true then; a component without it is Available, Enabled and Active."""


@dataclass(frozen=True)
class Variable:
    """One variable as it stands. `value` is None for a secret."""

    component: Payload
    name: str
    instance: str | None
    kind: str
    value: str | None
    mutability: str = "ReadOnly"
    unit: str | None = None
    most: float | None = None
    monitored: bool = False
    setting: Setting | None = None

    def is_asked_for(self, asked: Payload) -> bool:
        """Whether a componentVariable names it; what it leaves open fits all."""
        component, variable = asked["component"], asked.get("variable") or {}
        same = component["name"].lower() == self.component["name"].lower()
        evse = component.get("evse", {}).get("id")
        here = evse is None or evse == self.component.get("evse", {}).get("id")
        named = not variable or variable["name"].lower() == self.name.lower()
        return same and here and named and variable.get("instance", self.instance) == self.instance

    def report(self) -> Payload:
        attribute: Payload = {"mutability": self.mutability}
        if self.value is not None:
            attribute["value"] = self.value
        about: Payload = {"dataType": self.kind, "supportsMonitoring": self.monitored}
        if self.unit:
            about["unit"] = self.unit
        if self.most is not None:
            about["maxLimit"] = self.most
        return {**self.named(), "variableAttribute": [attribute], "variableCharacteristics": about}

    def named(self) -> Payload:
        instance = {"instance": self.instance} if self.instance else {}
        return {"component": self.component, "variable": {"name": self.name} | instance}


def variables(station: Machine) -> Iterator[Variable]:
    """All there are."""
    for setting in station.settings:
        if setting.component:
            yield _of_setting(setting)
    for n, c in station.connectors.items():
        here, plug = {"id": n}, {"id": n, "connectorId": 1}
        power = str(round(c.power_w))
        yield Variable({"name": "EVSE", "evse": here}, "Power", None, "decimal", power, unit="W",
                       most=c.outlet.rated_w, monitored=True)
        yield Variable({"name": "EVSE", "evse": here}, "AvailabilityState", None, "OptionList", station.speech.word(c))
        yield Variable({"name": "EVSE", "evse": here}, "Available", None, "boolean", "true")
        yield Variable({"name": "Connector", "evse": plug}, "Problem", None, "boolean", str(c.blocked).lower(),
                       monitored=True)
        yield Variable({"name": "TemperatureSensor", "evse": here}, "Temperature", None, "decimal",
                       f"{c.outlet.temperature_c:.1f}", unit="Celsius", monitored=True)
        if c.vehicle is not None:
            yield Variable({"name": "ConnectedEV", "evse": here}, "StateOfCharge", None, "decimal",
                           f"{c.vehicle.soc:.1f}", unit="Percent", monitored=True)


def _of_setting(setting: Setting) -> Variable:
    component, _, rest = (setting.component or "").partition(".")
    name, _, instance = rest.partition("/")
    mutability = "WriteOnly" if setting.secret else "ReadOnly" if setting.readonly else "ReadWrite"
    value = None if setting.secret else setting.value
    return Variable({"name": component}, name, instance or None, setting.kind, value, mutability,
                    monitored=setting.kind == "integer", setting=setting)


def find(station: Machine, asked: Payload) -> Variable | None:
    """The variable that a request names."""
    wanted = {"component": asked["component"], "variable": {"instance": None} | asked["variable"]}
    return next((v for v in variables(station) if v.is_asked_for(wanted)), None)


def unknown(station: Machine, asked: Payload) -> str:
    """Why there is none: UnknownVariable or UnknownComponent."""
    name = asked["component"]["name"].lower()
    known = any(v.component["name"].lower() == name for v in variables(station))
    return "UnknownVariable" if known else "UnknownComponent"


def get_variables(station: Machine, ask: Payload) -> Done:
    return Done({"getVariableResult": [_get(station, one) for one in ask["getVariableData"]]})


def _get(station: Machine, one: Payload) -> Payload:
    result = {"component": one["component"], "variable": one["variable"]}
    if one.get("attributeType", "Actual") != "Actual":
        return result | {"attributeStatus": "NotSupportedAttributeType"}
    found = find(station, one)
    if found is None:
        return result | {"attributeStatus": unknown(station, one)}
    if found.value is None:
        return result | {"attributeStatus": "Rejected"}
    return result | {"attributeStatus": "Accepted", "attributeValue": found.value}


def set_variables(station: Machine, ask: Payload) -> Done:
    results = [_set(station, one) for one in ask["setVariableData"]]
    return Done({"setVariableResult": results}, station.settings_changed)


def _set(station: Machine, one: Payload) -> Payload:
    result = {"component": one["component"], "variable": one["variable"]}
    found = find(station, one)
    if found is None:
        return result | {"attributeStatus": unknown(station, one)}
    if found.setting is None or found.setting.component is None:
        return result | {"attributeStatus": "Rejected"}
    return result | {"attributeStatus": station.settings.change(found.setting.component, one["attributeValue"])}


def get_base_report(station: Machine, ask: Payload) -> Done:
    if ask["reportBase"] == "SummaryInventory":
        chosen = [v for v in variables(station) if v.name in ("AvailabilityState", "Problem")]
    else:
        everything = ask["reportBase"] == "FullInventory"
        chosen = [v for v in variables(station) if everything or v.mutability != "ReadOnly"]
    return Done({"status": "Accepted"}, lambda: tell(station, ask["requestId"], chosen))


def get_report(station: Machine, ask: Payload) -> Done:
    """B08: what is named, of components that fulfil one of the criteria."""
    asked = ask.get("componentVariable")
    chosen = [v for v in variables(station) if not asked or any(v.is_asked_for(one) for one in asked)]
    if wanted := ask.get("componentCriteria"):
        chosen = [v for v in chosen if _fulfils(station, v, wanted)]
    if not chosen:
        return Done({"status": "EmptyResultSet"})
    return Done({"status": "Accepted"}, lambda: tell(station, ask["requestId"], chosen))


def _fulfils(station: Machine, variable: Variable, wanted: Sequence[str]) -> bool:
    siblings = {v.name: v.value for v in variables(station) if v.component == variable.component}
    return any(siblings.get(CRITERIA[one], str(one != "Problem").lower()) == "true" for one in wanted)


def tell(station: Machine, request_id: int, chosen: Sequence[Variable]) -> None:
    """NotifyReport, in parts."""
    parts = [chosen[at : at + A_REPORT] for at in range(0, len(chosen), A_REPORT)] or [[]]
    for number, part in enumerate(parts):
        payload: Payload = {
            "requestId": request_id,
            "generatedAt": station.stamp(),
            "seqNo": number,
            "tbc": number < len(parts) - 1,
        }
        if part:
            payload["reportData"] = [v.report() for v in part]
        station.say(Message("NotifyReport", _saying(payload)))


def _saying(payload: Payload) -> Callable[[], Payload]:
    return lambda: payload
