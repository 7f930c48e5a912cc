"""The REST side as it runs: real parts, real database, asked over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI

from csms.app import Centre, CentreOptions
from csms.kit.db import Db
from csms.rest import routers
from csms.rest.http import BodyLimit, Principal, answer_with_problems
from tests.csms.rest.wire import Plug


@dataclass
class Http:
    """A caller with a role."""

    client: httpx.AsyncClient
    centre: Centre
    ocpp: str
    app: FastAPI
    uploads: Path
    plugs: list[Plug] = field(default_factory=list)

    async def __call__(self, method: str, path: str, body: Any = None, *, role: str = "admin", **more: Any) -> Any:
        """(status, body)"""
        content = body.encode() if isinstance(body, str) else None if body is None else orjson.dumps(body)
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {role}"} if role else {})
        answer = await self.client.request(method, f"/api/v1{path}", headers=headers, content=content, **more)
        return answer.status_code, answer.json() if answer.content else None

    async def refused(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, list[str]]:
        """(status, the fields named)"""
        status, problem = await self(method, path, body, **more)
        assert problem["status"] == status
        assert problem["type"]
        return status, [error["field"] for error in problem["errors"]]

    async def journal(self, *lines: dict[str, Any] | str, **params: Any) -> Any:
        text = "\n".join(line if isinstance(line, str) else orjson.dumps(line).decode() for line in lines)
        answer = await self.client.post(
            "/api/v1/journal", content=text.encode(), params=params,
            headers={"Authorization": "Bearer integration", "Content-Type": "application/x-ndjson"},
        )
        return answer.json()

    async def plug(self, station: str, protocol: str = "ocpp1.6", **answers: Any) -> Plug:
        """A station on a real socket that answers our commands with these payloads."""
        made = Plug(f"{self.ocpp}/{station}", protocol, answers)
        await made.connect()
        self.plugs.append(made)
        while not (await self("GET", f"/stations/{station}"))[1]["connected"]:
            pass
        return made


ROLES = {"admin", "integration", "supervisor", "agent", "technician", "finance", "auditor"}


async def authenticate(token: str) -> Principal | None:
    return Principal("app" if token == "integration" else "wang", token) if token in ROLES else None


@pytest.fixture
async def http(db: Db, tmp_path: Path) -> AsyncIterator[Http]:
    centre = Centre(db, CentreOptions(answer_within_s=5))
    port = await centre.start("127.0.0.1", 0)
    app = FastAPI(openapi_url="/api/v1/openapi.json")
    app.state.authenticate = authenticate
    answer_with_problems(app)
    app.add_middleware(BodyLimit, larger={"/api/v1/journal": 64 << 20, "/uploads/": 1 << 20})
    for each in routers(centre, uploads=tmp_path / "uploads", public_url="http://csms.test"):
        app.include_router(each)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://csms.test") as client:
        made = Http(client, centre, f"ws://127.0.0.1:{port}/ocpp", app, tmp_path / "uploads")
        yield made
        for plug in made.plugs:
            await plug.close()
    await centre.stop()
