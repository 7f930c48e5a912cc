"""What 2.1 adds, over HTTP: grid controls, streams of values, battery swaps, posted tariffs, settlements."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import Field

from csms.api import Csms
from csms.rest import rows, shapes
from csms.rest.access import PREFIX, admit
from csms.rest.http import Page, page
from csms.rest.inputs import (
    BEGINNING,
    END,
    Moment,
    Named,
    Since,
    Until,
    Wanted,
    after,
    columns,
    moment,
    place_in_journal,
    text,
)
from csms.rest.shapes import Shape
from csms.rest.stations import known

Paging = Annotated[Page, Depends(page)]
Whole = Annotated[int, Path(ge=-(2**31), lt=2**31)]
PLACE = (moment, place_in_journal, place_in_journal)


class GridControlShape(Shape):
    control: str
    type: str
    is_default: bool
    settings: dict[str, Any]
    source: str = Field(description="csms where we set it, else station")
    set_at: datetime
    started_at: datetime | None
    stopped_at: datetime | None
    ended_at: datetime | None
    outcome: str | None = Field(description="cleared, superseded, replaced")


class StreamShape(Shape):
    number: int
    monitor: int | None
    component: str | None
    variable: str | None
    evse: int | None
    interval_s: int | None
    most: int | None = Field(description="So many values in a message.")
    opened_at: datetime
    closed_at: datetime | None


class StreamValueShape(Shape):
    at: datetime
    value: str
    received_at: datetime


class SwapShape(Shape):
    request_id: int
    event: str = Field(description="asked (by us), in, out, timeout: the battery was left behind")
    token: str | None
    batteries: list[dict[str, Any]]
    at: datetime


class PostedTariffShape(Shape):
    evse: int = Field(description="0: the whole station")
    tariff: str
    kind: str = Field(description="default, driver, transaction")
    said: str | None = Field(description="The transaction, as the station names it.")
    detail: dict[str, Any] | None = Field(description="As it was set; null where it was not set from here.")
    valid_from: datetime | None
    set_at: datetime
    ended_at: datetime | None


class SettlementShape(Shape):
    station: str
    reference: str = Field(description="Of the payment service provider.")
    status: str = Field(description="Settled, Canceled, Rejected, Failed")
    amount: Decimal = Field(description="In the currency of the station's tariff: OCPP tells none.")
    at: datetime
    said: str | None = Field(description="The transaction, as the station names it.")
    receipt: str | None
    receipt_url: str | None
    info: str | None
    vat_number: str | None


def router(csms: Csms) -> APIRouter:
    routes = APIRouter(prefix=PREFIX, tags=["grid and trade"], dependencies=[Depends(admit)])
    controls = csms.controls

    @routes.get("/stations/{id}/grid-controls", response_model=shapes.Listing[GridControlShape])
    async def get_grid_controls(id: Named, page: Paging, active: Annotated[bool | None, Query()] = None) -> Response:
        """Newest first; `active=true`: those that the station has now."""
        await known(csms, id)
        start: Any = after(page, *PLACE)
        found = await controls.grid_controls(id, active=active, after=start, limit=page.limit + 1)
        items, following = page.cut(found, lambda r: columns(r, ("set_at", "seq", "part")))
        return shapes.paged([rows.shape(GridControlShape, r) for r in items], following)

    @routes.get("/stations/{id}/streams", response_model=shapes.Listing[StreamShape])
    async def get_streams(id: Named) -> Response:
        """Open ones first."""
        await known(csms, id)
        return shapes.paged([rows.shape(StreamShape, r) for r in await controls.streams(id)], None)

    @routes.get("/stations/{id}/streams/{number}/values", response_model=shapes.Listing[StreamValueShape])
    async def get_stream_values(
        id: Named, number: Whole, page: Paging, since: Since = None, until: Until = None
    ) -> Response:
        """What the station told, oldest first."""
        await known(csms, id)
        start: Any = after(page, *PLACE)
        found = await controls.stream_values(
            id, number, since or BEGINNING, until or END, after=start, limit=page.limit + 1
        )
        items, following = page.cut(found, lambda r: columns(r, ("at", "seq", "part")))
        return shapes.paged([rows.shape(StreamValueShape, r) for r in items], following)

    @routes.get("/stations/{id}/battery-swaps", response_model=shapes.Listing[SwapShape])
    async def get_battery_swaps(
        id: Named, page: Paging, request_id: Annotated[int | None, Query(ge=-(2**31), lt=2**31)] = None
    ) -> Response:
        """Newest first."""
        await known(csms, id)
        start: Any = after(page, moment, place_in_journal)
        found = await controls.battery_swaps(id, request_id=request_id, after=start, limit=page.limit + 1)
        items, following = page.cut(found, lambda r: columns(r, ("at", "seq")))
        return shapes.paged([rows.shape(SwapShape, r) for r in items], following)

    @routes.get("/stations/{id}/tariffs", response_model=shapes.Listing[PostedTariffShape])
    async def get_posted_tariffs(
        id: Named, page: Paging, active: Annotated[bool | None, Query()] = None,
        at: Annotated[Moment | None, Query()] = None,
    ) -> Response:
        """What the station shows and reckons by, newest first; `at` a time: what a driver saw then."""
        await known(csms, id)
        start: Any = after(page, *PLACE)
        found = await controls.posted_tariffs(id, active=active, at=at, after=start, limit=page.limit + 1)
        items, following = page.cut(found, lambda r: columns(r, ("set_at", "seq", "part")))
        return shapes.paged([rows.shape(PostedTariffShape, r) for r in items], following)

    @routes.get("/settlements", response_model=shapes.Listing[SettlementShape])
    async def list_settlements(page: Paging, station: Wanted = None, reference: Wanted = None) -> Response:
        """How payments at stations' own terminals ended, as the stations tell it; newest first."""
        start: Any = after(page, moment, text, place_in_journal)
        found = await controls.settlements(
            station=station, reference=reference, after=start, limit=page.limit + 1
        )
        items, following = page.cut(found, lambda r: columns(r, ("at", "station", "seq")))
        return shapes.paged([rows.shape(SettlementShape, r) for r in items], following)

    return routes
