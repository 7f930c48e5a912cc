"""Transactions over HTTP, and their readings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response

from csms.api import Csms
from csms.errors import NotFound
from csms.rest import shapes
from csms.rest.access import PREFIX, admit
from csms.rest.http import Page, page
from csms.rest.inputs import Given, Since, Until, Wanted, after, moment, text, uuid
from csms.vocabulary import Transaction

Paging = Annotated[Page, Depends(page)]


def router(csms: Csms) -> APIRouter:
    routes = APIRouter(prefix=PREFIX, tags=["transactions"], dependencies=[Depends(admit)])

    @routes.get("/transactions", response_model=shapes.Listing[shapes.TransactionShape])
    async def list_transactions(
        page: Paging, station: Wanted = None, since: Since = None, until: Until = None, token: Wanted = None,
        state: Annotated[Literal["open", "closed"] | None, Query()] = None,
    ) -> Response:
        """Those that began between `from` and `to`, newest first."""
        start: Any = after(page, moment, uuid)
        found = await csms.transactions(
            station=station, since=since, until=until, token=token, state=state, after=start, limit=page.limit + 1
        )
        items, following = page.cut(found, lambda t: [t.started_at, t.id])
        return shapes.paged([shapes.transaction(t) for t in items], following)

    @routes.get("/transactions/{id}", response_model=shapes.TransactionShape)
    async def get_transaction(id: Given) -> Response:
        return shapes.json(shapes.transaction(await known(csms, id)))

    @routes.get("/transactions/{id}/readings", response_model=shapes.Listing[shapes.ReadingShape])
    async def get_readings(id: Given, page: Paging) -> Response:
        """In normal units, in order of the device's time."""
        found = sorted(await csms.readings(await known(csms, id)), key=lambda r: (r.at, r.id))
        start: Any = after(page, moment, text)
        rest = [r for r in found if start is None or (r.at, r.id) > start]
        items, following = page.cut(rest, lambda r: [r.at, r.id])
        return shapes.paged([shapes.reading(r) for r in items], following)

    return routes


async def known(csms: Csms, id: str) -> Transaction:
    found = await csms.transaction(id)
    if found is None:
        raise NotFound(f"no transaction {id}")
    return found
