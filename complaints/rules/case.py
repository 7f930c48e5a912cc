"""The case as the rules read it: claim, story and match, with what follows from them computed once.

All times in here are ours: a station whose clock is off has been put on our clock first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

from complaints.claim import Claim
from complaints.matching import Clock, Match, Try, tries_of
from complaints.matching.clock import offline_spans
from complaints.matching.tries import Asked, same_token, starts_asked
from complaints.rules.phases import Phase, Span, phases_of
from csms.vocabulary import (
    Authorization,
    Boot,
    CommandFact,
    Connector,
    Fault,
    MeterReading,
    Payment,
    StatusChange,
    Story,
    Tariff,
    Transaction,
    TransactionStep,
)

MARGIN = timedelta(seconds=60)
AROUND = timedelta(minutes=30)
DAY = timedelta(hours=24)

T = TypeVar("T")


@dataclass(frozen=True)
class Case:
    """One complaint with everything the rules need. `story` is on our clock, `as_told` on the device's."""

    claim: Claim
    story: Story
    match: Match
    clock: Clock
    as_told: Story

    def once(self, name: str, make: Callable[[], T]) -> T:
        """What one rule has worked out of the case, for others that ask for it again."""
        if name not in self._worked_out:
            self._worked_out[name] = make()
        found: T = self._worked_out[name]
        return found

    @cached_property
    def _worked_out(self) -> dict[str, Any]:
        return {}

    # The transaction and its neighbours

    @property
    def transaction(self) -> Transaction | None:
        return self.match.transaction

    @property
    def now(self) -> datetime:
        return self.claim.filed_at

    @property
    def evse(self) -> int | None:
        return self.match.evse

    @cached_property
    def connector(self) -> Connector | None:
        return next((c for c in self.story.station.connectors if c.evse == self.evse), None)

    @cached_property
    def rated_power_w(self) -> float | None:
        own = self.connector.max_power_w if self.connector else None
        return own or self.story.station.max_power_w

    @cached_property
    def is_live(self) -> bool:
        """The transaction is still running, as far as the records go."""
        return self.transaction is not None and self.transaction.state == "open"

    @cached_property
    def on_evse(self) -> tuple[Transaction, ...]:
        """All transactions of the same EVSE, in order of their start."""
        return tuple(sorted((t for t in self.story.transactions if t.evse == self.evse), key=lambda t: t.started_at))

    @cached_property
    def previous(self) -> Transaction | None:
        t = self.transaction
        before = [o for o in self.on_evse if t and o.id != t.id and o.started_at <= t.started_at]
        return before[-1] if before else None

    @cached_property
    def next(self) -> Transaction | None:
        t = self.transaction
        after = [o for o in self.on_evse if t and o.id != t.id and o.started_at > t.started_at]
        return after[0] if after else None

    # Windows

    @cached_property
    def stopped_at(self) -> datetime:
        """When the transaction stopped: its stop, else the last sign of it, else now."""
        t = self.transaction
        if t is None:
            return self.match.end
        if t.stopped_at is not None and t.stop_received_at is not None:
            return t.stopped_at
        if t.stopped_at is None and t.state == "open" and self.unplugged_at is None:
            return self.now
        return self.last_sign

    @cached_property
    def last_sign(self) -> datetime:
        """The last moment the transaction itself is heard of, where its stop never came."""
        t = self.transaction
        assert t is not None
        signs = [r.at for r in self.readings] + [s.at for s in self.steps] + [t.started_at]
        return max(signs)

    @cached_property
    def during(self) -> Span:
        """Between start and stop, and 60 seconds either way."""
        t = self.transaction
        if t is None:
            return self.match.start, self.match.end
        return t.started_at - MARGIN, self.stopped_at + MARGIN

    @cached_property
    def around(self) -> Span:
        """From 30 minutes before to 30 minutes after."""
        t = self.transaction
        if t is None:
            return self.match.start, self.match.end
        return t.started_at - AROUND, self.stopped_at + AROUND

    @cached_property
    def stated_at(self) -> datetime:
        """The time the driver means: the one he states, else of his try, else of the transaction."""
        if self.claim.occurred_at is not None:
            return self.claim.occurred_at
        if self.match.tries:
            return self.match.tries[-1].at
        if self.transaction is not None:
            return self.transaction.started_at
        return self.payments[0].at if self.payments else self.claim.filed_at

    @cached_property
    def time_known(self) -> bool:
        """The driver states a time, or his try, session or payment gives one."""
        return bool(self.claim.occurred_at or self.match.tries or self.match.transaction or self.match.payments)

    @cached_property
    def plug_known(self) -> bool:
        """Station named or found: without one nothing the station did has to do with this claim."""
        found = self.match.transaction or self.match.tries
        paid = any(p.station == self.story.station.id for p in self.match.payments)
        return bool(self.claim.station or found or paid)

    # What the station reported

    @cached_property
    def readings(self) -> tuple[MeterReading, ...]:
        """Readings of the transaction in time order, those without a transaction id included by time."""
        t = self.transaction
        if t is None:
            return ()
        end = t.stopped_at
        return tuple(sorted(
            (
                r for r in self.story.readings
                if r.transaction == t.id
                or (r.transaction is None and r.evse == t.evse and r.at >= t.started_at and end and r.at <= end)
            ),
            key=lambda r: (r.at, r.energy_wh or 0.0, r.id),
        ))

    @cached_property
    def connector_readings(self) -> tuple[MeterReading, ...]:
        """All readings of the EVSE, of whatever transaction."""
        return tuple(sorted((r for r in self.story.readings if r.evse == self.evse), key=lambda r: (r.at, r.id)))

    @cached_property
    def steps(self) -> tuple[TransactionStep, ...]:
        t = self.transaction
        if t is None or t.reference is None:
            return ()
        return tuple(sorted((s for s in self.story.steps if s.said == t.reference), key=lambda s: (s.at, s.seq_no)))

    @cached_property
    def connector_statuses(self) -> tuple[StatusChange, ...]:
        """What the connector itself reported, station-wide reports (EVSE 0) left out."""
        known = self.story.last_status_before.get(self.evse) if self.evse is not None else None
        own = [s for s in self.story.statuses if s.source == "connector" and s.evse == self.evse]
        return tuple(sorted(([known] if known else []) + own, key=lambda s: (s.at, s.received_at)))

    @cached_property
    def charging_states(self) -> tuple[StatusChange, ...]:
        """Charging states of the transaction (2.x), one for each change."""
        t = self.transaction
        if t is None:
            return ()
        own = [s for s in self.story.statuses if s.source == "transaction" and s.said == t.said]
        return tuple(sorted(own, key=lambda s: (s.at, s.received_at)))

    @cached_property
    def statuses(self) -> tuple[StatusChange, ...]:
        """Connector statuses and charging states together, in time order."""
        return tuple(sorted(self.connector_statuses + self.charging_states, key=lambda s: (s.at, s.received_at)))

    @cached_property
    def phases(self) -> tuple[Phase, ...]:
        """What the plug was doing inside the transaction: charging states in 2.x, statuses in 1.6."""
        t = self.transaction
        if t is None:
            return ()
        source = self.charging_states or self.connector_statuses
        return phases_of(source, t.started_at, self.stopped_at)

    @cached_property
    def connectorphases_of(self) -> tuple[Phase, ...]:
        """What the connector was, over the whole story."""
        return phases_of(self.connector_statuses, self.story.since, max(self.story.until, self.now))

    @cached_property
    def unplugged_at(self) -> datetime | None:
        """When the vehicle was gone from the plug, after the transaction began: Available, or the next
        driver's Preparing or transaction."""
        t = self.transaction
        if t is None:
            return None
        marks = [s.at for s in self.connector_statuses if s.at > t.started_at and s.status in ("Available", "Reserved")]
        stop = t.stopped_at if t.stop_received_at else None
        if stop is not None:
            marks += [s.at for s in self.connector_statuses if s.status == "Preparing" and s.at > stop]
        if self.next is not None:
            marks.append(self.next.started_at)
        return min(marks, default=None)

    # Energy

    @cached_property
    def registers(self) -> tuple[MeterReading, ...]:
        return tuple(r for r in self.readings if r.energy_wh is not None)

    @cached_property
    def meter_start_wh(self) -> float | None:
        t = self.transaction
        if t is None:
            return None
        if t.meter_start_wh is not None:
            return t.meter_start_wh
        return self.registers[0].energy_wh if self.registers else None

    @cached_property
    def meter_stop_wh(self) -> float | None:
        """The stop register, else the last reading (no stop came, or it carried none)."""
        t = self.transaction
        if t is None:
            return None
        if t.meter_stop_wh is not None and t.stop_received_at is not None:
            return t.meter_stop_wh
        if self.registers:
            return self.registers[-1].energy_wh
        return self.next.meter_start_wh if self.next else None

    @cached_property
    def energy_wh(self) -> float | None:
        """Register difference of the transaction."""
        if self.meter_start_wh is None or self.meter_stop_wh is None:
            return None
        return self.meter_stop_wh - self.meter_start_wh

    # Faults, commands, connections

    @cached_property
    def faults(self) -> tuple[Fault, ...]:
        """Faults of the connector, its EVSE and the whole station, in order of opening."""
        own = [f for f in self.story.faults if f.evse in (0, self.evse) or self.evse is None]
        return tuple(sorted(own, key=lambda f: (f.opened_at, f.id)))

    def faults_open(self, span: Span) -> tuple[Fault, ...]:
        start, end = span
        return tuple(f for f in self.faults if f.opened_at <= end and (f.cleared_at is None or f.cleared_at >= start))

    @cached_property
    def faults_around(self) -> tuple[Fault, ...]:
        return self.faults_open(self.around)

    @cached_property
    def faults_during(self) -> tuple[Fault, ...]:
        return self.faults_open(self.during) if self.transaction else ()

    def commands(self, kind: str, span: Span | None = None) -> tuple[CommandFact, ...]:
        start, end = span or (self.story.since, max(self.story.until, self.now))
        return tuple(c for c in self.story.commands if c.kind == kind and start <= c.requested_at <= end)

    @cached_property
    def asked(self) -> tuple[Asked, ...]:
        return tuple(starts_asked(self.story))

    @cached_property
    def start_asked(self) -> Asked | None:
        """The act the transaction came of."""
        t = self.transaction
        return next((a for a in self.asked if t and a.transaction and a.transaction.id == t.id), None)

    @cached_property
    def start_command(self) -> CommandFact | None:
        return self.start_asked.command if self.start_asked else None

    @cached_property
    def stop_commands(self) -> tuple[CommandFact, ...]:
        """Stop commands that name the transaction."""
        t = self.transaction
        return tuple(c for c in self.story.commands if c.kind == "stop" and t and c.said == t.said)

    @cached_property
    def authorizations(self) -> tuple[Authorization, ...]:
        """Presentations of one of the driver's tokens."""
        return tuple(a for a in self.story.authorizations if self.is_his(a.token))

    @cached_property
    def station_tries(self) -> tuple[Try, ...]:
        """Every try at the station nothing came of, the driver's own included."""
        return tuple(tries_of(self.asked, self.now))

    @property
    def tries(self) -> tuple[Try, ...]:
        return self.match.tries

    @cached_property
    def offline(self) -> tuple[Span, ...]:
        """When the station had no connection, over the whole story."""
        return tuple(offline_spans(self.story.connections, self.story.since, max(self.story.until, self.now)))

    def offline_in(self, span: Span) -> tuple[Span, ...]:
        start, end = span
        return tuple((max(a, start), min(b, end)) for a, b in self.offline if a < end and b > start)

    def offline_at(self, at: datetime) -> bool:
        return any(start <= at < end for start, end in self.offline)

    @cached_property
    def timed(self) -> bool:
        """Its times are known. Not those of a session in the queue of a station whose clock was never set: there
        they are when we heard of it."""
        t = self.transaction
        if t is None or "clock_unset" not in t.suspect:
            return True
        return not self.offline_in((t.started_at - AROUND, self.stopped_at))

    @cached_property
    def boots_during(self) -> tuple[Boot, ...]:
        """Restarts; a boot notification that we have asked for is none."""
        start, end = self.during
        asked = [c.requested_at for c in self.commands("trigger") if "BootNotification" in c.payload.values()]
        return tuple(
            b for b in self.story.boots if self.transaction and start <= b.at <= end and b.reason != "Triggered"
            and not any(timedelta(0) <= b.at - at <= MARGIN for at in asked)
        )

    # Money

    def is_his(self, token: str | None) -> bool:
        return any(same_token(token, one) for one in self.match.tokens)

    @property
    def payments(self) -> tuple[Payment, ...]:
        return self.match.payments

    def payments_of_kind(self, kind: str) -> tuple[Payment, ...]:
        return tuple(p for p in self.payments if p.kind == kind)

    @cached_property
    def tariff(self) -> Tariff | None:
        """The version in force at the start."""
        at = self.transaction.started_at if self.transaction else self.stated_at
        valid = [v for v in self.story.tariffs if v.valid_from <= at]
        return max(valid, key=lambda v: v.valid_from, default=self.story.tariffs[0] if self.story.tariffs else None)

    @cached_property
    def zone(self) -> str:
        return self.tariff.timezone if self.tariff else "UTC"
