"""A story told in YAML: what happens at a station, when, and what must hold afterwards.

    name: The contactor stays open
    station: {id: CS-1, protocol: ocpp1.6, connectors: [60], quirks: []}
    time_scale: 60
    steps:
      - {do: set_contactor, evse: 1, stuck_open: true}
      - {do: plug_in, evse: 1, vehicle: {soc: 30}}
      - {do: present_token, evse: 1, token: CARD, expect: Accepted}
      - {wait: SuspendedEVSE, evse: 1, within: 10}
      - {after: 300, do: stop, evse: 1}
      - {do: say, action: DataTransfer, payload: {vendorId: Ohmbudsman}}
      - expect: {status: {1: Finishing}, energy_below_wh: 1, sent: StopTransaction}

`at` (since the beginning) and `after` (since the step before) are seconds of simulated time, `within` is in
ours. `do` is a method of Station, or `say` for a message in the station's own version's words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from inspect import isawaitable
from pathlib import Path
from typing import Any

import yaml

from .link import Payload
from .outbox import Message
from .physics import Vehicle
from .station import Station

DOINGS = frozenset(
    {
        "plug_in",
        "unplug",
        "present_token",
        "start_locally",
        "stop",
        "fault",
        "clear_fault",
        "emergency_stop",
        "set_contactor",
        "set_lock",
        "set_derating",
        "go_offline",
        "go_online",
        "power_loss",
        "power_up",
        "reboot",
        "drained",
        "pass_time",
    }
)


WAITS: dict[str, Callable[[Station], bool]] = {
    "online": lambda station: station.speaking,
    "offline": lambda station: not station.online,
}
"""What can be waited for besides a connector's status."""


class ScenarioError(Exception):
    """The file does not tell a story we understand."""


class Unmet(AssertionError):
    """An expectation of the scenario did not hold."""


@dataclass(frozen=True)
class Scenario:
    """A read scenario. `station` are Station's arguments, `id` and `protocol` among them."""

    name: str
    station: dict[str, Any]
    steps: list[Payload]
    time_scale: float = 1.0
    notes: list[str] = field(default_factory=list)


def read(text: str) -> Scenario:
    """A scenario from YAML text. Raises ScenarioError with the number of the first bad step."""
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ScenarioError(str(error)) from error
    if not isinstance(raw, dict) or not isinstance(raw.get("steps"), list):
        raise ScenarioError("a scenario is a mapping with `steps`")
    for number, step in enumerate(raw["steps"], start=1):
        _check(number, step)
    station = {"id": "CS-1", "protocol": "ocpp1.6"} | raw.get("station", {})
    return Scenario(raw.get("name", "Scenario"), station, raw["steps"], float(raw.get("time_scale", 1.0)))


def load(path: Path) -> Scenario:
    """A scenario from a file."""
    return read(path.read_text(encoding="utf-8"))


def _check(number: int, step: object) -> None:
    if not isinstance(step, dict) or not ({"do", "wait", "expect"} & step.keys()):
        raise ScenarioError(f"step {number}: needs one of do, wait, expect")
    if "do" in step and step["do"] not in DOINGS | {"say"}:
        raise ScenarioError(f"step {number}: cannot do {step['do']!r}")


async def play(scenario: Scenario, url: str, tell: Callable[[str], None] = lambda _: None, **options: Any) -> Station:
    """Play a scenario against a central system; `options` override the station's. Returns the ended station.

    Raises Unmet if an expectation does not hold, TimeoutError if something waited for does not come.
    """
    arguments = {"time_scale": scenario.time_scale} | scenario.station | options
    async with Station(url, **arguments) as station:
        began = station.now()
        for number, step in enumerate(scenario.steps, start=1):
            if "at" in step:
                await station.clock.sleep_until(began + timedelta(seconds=step["at"]))
            await station.clock.sleep(step.get("after", 0))
            tell(f"{number}. {_title(step)}")
            await _play_step(station, number, step)
        await station.drained()
    return station


def _title(step: Payload) -> str:
    verb = next(v for v in ("do", "wait", "expect") if v in step)
    rest = {k: v for k, v in step.items() if k not in (verb, "at", "after")}
    return f"{verb} {step[verb]}" + (f" {rest}" if rest else "")


async def _play_step(station: Station, number: int, step: Payload) -> None:
    if "wait" in step:
        await station.wait_for(_awaited(step["wait"]), evse=step.get("evse", 1), timeout=step.get("within", 10.0))
    elif "do" in step:
        outcome = await _do(station, step)
        if "expect" in step and outcome != step["expect"]:
            raise Unmet(f"step {number}: {step['do']} gave {outcome}, not {step['expect']}")
    else:
        await station.drained()
        _expect(station, number, step["expect"])


def _awaited(what: str) -> str | Callable[[Station], bool]:
    return WAITS.get(what, what)


async def _do(station: Station, step: Payload) -> Any:
    if step["do"] == "say":
        reply = await station.say(Message(step["action"], lambda: step["payload"])).ended
        return "Accepted" if reply.ok else "Refused"
    arguments = {k: v for k, v in step.items() if k not in ("do", "at", "after", "expect")}
    if "vehicle" in arguments:
        arguments["vehicle"] = Vehicle(**arguments["vehicle"])
    outcome = getattr(station, step["do"])(**arguments)
    return await outcome if isawaitable(outcome) else outcome


def _expect(station: Station, number: int, wanted: Payload) -> None:
    energy = sum((t.meter_stop_wh or 0) - t.meter_start_wh for t in station.transactions if t.stopped_at)
    for what, value in wanted.items():
        match what:
            case "status":
                held = all(station.connectors[n].status == status for n, status in value.items())
            case "sent":
                held = bool(station.sent(value))
            case "not_sent":
                held = not station.sent(value)
            case "energy_above_wh":
                held = energy > value
            case "energy_below_wh":
                held = energy < value
            case "stop_reason":
                held = [t.stop_reason for t in station.transactions][-1:] == [value]
            case _:
                raise ScenarioError(f"step {number}: cannot expect {what!r}")
        if not held:
            raise Unmet(f"step {number}: {what} {value} does not hold")
