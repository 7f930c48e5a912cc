"""Duty: every case has a named owner, is reminded of in time, escalated when late, and called out at level 1."""

from complaints.duty.choose import Chosen, Need, Person, choose
from complaints.duty.priority import Stake, priority
from complaints.duty.watch import Watch

__all__ = ["Chosen", "Need", "Person", "Stake", "Watch", "choose", "priority"]
