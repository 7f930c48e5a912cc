"""Builds one charging session, told in minutes, as the case that the billing rules read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from complaints.claim import Claim
from complaints.matching import Clock, Match
from complaints.rules.case import Case
from csms.vocabulary import (
    Boot,
    CommandFact,
    Connection,
    Connector,
    Fault,
    IdleFee,
    MeterReading,
    Payment,
    Period,
    Station,
    StatusChange,
    Story,
    Tariff,
    Transaction,
)

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
"""Minute 0 of every story; 20:00 in Shanghai."""
TOKEN = "T1"


def at(minute: float) -> datetime:
    return NOON + timedelta(minutes=minute)


def local(text: str, zone_hours: int = 8) -> float:
    """The story's minute of a wall-clock time of that day, eight hours ahead of UTC."""
    hour, minute, *second = (int(part) for part in text.split(":"))
    return (hour - zone_hours - 12) * 60 + minute + (second[0] / 60 if second else 0)


def tariff(
    *periods: tuple[int, int, str, str],
    start_fee: str = "0",
    idle: tuple[int, str, str | None] | None = None,
    zone: str = "Asia/Shanghai",
    valid_from: datetime = datetime(2020, 1, 1, tzinfo=UTC),
) -> Tariff:
    """Periods as (from hour, to hour, energy price, service price); 1.20 a kWh all day where none is given."""
    made = tuple(
        Period(a * 60, b * 60, Decimal(energy), Decimal(service))
        for a, b, energy, service in periods or ((0, 24, "0.80", "0.40"),)
    )
    fee = IdleFee(idle[0], Decimal(idle[1]), Decimal(idle[2]) if idle[2] else None) if idle else None
    return Tariff("tariff", "CNY", zone, valid_from, made, Decimal(start_fee), fee)


def reading(minute: float, wh: float | None = None, w: float | None = None, **more: Any) -> MeterReading:
    given: dict[str, Any] = {"id": f"r{minute}", "transaction": "tx", "energy_wh": wh, "power_w": w} | more
    return MeterReading(at=at(minute), received_at=at(minute), evse=1, **given)


def status(minute: float, name: str, *, states: bool = False) -> StatusChange:
    """A connector's status, or with `states` the charging state of the 2.x transaction."""
    more = {"source": "transaction", "said": "ref"} if states else {}
    return StatusChange(1, 1, name, at(minute), at(minute), f"s{minute}", **more)


def payment(reference: str, kind: str, amount: str, minute: float = 0, **more: Any) -> Payment:
    return Payment(reference, kind, Decimal(amount), "CNY", at(minute), **({"token": TOKEN, "station": "A"} | more))


def fault(minute: float, kind: str = "internal", until: float | None = None, **more: Any) -> Fault:
    cleared = None if until is None else at(until)
    given: dict[str, Any] = {"evse": 1, "level": 1} | more
    return Fault(
        id=f"f{minute}", station="A", connector=1, code=kind, vendor_code=None, kind=kind, opened_at=at(minute),
        cleared_at=cleared, source="status", description=None, frame=f"ff{minute}", **given,
    )  # fmt: skip


def command(minute: float, kind: str, by: str, **more: Any) -> CommandFact:
    given: dict[str, Any] = {"state": "accepted", "evse": 1} | more
    return CommandFact(
        id=f"c{minute}", station="A", action=kind, kind=kind, payload={}, effect="pending", requested_by=by,
        requested_at=at(minute), sent_at=at(minute), **given,
    )  # fmt: skip


def session(
    start: float = 0, stop: float | None = 60, begin: float | None = 0, end: float | None = None, **more: Any
) -> Transaction:
    """The transaction `tx`, number 9001. Without `stop` its stop never came."""
    made: dict[str, Any] = {
        "id": "tx", "station": "A", "evse": 1, "connector": 1, "number": 9001, "reference": None, "token": TOKEN,
        "started_at": at(start), "start_received_at": at(start), "meter_start_wh": begin, "meter_stop_wh": end,
        "stopped_at": None if stop is None else at(stop), "stop_received_at": None if stop is None else at(stop),
        "stop_reason": None if stop is None else "Local", "state": "open" if stop is None else "closed",
        "start_frame": "start", "stop_frame": None if stop is None else "stop",
    }  # fmt: skip
    return Transaction(**(made | more))


def case(
    transaction: Transaction | None = None,
    *,
    readings: Iterable[MeterReading] = (),
    statuses: Iterable[StatusChange] = (),
    others: Iterable[Transaction] = (),
    faults: Iterable[Fault] = (),
    commands: Iterable[CommandFact] = (),
    connections: Iterable[Connection] = (),
    boots: Iterable[Boot] = (),
    payments: Iterable[Payment] = (),
    known: Iterable[Payment] = (),
    tariffs: Iterable[Tariff] = (tariff(),),
    rated_w: float | None = 60_000,
    clock: Clock | None = None,
    filed: float = 600,
    topic: str = "overcharged",
    category: str = "payment",
    **claimed: Any,
) -> Case:
    """`payments` are those of the session, `known` those that are merely on record."""
    own = tuple(payments)
    claim = Claim("C1", "app", "", "en", category, topic, 2, at(filed), station="A", evse=1, **claimed)
    story = Story(
        station=Station("A", max_power_w=rated_w, connectors=(Connector(1, 1),)),
        since=at(-600),
        until=at(filed),
        transactions=(*((transaction,) if transaction else ()), *others),
        readings=tuple(readings),
        statuses=tuple(statuses),
        faults=tuple(faults),
        commands=tuple(commands),
        connections=tuple(connections),
        boots=tuple(boots),
        payments=(*own, *known),
        tariffs=tuple(tariffs),
    )
    match = Match(
        start=at(-60), end=at(filed), transaction=transaction, evse=1, tokens=frozenset({TOKEN}), payments=own
    )
    return Case(claim, story, match, clock or Clock(), story)


def charged(minutes: Iterable[float], first_wh: float, last_wh: float, **more: Any) -> list[MeterReading]:
    """Readings at even pace from one register value to another."""
    times = list(minutes)
    step = (last_wh - first_wh) / (len(times) - 1)
    return [reading(m, first_wh + i * step, **more) for i, m in enumerate(times)]


def other(id: str, start: float, stop: float | None = None, **more: Any) -> Transaction:
    """Somebody else's transaction on the same connector."""
    return replace(session(start, stop), id=id, number=9002, token="T9", **more)
