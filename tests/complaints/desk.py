"""A desk over the real central system, and a station's history to complain about."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from complaints.desk import Desk, DeskOptions
from complaints.intake.classify import classify
from complaints.judge import judge
from complaints.office import Office
from complaints.outbound import Message
from complaints.remote import allowed_by_rules
from complaints.worker import Worker
from csms import commands, events, importer, payments, stations, tariffs
from csms.api import Csms, Event
from csms.gateway.relay import InProcess
from csms.kit.clock import SetClock, iso
from csms.kit.db import Db
from csms.rest.http import Principal
from csms.vocabulary.heard import Notes

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
WANG, LI, ZHAO = Principal("wang", "agent"), Principal("li", "finance"), Principal("zhao", "supervisor")
TECH, ROOT = Principal("tech", "technician"), Principal("root", "admin")

TARIFF = {
    "currency": "CNY", "timezone": "Asia/Shanghai", "valid_from": "2020-01-01T00:00:00Z",
    "periods": [{"from": "00:00", "to": "24:00", "energy_price": "0.80", "service_price": "0.40"}],
}
PAID_FOR_NOTHING = "扫码付了30块钱,插着枪等了快十分钟一度电都没充进去,钱也没退,怎么回事?"


class Killed(BaseException):
    """The process is gone: nothing after this point happens."""


@dataclass
class Post:
    """What has left the house, and what befalls the next messenger."""

    sent: list[tuple[str, Message]] = field(default_factory=list)
    mishaps: list[tuple[str, BaseException]] = field(default_factory=list)
    """("before" or "after" it has left, what happens)"""

    def to(self, address: str) -> list[str]:
        return [message.text for _, message in self.sent if message.address == address]


@dataclass
class Carrier:
    """A transport that remembers. A repeatable one knows a message by its key, as a real receiver does."""

    post: Post
    name: str
    repeatable: bool = False

    async def send(self, message: Message) -> None:
        when, mishap = self.post.mishaps.pop(0) if self.post.mishaps else ("", None)
        if mishap is not None and when == "before":
            raise mishap
        if not (self.repeatable and any(m.key == message.key for _, m in self.post.sent)):
            self.post.sent.append((self.name, message))
        if mishap is not None:
            raise mishap


OTHERS_WRITE = """
    select exists (select from pg_stat_activity where backend_xid is not null and datname <> current_database())
"""


class Undisturbed(Csms):
    """News waits for every open transaction of the server: here for a database that is copied for the next test."""

    async def events_after(self, id: int, *, limit: int = 500) -> list[Event]:
        while await self.db.fetchval(OTHERS_WRITE):  # noqa: ASYNC110 - what is awaited happens in a database
            await asyncio.sleep(0.02)
        return await super().events_after(id, limit=limit)


class Bench:
    """What a test of the desk needs: the parts, and ways to make history."""

    def __init__(self, db: Db, clock: SetClock, options: DeskOptions | None = None) -> None:
        self.db, self.clock = db, clock
        self.csms = Undisturbed(db, InProcess(), clock)
        self.desk = Desk(
            db, self.csms, clock, classify=classify, judge=judge, remote=allowed_by_rules,
            options=options or DeskOptions(),
        )
        self.post = Post()
        channels = {name: Carrier(self.post, name) for name in ("email", "sms", "staff")}
        hook = Carrier(self.post, "hook", repeatable=True)
        self.office = Office(db, self.csms, self.desk, clock, transports={**channels, "hook": hook})
        self.watch, self.courier = self.office.watch, self.office.courier
        self.worker = Worker(db, self.csms, self.desk, clock, also=self.office.parts)

    async def add_people(self, **roles: str) -> None:
        """Users with a role each, reached at their name."""
        for name, role in roles.items():
            await self.db.execute(
                "insert into users (name, role, password_hash, created_at) values ($1, $2, 'x', $3)", name, role,
                self.clock(),
            )
            await self.db.execute("insert into people (name, notify) values ($1, $1)", name)

    async def give_up_effects(self) -> None:
        """What the central system does every few seconds: effects that are overdue have not shown."""
        async with self.db.acquire() as conn, conn.transaction():
            notes = Notes()
            await commands.tidy(conn, self.clock(), notes, answer_within_s=30)
            await events.write(conn, notes, self.clock())

    def at(self, minutes: float) -> str:
        return iso(self.clock() + timedelta(minutes=minutes))

    async def add_station(self, id: str) -> None:
        async with self.db.acquire() as conn, conn.transaction():
            await tariffs.put(conn, "flat", TARIFF)
            plugs = [{"evse": evse, "connector": 1, "max_power_w": 60000} for evse in (1, 2)]
            await stations.put(conn, id, {"tariff": "flat", "max_power_w": 60000}, plugs)

    async def tell(self, station: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """History: (minutes from now, kind, frame or code)."""
        lines = [json.dumps(self._line(station, *row)) for row in rows]
        report = await importer.import_lines(self.db, self.clock, lines)
        assert not report.rejected, report.rejected

    def _line(self, station: str, minutes: float, kind: str, content: Any = None) -> dict[str, Any]:
        line: dict[str, Any] = {"station": station, "at": self.at(minutes), "kind": kind}
        match kind:
            case "connected":
                line["protocol"] = "ocpp1.6"
            case "disconnected":
                line["code"] = content or 1006
            case _:
                line["frame"] = content
        return line

    def session(
        self, start: float, stop: float, *, number: int, meter: int, wh: int, token: str = "T1", evse: int = 1,
    ) -> list[tuple[Any, ...]]:
        """A 1.6 session from start to stop, in minutes from now."""
        begun = {"connectorId": evse, "idTag": token, "meterStart": meter, "timestamp": self.at(start)}
        ended = {"transactionId": number, "meterStop": meter + wh, "timestamp": self.at(stop),
                 "reason": "EVDisconnected", "idTag": token}
        return [
            (start, "received", [2, f"s{number}", "StartTransaction", begun]),
            (start, "sent", [3, f"s{number}", {"transactionId": number, "idTagInfo": {"status": "Accepted"}}]),
            (stop, "received", [2, f"e{number}", "StopTransaction", ended]),
            (stop, "sent", [3, f"e{number}", {}]),
        ]

    def _status(self, evse: int, status: str, minutes: float) -> dict[str, Any]:
        return {"connectorId": evse, "errorCode": "NoError", "status": status, "timestamp": self.at(minutes)}

    async def pay(self, reference: str, amount: str, minutes: float, **more: Any) -> None:
        body = {"reference": reference, "kind": "capture", "amount": amount, "currency": "CNY",
                "at": self.at(minutes), **more}
        await self.csms.record_payment(payments.read(body))

    async def a_dead_session(self, station: str = "CS-1", payment: str = "P-1") -> None:
        """Paid 30 yuan ninety minutes ago, and got 12 Wh."""
        await self.add_station(station)
        boot = [2, "b", "BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"}]
        await self.tell(station, [
            (-300, "connected"), (-300, "received", boot),
            (-299, "received", [2, "a1", "StatusNotification", self._status(1, "Available", -299)]),
            (-299, "received", [2, "a2", "StatusNotification", self._status(2, "Available", -299)]),
            (-91, "received", [2, "a3", "StatusNotification", self._status(1, "Preparing", -91)]),
            *self.session(-90, -82, number=9001, meter=180220, wh=12),
        ])
        await self.pay(payment, "30.00", -91, station=station, evse=1, token="T1")

    def dead_complaint(self, **more: Any) -> dict[str, Any]:
        return {"channel": "wechat", "text": PAID_FOR_NOTHING, "station": "CS-1", "evse": 1,
                "occurred_at": self.at(-90), "payment_reference": "P-1", **more}
