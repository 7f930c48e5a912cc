"""What really happens in the cable: power, energy, state of charge and heat. Pure, in SI units and Wh."""

from __future__ import annotations

from dataclasses import dataclass

EFFICIENCY = 0.93
"""Part of the metered energy that reaches the battery; the rest is heat in cable and charger."""

TAPER_FROM = 80.0
"""State of charge (percent) above which a battery accepts less and less."""

TRICKLE = 0.05
"""Part of its maximum power that a battery still accepts at 100 %."""

HEAT_RISE_K = 35.0
"""How much warmer than its surroundings a connector gets at rated power."""

HEAT_TIME_S = 600.0
"""Time in which a connector comes about two thirds of the way to its final temperature."""

HOT_C = 75.0
OVERHEATED_C = 95.0
"""Between these temperatures the station halves, and above the second it stops, its offer."""


@dataclass
class Vehicle:
    """A vehicle at the cable.

    Energies in kWh, power in kW, state of charge in percent. `ready=False` is a vehicle that asks for
    nothing (sleeping, pre-conditioning, charge timer): status SuspendedEV. `ends_session` makes it end
    the session itself when `target_soc` is reached. `phases` is how many lines of an AC outlet it can use.
    """

    battery_kwh: float = 60.0
    soc: float = 30.0
    max_kw: float = 120.0
    target_soc: float = 100.0
    ready: bool = True
    ends_session: bool = False
    phases: int = 3
    id: str = "EV-1"

    def wants_w(self) -> float:
        """Power the vehicle would take now: its limit, tapered above 80 %."""
        if not self.ready or self.soc >= self.target_soc:
            return 0.0
        if self.soc <= TAPER_FROM:
            return self.max_kw * 1000.0
        left = (100.0 - self.soc) / (100.0 - TAPER_FROM)
        return self.max_kw * 1000.0 * max(TRICKLE, left)

    def room_wh(self) -> float:
        """Metered energy that still fits in, up to the target."""
        return max(0.0, (self.target_soc - self.soc) / 100.0 * self.battery_kwh * 1000.0 / EFFICIENCY)

    def take(self, energy_wh: float) -> None:
        """Store metered energy."""
        gained = energy_wh * EFFICIENCY / (self.battery_kwh * 10.0)
        self.soc = min(max(self.soc, self.target_soc), self.soc + gained)


@dataclass
class Outlet:
    """One charging outlet and its meter. `meter_wh` is a lifetime register: it never goes back.

    `derating` is the part of rated power the station is able to give (1 = all of it).
    """

    rated_w: float
    meter_wh: float = 0.0
    temperature_c: float = 20.0
    ambient_c: float = 20.0
    derating: float = 1.0
    cable_max_w: float | None = None
    contactor_stuck_open: bool = False

    @property
    def is_dc(self) -> bool:
        """Above 22 kW a public outlet is a DC one."""
        return self.rated_w > 22_000

    def offers_w(self, limit_w: float | None = None) -> float:
        """Power the station is willing and able to give, under a charging profile's limit."""
        able = self.rated_w * self.derating * heat_factor(self.temperature_c)
        return max(0.0, min(x for x in (able, self.cable_max_w, limit_w) if x is not None))

    def voltage_v(self, soc: float | None) -> float:
        """Line voltage of an AC outlet, or the battery voltage of a DC one."""
        return 350.0 + (soc or 0.0) if self.is_dc else 230.0

    @property
    def lines(self) -> int:
        """Lines of an AC outlet: three above 7.4 kW. 1 for DC."""
        return 3 if not self.is_dc and self.rated_w > 7400 else 1

    def used(self, vehicle: Vehicle | None) -> int:
        """Lines that this vehicle charges by."""
        return self.lines if vehicle is None else max(1, min(self.lines, vehicle.phases))

    def current_a(self, power_w: float, soc: float | None, used: int | None = None) -> float:
        """Current for a power: of each line used on AC, total on DC."""
        return power_w / (self.voltage_v(soc) * (used or self.lines))


def heat_factor(temperature_c: float) -> float:
    """Part of the power a warm station still gives."""
    if temperature_c < HOT_C:
        return 1.0
    return 0.5 if temperature_c < OVERHEATED_C else 0.0


def flow_w(outlet: Outlet, vehicle: Vehicle | None, limit_w: float | None = None) -> float:
    """Power that flows once everything is closed: the least of what is offered and what is wanted."""
    if vehicle is None or outlet.contactor_stuck_open:
        return 0.0
    share = outlet.used(vehicle) / outlet.lines
    return min(outlet.offers_w(limit_w) * share, vehicle.wants_w())


def charge(outlet: Outlet, vehicle: Vehicle, seconds: float, limit_w: float | None = None) -> float:
    """Let current flow for a short time; moves meter, battery and temperature. Returns the energy in Wh."""
    power = flow_w(outlet, vehicle, limit_w)
    energy = min(power * seconds / 3600.0, vehicle.room_wh())
    outlet.meter_wh += energy
    vehicle.take(energy)
    warm(outlet, power, seconds)
    return energy


def warm(outlet: Outlet, power_w: float, seconds: float) -> None:
    """Move the temperature toward where this power leads."""
    final = outlet.ambient_c + HEAT_RISE_K * (power_w / outlet.rated_w) ** 2
    outlet.temperature_c += (final - outlet.temperature_c) * min(1.0, seconds / HEAT_TIME_S)
