"""Commands over HTTP: ask a station, see how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from csms.api import Csms
from csms.commands import SETTLED
from csms.errors import BadInput, NotFound
from csms.rest import shapes
from csms.rest.access import PREFIX, Who, admit
from csms.rest.http import Page, Principal, page
from csms.rest.inputs import Body, Given, Moment, Named, Wanted, after, moment, uuid
from csms.vocabulary import CommandFact

Paging = Annotated[Page, Depends(page)]

LARGEST_OCPP_INTEGER = 2**31 - 1


class Asking(Body):
    reason: Annotated[str, Field(max_length=2000)] | None = None
    wait_s: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)] = Field(
        0, description="Answer once it is settled, at the latest after so many seconds."
    )
    queue_until: Annotated[Moment | None, Field(strict=False)] = Field(
        None, description="While the station is offline, keep the command for it until then."
    )


class CommandBody(Asking):
    action: Annotated[str, Field(min_length=1, max_length=50, examples=["Reset"])]
    payload: dict[str, Any] = Field(
        default_factory=dict, description="The message, in the words of the station's OCPP version.",
        examples=[{"type": "Soft"}],
    )
    override: bool = Field(False, description="Ask although guards forbid it. Needs a reason; both go on record.")


class LogBody(Asking):
    type: Literal["DiagnosticsLog", "SecurityLog"] = "DiagnosticsLog"
    via: Literal["http", "ftp"] = Field("http", description="`ftp` for stations that can do no other, where served.")


def router(csms: Csms, public_url: str | None, ftp_url: str | None = None) -> APIRouter:
    routes = APIRouter(prefix=PREFIX, tags=["commands"], dependencies=[Depends(admit)])
    refusals: dict[int | str, dict[str, Any]] = {
        202: {"model": shapes.CommandShape, "description": "Asked; not settled yet."},
        409: {"model": shapes.Problem, "description": "Guards forbid it."},
        422: {"model": shapes.Problem, "description": "A field breaks the schema of the station's version."},
    }

    @routes.post("/stations/{id}/commands", response_model=shapes.CommandShape, responses=refusals)
    async def post_command(id: Named, body: CommandBody, who: Who) -> Response:
        """Ask a station. 202, or with `wait_s` 200 once it is settled."""
        check_integers(body.payload)
        check_queue(body.queue_until, csms.clock())
        asked = await csms.send_message(
            id, body.action, body.payload, by=by(who), reason=body.reason, override=body.override,
            wait_s=body.wait_s, queue_until=body.queue_until,
        )
        return asked_answer(asked, body.wait_s)

    @routes.post("/stations/{id}/log", response_model=shapes.CommandShape, responses=refusals)
    async def post_log(id: Named, body: LogBody, who: Who, request: Request) -> Response:
        """Ask a station for its log (GetDiagnostics, GetLog), to be brought here: see `GET /uploads`."""
        check_queue(body.queue_until, csms.clock())
        if body.via == "ftp" and ftp_url is None:
            raise BadInput("via", "FTP is not served here: see --ftp-port")
        base = ftp_url if body.via == "ftp" else public_url
        asked = await csms.fetch_log(
            id, base_url=base or str(request.base_url), by=by(who), reason=body.reason, type=body.type,
            wait_s=body.wait_s, queue_until=body.queue_until,
        )
        return asked_answer(asked, body.wait_s)

    @routes.get("/commands", response_model=shapes.Listing[shapes.CommandShape])
    async def list_commands(page: Paging, station: Wanted = None) -> Response:
        """Newest first."""
        start: Any = after(page, moment, uuid)
        found = await csms.commands(station=station, after=start, limit=page.limit + 1)
        items, following = page.cut(found, lambda c: [c.requested_at, c.id])
        return shapes.paged([shapes.command(c) for c in items], following)

    @routes.get("/commands/{id}", response_model=shapes.CommandShape)
    async def get_command(id: Given) -> Response:
        found = await csms.command(id)
        if found is None:
            raise NotFound(f"no command {id}")
        return shapes.json(shapes.command(found))

    return routes


def asked_answer(asked: CommandFact, wait_s: float) -> Response:
    settled = wait_s > 0 and asked.state in SETTLED
    return shapes.json(shapes.command(asked), 200 if settled else 202)


def by(who: Principal) -> str:
    """Who asked, as the audit trail has it: `agent:wang`. A program by its name alone: it may be the driver's app."""
    return who.name if who.role == "integration" else f"{who.role}:{who.name}"


def check_queue(until: datetime | None, now: datetime) -> None:
    if until is not None and until <= now:
        raise BadInput("queue_until", "must lie in the future")


def check_integers(payload: Mapping[str, Any], path: str = "payload") -> None:
    """OCPP's integers have 32 bits; its schemas forget to say so."""
    for key, value in payload.items():
        inner = f"{path}.{key}"
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                check_integers(part, inner)
            elif isinstance(part, int) and abs(part) > LARGEST_OCPP_INTEGER:
                raise BadInput(inner, f"must lie within {LARGEST_OCPP_INTEGER:,}")
