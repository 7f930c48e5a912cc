"""A central system with a plain and a TLS port, and what stations need to come in."""

from __future__ import annotations

import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from charger_emulator.pytest_plugin import charger  # noqa: F401
from csms.app import Centre, CentreOptions, TlsFiles
from csms.kit.db import Db
from tests.security.papers import Papers

Make = Callable[..., Awaitable["Site"]]


class Site:
    """A central system and its two addresses."""

    def __init__(self, centre: Centre, papers: Papers, plain: int, secure: int) -> None:
        self.centre, self.papers = centre, papers
        self.plain, self.secure = f"ws://127.0.0.1:{plain}/ocpp", f"wss://127.0.0.1:{secure}/ocpp"
        self.sockets: list[ClientConnection] = []

    async def knock(
        self, station: str, *, password: str | bytes | None = None, tls: ssl.SSLContext | None = None,
        protocol: str = "ocpp1.6", source: str = "127.0.0.1",
    ) -> ClientConnection | int:
        """The open socket, or the status it was turned away with."""
        headers = {}
        if password is not None:
            secret = password if isinstance(password, bytes) else password.encode()
            headers["Authorization"] = "Basic " + base64.b64encode(f"{station}:".encode() + secret).decode()
        try:
            socket = await connect(
                f"{self.secure if tls else self.plain}/{quote(station)}", additional_headers=headers, ssl=tls,
                subprotocols=[Subprotocol(protocol)], local_addr=(source, 0),
            )
        except InvalidStatus as error:
            return error.response.status_code
        self.sockets.append(socket)
        return socket

    async def comes_in(self, station: str, **how: Any) -> ClientConnection:
        came = await self.knock(station, **how)
        assert not isinstance(came, int), came
        return came

    async def put(self, station: str, *, profile: int | None = None, password: str | None = None) -> None:
        fields = {} if profile is None else {"security_profile": profile}
        await self.centre.csms.put_station(station, fields, password=password, by="test")

    async def events(self, station: str | None = None) -> list[str]:
        """Types of what the door has noted, the first first; passwords that we have set left out."""
        rows = await self.centre.csms.security_events(station=station)
        return [r["type"] for r in reversed(rows) if r["type"] != "password_set"]

    async def profile(self, station: str) -> int:
        found = await self.centre.csms.admission(station)
        assert found
        return int(found["security_profile"])

    async def close(self) -> None:
        for socket in self.sockets:
            await socket.close()
        await self.centre.stop()


@pytest.fixture
async def sites(db: Db, tmp_path: Path) -> AsyncIterator[Make]:
    made: list[Site] = []

    async def make(**options: Any) -> Site:
        papers = Papers(tmp_path / "papers")
        server = papers.server()
        files = TlsFiles(server, server.with_suffix(".key"), papers.ca)
        centre = Centre(db, CentreOptions(**({"answer_within_s": 5, "tls": files} | options)))
        plain = await centre.start("127.0.0.1", 0)
        made.append(Site(centre, papers, plain, await centre.start_secure("127.0.0.1", 0)))
        return made[-1]

    yield make
    for site in made:
        await site.close()


@pytest.fixture
async def site(sites: Make) -> Site:
    return await sites()
