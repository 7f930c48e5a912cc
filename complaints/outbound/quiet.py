"""Quiet hours: when the next word may reach somebody, in the recipient's own zone. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from complaints.policy import Quiet


def is_quiet(at: time, quiet: Quiet) -> bool:
    if quiet.since <= quiet.until:
        return quiet.since <= at < quiet.until
    return at >= quiet.since or at < quiet.until


def allowed_from(now: datetime, zone: str, quiet: Quiet, *, urgent: bool = False) -> datetime:
    """Now, or the end of the quiet hours that it falls into. What is urgent waits for nobody's sleep."""
    local = now.astimezone(ZoneInfo(zone))
    if urgent or not is_quiet(local.time(), quiet):
        return now
    morning = local.replace(hour=quiet.until.hour, minute=quiet.until.minute, second=0, microsecond=0)
    return (morning if morning > local else morning + timedelta(days=1)).astimezone(now.tzinfo)
