"""A small builder of stories for tests: times are minutes before the filing, registers in Wh.

    tale = Tale().plugged(-91).start(-90, wh=1000).reads(-85, 3000, watts=30_000).stop(-60, wh=9000)
    case = tale.case("stopped_early")
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Self

from complaints.claim import Claim
from complaints.findings import Finding
from complaints.judge import case_of
from complaints.rules.case import Case
from complaints.rules.every import findings
from csms.vocabulary import (
    Authorization,
    Boot,
    CommandFact,
    Connection,
    Connector,
    Fault,
    FrameMark,
    MeterReading,
    Payment,
    Period,
    Station,
    StatusChange,
    Story,
    Tariff,
    Transaction,
    TransactionStep,
)
from tests.complaints.case_story import TOPICS

FILED = datetime(2026, 3, 10, 12, tzinfo=UTC)
HIS, HERS = "HIS-CARD", "HER-CARD"


def at(minutes: float) -> datetime:
    return FILED + timedelta(minutes=minutes)


class Tale:
    """What happened at one station, told in order."""

    def __init__(self, *, v2: bool = False, watts: float | None = 60_000, kind: str = "CCS2", evses: int = 2) -> None:
        plugs = tuple(Connector(n, 1, kind, watts) for n in range(1, evses + 1))
        self.v2, self.count, self.clock = v2, 0, timedelta(0)
        self.station = Station("S", site="X", protocol="ocpp2.0.1" if v2 else "ocpp1.6", tariff="T",
                               max_power_w=watts, connected=True, connectors=plugs)
        self.transactions: dict[int, Transaction] = {}
        self.lists: dict[str, list[Any]] = {
            name: [] for name in ("readings", "statuses", "steps", "faults", "authorizations", "commands",
                                  "connections", "boots", "frames", "payments", "elsewhere", "neighbours")
        }
        self.lists["connections"].append(Connection("link-1", "S", at(-3000), None))

    def _id(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}-{self.count}"

    def _frame(self, minutes: float) -> str:
        frame = self._id("frame")
        self.lists["frames"].append(FrameMark(frame, at(minutes), "received", None))
        return frame

    def slow_clock(self, minutes: float) -> Self:
        """From here on the device's times are so much behind ours."""
        self.clock = timedelta(minutes=-minutes)
        return self

    def status(self, minutes: float, status: str, evse: int = 1) -> Self:
        self.lists["statuses"].append(
            StatusChange(evse, 1, status, at(minutes) + self.clock, at(minutes), self._frame(minutes)))
        return self

    def plugged(self, minutes: float, evse: int = 1) -> Self:
        return self.status(minutes, "Occupied" if self.v2 else "Preparing", evse)

    def start(self, minutes: float, *, wh: float | None = 1000.0, token: str | None = HIS, evse: int = 1,
              number: int = 1, came: float | None = None, **more: Any) -> Self:
        received = at(minutes if came is None else came)
        self.transactions[number] = Transaction(
            f"tx-{number}", "S", evse, 1, None if self.v2 else number, f"ref-{number}" if self.v2 else None, token,
            at(minutes) + self.clock, received, meter_start_wh=wh, start_frame=self._frame(minutes), **more)
        return self

    def stop(self, minutes: float, *, wh: float | None = None, reason: str | None = "Local", token: str | None = None,
             trigger: str | None = None, number: int = 1, came: float | None = None) -> Self:
        t = self.transactions[number]
        energy = wh - t.meter_start_wh if wh is not None and t.meter_start_wh is not None else None
        self.transactions[number] = replace(
            t, stopped_at=at(minutes) + self.clock, stop_received_at=at(minutes if came is None else came),
            meter_stop_wh=wh, energy_wh=energy, stop_reason=reason, stop_token=token, stop_trigger=trigger,
            state="closed", stop_frame=self._frame(minutes))
        return self

    def never_stopped(self, number: int = 1) -> Self:
        self.transactions[number] = replace(self.transactions[number], state="closed", suspect=("stop_missing",))
        return self

    def reads(self, minutes: float, wh: float | None, *, watts: float | None = None, offered: float | None = None,
              soc: float | None = None, number: int | None = 1, evse: int | None = None, came: float | None = None,
              **more: Any) -> Self:
        t = self.transactions.get(number or 0)
        other = {"Power.Offered": offered} if offered is not None else {}
        self.lists["readings"].append(MeterReading(
            self._id("reading"), at(minutes) + self.clock, at(minutes if came is None else came),
            evse or (t.evse if t else 1) or 1, energy_wh=wh, power_w=watts, soc_percent=soc,
            transaction=t.id if t else None, frame=self._frame(minutes), other=other, **more))
        return self

    def charges(self, start: float, end: float, *, wh: float = 1000.0, watts: float = 30_000, every: float = 5,
                **more: Any) -> Self:
        """Regular readings at a steady power."""
        minutes = start
        while minutes <= end:
            self.reads(minutes, wh + (minutes - start) * watts / 60, watts=watts, **more)
            minutes += every
        return self

    def state(self, minutes: float, state: str, number: int = 1) -> Self:
        """A charging state of 2.x."""
        t = self.transactions[number]
        self.lists["statuses"].append(StatusChange(
            t.evse or 1, 1, state, at(minutes), at(minutes), self._frame(minutes), "transaction", t.said))
        return self

    def step(self, minutes: float, seq: int, *, type: str = "Updated", trigger: str = "MeterValuePeriodic",
             number: int = 1, offline: bool = False) -> Self:
        t = self.transactions[number]
        self.lists["steps"].append(TransactionStep(
            t.said, seq, type, at(minutes), at(minutes), trigger, None, offline, self._frame(minutes)))
        return self

    def fault(self, minutes: float, kind: str, *, cleared: float | None = None, evse: int = 1,
              code: str = "InternalError", warning: bool = False, **more: Any) -> Self:
        self.lists["faults"].append(Fault(
            self._id("fault"), "S", evse, 1, code, more.pop("vendor", None), kind, 2, at(minutes),
            None if cleared is None else at(cleared), "test", more.pop("info", None), self._frame(minutes), at(minutes),
            warning))
        return self

    def card(self, minutes: float, token: str = HIS, status: str = "Accepted") -> Self:
        self.lists["authorizations"].append(Authorization(at(minutes), token, status, self._frame(minutes)))
        return self

    def asks(self, minutes: float, kind: str, *, state: str = "accepted", by: str = "app", evse: int | None = 1,
             token: str | None = None, answer: str = "Accepted", payload: Any = None, action: str = "",
             **more: Any) -> Self:
        if kind == "start" and token is None:
            token = HIS
        self.lists["commands"].append(CommandFact(
            self._id("command"), "S", action or kind, kind, payload or {}, state, "pending", by, at(minutes),
            at(minutes), at(minutes), answer={"status": answer}, evse=evse, token=token, frame=self._frame(minutes),
            answer_frame=self._frame(minutes), **more))
        return self

    def drops(self, minutes: float, back: float | None = None) -> Self:
        links = self.lists["connections"]
        links[-1] = replace(links[-1], disconnected_at=at(minutes))
        if back is not None:
            links.append(Connection(f"link-{len(links) + 1}", "S", at(back), None))
        return self

    def neighbour_drops(self, minutes: float, station: str = "N") -> Self:
        self.lists["neighbours"].append(Connection(f"link-{station}", station, at(-3000), at(minutes)))
        return self

    def boots(self, minutes: float, reason: str | None = None) -> Self:
        self.lists["boots"].append(Boot(at(minutes), reason, self._frame(minutes)))
        return self

    def pays(self, minutes: float, amount: str = "10.00", *, kind: str = "capture", reference: str = "P1",
             token: str | None = HIS, evse: int | None = 1, **more: Any) -> Self:
        self.lists["payments"].append(Payment(
            reference, kind, Decimal(amount), "EUR", at(minutes), token=token, station="S", evse=evse, **more))
        return self

    def elsewhere(self, start: float, end: float | None, token: str = HIS) -> Self:
        self.lists["elsewhere"].append(Transaction(
            self._id("other"), "FAR", 1, 1, 77, None, token, at(start), at(start),
            stopped_at=None if end is None else at(end), stop_received_at=None if end is None else at(end),
            state="open" if end is None else "closed", start_frame=self._id("far")))
        return self

    def story(self) -> Story:
        day = (Period(0, 1440, Decimal("0.40"), Decimal("0.10")),)
        tariff = Tariff("T", "EUR", "Europe/Paris", datetime(2020, 1, 1, tzinfo=UTC), day)
        by_time = {name: tuple(sorted(items, key=_time)) for name, items in self.lists.items()}
        transactions = tuple(sorted(self.transactions.values(), key=lambda t: t.started_at))
        return Story(self.station, at(-2880), FILED, transactions, tariffs=(tariff,), **by_time)

    def claim(self, topic: str, *, occurred: float | None = -80, evse: int | None = 1, token: str | None = HIS,
              station: str | None = "S", **more: Any) -> Claim:
        category = next(c for c, topics in TOPICS.items() if topic in topics.split())
        return Claim("C1", "web", "...", "en", category, topic, 2, FILED, station=station, evse=evse, token=token,
                     occurred_at=None if occurred is None else at(occurred), **more)

    def case(self, topic: str, **claim: Any) -> Case:
        return case_of(self.claim(topic, **claim), self.story())

    def finds(self, topic: str, **claim: Any) -> dict[str, Finding]:
        """What holds, by code."""
        return {f.code: f for f in findings(self.case(topic, **claim))}


def session(*, start: float = -90, end: float = -60, watts: float = 30_000, reason: str | None = "Local",
            v2: bool = False, card: bool = True, **more: Any) -> Tale:
    """A plain good session of his: plugged, charged, ended (by his card unless told otherwise)."""
    tale = Tale(v2=v2).status(start - 30, "Available").plugged(start - 1).start(start)
    if v2:
        tale.state(start, "EVConnected").state(start + 0.1, "Charging")
    else:
        tale.status(start + 0.1, "Charging")
    tale.charges(start, end - 5, watts=watts, **more)
    wh = 1000 + (end - start) * watts / 60
    tale.stop(end, wh=wh, reason=reason, token=HIS if card else None)
    return tale.status(end + 2, "Available")


def _time(item: Any) -> datetime:
    for name in ("at", "opened_at", "requested_at", "connected_at", "started_at"):
        if hasattr(item, name):
            return getattr(item, name)
    raise AssertionError(item)
