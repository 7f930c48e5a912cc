"""The town of the demo: its sites, its sixty stations, its prices, the people at the desk. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from complaints.staff import add_user, people
from csms.kit.db import Conn

PASSWORD = "demo-2026-{}"  # noqa: S105 - of a throw-away database
PEOPLE = {
    "li": "agent", "wu": "agent", "tan": "technician", "qian": "finance", "zhao": "supervisor", "an": "auditor",
    "root": "admin",
}
"""Who works at the desk, and as what."""


def password(name: str) -> str:
    return PASSWORD.format(name)


async def people_come(conn: Conn, now: datetime) -> None:
    """Whoever is not there yet."""
    there = {person.name for person in await people(conn)}
    for name, role in PEOPLE.items():
        if name not in there:
            await add_user(conn, name, role, password(name), now)


@dataclass(frozen=True, slots=True)
class Model:
    """A kind of station. `kw`: rated power of each plug."""

    vendor: str
    name: str
    protocol: str
    firmware: str
    kw: tuple[float, ...]
    type: str

    @property
    def is_ac(self) -> bool:
        return max(self.kw) <= 22


DC60 = Model("Hualian", "DC60-2", "ocpp1.6", "2.1.4", (60.0, 60.0), "GBT-DC")
DC120 = Model("Hualian", "DC120-2", "ocpp1.6", "2.1.4", (120.0, 120.0), "GBT-DC")
NG180 = Model("Northgrid", "NG180", "ocpp2.0.1", "5.0.2", (180.0, 180.0), "cCCS2")
VT22 = Model("Volterra", "VT22", "ocpp2.0.1", "1.9.0", (22.0,), "cType2")
AC7 = Model("Starbox", "S7", "ocpp1.6", "0.8.11", (7.0, 7.0), "GBT-AC")


@dataclass(frozen=True, slots=True)
class Site:
    """A place with stations. `stations`: how many of which model, in this order."""

    code: str
    name: str
    tariff: str
    stations: tuple[tuple[Model, int], ...]


SITES = (
    Site("HB", "湖滨路 Hubin Road", "standard", ((DC60, 8), (AC7, 4))),
    Site("XC", "西城万象 Xicheng Mall", "city", ((DC120, 8), (VT22, 4))),
    Site("GX", "高新科技园 Gaoxin Park", "standard", ((AC7, 8), (VT22, 4))),
    Site("JC", "机场 P3 Airport P3", "airport", ((NG180, 6), (DC120, 4))),
    Site("GS", "高速东区 G25 East", "standard", ((NG180, 6),)),
    Site("YY", "阳光花园 Sunshine Court", "night", ((AC7, 8),)),
)


@dataclass(frozen=True, slots=True)
class Machine:
    """One station of the town."""

    id: str
    name: str
    site: Site
    model: Model

    @property
    def body(self) -> dict[str, Any]:
        """What is entered about it: fields of PUT /stations/{id}."""
        return {
            "vendor": self.model.vendor, "model": self.model.name, "firmware": self.model.firmware, "name": self.name,
            "site": self.site.name, "tariff": self.site.tariff, "max_power_w": sum(self.model.kw) * 1000,
        }

    @property
    def plugs(self) -> list[dict[str, Any]]:
        return [{"evse": n, "connector": 1, "type": self.model.type, "max_power_w": kw * 1000}
                for n, kw in enumerate(self.model.kw, 1)]


def machines() -> dict[str, Machine]:
    """All of them by id: HB-01 and so on."""
    made = {}
    for site in SITES:
        models = [model for model, count in site.stations for _ in range(count)]
        for number, model in enumerate(models, 1):
            id = f"{site.code}-{number:02d}"
            made[id] = Machine(id, f"{site.name.split()[0]} {number} 号桩", site, model)
    return made


def _day(*parts: tuple[str, str, str, str]) -> list[dict[str, str]]:
    return [{"from": a, "to": b, "energy_price": energy, "service_price": service} for a, b, energy, service in parts]


_BEGAN = {"currency": "CNY", "timezone": "Asia/Shanghai", "valid_from": "2020-01-01T00:00:00Z"}
TARIFFS: dict[str, dict[str, Any]] = {
    "standard": _BEGAN | {"periods": _day(("00:00", "24:00", "0.80", "0.40"))},
    "city": _BEGAN | {
        "periods": _day(("00:00", "24:00", "1.00", "0.50")),
        "idle": {"grace_minutes": 15, "price_per_minute": "0.50", "cap": "50.00"},
    },
    "airport": _BEGAN | {"start_fee": "2.00", "periods": _day(("00:00", "24:00", "1.10", "0.70"))},
    "night": _BEGAN | {"periods": _day(
        ("00:00", "08:00", "0.30", "0.30"), ("08:00", "22:00", "0.80", "0.40"), ("22:00", "24:00", "0.30", "0.30"),
    )},
}
"""Prices per kWh; the night rate is for those who sleep at the Sunshine Court."""
