"""A stage for the pages: a running product with two emulated stations, a past that went wrong, people at the desk."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from PIL import Image

from charger_emulator import Backoff, Clock, Station, Vehicle
from complaints.app import Product, running
from complaints.cases import Case
from complaints.intake.form import read
from complaints.settings import Settings
from complaints.staff import add_user
from csms.vocabulary import Payment, Start

PASSWORD = "correct-horse-2026"
PEOPLE = {"li": "agent", "tan": "technician", "qian": "finance", "zhao": "supervisor", "an": "auditor"}
PAID_FOR_NOTHING = "扫码付了30块钱,插着枪等了快十分钟,一度电都没充进去,钱也没退,怎么回事?"
TARIFF = {
    "currency": "CNY", "timezone": "Asia/Shanghai", "valid_from": "2020-01-01T00:00:00Z",
    "periods": [
        {"from": "00:00", "to": "08:00", "energy_price": "0.40", "service_price": "0.30"},
        {"from": "08:00", "to": "22:00", "energy_price": "0.80", "service_price": "0.40"},
        {"from": "22:00", "to": "24:00", "energy_price": "0.40", "service_price": "0.30"},
    ],
}
QUICK = Backoff(minimum=0.02, maximum=0.2, jitter=0.02)
PATIENCE_S = 60.0
HURRY = 240.0


async def until(look: Callable[[], Awaitable[Any]], what: str) -> Any:
    """What `look` finds, once it finds something."""
    async with asyncio.timeout(PATIENCE_S):
        while not (found := await look()):  # noqa: ASYNC110 - what is awaited happens in a database
            await asyncio.sleep(0.05)
    assert found, what
    return found


@dataclass
class Stage:
    """The product, its clock, and who plays."""

    product: Product
    clock: Clock
    stations: dict[str, Station] = field(default_factory=dict)

    @property
    def http(self) -> str:
        return self.product.http

    async def people(self) -> None:
        async with self.product.db.acquire() as conn, conn.transaction():
            for name, role in PEOPLE.items():
                await add_user(conn, name, role, PASSWORD, self.clock.now())

    async def station(self, id: str, protocol: str, kw: list[float], **about: Any) -> Station:
        """A known station that has connected and is free on all its plugs."""
        await self.product.csms.put_station(
            id, {"site": "Hubin Road", "tariff": "standard", "max_power_w": sum(kw) * 1000} | about,
            [{"evse": n, "connector": 1, "type": "GBT-DC" if p > 22 else "GBT-AC", "max_power_w": p * 1000}
             for n, p in enumerate(kw, 1)],
        )
        made = Station(
            self.product.ocpp, id, protocol, connectors=kw, vendor="Hualian", model="DC60", firmware="2.1.4",
            clock=self.clock, boot_time_s=3, meter_start_wh=180_220, backoff=QUICK,
            settings={"MeterValueSampleInterval": "30"},
        )
        self.stations[id] = made
        await made.start()
        await until(lambda: self.all_free(id), f"{id} is free")
        return made

    async def all_free(self, id: str) -> bool:
        station = await self.product.csms.station(id)
        return station is not None and bool(station.connectors) and all(
            c.status == "Available" for c in station.connectors
        )

    async def begin(self, id: str, evse: int, token: str, vehicle: Vehicle) -> str:
        """Plug in and start by remote; our id of the transaction."""
        await self.stations[id].plug_in(evse, vehicle)
        await self.product.csms.send(id, Start(token, evse), by="app", wait_s=5)

        async def open_one() -> str | None:
            found = await self.product.csms.transactions(station=id, state="open")
            return next((t.id for t in found if t.evse == evse), None)

        return str(await until(open_one, f"a session on {id}/{evse}"))

    async def end(self, id: str, evse: int) -> None:
        await self.stations[id].unplug(evse)

        async def none_open() -> bool:
            found = await self.product.csms.transactions(station=id, state="open")
            return all(t.evse != evse for t in found)

        await until(none_open, f"the end of {id}/{evse}")

    async def pay(self, reference: str, amount: str, token: str, id: str, evse: int) -> None:
        await self.product.csms.record_payment(Payment(
            reference, "capture", Decimal(amount), "CNY", self.clock.now(), method="wechat", token=token, station=id,
            evse=evse,
        ))

    async def complain(self, id: str, evse: int, text: str = PAID_FOR_NOTHING, **about: Any) -> Case:
        """A complaint of a driver who paid by PAY-1."""
        given = {"channel": "qr", "text": text, "station": id, "evse": evse, "payment_reference": "PAY-1"} | about
        return (await self.product.desk.file(read(given), by="customer", strict=False)).case

    def stranger(self, id: str) -> Station:
        """A station nobody has entered."""
        self.stations[id] = Station(self.product.ocpp, id, "ocpp1.6", clock=self.clock, backoff=QUICK)
        return self.stations[id]

    async def until_knocking(self, id: str) -> None:
        async def knocks() -> bool:
            return any(k["station"] == id for k in await self.product.csms.archive.knocks())

        await until(knocks, f"{id} knocks")

    async def a_bad_session(self, id: str = "DC60-01", payment: str = "PAY-1") -> str:
        """The contactor of plug 1 stays open: paid 30 yuan, got nothing; the transaction's id."""
        self.stations[id].set_contactor(1, stuck_open=True)
        await self.pay(payment, "30.00", "APP-WANG", id, 1)
        transaction = await self.begin(id, 1, "APP-WANG", Vehicle(max_kw=80))
        await self.live(minutes=8)
        await self.end(id, 1)
        return transaction

    async def live(self, minutes: float) -> None:
        """Minutes that pass in seconds, whatever the pace of the rest."""
        pace = self.clock.time_scale
        self.clock.time_scale = max(pace, HURRY)
        await self.clock.sleep(minutes * 60)
        self.clock.time_scale = pace


@asynccontextmanager
async def stage(
    dsn: str, *, past: timedelta = timedelta(minutes=40), pace: float = HURRY, people: bool = True, **options: Any
) -> AsyncIterator[Stage]:
    """A product whose clock begins in the past and goes fast, until a test takes it `to_present`.

    It goes fast only once people and tariff are there: a busy machine must not use the past up before it begins.
    """
    clock = Clock(start=datetime.now(UTC) - past)
    settings = Settings.load({}, database=dsn, http_port=0, ocpp_port=0, hotline="400-820-0000", **options)
    async with running(settings, clock=clock.now) as product:
        set_up = Stage(product, clock)
        try:
            if people:
                await product.csms.put_tariff("standard", TARIFF)
                await set_up.people()
            clock.time_scale = pace
            yield set_up
        finally:
            for each in set_up.stations.values():
                await each.shutdown()


def photo() -> bytes:
    """A photo of a dark screen, as a phone would send one."""
    file = io.BytesIO()
    Image.new("RGB", (640, 400), (20, 24, 28)).save(file, "JPEG")
    return file.getvalue()
