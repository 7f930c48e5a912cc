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
ours. `do` is a method of Station, or `say` for a message in the station's own version's words. docs/emulator.md has
the whole vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from inspect import isawaitable, signature
from pathlib import Path
from typing import Any

import yaml

from .link import Payload
from .outbox import Message
from .physics import Vehicle
from .station import Station
from .view import COLOURS

DOINGS = frozenset(
    {
        "plug_in", "unplug", "present_token", "start_locally", "stop", "set_limit", "fault", "clear_fault",
        "emergency_stop", "set_contactor", "set_lock", "set_derating", "impose_limit", "lift_limit", "go_offline",
        "go_online", "power_loss", "power_up", "reboot", "sign_certificate", "security_event", "drained", "pass_time",
    }
)  # fmt: skip
"""Methods of Station that a step may `do`."""

EXPECTATIONS = frozenset(
    {"status", "sent", "not_sent", "asked", "energy_above_wh", "energy_below_wh", "stop_reason", "transactions"}
)
TIMES = frozenset({"at", "after"})

STATUSES = frozenset(COLOURS)
"""A connector's status, in 1.6's words in every version."""


def _online(station: Station) -> bool:
    """an accepted boot"""
    return station.speaking


def _offline(station: Station) -> bool:
    """no connection"""
    return not station.online


def _was_asked(station: Station, action: str) -> bool:
    return any(one.action == action for one in station.asked)


WAITS: dict[str, Callable[[Station], bool]] = {"online": _online, "offline": _offline}
"""What can be waited for besides a connector's status and `asked ACTION`."""


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
    """A scenario from YAML text. Raises ScenarioError that names the first thing it cannot play."""
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ScenarioError(str(error)) from error
    if not isinstance(raw, dict) or not isinstance(raw.get("steps"), list):
        raise ScenarioError("a scenario is a mapping with `steps`")
    station = {"id": "CS-1", "protocol": "ocpp1.6"} | raw.get("station", {})
    _fits("station", Station, {"url": "", **station})
    evses = len(station.get("connectors", (60.0,)))
    for number, step in enumerate(raw["steps"], start=1):
        _check(f"step {number}", step, evses)
    return Scenario(raw.get("name", "Scenario"), station, raw["steps"], float(raw.get("time_scale", 1.0)))


def load(path: Path) -> Scenario:
    """A scenario from a file."""
    return read(path.read_text(encoding="utf-8"))


def _check(where: str, step: object, evses: int) -> None:
    """Before anything is played: a slip in the last step must not cost the hour before it."""
    verbs = {"do", "wait", "expect"} & step.keys() if isinstance(step, dict) else set()
    if not isinstance(step, dict) or not verbs:
        raise ScenarioError(f"{where}: needs one of do, wait, expect")
    evse = step.get("evse", 1)
    if not isinstance(evse, int) or not 0 <= evse <= evses:
        raise ScenarioError(f"{where}: there is no EVSE {evse}")
    if "do" in step:
        _check_deed(where, step)
    elif "wait" in step:
        _known(where, step.keys() - {"wait", "evse", "within"} - TIMES, "take")
        if step["wait"] not in STATUSES | WAITS.keys() and not str(step["wait"]).startswith("asked "):
            raise ScenarioError(f"{where}: cannot wait for {step['wait']!r}")
    elif not isinstance(step["expect"], dict):
        raise ScenarioError(f"{where}: expect takes a mapping")
    else:
        _known(where, step["expect"].keys() - EXPECTATIONS, "expect")


def _check_deed(where: str, step: Payload) -> None:
    if step["do"] == "say":
        if not isinstance(step.get("action"), str) or not isinstance(step.get("payload"), dict):
            raise ScenarioError(f"{where}: say needs an action and a payload")
        return
    if step["do"] not in DOINGS:
        raise ScenarioError(f"{where}: cannot do {step['do']!r}")
    if "vehicle" in step:
        _fits(where, Vehicle, step["vehicle"])
    _fits(where, getattr(Station, step["do"]), {"self": None, **_arguments(step)})


def _fits(where: str, made: Callable[..., Any], arguments: object) -> None:
    if not isinstance(arguments, Mapping):
        raise ScenarioError(f"{where}: {arguments!r} is no mapping")
    try:
        signature(made).bind(**arguments)
    except TypeError as error:
        raise ScenarioError(f"{where}: {error}") from error


def _known(where: str, strange: set[str], verb: str) -> None:
    if strange:
        raise ScenarioError(f"{where}: cannot {verb} {', '.join(map(repr, sorted(strange)))}")


def _arguments(step: Payload) -> Payload:
    return {k: v for k, v in step.items() if k not in ("do", "expect") and k not in TIMES}


async def play(scenario: Scenario, url: str, tell: Callable[[str], None] = lambda _: None, **options: Any) -> Station:
    """Play a scenario against a central system; `options` override the station's. Returns the ended station.

    Raises Unmet if an expectation does not hold, TimeoutError if something waited for does not come.
    """
    arguments = {"time_scale": scenario.time_scale} | scenario.station | options
    try:
        made = Station(url, **arguments)
    except ValueError as error:
        raise ScenarioError(f"station: {error}") from error
    async with made as station:
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
    action = what.removeprefix("asked ")
    if action != what:
        return lambda station: _was_asked(station, action)
    return WAITS.get(what, what)


async def _do(station: Station, step: Payload) -> Any:
    if step["do"] == "say":
        reply = await station.say(Message(step["action"], lambda: step["payload"])).ended
        return "Accepted" if reply.ok else "Refused"
    arguments = _arguments(step)
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
            case "asked":
                held = _was_asked(station, value)
            case "transactions":
                held = len(station.transactions) == value
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
