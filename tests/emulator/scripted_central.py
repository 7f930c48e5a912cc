"""A central system small enough to read at a glance: it answers by a script and remembers everything."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import ocpp
from websockets.asyncio.server import ServerConnection, serve

Payload = dict[str, Any]
FOLDERS = {"ocpp1.6": "v16", "ocpp2.0.1": "v201", "ocpp2.1": "v21"}
TIMES = {"date-time": lambda text: datetime.fromisoformat(text).tzinfo is not None}


@cache
def schema(version: str, action: str, answer: bool) -> Any:
    """The official schema of a message."""
    suffix = "Response" if answer else ("" if version == "ocpp1.6" else "Request")
    path = Path(ocpp.__file__).parent / FOLDERS[version] / "schemas" / f"{action}{suffix}.json"
    content = json.loads(path.read_text(encoding="utf-8-sig"))
    return jsonschema_rs.validator_for(content, formats=TIMES, validate_formats=True)


class Silence(Exception):
    """Raised by a script: do not answer at all."""


class Broken(Exception):
    """Raised by a script: answer with a CALLERROR."""


def _best(offered: Sequence[Any]) -> Any:
    return next((name for name in reversed(FOLDERS) if name in offered), None)


class Central:
    """Takes stations in, checks every frame against the schemas, keeps them all.

    `script[action]` replaces the standard answer to that action; it may raise Silence or Broken.
    """

    def __init__(self) -> None:
        self.script: dict[str, Callable[[Payload], Payload]] = {}
        self.heard: list[tuple[str, str, Payload]] = []
        """(message id, action, payload) in the order of arrival."""
        self.frames: list[tuple[str, list[Any]]] = []
        """(direction, frame) of everything; `<` came from the station."""
        self.invalid: list[str] = []
        self.handshakes: list[str] = []
        self.headers: list[Any] = []
        self.hold: asyncio.Event | None = None
        """While set to an event, answers wait for it."""
        self.port = 0
        self.socket: ServerConnection | None = None
        self._numbers = 100
        self._asked = 0
        self._answers: dict[str, tuple[str, asyncio.Future[Any]]] = {}
        self._server: Any = None

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ocpp"

    async def open(self) -> None:
        self._server = await serve(
            self._take, "127.0.0.1", self.port, select_subprotocol=lambda _, offered: _best(offered), close_timeout=0.2
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def die(self) -> None:
        """As kill -9: sockets break without a close frame."""
        self._server.close(close_connections=False)
        if self.socket:
            self.socket.transport.abort()
        await self._server.wait_closed()

    async def ask(self, action: str, payload: Payload) -> Payload | str:
        """Ask the station: its answer, or the code of its CALLERROR."""
        assert self.socket is not None
        self._asked += 1
        id = f"central-{self._asked}"
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._answers[id] = action, answer
        await self._send(self.socket, [2, id, action, payload])
        async with asyncio.timeout(30):
            return await answer

    def said(self, *actions: str) -> list[Payload]:
        return [p for _, a, p in self.heard if a in actions]

    @property
    def actions(self) -> list[str]:
        return [a for _, a, _ in self.heard]

    async def _take(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.handshakes.append(socket.request.path)
        self.headers.append(socket.request.headers)
        try:
            async for text in socket:
                await self._hear(socket, json.loads(text))
        except Exception:
            if socket.close_code is None and socket.state.name == "OPEN":
                raise

    async def _hear(self, socket: ServerConnection, frame: list[Any]) -> None:
        self.frames.append(("<", frame))
        match frame:
            case [2, id, action, payload]:
                self._check(socket, action, payload, answer=False)
                self.heard.append((id, action, payload))
                asyncio.get_running_loop().create_task(self._answer(socket, id, action, payload))
            case [3, id, payload]:
                action, waiting = self._answers.pop(id)
                self._check(socket, action, payload, answer=True)
                waiting.set_result(payload)
            case [4, id, code, *_]:
                self._answers.pop(id)[1].set_result(code)

    async def _answer(self, socket: ServerConnection, id: str, action: str, payload: Payload) -> None:
        if self.hold is not None:
            await self.hold.wait()
        try:
            answer = self.script.get(action, self._standard(action))(payload)
        except Silence:
            return
        except Broken:
            await self._send(socket, [4, id, "InternalError", "", {}])
            return
        self._check(socket, action, answer, answer=True)
        await self._send(socket, [3, id, answer])

    async def _send(self, socket: ServerConnection, frame: list[Any]) -> None:
        self.frames.append((">", frame))
        try:
            await socket.send(json.dumps(frame))
        except Exception:
            self.frames.pop()

    def _check(self, socket: ServerConnection, action: str, payload: Payload, *, answer: bool) -> None:
        for error in schema(socket.subprotocol or "ocpp1.6", action, answer).iter_errors(payload):
            self.invalid.append(f"{action} {payload}: {error.message}")

    def _standard(self, action: str) -> Callable[[Payload], Payload]:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        ok = {"status": "Accepted"}
        old = self.socket is None or self.socket.subprotocol in ("ocpp1.6", None)
        match action:
            case "BootNotification":
                return lambda _: {"currentTime": now, "interval": 300, "status": "Accepted"}
            case "Heartbeat":
                return lambda _: {"currentTime": now}
            case "Authorize":
                return lambda _: {"idTagInfo": ok} if old else {"idTokenInfo": ok}
            case "StartTransaction":
                self._numbers += 1
                return lambda _: {"transactionId": self._numbers, "idTagInfo": ok}
            case "TransactionEvent":
                return lambda p: {"idTokenInfo": ok} if "idToken" in p else {}
            case "SignCertificate":
                return lambda _: ok
            case _:
                return lambda _: {}
