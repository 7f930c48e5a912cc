"""The policy of the desk: one table of clocks, and what belongs to them. Pure data; a site may bring its own.

`docs/process.md` is generated from it. A round of a case lives under the policy that was in force when it began.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

import orjson

from csms.errors import BadInput

Unit = Literal["minutes", "hours", "days", "working_hours", "working_days"]
After = Literal["submitted", "round", "decision", "resolution"]
"""What a clock begins with: the customer's handing in, the round, the decision, our answer to the customer."""

UNITS: Mapping[str, timedelta] = {
    "minutes": timedelta(minutes=1), "hours": timedelta(hours=1), "days": timedelta(days=1),
    "working_hours": timedelta(hours=1),
}


@dataclass(frozen=True, slots=True)
class Limit:
    """How long something may take. Its text names the policy on the deadline."""

    amount: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.amount} {self.unit.replace('_', ' ')}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: which clock, how long, for whom. The first row that fits a case counts.

    `limit` None: no such clock for these. `within`: never later than that other clock.
    """

    clock: str
    limit: Limit | None
    levels: tuple[int, ...] = ()
    categories: tuple[str, ...] = ()
    fault_levels: tuple[int, ...] = ()
    channels: tuple[str, ...] = ()
    after: After = "round"
    within: str | None = None
    pauses: bool = False
    seeds: tuple[int, ...] = ()
    """Rows of the seed requirements that ask for it."""

    def fits(self, *, level: int, category: str, fault_level: int, channel: str) -> bool:
        asked = (
            (self.levels, level), (self.categories, category), (self.fault_levels, fault_level),
            (self.channels, channel),
        )
        return all(not allowed or value in allowed for allowed, value in asked)


def _l(amount: int, unit: Unit) -> Limit:
    return Limit(amount, unit)


CHAT = ("wechat", "app", "social")
HEARD = ("hotline", "onsite")
"""Channels on which a person of ours has already heard the customer."""

CLOCKS: tuple[Rule, ...] = (
    Rule("register", _l(24, "hours"), after="submitted", seeds=(5,)),
    Rule("acknowledge", _l(2, "hours"), levels=(1,), within="resolve", seeds=(20,)),
    Rule("acknowledge", None, channels=HEARD),
    Rule("acknowledge", _l(1, "working_hours"), within="resolve", seeds=(13,)),
    Rule("first_reply", _l(10, "minutes"), channels=CHAT, seeds=(14,)),
    Rule("platform_reply", _l(48, "hours"), channels=("platform",)),
    Rule("arrive", _l(30, "minutes"), categories=("equipment",), fault_levels=(1,), seeds=(22,)),
    Rule("arrive", _l(2, "hours"), categories=("equipment",), fault_levels=(2,), seeds=(22,)),
    Rule("arrive", _l(24, "hours"), categories=("equipment",), fault_levels=(3,), seeds=(22,)),
    Rule("investigate", _l(3, "working_days"), within="resolve", pauses=True, seeds=(28,)),
    Rule("resolve", _l(24, "hours"), levels=(1,), pauses=True, seeds=(20, 21)),
    Rule("resolve", _l(48, "hours"), levels=(2,), categories=("equipment",), pauses=True, seeds=(27,)),
    Rule("resolve", _l(24, "hours"), levels=(2,), pauses=True, seeds=(20,)),
    Rule("resolve", _l(3, "working_days"), levels=(3,), pauses=True, seeds=(20,)),
    Rule("execute", _l(5, "working_days"), after="decision", pauses=True, seeds=(29,)),
    Rule("follow_up", _l(24, "hours"), after="resolution", seeds=(49,)),
    Rule("follow_up_7d", _l(7, "days"), levels=(1, 2), after="resolution", seeds=(49,)),
    Rule("follow_up_30d", _l(30, "days"), levels=(1, 2), after="resolution", seeds=(49,)),
)

FOLLOW_UPS = ("follow_up", "follow_up_7d", "follow_up_30d")


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which nobody is written to, in the recipient's zone. Level 1 is exempt."""

    since: time = time(21)
    until: time = time(8)


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that decides when, who and how much."""

    valid_from: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    clocks: tuple[Rule, ...] = CLOCKS
    always_levels: tuple[int, ...] = (1,)
    """Levels whose working hours and days run around the clock."""
    opens: time = time(9)
    closes: time = time(18)
    pause_cap: timedelta = timedelta(hours=72)
    """Longest single wait for a customer that stops the clocks."""
    pause_cap_round: timedelta = timedelta(days=7)
    remind_at: float = 0.75
    """Share of a clock after which its owner is reminded."""
    escalate_every: timedelta = timedelta(hours=24)
    escalate_every_level_1: timedelta = timedelta(minutes=30)
    call_every: timedelta = timedelta(minutes=5)
    """Level 1: how long the next one on the list waits for the one before."""
    quiet: Quiet = field(default_factory=Quiet)
    settle_for: timedelta = timedelta(seconds=10)
    """Words to one customer within this time go out as one message."""
    word_every_days: Mapping[int, int] = field(default_factory=lambda: {1: 1, 2: 2, 3: 3})
    """A customer hears at least every so many days, by level."""
    confirm_reminders: int = 2
    confirm_reminder_days: int = 3
    silence_days: int = 3
    """After the last reminder; then silence counts as acceptance (never as satisfaction)."""
    approval_limits: Mapping[str, Decimal | None] = field(default_factory=lambda: {
        "agent": Decimal(0), "finance": Decimal(5000), "supervisor": Decimal(20000), "admin": None,
    })
    """Largest amount each role may approve; None: any."""
    approval_time: Limit = Limit(1, "working_days")
    """What a customer is told an approval takes."""
    usual_handling: timedelta = timedelta(hours=24)
    """Predicted handling time while there are no like cases."""
    incident_window: timedelta = timedelta(hours=24)
    incident_at: int = 3
    """So many complaints or faults with one cause make an incident."""
    repeat_days: int = 30
    """Whoever complains again within so many days of a closed case complains repeatedly."""
    rectify_days: int = 14
    """How long a rectification or training that comes by itself may take."""
    training_at: int = 10
    """So many clocks of one person run out within 30 days: a training is due."""
    first_resolution_target: float = 0.85
    share_alarm: float = 0.3
    """A model with more than this share of a topic's complaints, and more than its use explains, is an alarm."""
    share_at_least: int = 5
    """Fewer complaints than this say nothing."""
    days: Mapping[str, Mapping[date, bool]] = field(default_factory=dict)
    """Calendar code -> days that are worked (true) or not, whatever the published calendar says."""

    def rules_for(self, *, level: int, category: str, fault_level: int | None, channel: str) -> dict[str, Rule]:
        """Clock -> the row that counts for such a case; without a fault level the case's level stands for it."""
        facts = {"level": level, "category": category, "fault_level": fault_level or level, "channel": channel}
        found: dict[str, Rule] = {}
        for rule in self.clocks:
            if rule.fits(**facts):  # type: ignore[arg-type]
                found.setdefault(rule.clock, rule)
        return {clock: rule for clock, rule in found.items() if rule.limit}

    def limit_of(self, role: str) -> Decimal | None:
        return self.approval_limits.get(role, Decimal(0))


DEFAULT = Policy()


def in_force(policies: Sequence[Policy], at: datetime) -> Policy:
    """The newest one that was valid at a time; policies are sorted by `valid_from`."""
    return next((p for p in reversed(policies) if p.valid_from <= at), DEFAULT)


# --- to and from JSON -------------------------------------------------------------------------


def as_json(policy: Policy) -> dict[str, Any]:
    """Every field in words and numbers; read back by `read`."""
    shape: dict[str, Any] = {}
    for each in fields(Policy):
        value = getattr(policy, each.name)
        match value:
            case timedelta():
                shape[each.name] = value.total_seconds()
            case time():
                shape[each.name] = value.isoformat("minutes")
            case Quiet():
                shape[each.name] = {n: getattr(value, n).isoformat("minutes") for n in ("since", "until")}
            case datetime():
                shape[each.name] = value.isoformat()
            case Limit():
                shape[each.name] = asdict(value)
            case _ if each.name == "clocks":
                shape[each.name] = [asdict(rule) for rule in value]
            case _ if each.name == "approval_limits":
                shape[each.name] = {role: None if most is None else str(most) for role, most in value.items()}
            case _ if each.name == "days":
                shape[each.name] = {code: {d.isoformat(): on for d, on in own.items()} for code, own in value.items()}
            case Mapping():
                shape[each.name] = {str(key): one for key, one in value.items()}
            case _:
                shape[each.name] = value
    return shape


def read(given: Mapping[str, Any]) -> Policy:
    """A policy from JSON; what is left out is as in the default. Raises BadInput naming the field."""
    unknown = set(given) - {f.name for f in fields(Policy)}
    if unknown:
        raise BadInput(min(unknown), "is no field of a policy")
    values: dict[str, Any] = {}
    for name, value in given.items():
        try:
            values[name] = _field(name, value)
        except (TypeError, ValueError, ArithmeticError, KeyError) as error:
            raise BadInput(name, f"is not as expected: {error}") from None
    return Policy(**values)


def _field(name: str, value: Any) -> Any:
    plain = getattr(DEFAULT, name)
    match plain:
        case timedelta():
            return timedelta(seconds=float(value))
        case datetime():
            at = datetime.fromisoformat(value)
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at
        case time():
            return time.fromisoformat(value)
        case Quiet():
            return Quiet(time.fromisoformat(value["since"]), time.fromisoformat(value["until"]))
        case Limit():
            return _limit(value)
        case _ if name == "clocks":
            return tuple(_rule(row) for row in value)
        case _ if name == "approval_limits":
            return {role: None if most is None else Decimal(str(most)) for role, most in value.items()}
        case _ if name == "days":
            return {code: {date.fromisoformat(d): bool(on) for d, on in own.items()} for code, own in value.items()}
        case _ if name == "word_every_days":
            return {int(level): int(days) for level, days in value.items()}
        case tuple():
            return tuple(value)
        case _:
            return type(plain)(value)


def _limit(given: Mapping[str, Any]) -> Limit:
    if given["unit"] not in (*UNITS, "working_days") or int(given["amount"]) < 1:
        raise ValueError(f"{given} is no limit")
    return Limit(int(given["amount"]), given["unit"])


def _rule(given: Mapping[str, Any]) -> Rule:
    names = ("levels", "categories", "fault_levels", "channels", "seeds")
    lists = {name: tuple(given.get(name) or ()) for name in names}
    limit = given.get("limit")
    return Rule(
        given["clock"], _limit(limit) if limit else None, after=given.get("after", "round"),
        within=given.get("within"), pauses=bool(given.get("pauses")), **lists,
    )


@lru_cache(maxsize=16)
def parsed(text: str) -> Policy:
    """A stored policy; parsed once."""
    return read(orjson.loads(text))
