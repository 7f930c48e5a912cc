"""Evidence over HTTP beyond the contract's assessment: exports, scenarios, and how often people decide otherwise."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from fastapi import APIRouter, Depends, Request, Response

from complaints import overrides, scenario
from complaints.desk import Desk
from csms.rest.http import need
from csms.rest.inputs import BEGINNING, END, Since, Until

REPORTS = ("supervisor", "auditor")
EXPORTERS = ("auditor", "supervisor", "agent")
SCENARIOS = ("agent", "technician", "finance", "supervisor", "auditor", "integration")

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

    @made.get("/reports/overrides", dependencies=[Depends(need(*REPORTS))])
    async def overridden(since: Since = None, until: Until = None) -> dict[str, Any]:
        """Of the cases filed from `from` to `to`: for each finding, how often people decided otherwise."""
        async with desk.db.acquire() as conn:
            return await overrides.report(conn, since or BEGINNING, until or END)

    return made
