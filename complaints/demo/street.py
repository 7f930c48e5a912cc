"""The stations of the demo's town, alive: they connect, some charge, three do not come."""

from __future__ import annotations

import asyncio
import random

from charger_emulator import Clock, Station, Vehicle
from complaints.app import Product
from complaints.demo.town import Machine, machines
from complaints.demo.traffic import Week
from csms.vocabulary import Start

ABSENT = ("XC-09", "YY-07", "GX-08")
"""Offline since the week."""
CHARGING = ("HB-01", "XC-02", "JC-04", "GS-03", "GX-01", "YY-02")
BROKEN = {"HB-06": ("HighTemperature", "plug 1 too hot"), "HB-07": ("", "")}
AT_ONCE = 8


class Street:
    """Holds the emulated stations until they leave."""

    def __init__(self, product: Product, clock: Clock, week: Week) -> None:
        self.product, self.clock, self.week = product, clock, week
        self.stations: dict[str, Station] = {}

    async def come(self) -> None:
        """All but the absent, a few at a time; then some begin to charge."""
        waiting = [m for m in machines().values() if m.id not in ABSENT]
        for first in range(0, len(waiting), AT_ONCE):
            await asyncio.gather(*(self._come(m) for m in waiting[first:first + AT_ONCE]))
        await asyncio.gather(*(self._charge(id) for id in CHARGING))
        code, info = BROKEN["HB-06"]
        await self.stations["HB-06"].fault(1, code, info)
        self.stations["HB-07"].set_contactor(2, stuck_open=True)

    async def _come(self, machine: Machine) -> None:
        model = machine.model
        station = Station(
            self.product.ocpp, machine.id, model.protocol, connectors=model.kw, vendor=model.vendor, model=model.name,
            firmware=model.firmware, clock=self.clock, boot_time_s=1,
        )
        for evse, register in self.week.diaries[machine.id].registers.items():
            station.connectors[evse].outlet.meter_wh = register
        self.stations[machine.id] = station
        await station.start()

    async def _charge(self, id: str) -> None:
        dice = random.Random(id)
        await self.stations[id].plug_in(1, Vehicle(max_kw=dice.choice((7.0, 60.0, 90.0)), soc=dice.randrange(15, 55)))
        await self.product.csms.send(id, Start(f"APP-{dice.randrange(1000, 9999)}", 1), by="app", wait_s=10)

    async def leave(self) -> None:
        for station in self.stations.values():
            await station.shutdown()
