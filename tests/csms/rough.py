"""A central system on a real socket, and stations that say whatever a test tells them, word for word."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from csms.app import Centre, CentreOptions
from csms.kit.clock import iso
from csms.kit.db import Db
from csms.rest import routers
from csms.rest.http import BodyLimit, Principal, answer_with_problems

PATIENCE_S = 40.0
Answers = dict[str, Mapping[str, Any] | Callable[[dict[str, Any]], Mapping[str, Any]] | None]


def now(minutes: float = 0) -> str:
    """The present, or some minutes from it."""
    return iso(datetime.now(UTC) + timedelta(minutes=minutes))


def metered(*samples: Any, minutes: float = 0, **more: Any) -> dict[str, Any]:
    """A MeterValues of 1.6 with these samples."""
    return {"connectorId": 1, "meterValue": [{"timestamp": now(minutes), "sampledValue": list(samples)}]} | more


class Rough:
    """A station that is nothing but a socket. `answers` are for our commands; None leaves one unanswered."""

    def __init__(self, socket: ClientConnection, answers: Answers) -> None:
        self.socket, self.answers = socket, answers
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._first = asyncio.Event()
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[list[Any]]] = {}
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            async for text in self.socket:
                kind, id, *rest = orjson.loads(text)
                if kind == 2:
                    await self._asked(id, *rest)
                elif waiting := self._waiting.pop(id, None):
                    waiting.set_result([kind, *rest])

    async def _asked(self, id: str, action: str, payload: dict[str, Any]) -> None:
        self.asked.append((action, payload))
        self._first.set()
        answer = self.answers.get(action)
        if callable(answer):
            answer = answer(payload)
        if answer is not None:
            await self.socket.send(orjson.dumps([3, id, answer]).decode())

    async def send(self, text: str, id: str) -> list[Any]:
        """Send this very text; the answer to the question with that id, without the id."""
        self._waiting[id] = asyncio.get_running_loop().create_future()
        await self.socket.send(text)
        async with asyncio.timeout(PATIENCE_S):
            return await self._waiting[id]

    async def say(self, action: str, payload: Any, id: str | None = None) -> Any:
        """Ask; the payload of the answer, which must be a CALLRESULT."""
        id = id or f"q{next(self._numbers)}"
        kind, *rest = await self.send(orjson.dumps([2, id, action, payload]).decode(), id)
        assert kind == 3, rest
        return rest[0]

    async def was_asked(self) -> None:
        """Wait until we have asked it something."""
        async with asyncio.timeout(PATIENCE_S):
            await self._first.wait()

    async def boot(self, **more: Any) -> Any:
        return await self.say("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"} | more)

    async def status(self, status: str, error: str = "NoError", connector: int = 1, **more: Any) -> Any:
        return await self.say(
            "StatusNotification", {"connectorId": connector, "status": status, "errorCode": error, **more}
        )

    async def start(self, meter: float = 1000, connector: int = 1, token: str = "TAG", minutes: float = 0) -> int:
        """The transactionId it was given."""
        started = {"connectorId": connector, "idTag": token, "meterStart": meter, "timestamp": now(minutes)}
        number: int = (await self.say("StartTransaction", started))["transactionId"]
        return number

    async def stop(self, number: int, meter: float = 1500, **more: Any) -> Any:
        stopped = {"transactionId": number, "meterStop": meter, "timestamp": now(), **more}
        return await self.say("StopTransaction", stopped)

    async def event(self, kind: str, seq: int, register: float | None = None, name: str = "T1", **more: Any) -> Any:
        payload: dict[str, Any] = {
            "eventType": kind, "timestamp": now(), "triggerReason": "Authorized", "seqNo": seq,
            "transactionInfo": {"transactionId": name}, "evse": {"id": 1, "connectorId": 1},
        } | more
        if register is not None:
            payload["meterValue"] = [{"timestamp": now(), "sampledValue": [{"value": register}]}]
        return await self.say("TransactionEvent", {k: v for k, v in payload.items() if v is not None})

    async def closed(self) -> int | None:
        """The close code, once the server has closed."""
        async with asyncio.timeout(PATIENCE_S):
            await self.socket.wait_closed()
        return self.socket.close_code

    async def cut(self) -> None:
        """The network goes: no close frame."""
        self.socket.transport.abort()
        await asyncio.wait({self._reader}, timeout=PATIENCE_S)

    async def close(self) -> None:
        await self.socket.close()
        await asyncio.wait({self._reader}, timeout=PATIENCE_S)


class World:
    """The central system from both sides: as stations dial it, and as integrators ask it."""

    def __init__(self, centre: Centre, port: int, client: httpx.AsyncClient) -> None:
        self.centre, self.port, self.client = centre, port, client
        self.made: list[Rough] = []

    async def dial(
        self, id: str = "CS-1", protocol: str | None = "ocpp1.6", *, path: str | None = None, **answers: Any
    ) -> Rough:
        """A station's socket; `protocol` may be anything, or None for no offer at all."""
        offer = [Subprotocol(name) for name in protocol.split(",")] if protocol else None
        address = f"ws://127.0.0.1:{self.port}{path or f'/ocpp/{id}'}"
        socket = await connect(address, subprotocols=offer, compression=None, ping_interval=None, close_timeout=1)
        self.made.append(Rough(socket, answers))
        return self.made[-1]

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's body."""
        answer = await self.client.request(method, f"/api/v1{path}", json=body)
        assert answer.status_code < 500, answer.text
        return answer.json()

    async def command(self, action: str, payload: dict[str, Any], id: str = "CS-1", **more: Any) -> Any:
        body = {"action": action, "payload": payload, "wait_s": 5, **more}
        return await self.ask("POST", f"/stations/{id}/commands", body)

    async def transactions(self, id: str = "CS-1") -> list[dict[str, Any]]:
        """Oldest first."""
        found: list[dict[str, Any]] = (await self.ask("GET", f"/transactions?station={id}"))["items"]
        return found[::-1]

    async def readings(self, id: str = "CS-1") -> list[dict[str, Any]]:
        """Those of the station's transactions, in their order."""
        return [
            reading for tx in await self.transactions(id)
            for reading in (await self.ask("GET", f"/transactions/{tx['id']}/readings"))["items"]
        ]

    async def faults(self, id: str = "CS-1") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.ask("GET", f"/stations/{id}/faults"))["items"]
        return found

    async def gone(self, id: str = "CS-1") -> None:
        """Wait until it is known not to be connected."""
        async with asyncio.timeout(PATIENCE_S):
            while (await self.ask("GET", f"/stations/{id}"))["connected"]:
                pass

    async def connector(self, evse: int = 1, id: str = "CS-1") -> str | None:
        """Its last known status."""
        shown = (await self.ask("GET", f"/stations/{id}"))["connectors"]
        return next((c["status"] for c in shown if c["evse"] == evse), None)

    async def repairs(self) -> dict[str, int]:
        """Name of a repair -> how often it was counted, over all models."""
        counted: dict[str, int] = {}
        for row in (await self.ask("GET", "/repairs"))["items"]:
            counted[row["name"]] = counted.get(row["name"], 0) + row["times"]
        return counted

    async def suspects(self) -> set[str]:
        """The codes in the ledger of doubts."""
        return {row["code"] for row in await self.centre.db.fetch("select code from suspects")}

    async def effect(self, command: Mapping[str, Any]) -> str:
        shown: str = (await self.ask("GET", f"/commands/{command['id']}"))["effect"]
        return shown


async def _anybody(token: str) -> Principal | None:
    return Principal("wang", "admin")


@asynccontextmanager
async def world_of(db: Db, folder: Path, options: CentreOptions) -> AsyncIterator[World]:
    """A central system by these options; uploads go to the folder."""
    centre = Centre(db, options)
    port = await centre.start("127.0.0.1", 0)
    app = FastAPI()
    app.state.authenticate = _anybody
    answer_with_problems(app)
    app.add_middleware(BodyLimit)
    for each in routers(centre, uploads=folder, public_url="http://csms.test"):
        app.include_router(each)
    headers = {"Authorization": "Bearer any"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://csms.test", headers=headers
    ) as client:
        made = World(centre, port, client)
        yield made
        for station in made.made:
            await station.close()
    await centre.stop()


@pytest.fixture
async def world(db: Db, tmp_path: Path) -> AsyncIterator[World]:
    """One that takes everybody in."""
    options = CentreOptions(unknown_stations="accept", accept_unknown_tokens=True, answer_within_s=0.5)
    async with world_of(db, tmp_path, options) as made:
        yield made
