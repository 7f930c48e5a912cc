"""Uploads over HTTP: where stations bring their logs, and where staff fetch them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import FileResponse
from starlette.datastructures import UploadFile

from csms import uploads
from csms.api import Csms
from csms.errors import NotFound
from csms.rest import shapes
from csms.rest.access import PREFIX, admit
from csms.rest.http import Page, page
from csms.rest.inputs import Named, Wanted, after, moment, text

Paging = Annotated[Page, Depends(page)]


def public_router(csms: Csms, folder: Path) -> APIRouter:
    """Without a login: the secret in the URL is all a station has."""
    routes = APIRouter(tags=["uploads"])

    @routes.api_route("/uploads/{token}", methods=["PUT", "POST"], status_code=201, include_in_schema=False)
    @routes.api_route(
        "/uploads/{token}/{filename:path}", methods=["PUT", "POST"], status_code=201, include_in_schema=False
    )
    async def receive(request: Request, token: str, filename: str = "") -> Response:
        """The file as the body, or as the first file of a form. Once, within the hour."""
        expected = await csms.upload_expected(token)
        if expected is None:
            raise NotFound("no file is expected here: the address is unknown, used or too old")
        async with _file(request, filename) as (name, chunks):
            kept = await uploads.keep(folder, chunks)
        received = await csms.receive_upload(expected.id, kept, name)
        if received is None:
            await uploads.discard(folder, kept)
            raise NotFound("another file has come first")
        return shapes.json({"name": received.name, "bytes": received.bytes, "sha256": received.sha256}, 201)

    return routes


@asynccontextmanager
async def _file(request: Request, named: str) -> AsyncIterator[tuple[str, AsyncIterator[bytes]]]:
    """(name, its bytes)."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        yield named, request.stream()
        return
    async with request.form(max_files=1, max_fields=20) as form:
        file = next((part for _, part in form.multi_items() if isinstance(part, UploadFile)), None)
        if file is None:
            raise HTTPException(400, "The form brings no file.")
        yield file.filename or named, _chunks(file)


async def _chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(uploads.CHUNK):
        yield chunk


def router(csms: Csms, folder: Path) -> APIRouter:
    routes = APIRouter(prefix=PREFIX, tags=["uploads"], dependencies=[Depends(admit)])

    @routes.get("/uploads", response_model=shapes.Listing[shapes.UploadShape])
    async def list_uploads(page: Paging, station: Wanted = None) -> Response:
        """Logs that were asked for and those that came, newest first."""
        start: Any = after(page, moment, text)
        found = await csms.uploads(station=station, after=start, limit=page.limit + 1)
        items, following = page.cut(found, lambda u: [u.created_at, u.id])
        return shapes.paged([shapes.upload(u) for u in items], following)

    @routes.get("/uploads/{id}/file", response_class=FileResponse)
    async def get_file(id: Named) -> Response:
        """The file itself, never as something a browser would run."""
        found = await csms.upload(id)
        if found is None or found.path is None:
            raise NotFound(f"no file has come for {id[:100]}")
        return FileResponse(
            folder / found.path, media_type="application/octet-stream", filename=found.name,
            headers={"X-Content-Type-Options": "nosniff"},
        )

    return routes
