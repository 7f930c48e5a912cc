"""Evidence over HTTP beyond the contract's assessment: exports, scenarios, and how often people decide otherwise."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Request, Response

from complaints import export, overrides, scenario
from complaints.desk import Desk
from complaints.export.dossier import Dossier, note
from csms.rest.http import Principal, need
from csms.rest.inputs import BEGINNING, END, Since, Until

REPORTS = ("supervisor", "auditor")
EXPORTERS = ("auditor", "supervisor", "agent")
SCENARIOS = ("agent", "technician", "finance", "supervisor", "auditor", "integration")

Exporter = Annotated[Principal, Depends(need(*EXPORTERS))]
Language = Literal["zh-Hans", "zh-Hant", "en"]

_HTML: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}
_ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}}}
_YAML: dict[int | str, dict[str, Any]] = {200: {"content": {"application/yaml": {"schema": {"type": "string"}}}}}


def router(desk: Desk) -> APIRouter:
    made = APIRouter(tags=["evidence"])

    @made.get("/complaints/{number}/scenario", dependencies=[Depends(need(*SCENARIOS))], responses=_YAML)
    async def scenario_of(number: str, request: Request, version: int | None = None) -> Response:
        """What happened, without whom, where and when, to be told again: JSON, or `Accept: application/yaml`."""
        made_of = await scenario.make(desk, number, version)
        if "yaml" in request.headers.get("accept", ""):
            text = await asyncio.to_thread(scenario.as_yaml, made_of)
            return Response(text, media_type="application/yaml")
        return Response(orjson.dumps(made_of), media_type="application/json")

    @made.get("/complaints/{number}/export.html", response_class=Response, responses=_HTML)
    async def as_page(number: str, who: Exporter, lang: Language | None = None) -> Response:
        """The whole case as one HTML file, to read or print; `lang` in the case's language without."""
        dossier = await export.gather(desk, number, who)
        text = await asyncio.to_thread(export.page, dossier, lang or dossier.case.language, desk.options.zone)
        return await handed_out(desk, dossier, who, "html", text.encode(), "text/html; charset=utf-8")

    @made.get("/complaints/{number}/export.zip", response_class=Response, responses=_ZIP)
    async def as_bundle(number: str, who: Exporter) -> Response:
        """Frames, readings, findings, thread and hashes, with a program that checks them without us."""
        dossier = await export.gather(desk, number, who)
        packed = await asyncio.to_thread(export.bundle, dossier)
        return await handed_out(desk, dossier, who, "zip", packed, "application/zip")

    @made.get("/reports/overrides", dependencies=[Depends(need(*REPORTS))])
    async def overridden(since: Since = None, until: Until = None) -> dict[str, Any]:
        """Of the cases filed from `from` to `to`: for each finding, how often people decided otherwise."""
        async with desk.db.acquire() as conn:
            return await overrides.report(conn, since or BEGINNING, until or END)

    return made


async def handed_out(
    desk: Desk, dossier: Dossier, who: Principal, form: str, content: bytes, mime: str
) -> Response:
    """Who took what, and its hash, go on record in the case."""
    sha256 = hashlib.sha256(content).hexdigest()
    await note(desk, dossier, form, sha256)
    await desk.looked(dossier.case.number, who, f"export.{form}", masked=False)
    headers = {
        "Content-Disposition": f'attachment; filename="{dossier.case.number}.{form}"', "X-SHA256": sha256,
        "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
    }
    return Response(content, media_type=mime, headers=headers)
