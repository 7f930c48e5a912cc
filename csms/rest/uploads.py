"""Uploads over HTTP: where stations bring their logs, and where staff fetch them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import FileResponse
from starlette.datastructures import UploadFile

from csms import uploads
from csms.api import Csms
from csms.errors import BadInput, NotFound
from csms.files import Files, OutOfPlace
from csms.rest import shapes
from csms.rest.access import PREFIX, admit
from csms.rest.http import Page, page
from csms.rest.inputs import Named, Wanted, after, moment, text
from csms.uploads import Upload, fact

Paging = Annotated[Page, Depends(page)]
Words = Annotated[
    str | None, Query(min_length=2, max_length=200, pattern=r"^[^\x00]*$", description="Words in the text of a log.")
]

CONTENT_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15}|\*)")


def public_router(files: Files) -> APIRouter:
    """Without a login: the secret in the URL is all a station has."""
    routes = APIRouter(tags=["uploads"])

    @routes.api_route("/uploads/{token}", methods=["PUT", "POST"], status_code=201, include_in_schema=False)
    @routes.api_route(
        "/uploads/{token}/{filename:path}", methods=["PUT", "POST"], status_code=201, include_in_schema=False
    )
    async def receive(request: Request, token: str, filename: str = "") -> Response:
        """The file as the body, or as the first file of a form; with Content-Range piece by piece. Within the hour."""
        expected = await files.expected(token)
        async with _file(request, filename) as (name, chunks):
            if said := request.headers.get("content-range"):
                return await _piece(expected, chunks, name, said)
            received = await files.keep(expected, chunks, name)
        return _received(received)

    async def _piece(expected: Upload, chunks: AsyncIterator[bytes], name: str, said: str) -> Response:
        start, end, total = read_range(said)
        try:
            here, received = await files.add(expected, chunks, name, start=start, end=end, total=total)
        except OutOfPlace as error:
            return Response(status_code=416, headers=_progress(error.offset))
        return _received(received) if received else Response(status_code=202, headers=_progress(here))

    @routes.head("/uploads/{token}", include_in_schema=False)
    @routes.head("/uploads/{token}/{filename:path}", include_in_schema=False)
    async def progress(token: str) -> Response:
        """How much has come of a file that is brought piece by piece."""
        return Response(headers=_progress(await files.offset(await files.expected(token))))

    return routes


def _received(upload: Upload) -> Response:
    return shapes.json({"name": upload.name, "bytes": upload.bytes, "sha256": upload.sha256}, 201)


def _progress(offset: int) -> dict[str, str]:
    return {"Upload-Offset": str(offset), "Cache-Control": "no-store"} | (
        {"Range": f"bytes=0-{offset - 1}"} if offset else {}
    )


def read_range(said: str) -> tuple[int, int, int | None]:
    """(first byte, last byte, size of the whole if it is told). Raises BadInput."""
    found = CONTENT_RANGE.fullmatch(said.strip())
    if not found:
        raise BadInput("Content-Range", "must look like `bytes 0-65535/200000`")
    start, end, total = int(found[1]), int(found[2]), None if found[3] == "*" else int(found[3])
    if end < start or (total is not None and end >= total):
        raise BadInput("Content-Range", "ends before it begins, or beyond the whole")
    return start, end, total


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


def router(csms: Csms, files: Files) -> APIRouter:
    routes = APIRouter(prefix=PREFIX, tags=["uploads"], dependencies=[Depends(admit)])

    @routes.get("/uploads", response_model=shapes.Listing[shapes.UploadShape])
    async def list_uploads(page: Paging, station: Wanted = None, q: Words = None) -> Response:
        """Logs that were asked for and those that came, newest first; with `q` those whose text holds these words."""
        start: Any = after(page, moment, text)
        if q:
            rows = await files.search(q, station=station, after=start, limit=page.limit + 1)
            hits, following = page.cut(rows, lambda r: [r["created_at"], r["token"]])
            return shapes.paged([shapes.upload(fact(row), row["excerpt"]) for row in hits], following)
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
            files.folder / found.path, media_type="application/octet-stream", filename=found.name,
            headers={"X-Content-Type-Options": "nosniff"},
        )

    return routes
