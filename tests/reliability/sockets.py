"""A station that is nothing but a socket: it says what a test tells it to, right or wrong."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

PATIENCE_S = 40.0
STARTED = datetime(2026, 11, 22, tzinfo=UTC)


class Socket:
    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self._numbers = itertools.count(1)

    @classmethod
    async def open(cls, url: str, protocol: str) -> Self:
        return cls(await connect(
            url, subprotocols=[Subprotocol(protocol)], compression=None, ping_interval=None, close_timeout=1
        ))

    async def close(self) -> None:
        await self.connection.close()

    async def say(self, action: str, payload: dict[str, Any]) -> str:
        """Ask; the message id."""
        id = f"q{next(self._numbers)}"
        await self.send(orjson.dumps([2, id, action, payload]).decode())
        return id

    async def send(self, text: str) -> None:
        await self.connection.send(text)

    async def hear(self) -> list[Any]:
        """The next frame."""
        async with asyncio.timeout(PATIENCE_S):
            return list(orjson.loads(await self.connection.recv()))

    async def ask(self, action: str, payload: dict[str, Any]) -> Any:
        """Ask, and wait for the answer's payload."""
        id = await self.say(action, payload)
        kind, answered, *rest = await self.hear()
        assert (kind, answered) == (3, id), rest
        return rest[0]

    async def closed(self) -> tuple[int | None, str | None]:
        """Code and reason, once the server has closed; what comes before is passed over."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                while True:
                    await self.connection.recv()
            except ConnectionClosed:
                return self.connection.close_code, self.connection.close_reason


async def until(holds: Callable[[], Awaitable[Any]]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not await holds():  # noqa: ASYNC110 - a row in the database rings no bell
            await asyncio.sleep(0.01)


def metered(number: int = 0, context: str = "Sample.Periodic", transaction: int = 7) -> dict[str, Any]:
    """A MeterValues of 1.6, another one for each number."""
    at = (STARTED + timedelta(seconds=number)).isoformat().replace("+00:00", "Z")
    sample = {"value": str(1000 + number), "context": context, "unit": "Wh"}
    return {
        "connectorId": 1, "transactionId": transaction, "meterValue": [{"timestamp": at, "sampledValue": [sample]}]
    }
