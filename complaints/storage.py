"""`ohmbudsman storage`: what may go by policy, with the months of open cases held back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from complaints.settings import Settings
from complaints.states import OPEN
from csms import storage
from csms.kit.db import Db
from csms.storage import Policy, Step

# What happened, and when it was told: a case without a time may be about either.
NEEDED = """
    select occurred_at as at from complaints where state = any($1::text[]) and occurred_at is not null
    union select filed_at from complaints where state = any($1::text[])
"""
WORDS = {"drop": "drop", "thin": "thin", "hold": "keep"}


def policy_of(settings: Settings) -> Policy:
    return Policy(
        frames=settings.keep_frames_days or None, readings=settings.keep_readings_days or None,
        steps=settings.keep_steps_days or None, thin_readings=settings.thin_readings_days or None,
        events=settings.keep_events_days,
    )


async def tidy(db: Db, policy: Policy, now: datetime, *, dry_run: bool = False) -> list[str]:
    """What was done, or would be, a line each. One step that fails does not keep the others from their turn."""
    async with db.acquire() as conn:
        held: Sequence[datetime] = [row["at"] for row in await conn.fetch(NEEDED, list(OPEN))]
        told = []
        for step in await storage.due(conn, held, policy, now):
            said = _line(step)
            if not dry_run and step.do != "hold":
                try:
                    said += f": {await storage.carry_out(conn, step, policy, now):,} rows went"
                except asyncpg.LockNotAvailableError:
                    said += ": somebody holds it, next time"
            told.append(said)
        events = await (storage.old_events if dry_run else storage.trim_events)(conn, policy, now)
    return [*told, f"events: {events:,} older than {policy.events} days"] if told or events else ["nothing is due"]


def _line(step: Step) -> str:
    part = step.partition
    return f"{WORDS[step.do]} {part.name} (about {part.rows:,} rows, {part.bytes / 1024**2:,.1f} MiB): {step.why}"
