"""Meter values as stations send them -> readings in normal units. The same reader for every version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from csms.ocpp.times import UNSET, moment
from csms.vocabulary import Reading

REGISTER = "Energy.Active.Import.Register"

_FIELDS = {
    REGISTER: "energy_wh",
    "Power.Active.Import": "power_w",
    "Current.Import": "current_a",
    "Current.Offered": "offered_a",
    "Current.Import.Offered": "offered_a",  # 2.1
    "Voltage": "voltage_v",
    "SoC": "soc_percent",
    "Temperature": "temperature_c",
}
_PLACES: dict[tuple[str, str | None], str] = {
    **{(measurand, location): field for measurand, field in _FIELDS.items() for location in (None, "Outlet")},
    # The battery's state is the vehicle's, wherever it is said to be taken.
    **{("SoC", location): "soc_percent" for location in ("EV", "Body", "Cable", "Inlet", "Upstream")},
    ("Temperature", "Body"): "temperature_c",
}
"""Which field a measurand fills, by where it was taken. Elsewhere than at the outlet is another quantity."""

_NAMES = {"Power.Import.Offered": "Power.Offered"}
"""2.1 has a second name for it."""

_FACTORS: dict[str | None, float] = {
    None: 1.0,
    **dict.fromkeys(("Wh", "varh", "VAh", "W", "var", "VA", "A", "V", "Hz", "Hertz", "RPM"), 1.0),
    **dict.fromkeys(("Percent", "%", "Celsius", "Celcius", "C", "°C", "s", "min"), 1.0),  # Celcius: sic, in 1.6
    **dict.fromkeys(("kWh", "kvarh", "kVAh", "kW", "kvar", "kVA", "kA", "kV"), 1e3),
    **dict.fromkeys(("MWh", "MW"), 1e6),
    **dict.fromkeys(("mA", "mV"), 1e-3),
}
_FACTORS_FOLDED = {
    unit.lower(): _FACTORS[unit] for unit in ("Wh", "kWh", "W", "kW", "A", "V", "Hz", "Percent", "Celsius", "C", "°C")
}
_LINES = {"L1": "L1", "L2": "L2", "L3": "L3", "L1-N": "L1", "L2-N": "L2", "L3-N": "L3"}

_WIDEST_MULTIPLIER = 12
"""10 to a billion would take the processor for itself."""


_PLAIN: dict[tuple[Any, Any, Any], tuple[str, float]] = {
    (said, unit, location): (field, factor)
    for (measurand, location), field in _PLACES.items() if location != "Body" or field != "temperature_c"
    for said in ((measurand, None) if measurand == REGISTER else (measurand,))
    for unit, factor in _FACTORS.items()
}
"""Measurand, unit and location of nearly every sample -> the field it fills, by which factor."""
_ODD = frozenset({"phase", "signedMeterValue", "unitOfMeasure"})
"""Where a sample says one of these, there is more to consider."""


def readings(meter_values: Sequence[Mapping[str, Any]]) -> tuple[Reading, ...]:
    """One reading for each moment and context. A value that is no number raises `ValueError`."""
    found: list[Reading] = []
    for element in meter_values:
        at = moment(element.get("timestamp")) or UNSET
        groups: dict[str, _Group] = {}
        for sample in element.get("sampledValue", ()):
            context = sample.get("context") or "Sample.Periodic"
            group = groups.get(context)
            if group is None:
                group = groups[context] = _Group()
            plain = _PLAIN.get((sample.get("measurand"), sample.get("unit"), sample.get("location")))
            if plain is None or not _ODD.isdisjoint(sample) or sample.get("format") == "SignedData":
                _sort(sample, group)
                continue
            field, factor = plain
            value = group.fields[field] = float(sample["value"]) * factor
            if not isfinite(value):
                raise ValueError(value)
        for context, group in groups.items():
            if group.lines:
                _total(group)
            if group.fields or group.other:
                found.append(Reading(at, context=context, other=group.other, **group.fields))
    return tuple(found)


def first_register(readings: Sequence[Reading]) -> float | None:
    """The register a transaction began with: Transaction.Begin, else the first that is not its end."""
    told = [r for r in readings if r.energy_wh is not None and r.context != "Transaction.End"]
    begin = [r for r in told if r.context == "Transaction.Begin"]
    return (begin or told)[0].energy_wh if told else None


def last_register(readings: Sequence[Reading]) -> float | None:
    """The register it ended with: Transaction.End, else the last that is not its begin (some repeat that)."""
    told = [r for r in readings if r.energy_wh is not None and r.context != "Transaction.Begin"]
    end = [r for r in told if r.context == "Transaction.End"]
    return (end or told)[-1].energy_wh if told else None


class _Group:
    """The samples of one moment and context, sorted."""

    __slots__ = ("fields", "lines", "other")

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        self.other: dict[str, Any] = {}
        self.lines: dict[str, dict[str, float]] = {}
        """Measurand -> line -> value, of what was sampled line by line."""


def _sort(sample: Mapping[str, Any], group: _Group) -> None:
    """Put one sampledValue where it belongs. 1.6 has `unit`, 2.x `unitOfMeasure`; some stations mix them."""
    get = sample.get
    if get("format") == "SignedData":
        _sign(group, sample["value"])
        return
    measurand = get("measurand") or REGISTER
    unit = get("unit")
    value = float(sample["value"])
    if "signedMeterValue" in sample:
        _sign(group, sample["signedMeterValue"])
    if unit is None and (measure := get("unitOfMeasure")):
        unit = measure.get("unit")
        if power := measure.get("multiplier"):
            value *= _ten_to(power)
    factor = _FACTORS.get(unit)
    if factor is None:
        value, measurand = _convert(value, unit, measurand)
    elif factor != 1.0:
        value *= factor
    if not isfinite(value):
        raise ValueError(value)
    phase = get("phase")
    location = get("location")
    if phase is None and (place := _PLACES.get((measurand, location))) is not None:
        if location == "Body":
            group.fields.setdefault(place, value)  # the outlet's own temperature is preferred
        else:
            group.fields[place] = value
        return
    name = _NAMES.get(measurand, measurand)
    if phase is not None and location in (None, "Outlet") and phase in _LINES:
        group.lines.setdefault(name, {})[_LINES[phase]] = value
    group.other[_label(name, phase, location)] = value


def _total(group: _Group) -> None:
    """What the lines come to together, where the station did not say itself.

    Energy and power add up. Current does not: an offer, a fuse and a cable are rated for each line, so
    it is the most loaded line that can be held against `offered_a`. Voltage is the mean of line to neutral.
    """
    for measurand, lines in group.lines.items():
        values = list(lines.values())
        if measurand.startswith(("Energy.", "Power.")) and measurand != "Power.Factor":
            total = sum(values)
        elif measurand.startswith("Current."):
            total = max(values)
        else:
            total = sum(values) / len(values)
        if place := _FIELDS.get(measurand):
            group.fields.setdefault(place, total)
        else:
            group.other.setdefault(measurand, total)


def _sign(group: _Group, signed: Any) -> None:
    """Keep signed data as sent; several of them (begin and end) as a list."""
    if "signed" not in group.other:
        group.other["signed"] = signed
    elif isinstance(group.other["signed"], list):
        group.other["signed"].append(signed)
    else:
        group.other["signed"] = [group.other["signed"], signed]


def _label(measurand: str, phase: str | None, location: str | None) -> str:
    label = measurand if phase is None else f"{measurand}.{phase}"
    return label if location in (None, "Outlet") else f"{label}@{location}"


def _convert(value: float, unit: Any, measurand: str) -> tuple[float, str]:
    """Rarer units. What comes in a unit nobody knows is kept, under a name that says so."""
    match str(unit).strip().lower():
        case "fahrenheit" | "f" | "°f":
            return (value - 32) * 5 / 9, measurand
        case "k" | "kelvin":
            return value - 273.15, measurand
        case folded if folded in _FACTORS_FOLDED:
            return value * _FACTORS_FOLDED[folded], measurand
        case "":
            return value, measurand
    return value, f"{measurand} [{unit}]"


def _ten_to(power: int) -> float:
    if abs(power) > _WIDEST_MULTIPLIER:
        raise ValueError(power)
    return float(10.0 ** int(power))
