"""Whether a session failed early through no fault of the customer: then no start fee is due."""

from __future__ import annotations

from datetime import timedelta

from complaints.rules import stops
from complaints.rules.case import Case

EARLY = timedelta(minutes=3)
NOT_HIS = (stops.by_fault, stops.by_staff, stops.power_loss, stops.reboot, stops.emergency)


def failed_early(case: Case) -> bool:
    """Ended by a fault, our staff, power loss or reboot within three minutes of its start."""
    t = case.transaction
    if t is None or case.is_live or case.stopped_at - t.started_at > EARLY:
        return False
    return any(ended(case) is not None for ended in NOT_HIS)
