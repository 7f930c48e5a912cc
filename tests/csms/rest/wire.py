"""The smallest station there is: one socket, one answer for each of our commands."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol


class Plug:
    def __init__(self, url: str, protocol: str, answers: dict[str, Any]) -> None:
        self.url, self.protocol, self.answers = url, protocol, answers
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self.socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        self.socket = await connect(self.url, subprotocols=[Subprotocol(self.protocol)])
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.socket
        async for text in self.socket:
            kind, id, *rest = orjson.loads(text)
            if kind == 2:
                self.asked.append((rest[0], rest[1]))
                if rest[0] in self.answers:
                    await self.socket.send(orjson.dumps([3, id, self.answers[rest[0]]]).decode())
            elif id in self._waiting:
                self._waiting.pop(id).set_result(rest)

    async def say(self, action: str, payload: dict[str, Any]) -> Any:
        """The payload it is answered with."""
        assert self.socket
        id = f"m{next(self._numbers)}"
        self._waiting[id] = asyncio.get_running_loop().create_future()
        await self.socket.send(orjson.dumps([2, id, action, payload]).decode())
        async with asyncio.timeout(40):
            return (await self._waiting[id])[0]

    async def close(self) -> None:
        assert self.socket
        assert self._reader
        await self.socket.close()
        await asyncio.wait({self._reader}, timeout=5)
