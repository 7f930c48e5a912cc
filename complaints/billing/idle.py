"""The idle fee, recomputed from the connector's own record.

It runs from the end of energy flow to the unplugging. The station's own minutes never count: while it
suspended the charge, held the cable by a lock fault or was offline.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import zip_longest

from complaints.billing.energy import NOTHING_WH
from complaints.rules.case import Case
from complaints.rules.phases import Span
from csms.vocabulary import IdleFee, StatusChange, Transaction

ENDED = ("SuspendedEV", "Finishing", "EVConnected")
GONE = ("Available", "Reserved")
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Idle:
    """How long the vehicle stayed plugged in after its charge."""

    start: datetime
    end: datetime
    free: tuple[Span, ...] = ()
    """The station's own minutes inside it."""

    @property
    def seconds(self) -> Decimal:
        """Counted time."""
        own = sum(((b - a for a, b in self.free)), timedelta(0))
        return Decimal((self.end - self.start - own) // timedelta(microseconds=1)) / 1_000_000

    def paid_minutes(self, fee: IdleFee) -> Decimal:
        return max(ZERO, self.seconds / 60 - fee.grace_minutes)

    def fee(self, fee: IdleFee) -> Decimal:
        """Unrounded, capped."""
        amount = self.paid_minutes(fee) * fee.price_per_minute
        return amount if fee.cap is None else min(amount, fee.cap)


def idle_of(case: Case) -> Idle | None:
    """The idle time the records support, None where they show none."""
    start = energy_ended_at(case)
    if start is None:
        return None
    end = plugged_until(case, start)
    if end is None or end <= start:
        return None
    return Idle(start, end, tuple(_merged(_stations_own(case, (start, end)))))


def energy_ended_at(case: Case) -> datetime | None:
    """When energy stopped flowing: the first SuspendedEV, Finishing or EVConnected after the last charging.

    Where no such status came, the stop; where energy is seen to flow on, the end of that.
    """
    t = case.transaction
    if t is None:
        return None
    ended = [s.at for s in _after_charging(case, t) if s.status in ENDED]
    stop = t.stopped_at if t.stop_received_at is not None else None
    at = min([*ended, *([stop] if stop else [])], default=None)
    if at is None:
        return None
    flowing = [
        b.at for a, b in zip(case.registers, case.registers[1:], strict=False)
        if a.at >= at and (b.energy_wh or 0) - (a.energy_wh or 0) > float(NOTHING_WH) and b.at <= _last(case)
    ]  # fmt: skip
    return max([at, *flowing])


def _after_charging(case: Case, t: Transaction) -> Sequence[StatusChange]:
    """Statuses after the last charging, in the order they were told: one second may hold a reading and the change
    that ends the flow."""
    told = case.statuses
    charging = [i for i, s in enumerate(told) if s.status == "Charging" and t.started_at <= s.at <= _last(case)]
    return told[charging[-1] + 1 :] if charging else ()


def plugged_until(case: Case, since: datetime) -> datetime | None:
    """When the cable was out: Available, the next Preparing or transaction, or a stop for being unplugged.

    Where none is on record, the last moment at which it demonstrably was still in.
    """
    t = case.transaction
    if t is None:
        return None
    gone = [s.at for s in case.connector_statuses if s.at > since and s.status in (*GONE, "Preparing")]
    gone += [s.at for s in case.charging_states if s.at > since and s.status == "Idle"]
    if case.next is not None:
        gone.append(case.next.started_at)
    if t.stop_reason == "EVDisconnected" and t.stopped_at is not None:
        gone.append(t.stopped_at)
    if gone:
        return min(gone)
    seen = [s.at for s in case.statuses if s.at > since] + ([t.stopped_at] if t.stopped_at else [])
    return max([at for at in seen if at > since], default=None)


def _last(case: Case) -> datetime:
    """After the transaction's end, a status `Charging` is another's."""
    return case.next.started_at if case.next else case.stopped_at


def _stations_own(case: Case, span: Span) -> Iterable[Span]:
    """The stretches inside `span` that are the station's own."""
    start, end = span
    offline = list(case.offline_in(span))
    locked = [(f.opened_at, f.cleared_at or end) for f in case.faults_open(span) if f.kind == "lock"]
    suspended = [*_suspended(case.connector_statuses, end), *_suspended(case.charging_states, end)]
    for a, b in offline + locked + suspended:
        if a < end and b > start:
            yield max(a, start), min(b, end)


def _suspended(statuses: Sequence[StatusChange], end: datetime) -> Iterable[Span]:
    for one, following in zip_longest(statuses, statuses[1:]):
        if one.status == "SuspendedEVSE":
            yield one.at, following.at if following else end


def _merged(spans: Iterable[Span]) -> list[Span]:
    """The same time in stretches that do not overlap."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
