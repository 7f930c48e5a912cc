"""How the desk of the demo deals with a complaint: who does what, so many hours after it came in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Step:
    """`what`: an action of the contract, or say, ask, accept, disagree, arrive, finish."""

    hours: float
    who: str
    what: str
    fields: Mapping[str, Any] = field(default_factory=dict)


def taken(who: str) -> Sequence[Step]:
    return (Step(0.5, who, "assign", {"owner": who}),)


def asked(question: str, who: str = "li") -> Sequence[Step]:
    """The customer has to answer first."""
    return (*taken(who), Step(1.2, who, "ask", {"text": question}))


def proposed(who: str = "li") -> Sequence[Step]:
    """Money is proposed and waits for somebody else."""
    return (*taken(who), Step(1.5, who, "refund", {"reason": "记录与投诉相符", "approve": False}))


def refunded(words: str, *, stars: int, who: str = "li", approver: str = "qian") -> Sequence[Step]:
    """Paid back, told, confirmed, closed."""
    return (
        *proposed(who), Step(3, approver, "refund", {"reason": "证据充分", "approve": True}),
        Step(3.5, who, "resolve", {"text": words}), *_ended(9, stars),
    )


def explained(words: str, *, hours: float = 2.5, stars: int, who: str = "li") -> Sequence[Step]:
    return (*taken(who), Step(hours, who, "resolve", {"text": words}), *_ended(hours + 6, stars))


ON_THE_WAY = {1: 0.4, 2: 1.6, 3: 18.0}
"""Hours from the dispatch to the arrival, by fault level: within what the policy asks for."""


def dispatched(words: str, *, fault_level: int, who: str = "wu") -> Sequence[Step]:
    """A technician goes there, mends it; the customer is told before and after."""
    there = 0.8 + ON_THE_WAY[fault_level]
    return (
        *taken(who), Step(0.7, who, "say", {"text": words}),
        Step(0.8, who, "dispatch", {"owner": "tan", "fault_level": fault_level, "reason": "需到现场检查"}),
        Step(there, "tan", "arrive"), Step(there + 0.9, "tan", "finish", {"text": "已修复，带载测试正常"}),
        Step(there + 2.5, who, "resolve", {"text": words}), Step(there + 12, CUSTOMER, "accept", {"satisfaction": 4}),
    )


def danger(words: str, who: str = "zhao") -> Sequence[Step]:
    return (
        Step(0.05, who, "acknowledge"), Step(0.08, who, "say", {"text": words}),
        Step(0.1, who, "dispatch", {"owner": "tan", "fault_level": 1, "reason": "冒烟：断电检查"}),
        Step(0.5, "tan", "arrive"),
    )


def disputed(words: str, demand: str, who: str = "li") -> Sequence[Step]:
    """The customer does not accept the answer: somebody else looks again."""
    return (*taken(who), Step(2, who, "resolve", {"text": words}), Step(5, CUSTOMER, "disagree", {"text": demand}))


def referred(body: str, reference: str) -> Sequence[Step]:
    outside = {"body": body, "reference": reference, "reason": "用户要求赔偿"}
    return (*taken("li"), Step(8, "zhao", "refer", outside))


def merged_into(topic: str, *, hours: float) -> Sequence[Step]:
    """It is the same matter as the complaint with that topic."""
    return (Step(hours, "li", "merge", {"into": topic, "reason": "同一笔退款"}),)


def _ended(hours: float, stars: int) -> Sequence[Step]:
    return (
        Step(hours, CUSTOMER, "accept", {"satisfaction": stars}),
        Step(hours + 10, "zhao", "close", {"reason": "已解决并确认"}),
    )
