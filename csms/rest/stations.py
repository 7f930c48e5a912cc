"""Stations over HTTP: who they are, what their frames, faults and variables say, who knocks."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from csms.api import Csms
from csms.errors import BadInput, NotFound
from csms.rest import shapes
from csms.rest.access import PREFIX, Who, admit
from csms.rest.commands import by
from csms.rest.http import Page, page
from csms.rest.inputs import (
    BEGINNING,
    END,
    Body,
    Named,
    Place,
    Since,
    Text,
    Until,
    Wanted,
    after,
    columns,
    given,
    moment,
    number,
    place_in_journal,
    text,
    uuid,
)

Paging = Annotated[Page, Depends(page)]
Power = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]

VARIABLE_KEY = ("component", "component_instance", "variable", "instance", "evse", "connector", "attribute")


class ConnectorBody(Body):
    evse: Place
    connector: Place
    type: Text | None = Field(None, examples=["GBT-DC"])
    max_power_w: Power | None = None


class StationBody(Body):
    """What is not named stays as it is known."""

    vendor: Text | None = None
    model: Text | None = None
    firmware: Text | None = None
    site: Text | None = None
    name: Text | None = None
    tariff: Text | None = None
    max_power_w: Power | None = None
    connectors: Annotated[list[ConnectorBody], Field(max_length=500)] | None = None
    password: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(
        None, description="What the station has already (profiles 1, 2); `POST /stations/{id}/password` gives another."
    )
    security_profile: Annotated[int, Field(ge=0, le=3)] | None = Field(
        None, description="The least it may come in by. A lower one than before is noted as a security event."
    )
    strict: bool | None = Field(
        None, description="Take the specification at its word: what breaks it is refused, nothing is repaired. From "
        "its next connection on."
    )


def check_connectors(connectors: list[ConnectorBody]) -> None:
    seen: set[tuple[int, int]] = set()
    for index, one in enumerate(connectors):
        if (one.evse, one.connector) in seen:
            raise BadInput(
                f"connectors[{index}].connector", f"connector {one.connector} of EVSE {one.evse} is listed twice"
            )
        seen.add((one.evse, one.connector))


def router(csms: Csms) -> APIRouter:
    routes = APIRouter(prefix=PREFIX, tags=["stations"], dependencies=[Depends(admit)])

    @routes.put("/stations/{id}", response_model=shapes.StationDetail)
    async def put_station(id: Named, body: StationBody, who: Who) -> Response:
        check_connectors(body.connectors or [])
        fields = given(body)
        connectors, password = fields.pop("connectors", ()), fields.pop("password", None)
        new = await csms.put_station(id, fields, connectors, password, by(who))
        return shapes.json(await detail(csms, id), 201 if new else 200)

    @routes.get("/stations", response_model=shapes.Listing[shapes.StationShape])
    async def list_stations(page: Paging, site: Wanted = None) -> Response:
        (start,) = after(page, text) or ("",)
        found = await csms.stations(site=site, after=start, limit=page.limit + 1)
        items, following = page.cut(found, lambda s: [s.id])
        faults = await csms.open_faults([s.id for s in items])
        return shapes.paged([shapes.station(s, faults.get(s.id, ())) for s in items], following)

    @routes.get("/stations/{id}", response_model=shapes.StationDetail)
    async def get_station(id: Named) -> Response:
        return shapes.json(await detail(csms, id))

    @routes.get("/stations/{id}/frames", response_model=shapes.Listing[shapes.FrameShape])
    async def get_frames(
        id: Named, page: Paging, since: Since = None, until: Until = None,
        raw: Annotated[bool, Query(description="Adds `text`: exactly what was hashed.")] = False,
    ) -> Response:
        """The journal, in the order in which its rows are chained."""
        await known(csms, id)
        (start,) = after(page, place_in_journal) or (0,)
        found = await csms.archive.frames(
            id, since or BEGINNING, until or END, after=start, limit=page.limit + 1
        )
        items, following = page.cut(found, lambda r: [r["seq"]])
        return shapes.paged([shapes.frame(row, raw=raw) for row in items], following)

    @routes.get("/stations/{id}/faults", response_model=shapes.Listing[shapes.FaultShape])
    async def get_station_faults(id: Named, page: Paging, open: Annotated[bool | None, Query()] = None) -> Response:
        """Newest first."""
        await known(csms, id)
        return await faults_page(csms, id, open, page)

    @routes.get("/faults", response_model=shapes.Listing[shapes.FaultShape])
    async def list_faults(
        page: Paging, station: Wanted = None, open: Annotated[bool | None, Query()] = None
    ) -> Response:
        """Newest first; `open=true` those not cleared, `open=false` those cleared."""
        return await faults_page(csms, station, open, page)

    @routes.get("/stations/{id}/variables", response_model=shapes.Listing[shapes.VariableShape])
    async def get_variables(
        id: Named, page: Paging, drift: Annotated[bool | None, Query()] = None
    ) -> Response:
        """What the station has reported of its configuration, and what it should be; `drift=true`: the differences."""
        await known(csms, id)
        start: Any = after(page, text, text, text, text, number, number, text) or ("", "", "", "", -1, -1, "")
        found = await csms.controls.variables(id, after=start, limit=page.limit + 1, drift=drift)
        items, following = page.cut(found, lambda r: columns(r, VARIABLE_KEY))
        return shapes.paged([shapes.variable(row) for row in items], following)

    @routes.get("/knocks", response_model=shapes.Listing[shapes.KnockShape])
    async def list_knocks(page: Paging) -> Response:
        """Stations nobody has told us of, that tried to connect; the latest first."""
        start: Any = after(page, moment, text)
        found = await csms.archive.knocks(after=start, limit=page.limit + 1)
        items, following = page.cut(found, lambda r: columns(r, ("last_at", "station")))
        return shapes.paged([shapes.knock(row) for row in items], following)

    return routes


async def known(csms: Csms, id: str) -> None:
    if await csms.station(id) is None:
        raise NotFound(f"no station {id}")


async def detail(csms: Csms, id: str) -> dict[str, Any]:
    found, admission = await csms.station(id), await csms.admission(id)
    if found is None or admission is None:
        raise NotFound(f"no station {id}")
    faults = await csms.open_faults([id])
    return {
        **shapes.station(found, faults.get(id, ())), "admission": admission["admission"],
        "strict": admission["strict"], "security_profile": admission["security_profile"],
        "password_set": admission["password_hash"] is not None,
        "warnings": await warnings(csms, found.tariff, admission["security_profile"], admission["password_hash"]),
    }


async def warnings(csms: Csms, tariff: str | None, profile: int, password: str | None) -> list[str]:
    """A station may be set up before its tariff is, so this is told and not refused."""
    found = []
    if tariff and not await csms.tariff_versions(tariff):
        found.append(f"tariff: there is no tariff {tariff}, so its transactions cannot be billed")
    if profile in (1, 2) and password is None:
        found.append("password: none is set, so it cannot connect")
    return found


async def faults_page(csms: Csms, station: str | None, open: bool | None, page: Page) -> Response:
    start: Any = after(page, moment, uuid)
    found = await csms.faults(station=station, only_open=open, after=start, limit=page.limit + 1)
    items, following = page.cut(found, lambda f: [f.opened_at, f.id])
    return shapes.paged([shapes.fault(f) for f in items], following)
