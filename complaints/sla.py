"""The clocks of a case: one pure function from what happened in its thread. No database, no clock.

Nothing is ever stored as "time left": whatever changes (a correction, a pause, a reopening, another policy), all
clocks are computed anew from the entries. Each kind of clock runs by itself; each round has its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from complaints.calendars import Calendar
from complaints.policy import FOLLOW_UPS, UNITS, Limit, Policy, Rule, in_force
from complaints.states import AWAY, PAUSED

SYSTEM, CUSTOMER = "ohmbudsman", "customer"
ROUNDS = ("rejection", "reopening")
"""Entries that begin a new round."""
DECIDED = ("decided", "approving", "executing", "informed")


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of the thread, as far as clocks care."""

    seq: int
    at: datetime
    type: str
    author: str
    audience: str
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def human(self) -> bool:
        """One of us did it."""
        return self.author not in (SYSTEM, CUSTOMER)

    @property
    def told(self) -> bool:
        """One of us spoke to the customer."""
        return self.human and (self.audience == "customer" or self.type == "call") and self.type != "filed"


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides which rows of the policy count."""

    level: int = 2
    category: str = "other"
    fault_level: int | None = None
    channel: str = "web"
    zone: str = "Asia/Shanghai"
    calendar: str = "CN"

    def rules(self, policy: Policy) -> dict[str, Rule]:
        return policy.rules_for(
            level=self.level, category=self.category, fault_level=self.fault_level, channel=self.channel
        )

    def days(self, policy: Policy) -> Calendar:
        """Level 1 knows no closing time."""
        code = "" if self.level in policy.always_levels else self.calendar
        return Calendar(self.zone, code, policy.opens, policy.closes, policy.days.get(code, {}))


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch in which pausing clocks stand still; `until` is its cap where nobody has ended it yet."""

    since: datetime
    until: datetime | None
    everything: bool = False
    """Elsewhere (merged, external, withdrawn): every clock stands, for as long as it lasts."""
    open: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """A named deadline of one round. `started_at` None: only planned, what it waits for has not happened."""

    round: int
    kind: str
    due_at: datetime
    policy: str
    started_at: datetime | None
    met_at: datetime | None = None
    how: str | None = None
    """met, not_needed (nobody had to go there), or ended (the case was over first)"""
    paused: bool = False
    stopped: bool = False
    """The case is elsewhere: nothing runs out."""
    provisional: bool = False
    """The calendar of that day is not published yet."""

    @property
    def kept(self) -> bool | None:
        """In time, late, or not known yet."""
        return self.met_at <= self.due_at if self.met_at else None


# --- facts ------------------------------------------------------------------------------------


def facts_over_time(events: Sequence[Event], fallback: Facts) -> list[tuple[datetime, Facts]]:
    """What was known of the case, and since when."""
    found: list[tuple[datetime, Facts]] = []
    facts = fallback
    for event in events:
        changed = _learned(event)
        if changed:
            facts = replace(facts, **changed)
            found.append((event.at, facts))
    return found or [(events[0].at, facts)] if events else []


NAMES = tuple(Facts.__slots__)


def _learned(event: Event) -> dict[str, Any]:
    match event.type:
        case "filed" | "classified":
            given: Mapping[str, Any] = event.body
        case "correction":
            given = event.body.get("after") or {}
        case "escalation" | "dispatch":
            given = event.body
        case _:
            return {}
    return {name: given[name] for name in NAMES if given.get(name) is not None}


# --- pauses -----------------------------------------------------------------------------------


def pauses_of(events: Sequence[Event], policy: Policy) -> list[Pause]:
    """Waits for the customer, each capped and all together capped, and times elsewhere, which are not."""
    found: list[Pause] = []
    left = policy.pause_cap_round
    moves = [(e.at, str(e.body["to"])) for e in events if "to" in e.body]
    for (since, state), (ended, _) in pairwise([*moves, (None, "")]):
        assert since is not None
        if state in AWAY:
            found.append(Pause(since, ended, everything=True, open=ended is None))
        elif state in PAUSED:
            cap = min(policy.pause_cap, left)
            until = min(ended, since + cap) if ended else since + cap
            left -= until - since
            found.append(Pause(since, until, open=ended is None))
    return found


def due(start: datetime, limit: Limit, days: Calendar, pauses: Sequence[Pause] = ()) -> datetime:
    """When a limit that began at `start` runs out, later by what of its own kind of time passed in pauses."""
    if limit.unit == "working_days":
        end = start + timedelta(days=limit.amount) if days.always else days.add_days(start, limit.amount)
    elif limit.unit == "working_hours":
        end = days.add_time(start, timedelta(hours=limit.amount))
    else:
        end = start + limit.amount * UNITS[limit.unit]
    for pause in pauses:
        since = max(pause.since, start)
        if pause.until is None or pause.until <= since or since >= end:
            continue
        if limit.unit in ("working_days", "working_hours"):
            end = days.add_time(end, lost) if (lost := days.between(since, pause.until)) else end
        else:
            end += pause.until - since
    return end


# --- the clocks -------------------------------------------------------------------------------


def clocks(
    events: Sequence[Event], policies: Sequence[Policy] = (), fallback: Facts | None = None
) -> tuple[Clock, ...]:
    """All clocks of all rounds of a case."""
    if not events:
        return ()
    history = facts_over_time(events, fallback or Facts())
    made: list[Clock] = []
    for round, part in enumerate(_rounds(events), 1):
        policy = in_force(policies, part[0].at)
        known = [(at, facts) for at, facts in history if at <= part[-1].at]
        before = [one for one in known if one[0] <= part[0].at]
        inside = [(max(at, part[0].at), facts) for at, facts in (before[-1:] + known[len(before):])]
        made += _Round(round, part, policy, _at_birth(inside, part[0])).clocks()
    return tuple(made)


def _at_birth(known: list[tuple[datetime, Facts]], first: Event) -> list[tuple[datetime, Facts]]:
    """What was learned in the moment of filing was always so: only the last word of that moment counts."""
    born = [facts for at, facts in known if at <= first.at]
    return [(first.at, born[-1]), *(one for one in known if one[0] > first.at)] if born else known


def _rounds(events: Sequence[Event]) -> Iterator[list[Event]]:
    part: list[Event] = []
    for event in events:
        if event.type in ROUNDS and part:
            yield part
            part = []
        part.append(event)
    if part:
        yield part


@dataclass(frozen=True, slots=True)
class _Round:
    """One round's entries under one policy."""

    number: int
    events: Sequence[Event]
    policy: Policy
    known: Sequence[tuple[datetime, Facts]]

    def clocks(self) -> list[Clock]:
        kinds = dict.fromkeys(rule.clock for rule in self.policy.clocks)
        made: dict[str, Clock] = {}
        # What others must not outlast comes first.
        for kind in sorted(kinds, key=lambda k: k != "resolve"):
            if clock := self._clock(kind, made):
                made[kind] = clock
        return [made[kind] for kind in kinds if kind in made] + list(self._promises())

    def _clock(self, kind: str, others: Mapping[str, Clock]) -> Clock | None:
        start = self._start(kind)
        if start is None and kind not in FOLLOW_UPS:
            return None
        met_at, how = self._end(kind, start)
        begins = start or others["resolve"].due_at if "resolve" in others or start else None
        if begins is None:
            return None
        judged = self._due(kind, begins, met_at)
        if judged is None:
            return None
        at, rule, facts = judged
        text = str(rule.limit)
        if rule.within in others and (latest := self._latest(rule, begins, met_at)) < at:
            at, text = latest, f"{rule.limit}, not after {rule.within}"
        return Clock(
            self.number, kind, at, text, start, met_at, how, paused=rule.pauses and self._standing(everything=False),
            stopped=self._standing(everything=True), provisional=not facts.days(self.policy).knows(at),
        )

    def _latest(self, rule: Rule, start: datetime, met_at: datetime | None) -> datetime:
        """When the clock that this one is bound by runs out; a wait helps only those that pause."""
        assert rule.within is not None
        judged = self._due(rule.within, start, met_at, pausing=rule.pauses)
        assert judged is not None
        return judged[0]

    def _due(
        self, kind: str, start: datetime, met_at: datetime | None, *, pausing: bool = True
    ) -> tuple[datetime, Rule, Facts] | None:
        """By the facts known in time: what is learned later counts from the beginning, or, where that would be
        over already, from then on."""
        found: tuple[datetime, Rule, Facts] | None = None
        for n, (learned, facts) in enumerate(self.known):
            if found and met_at and learned > met_at:
                break
            rule = facts.rules(self.policy).get(kind)
            if rule is None or rule.limit is None:
                found = None
                continue
            days, stops = facts.days(self.policy), self._stops(rule, pausing)
            at = due(start, rule.limit, days, stops)
            if n and at <= learned:
                at = due(learned, rule.limit, days, stops)
            found = at, rule, facts
        return found

    def _stops(self, rule: Rule, pausing: bool) -> list[Pause]:
        return [p for p in pauses_of(self.events, self.policy) if p.everything or (rule.pauses and pausing)]

    def _standing(self, *, everything: bool) -> bool:
        return any(p.open and p.everything == everything for p in pauses_of(self.events, self.policy))

    # --- beginnings and ends ----------------------------------------------------------------------

    def _start(self, kind: str) -> datetime | None:
        rule = next(r for r in self.policy.clocks if r.clock == kind)
        first = self.events[0]
        match rule.after:
            case "round":
                return first.at
            case "submitted":
                if first.type != "filed":
                    return None  # registered once, in the first round
                given = first.body.get("submitted_at")
                return datetime.fromisoformat(given) if given else first.at
            case "decision":
                return self._first(lambda e: e.body.get("to") in DECIDED)
            case "resolution":
                return self._first(lambda e: e.type == "resolution")

    def _first(self, holds: Any, since: datetime | None = None) -> datetime | None:
        return next((e.at for e in self.events if (since is None or e.at >= since) and holds(e)), None)

    def _end(self, kind: str, start: datetime | None) -> tuple[datetime | None, str | None]:
        if start is None:
            return None, None
        if at := self._first(lambda e: self._meets(kind, e), None if kind == "register" else start):
            return at, "met"
        resolved = self._first(lambda e: e.type == "resolution")
        if kind == "arrive" and resolved:
            return resolved, "not_needed"
        ended = self._first(lambda e: e.type == "closing")
        return (ended, "ended") if ended and kind not in FOLLOW_UPS[1:] else (None, None)

    def _meets(self, kind: str, event: Event) -> bool:
        """Whether an entry is what a clock waits for."""
        match kind:
            case "register":
                return event.type == "filed"
            case "acknowledge":
                return self._acknowledges(event)
            case "first_reply" | "platform_reply":
                return event.told
            case "arrive":
                return event.type == "arrival"
            case "investigate":
                return event.type in ("decision", "resolution") or event.body.get("to") in DECIDED
            case "resolve" | "execute":
                return event.type == "resolution"
            case "follow_up":
                called = event.type == "call" and event.human
                return called or event.type in ("confirmation", "closing", "follow_up")
            case _:
                return event.type == "follow_up" and event.body.get("which") == kind

    def _acknowledges(self, event: Event) -> bool:
        """Someone of ours has taken it up; below level 1 the automatic answer with the number is enough."""
        taken = event.type in ("acknowledgement", "assignment", "dispatch", "refund", "command", "resolution")
        automatic = event.body.get("cause") == "acknowledged" and event.author == SYSTEM
        calm = all(facts.level > 1 for at, facts in self.known if at <= event.at)
        return event.told or (taken and event.human) or (automatic and calm)

    def _promises(self) -> Iterator[Clock]:
        """Dates given to the customer. Kept when he hears from one of us, or it is settled, by then."""
        made = [e for e in self.events if e.type == "promise" and e.body.get("due_at")]
        for n, promise in enumerate(made, 1):
            met = next(
                (e.at for e in self.events if e.seq > promise.seq and (e.told or e.type in ("resolution", "closing"))),
                None,
            )
            at = datetime.fromisoformat(str(promise.body["due_at"]))
            yield Clock(
                self.number, f"promise_{n}", at, "promised", promise.at, met, "met" if met else None,
                stopped=self._standing(everything=True),
            )
