"""Evidence over HTTP beyond the contract's assessment: exports, scenarios, and how often people decide otherwise."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends

from complaints import overrides
from complaints.desk import Desk
from csms.rest.http import need
from csms.rest.inputs import BEGINNING, END, Since, Until

REPORTS = ("supervisor", "auditor")
EXPORTERS = ("auditor", "supervisor", "agent")


def router(desk: Desk) -> APIRouter:
    made = APIRouter(tags=["evidence"])

    @made.get("/reports/overrides", dependencies=[Depends(need(*REPORTS))])
    async def overridden(since: Since = None, until: Until = None) -> dict[str, Any]:
        """Of the cases filed from `from` to `to`: for each finding, how often people decided otherwise."""
        async with desk.db.acquire() as conn:
            return await overrides.report(conn, since or BEGINNING, until or END)

    return made
