"""What is set in stations, over HTTP: profiles and limits, reservations, lists, monitors, certificates, firmware."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from csms.api import Csms
from csms.rest import rows, shapes
from csms.rest.access import PREFIX, admit
from csms.rest.http import Page, page
from csms.rest.inputs import (
    BEGINNING,
    Body,
    Moment,
    Name,
    Named,
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
from csms.rest.stations import known

Paging = Annotated[Page, Depends(page)]
Factor = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False, strict=False)]
States = Literal["active", "used", "cancelled", "expired", "removed", "replaced"]


class RegisterBody(Body):
    """What the registers of a model mean. Empty model or firmware: any."""

    vendor: Name
    model: Text = ""
    firmware: Text = ""
    register_: Literal["lifetime", "session"] = Field(
        "lifetime", alias="register", description="session: it starts at zero with every transaction"
    )
    boundary_factor: Factor = Field(1, description="meterStart and meterStop times this are Wh: 1000 for kWh.")
    reading_factor: Factor = Field(1, description="The same for the registers of meter values.")
    rollover_wh: Factor | None = Field(None, description="Where the register starts at zero again.")
    lines: Literal["given", "summed"] = Field("given", description="summed: the total is the sum of the lines")
    note: Text | None = None


def router(csms: Csms) -> APIRouter:
    routes = APIRouter(prefix=PREFIX, tags=["controls"], dependencies=[Depends(admit)])
    controls = csms.controls

    @routes.get("/stations/{id}/profiles", response_model=shapes.Listing[rows.ProfileShape])
    async def get_profiles(id: Named, page: Paging, active: Annotated[bool | None, Query()] = None) -> Response:
        """Charging profiles and limits imposed by others, newest first; `active=true`: those installed now."""
        await known(csms, id)
        found = await controls.profiles(id, active=active, after=after(page, moment, uuid), limit=page.limit + 1)
        items, following = page.cut(found, lambda r: [r["installed_at"], str(r["id"])])
        return shapes.paged([rows.shape(rows.ProfileShape, r) for r in items], following)

    @routes.get("/stations/{id}/limits", response_model=shapes.Listing[rows.LimitShape])
    async def get_limits(
        id: Named, since: Since = None, until: Until = None, at: Annotated[Moment | None, Query()] = None,
        evse: Annotated[int, Query(ge=0, le=9999)] = 0,
    ) -> Response:
        """The limits in force: `at` a time on an `evse`, or between `from` and `to` (a day without) anywhere."""
        await known(csms, id)
        if at is not None:
            found = await controls.limit_at(id, evse, at)
        else:
            end = until or csms.clock()
            found = await controls.limits(id, since or end - timedelta(days=1), end)
        return shapes.paged([rows.limit(one) for one in found], None)

    @routes.get("/stations/{id}/composites", response_model=shapes.Listing[rows.CompositeShape])
    async def get_composites(id: Named) -> Response:
        """The latest composite schedule each EVSE told when asked."""
        await known(csms, id)
        return shapes.paged([rows.shape(rows.CompositeShape, r) for r in await controls.composites(id)], None)

    @routes.get("/reservations", response_model=shapes.Listing[rows.ReservationShape])
    async def list_reservations(
        page: Paging, station: Wanted = None, state: Annotated[States | None, Query()] = None
    ) -> Response:
        """Newest first."""
        start = after(page, moment, text, place_in_journal)
        found = await controls.reservations(station=station, state=state, after=start, limit=page.limit + 1)
        items, following = page.cut(found, lambda r: columns(r, ("made_at", "station", "seq")))
        return shapes.paged([rows.shape(rows.ReservationShape, r) for r in items], following)

    @routes.get("/stations/{id}/local-list", response_model=rows.LocalListShape)
    async def get_local_list(id: Named, page: Paging) -> Response:
        """Which version of the list the station took, the version it last named, and the tokens on it."""
        await known(csms, id)
        (start,) = after(page, text) or ("",)
        found = await controls.local_list_entries(id, after=start, limit=page.limit + 1)
        items, following = page.cut(found, lambda r: [r["token"]])
        return shapes.json(rows.local_list(await controls.local_list(id), items, following))

    @routes.get("/stations/{id}/monitors", response_model=shapes.Listing[rows.MonitorShape])
    async def get_monitors(id: Named, page: Paging) -> Response:
        await known(csms, id)
        (start,) = after(page, number) or (-(2**31),)
        found = await controls.monitors(id, after=start, limit=page.limit + 1)
        items, following = page.cut(found, lambda r: [r["number"]])
        return shapes.paged([rows.shape(rows.MonitorShape, r) for r in items], following)

    @routes.get("/stations/{id}/displays", response_model=shapes.Listing[rows.DisplayShape])
    async def get_displays(id: Named, page: Paging) -> Response:
        await known(csms, id)
        (start,) = after(page, number) or (-(2**31),)
        found = await controls.displays(id, after=start, limit=page.limit + 1)
        items, following = page.cut(found, lambda r: [r["number"]])
        return shapes.paged([rows.shape(rows.DisplayShape, r) for r in items], following)

    @routes.get("/stations/{id}/certificates", response_model=shapes.Listing[rows.CertificateShape])
    async def get_certificates(id: Named) -> Response:
        """What the station holds, as it last listed it."""
        await known(csms, id)
        return shapes.paged([rows.shape(rows.CertificateShape, r) for r in await controls.certificates(id)], None)

    @routes.get("/certificate-requests", response_model=shapes.Listing[rows.CertificateRequestShape])
    async def list_certificate_requests(
        station: Wanted = None, state: Annotated[Literal["open", "signed", "refused"] | None, Query()] = None
    ) -> Response:
        """What stations want signed, newest first."""
        found = await controls.certificate_requests(station=station, state=state)
        return shapes.paged([rows.shape(rows.CertificateRequestShape, r) for r in found], None)

    @routes.get("/stations/{id}/firmware", response_model=shapes.Listing[rows.FirmwareShape])
    async def get_firmware(id: Named, page: Paging) -> Response:
        """Updates asked for, newest first, and how each ended."""
        await known(csms, id)
        found = await controls.firmware(id, after=after(page, moment, uuid), limit=page.limit + 1)
        items, following = page.cut(found, lambda r: [r["asked_at"], str(r["id"])])
        return shapes.paged([rows.shape(rows.FirmwareShape, r) for r in items], following)

    @routes.get("/stations/{id}/firmware/statuses", response_model=shapes.Listing[rows.ProgressShape])
    async def get_firmware_statuses(id: Named, since: Since = None) -> Response:
        """Every status of firmware the station told, oldest first."""
        await known(csms, id)
        found = await controls.firmware_history(id, since or BEGINNING)
        return shapes.paged([rows.shape(rows.ProgressShape, r) for r in found], None)

    @routes.get("/stations/{id}/notices", response_model=shapes.Listing[rows.NoticeShape])
    async def get_notices(
        id: Named, page: Paging, kind: Wanted = None,
        transaction: Annotated[str | None, Query(max_length=255, description="As the station names it.")] = None,
    ) -> Response:
        """What the station told of settlements, needs of vehicles, grid controls and the like; newest first."""
        await known(csms, id)
        start: Any = after(page, moment, place_in_journal)
        found = await controls.notices(id, kind=kind, said=transaction, after=start, limit=page.limit + 1)
        items, following = page.cut(found, lambda r: columns(r, ("at", "seq")))
        return shapes.paged([rows.shape(rows.NoticeShape, r) for r in items], following)

    @routes.get("/stations/{id}/network-profiles", response_model=shapes.Listing[rows.NetworkShape])
    async def get_network_profiles(id: Named) -> Response:
        await known(csms, id)
        return shapes.paged([rows.shape(rows.NetworkShape, r) for r in await controls.network_profiles(id)], None)

    @routes.get("/stations/{id}/customer-information", response_model=shapes.Listing[rows.CustomerShape])
    async def get_customer_information(id: Named, request_id: Annotated[int, Query(ge=-(2**31), lt=2**31)]) -> Response:
        """What the station told of a customer when asked by this request."""
        await known(csms, id)
        found = await controls.customer_information(id, request_id)
        return shapes.paged([rows.shape(rows.CustomerShape, r) for r in found], None)

    @routes.get("/stations/{id}/resets", response_model=shapes.Listing[rows.ResetShape])
    async def get_resets(id: Named) -> Response:
        """How the last resets of this station went."""
        await known(csms, id)
        return shapes.paged([rows.shape(rows.ResetShape, r) for r in await controls.resets_of(id)], None)

    @routes.get("/resets", response_model=shapes.Listing[rows.ModelResetsShape])
    async def list_resets(vendor: Wanted = None, model: Wanted = None) -> Response:
        """How resets went, per model and firmware: taken or not, time to boot, came back or not."""
        found = await controls.resets_of_models(vendor=vendor, model=model)
        return shapes.paged([rows.shape(rows.ModelResetsShape, r) for r in found], None)

    @routes.put("/register-semantics", response_model=rows.RegisterShape)
    async def put_register_semantics(body: RegisterBody) -> Response:
        """Say what the registers of a model mean; energy is reckoned by it from now on, of old transactions too."""
        fields = given(body)
        vendor, model, firmware = (fields.pop(name, "") for name in ("vendor", "model", "firmware"))
        new = await controls.put_register_semantics(vendor, model, firmware, fields)
        (row,) = [r for r in await controls.register_semantics(limit=1000)
                  if (r["vendor"], r["model"], r["firmware"]) == (vendor, model, firmware)]
        return shapes.json(rows.shape(rows.RegisterShape, row), 201 if new else 200)

    @routes.get("/register-semantics", response_model=shapes.Listing[rows.RegisterShape])
    async def list_register_semantics(page: Paging) -> Response:
        start: Any = after(page, text, text, text) or ("", "", "")
        found = await controls.register_semantics(after=start, limit=page.limit + 1)
        items, following = page.cut(found, lambda r: columns(r, ("vendor", "model", "firmware")))
        return shapes.paged([rows.shape(rows.RegisterShape, r) for r in items], following)

    @routes.delete("/register-semantics", status_code=204)
    async def delete_register_semantics(
        vendor: Annotated[Name, Query()], model: Annotated[str, Query(max_length=255)] = "",
        firmware: Annotated[str, Query(max_length=255)] = "",
    ) -> Response:
        await controls.forget_register_semantics(vendor, model, firmware)
        return Response(status_code=204)

    return routes


