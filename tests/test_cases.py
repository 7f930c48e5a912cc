"""Every complaint case through the product's front door: journal in, complaint filed, judgement read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from complaints.app import API, running
from complaints.settings import Settings
from complaints.staff import create_token
from tests.cases.play import case_files, differences, play, read
from tests.database import Databases


@pytest.fixture(scope="module")
async def client(databases: Databases) -> AsyncIterator[httpx.AsyncClient]:
    """One product for all cases: they must not disturb one another."""
    settings = Settings.load({}, database=await databases.create(), http_port=0, ocpp_port=0)
    async with running(settings) as product:
        async with product.db.acquire() as conn:
            token = await create_token(conn, "cases", "integration", product.clock())
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=f"{product.http}{API}", headers=headers, timeout=30) as over_http:
            yield over_http


@pytest.mark.parametrize("path", case_files(), ids=lambda path: path.stem)
async def test_case(client: httpx.AsyncClient, path: Path) -> None:
    case = read(path)
    wrong = differences(case["expect"], await play(client, case))
    assert not wrong, "\n".join([case["title"], *wrong])
