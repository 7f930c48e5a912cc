"""Fault episodes over HTTP: what was wrong, how long, how often, and whom it cost what."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from csms.api import Csms
from csms.episodes import Episode
from csms.kit.clock import iso
from csms.rest import shapes
from csms.rest.access import PREFIX, admit
from csms.rest.http import Page, page
from csms.rest.inputs import Named, Since, Until, Wanted, after, moment, uuid
from csms.rest.stations import known

Paging = Annotated[Page, Depends(page)]
Open = Annotated[bool | None, Query(description="Only those not cleared, or only those cleared.")]
USUAL = timedelta(days=30)


class MoneyShape(BaseModel):
    captured: str
    held: str


class RecurrenceShape(BaseModel):
    episodes: int
    since_last_s: float | None


class EpisodeShape(BaseModel):
    id: str
    station: str
    evse: int
    code: str
    vendor_code: str | None
    kind: str
    level: int
    warning: bool
    description: str | None
    opened_at: str
    cleared_at: str | None
    duration_s: float | None
    reports: int
    sessions: list[str]
    cut_short: int
    at_risk: dict[str, MoneyShape]
    recurrence: RecurrenceShape


def router(csms: Csms) -> APIRouter:
    routes = APIRouter(prefix=PREFIX, tags=["stations"], dependencies=[Depends(admit)])

    @routes.get("/episodes", response_model=shapes.Listing[EpisodeShape])
    async def list_episodes(
        page: Paging, station: Wanted = None, open: Open = None, since: Since = None, until: Until = None
    ) -> Response:
        """Newest first; of the last 30 days where no time is named."""
        return await _listed(csms, page, station, open, since, until)

    @routes.get("/stations/{id}/episodes", response_model=shapes.Listing[EpisodeShape])
    async def station_episodes(
        id: Named, page: Paging, open: Open = None, since: Since = None, until: Until = None
    ) -> Response:
        await known(csms, id)
        return await _listed(csms, page, id, open, since, until)

    return routes


async def _listed(csms: Csms, page: Page, station: str | None, open: bool | None, since: Any, until: Any) -> Response:
    start: Any = after(page, moment, uuid)
    end = until or csms.clock() + timedelta(days=1)
    found = await csms.archive.episodes(
        station=station, since=since or end - USUAL, until=end, only_open=open, after=start, limit=page.limit + 1
    )
    items, following = page.cut(found, lambda e: [e.opened_at, e.id])
    return shapes.paged([episode(one) for one in items], following)


def episode(one: Episode) -> dict[str, Any]:
    cleared = one.cleared_at
    return {
        "id": one.id, "station": one.station, "evse": one.evse, "code": one.code, "vendor_code": one.vendor_code,
        "kind": one.kind, "level": one.level, "warning": one.warning, "description": one.description,
        "opened_at": iso(one.opened_at), "cleared_at": iso(cleared) if cleared else None,
        "duration_s": (cleared - one.opened_at).total_seconds() if cleared else None, "reports": one.reports,
        "sessions": list(one.sessions), "cut_short": one.cut,
        "at_risk": {
            currency: {"captured": f"{money.captured:.2f}", "held": f"{money.held:.2f}"}
            for currency, money in one.money.items()
        },
        "recurrence": {"episodes": one.times, "since_last_s": one.since_last_s},
    }
