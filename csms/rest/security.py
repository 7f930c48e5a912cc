"""Security over HTTP: a station's password, what was refused at the door, what stations tell of themselves."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from csms.api import Csms
from csms.issuer import Issuer
from csms.rest import shapes
from csms.rest.access import PREFIX, Who, admit
from csms.rest.commands import Asking, asked_answer, by, check_queue
from csms.rest.http import Page, page
from csms.rest.inputs import Given, Named, Wanted, after, moment, text
from csms.rest.stations import known

Paging = Annotated[Page, Depends(page)]


class PasswordBody(Asking):
    password: Annotated[str, Field(min_length=16, max_length=40)] | None = Field(
        None, description="16 to 40 characters (1.6: 16 to 20, or 32 to 40 hexadecimal digits); made here without."
    )


def router(csms: Csms, issuer: Issuer) -> APIRouter:
    routes = APIRouter(prefix=PREFIX, tags=["security"], dependencies=[Depends(admit)])

    @routes.post("/stations/{id}/password", response_model=shapes.CommandShape)
    async def post_password(id: Named, body: PasswordBody, who: Who) -> Response:
        """Give the station a new password, through the station itself.

        Old and new are both good until it has come in with the new one, so that a lost answer locks nobody out.
        The password is told to no one but the station.
        """
        check_queue(body.queue_until, csms.clock())
        asked = await csms.change_password(
            id, body.password, by=by(who), reason=body.reason, wait_s=body.wait_s, queue_until=body.queue_until
        )
        return asked_answer(asked, body.wait_s)

    @routes.get("/stations/{id}/security-events", response_model=shapes.Listing[shapes.SecurityEventShape])
    async def station_events(id: Named, page: Paging) -> Response:
        """What the station has reported, and what was refused or changed at the door; the latest first."""
        await known(csms, id)
        return await listed(id, page)

    @routes.get("/security-events", response_model=shapes.Listing[shapes.SecurityEventShape])
    async def all_events(page: Paging, station: Wanted = None) -> Response:
        """Of all stations; the latest first. `times` counts what was the same within the hour."""
        return await listed(station, page)

    @routes.post("/certificate-requests/{id}/sign", response_model=shapes.CommandShape, status_code=202)
    async def sign_request(id: Given, who: Who) -> Response:
        """Sign a request that is not signed by itself: of a station that nobody asks to prove who it is."""
        return shapes.json(shapes.command(await issuer.sign(id, by(who))), 202)

    @routes.get("/issued-certificates", response_model=shapes.Listing[shapes.IssuedCertificateShape])
    async def list_issued(page: Paging, station: Wanted = None) -> Response:
        """What our own authority has signed, newest first."""
        start: Any = after(page, moment, text)
        found = await issuer.issued(station=station, after=start, limit=page.limit + 1)
        items, following = page.cut(found, lambda r: [r["issued_at"], r["serial"]])
        return shapes.paged([shapes.issued_certificate(row) for row in items], following)

    @routes.post("/issued-certificates/{serial}/revoke", response_model=shapes.IssuedCertificateShape)
    async def revoke(serial: Named, who: Who) -> Response:
        """From the next handshake on it opens nothing, and its status is `revoked`."""
        return shapes.json(shapes.issued_certificate(await issuer.revoke(serial, by(who))))

    async def listed(station: str | None, page: Page) -> Response:
        start: Any = after(page, moment, text, text)
        found = await csms.security_events(station=station, after=start, limit=page.limit + 1)
        items, following = page.cut(found, lambda r: [r["at"], r["station"], r["id"]])
        return shapes.paged([shapes.security_event(row) for row in items], following)

    return routes
