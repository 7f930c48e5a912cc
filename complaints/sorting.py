"""Sorting a new complaint: by its words, and by the records where the words leave it open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from complaints import evidence
from complaints.claim import Claim
from complaints.intake import filing, weigh
from complaints.intake.classify import Classification
from complaints.intake.filing import Classify, Sorted
from complaints.intake.form import ComplaintIn
from csms.api import Csms
from csms.vocabulary import Story

log = structlog.get_logger()

WITHIN_S = 5.0
"""Longer than this nobody waits for the records: the words alone decide, and a person may correct."""

Recorded = Callable[[Claim, Story], frozenset[str]]
"""What is on record where a claim leads (`judge.recorded`)."""


async def sort(
    csms: Csms, classify: Classify, recorded: Recorded | None, given: ComplaintIn, now: datetime
) -> Sorted:
    """Never fails: a complaint that could not be sorted is filed all the same."""
    found = await asyncio.to_thread(filing.sort, classify, given)
    if recorded is None or not isinstance(found, Classification) or not weigh.is_open(found):
        return found
    try:
        async with asyncio.timeout(WITHIN_S):
            there = await evidence.on_record(csms, recorded, filing.claim_of(given, found, now), now)
    except Exception:
        log.exception("weighing_failed")
        return found
    return weigh.by_records(found, given.text, there)
