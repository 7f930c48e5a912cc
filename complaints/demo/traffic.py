"""An ordinary week: who charges where and when, with good sessions that nobody complains about. Pure, by seed."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from complaints.demo.diary import Charge, Diary, Lived
from complaints.demo.town import TARIFFS, Machine, machines
from csms.vocabulary import Payment

DAYS = 7
HOURS = (7, 8, 9, 10, 11, 12, 12, 13, 14, 15, 16, 17, 18, 18, 19, 19, 20, 20, 21)
"""When people charge, in hours of Beijing; lunch and the evening most."""
UTC_OFFSET = timedelta(hours=8)
CENT = Decimal("0.01")


@dataclass(slots=True)
class Week:
    """The week of the whole town. `free` says from when each plug is free again while it is written."""

    now: datetime
    began: datetime
    """Midnight of Beijing, seven days before, in UTC."""
    diaries: dict[str, Diary] = field(default_factory=dict)
    payments: list[Payment] = field(default_factory=list)
    taken: dict[tuple[str, int], list[tuple[datetime, datetime]]] = field(default_factory=dict)
    sessions: int = 0
    _receipts: Iterator[int] = field(default_factory=lambda: itertools.count(10_001))

    def when(self, day: int, hour: float) -> datetime:
        """`day` 0 is the first, 6 yesterday; `hour` of Beijing."""
        return self.began + timedelta(days=day, hours=hour)

    def ago(self, hours: float) -> datetime:
        return self.now - timedelta(hours=hours)

    def charge(
        self, at: datetime, station: str, how: Charge, *, paid: str | None = "", order: str | None = None
    ) -> Lived:
        """A session, paid by what the price list says; `paid` names another amount, None pays nothing."""
        lived = self.diaries[station].charge(at, how)
        self.occupy(station, how.evse, at, lived.ended + timedelta(minutes=how.free_after))
        self.sessions += 1
        if paid is not None:
            self.pay(station, how.evse, how.token, paid or self.price(station, lived.wh), lived.ended, order=order,
                     transaction=lived.name)
        return lived

    def occupy(self, station: str, evse: int, since: datetime, until: datetime) -> None:
        self.taken.setdefault((station, evse), []).append((since - timedelta(minutes=6), until + timedelta(minutes=6)))

    def is_free(self, station: str, evse: int, since: datetime, until: datetime) -> bool:
        return all(until < a or since > b for a, b in self.taken.get((station, evse), ()))

    def pay(
        self, station: str, evse: int, token: str, amount: str, at: datetime, *, kind: str = "capture",
        transaction: str | None = None, order: str | None = None, of: str | None = None, method: str = "wechat",
    ) -> str:
        """Money moves; the receipt's number."""
        reference = f"WX{at:%m%d}{next(self._receipts)}"
        self.payments.append(Payment(
            reference, kind, Decimal(amount), "CNY", at, method=method, token=token, station=station, evse=evse,
            transaction=transaction, order=order, of=of,
        ))
        return reference

    def price(self, station: str, wh: float) -> str:
        """What the price list asks for by day."""
        tariff = TARIFFS[self.diaries[station].machine.site.tariff]
        period = tariff["periods"][1 if len(tariff["periods"]) > 1 else 0]
        each = Decimal(period["energy_price"]) + Decimal(period["service_price"])
        return str((Decimal(tariff.get("start_fee", "0")) + each * Decimal(round(wh)) / 1000).quantize(CENT))

    def lines(self) -> list[dict[str, Any]]:
        """All that was said, in the order in which it was heard."""
        everything = [(at, d.machine.id, n, line) for d in self.diaries.values() for at, n, line in d.lines]
        return [line for *_, line in sorted(everything, key=lambda row: row[:3])]


def begin(now: datetime) -> Week:
    """Everybody is connected, nobody has charged yet."""
    local = now + UTC_OFFSET
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) - UTC_OFFSET
    week = Week(now, midnight - timedelta(days=DAYS))
    numbers = itertools.count(70_001)
    for id, machine in machines().items():
        week.diaries[id] = Diary(machine, numbers)
        week.diaries[id].connected(week.began + timedelta(minutes=len(week.diaries)))
    return week


def fill(week: Week, *, sessions: int = 420, seed: int = 60) -> None:
    """Ordinary sessions into the hours that are still free."""
    dice = random.Random(seed)
    places: list[tuple[Machine, int]] = [
        (d.machine, evse) for d in week.diaries.values() for evse in d.registers
    ]
    left, tries = sessions, 0
    while left and tries < sessions * 20:
        tries += 1
        machine, evse = dice.choice(places)
        at = week.when(dice.randrange(DAYS + 1), dice.choice(HOURS) + dice.random())
        how = _somebody(dice, machine, evse)
        until = at + timedelta(minutes=how.minutes + how.free_after)
        if until < week.now - timedelta(minutes=20) and week.is_free(machine.id, evse, at, until):
            week.charge(at, machine.id, how)
            left -= 1


def _somebody(dice: random.Random, machine: Machine, evse: int) -> Charge:
    """One good session at such a station."""
    rated = machine.model.kw[evse - 1]
    token = f"APP-{dice.randrange(1000, 9999)}" if dice.random() < 0.8 else f"04{dice.randrange(16**8):08X}"
    if machine.model.is_ac:
        minutes, kw = dice.uniform(70, 240), rated * dice.uniform(0.85, 0.98)
    else:
        minutes, kw = dice.uniform(14, 48), rated * dice.uniform(0.45, 0.85)
    card = not token.startswith("APP")
    old = machine.model.protocol == "ocpp1.6"
    return Charge(
        evse, token, round(minutes, 1), round(kw, 1), soc=dice.randrange(12, 45), every=max(8.0, minutes / 6),
        started_by=None if card else "app", reason="Local" if card or not old else "Remote",
        free_after=dice.uniform(1, 9),
    )
