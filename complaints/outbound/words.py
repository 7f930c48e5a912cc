"""What a customer is told when his case moves, and when it has been silent for too long. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from complaints import phrases
from complaints.policy import Policy

AFTER_MOVE: Mapping[str, str] = {
    "investigate": "investigating", "hear_customer": "taken_up_again", "decide": "decided", "propose": "approving",
    "approve": "executing", "execute": "executing", "decline": "declined", "withdraw": "withdrawn",
    "take_back": "taken_up_again", "reopen": "taken_up_again", "unmerge": "unmerged",
}
"""Moves whose own entry is not meant for the customer. All others speak to him themselves."""


def after_move(
    move: str, *, number: str, language: str, due_at: datetime | None, zone: str | None, policy: Policy
) -> tuple[str, str] | None:
    """(situation, words) for a move; None where the move's own entry tells him."""
    situation = AFTER_MOVE.get(move)
    if situation is None:
        return None
    takes = policy.approval_time
    return situation, phrases.say(
        situation, language, number=number, due=_due(due_at, zone, language),
        takes=phrases.length(takes.amount, takes.unit, language),
    )


SOON = {"en": "the next working day", "zh-Hans": "下一个工作日", "zh-Hant": "下一個工作日"}


def _due(at: datetime | None, zone: str | None, language: str) -> str:
    return phrases.moment(at, zone) if at else SOON.get(language, SOON["en"])
