"""The gate before closing: solved, the customer content or silent long enough, nothing open. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from complaints.policy import Policy

OUTCOMES = ("accepted", "accepted_by_silence")
"""Why a case may be closed though the customer has not confirmed. Silence is never counted as satisfaction."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a case stands before it is closed."""

    confirmed: bool
    reminders: tuple[datetime, ...] = ()
    """When the customer was asked again in this round."""
    open_refunds: int = 0
    open_visits: int = 0
    open_tasks: int = 0
    open_plans: int = 0


def hindrances(standing: Standing, outcome: str | None, policy: Policy, now: datetime) -> list[str]:
    """What has still to happen, in words for staff; empty: it may be closed."""
    found = []
    if not standing.confirmed and outcome == "accepted_by_silence":
        found += _silence(standing.reminders, policy, now)
    if standing.open_refunds:
        found.append(f"{standing.open_refunds} refund(s) are not decided, not sent or failed")
    if standing.open_visits:
        found.append(f"{standing.open_visits} work order(s) are not finished")
    if standing.open_tasks:
        found.append(f"{standing.open_tasks} task(s) of other departments are open")
    if standing.open_plans:
        found.append("the plan is not carried out: finish its steps, or replace it")
    return found


def _silence(reminders: tuple[datetime, ...], policy: Policy, now: datetime) -> list[str]:
    asked = policy.confirm_reminders
    if len(reminders) < asked:
        return [f"the customer has been reminded {len(reminders)} times of {asked}"]
    until = max(reminders) + timedelta(days=policy.silence_days)
    return [f"the customer has until {until:%Y-%m-%d %H:%M} UTC to answer the last reminder"] if now < until else []


def reminder_due(resolved_at: datetime, reminders: tuple[datetime, ...], policy: Policy) -> datetime | None:
    """When the customer is to be asked again; None once he has been asked often enough."""
    if len(reminders) >= policy.confirm_reminders:
        return None
    return max((resolved_at, *reminders)) + timedelta(days=policy.confirm_reminder_days)
