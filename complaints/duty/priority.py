"""In which order cases need somebody: level, clocks, money, people affected, how long it will take. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import log2

LEVELS = {1: 1000, 2: 300, 3: 100}
OVERDUE, URGENT, SOON = 400, 300, 150


@dataclass(frozen=True, slots=True)
class Stake:
    """What is at stake in a case."""

    level: int
    due_at: datetime | None = None
    """The next clock that still runs; None when none does (the customer's turn)."""
    money: Decimal = Decimal(0)
    affected: int = 1
    predicted: timedelta = timedelta(hours=24)
    round: int = 1


def priority(stake: Stake, now: datetime) -> tuple[int, tuple[str, ...]]:
    """A number, higher is more urgent, and what made it so."""
    parts = [(LEVELS[stake.level], f"level {stake.level}"), _clock(stake, now), _money(stake.money)]
    if stake.affected > 1:
        parts.append((int(60 * log2(stake.affected)), f"{stake.affected} people affected"))
    if stake.round > 1:
        parts.append((100, "the customer did not agree with our answer"))
    held = [(points, why) for points, why in parts if points]
    return sum(points for points, _ in held), tuple(why for _, why in held)


def _clock(stake: Stake, now: datetime) -> tuple[int, str]:
    """Urgent is what would be late if it took as long as cases like it usually take."""
    if stake.due_at is None:
        return 0, ""
    left = stake.due_at - now
    if left <= timedelta(0):
        return OVERDUE + min(int(-left / timedelta(hours=1)), 100), "overdue"
    if left <= stake.predicted:
        return URGENT, f"takes {stake.predicted.total_seconds() / 3600:.0f} h, {left.total_seconds() / 3600:.0f} h left"
    return (SOON, "due within twice its usual time") if left <= 2 * stake.predicted else (0, "")


def _money(amount: Decimal) -> tuple[int, str]:
    return (min(int(20 * log2(1 + float(amount) / 10)), 200), f"{amount:f} at stake") if amount > 0 else (0, "")
