"""The journal over HTTP: history in and out, its chain verified, and what was odd in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import StreamingResponse

from csms.api import Csms
from csms.errors import NotFound
from csms.rest import shapes
from csms.rest.access import PREFIX, admit
from csms.rest.http import Page, page
from csms.rest.inputs import Since, Until, Wanted, after, columns, moment, place_in_journal, text, uuid

Paging = Annotated[Page, Depends(page)]

NDJSON = "application/x-ndjson"
ALSO_NDJSON = frozenset({NDJSON, "application/ndjson", "application/jsonl", "application/x-jsonlines"})
IN_MEMORY = 16 * 1024 * 1024
PIECE = 256 * 1024

REPAIR_KEY = ("vendor", "model", "firmware", "name")


def router(csms: Csms) -> APIRouter:
    routes = APIRouter(prefix=PREFIX, tags=["journal"], dependencies=[Depends(admit)])
    lines = {"requestBody": {"required": True, "content": {NDJSON: {"schema": {"type": "string"}}}}}

    @routes.post("/journal", response_model=shapes.ImportShape, openapi_extra=lines)
    async def post_journal(
        request: Request, dry_run: Annotated[bool, Query(description="Only check.")] = False
    ) -> Response:
        """Bring in history, a JSON object a line. What is known already changes nothing."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in ALSO_NDJSON:
            raise HTTPException(415, f"The journal is taken as {NDJSON}: a JSON object a line.")
        with SpooledTemporaryFile(max_size=IN_MEMORY) as body:
            async for piece in request.stream():
                body.write(piece)
            body.seek(0)
            report = await csms.archive.import_lines(body, dry_run=dry_run)
        return shapes.json({
            "accepted": report.accepted, "duplicates": report.duplicates, "rejected": report.rejected
        })

    @routes.get("/journal/verify", response_model=shapes.VerifiedShape)
    async def verify(station: Wanted = None) -> Response:
        """Walk the hash chains and name the first row of each station that does not fit."""
        if station is not None and await csms.station(station) is None:
            raise NotFound(f"no station {station}")
        rows, broken = await csms.archive.verify(station)
        return shapes.json({
            "intact": not broken, "rows": rows,
            "broken": [{"station": b.station, "seq": b.seq, "why": b.why} for b in broken],
        })

    @routes.get("/journal/export", response_class=StreamingResponse, responses={200: {"content": {NDJSON: {}}}})
    async def export(station: Wanted = None, since: Since = None, until: Until = None) -> Response:
        """The same format as is taken in; of every station when none is named."""
        if station is not None and await csms.station(station) is None:
            raise NotFound(f"no station {station}")
        return StreamingResponse(pieces(csms.archive.export_lines(station, since, until)), media_type=NDJSON)

    @routes.get("/repairs", response_model=shapes.Listing[shapes.RepairShape])
    async def list_repairs(page: Paging) -> Response:
        """How often which repair or rule was needed to make sense of what a model says."""
        start: Any = after(page, text, text, text, text) or ("", "", "", "")
        found = await csms.archive.repairs(after=start, limit=page.limit + 1)
        items, following = page.cut(found, lambda r: columns(r, REPAIR_KEY))
        return shapes.paged([shapes.repair(row) for row in items], following)

    @routes.get("/quarantine", response_model=shapes.Listing[shapes.QuarantineShape])
    async def list_quarantine(page: Paging, station: Wanted = None) -> Response:
        """Messages that were acknowledged and could not be understood, newest first."""
        start: Any = after(page, moment, text, place_in_journal)
        found = await csms.archive.quarantine(station=station, after=start, limit=page.limit + 1)
        items, following = page.cut(found, lambda r: columns(r, ("received_at", "station", "seq")))
        return shapes.paged([shapes.quarantined(row) for row in items], following)

    @routes.get("/suspects", response_model=shapes.Listing[shapes.SuspectShape])
    async def list_suspects(page: Paging, station: Wanted = None, code: Wanted = None) -> Response:
        """What was odd about what stations said, newest first."""
        start: Any = after(page, moment, uuid)
        found = await csms.archive.suspects(station=station, code=code, after=start, limit=page.limit + 1)
        items, following = page.cut(found, lambda r: columns(r, ("at", "id")))
        return shapes.paged([shapes.suspect(row) for row in items], following)

    return routes


async def pieces(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Many lines at a time: one write to the socket each would cost more than the lines."""
    piece = bytearray()
    async for line in lines:
        piece += line
        if len(piece) >= PIECE:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)
