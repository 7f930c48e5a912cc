"""The network between stations and gateways: a TCP balancer whose lines can be cut, slow, half open, or repeat."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress

BROKEN = (OSError, asyncio.IncompleteReadError)


class Pair:
    """One connection: the station's side and the gateway's."""

    def __init__(self, station: asyncio.StreamWriter, gateway: asyncio.StreamWriter) -> None:
        self.station, self.gateway = station, gateway
        self.silent = False

    def abort(self) -> None:
        for side in (self.station, self.gateway):
            side.transport.abort()

    def half_open(self) -> None:
        """The station is gone and nobody tells the gateway."""
        self.silent = True
        self.station.transport.abort()


class Line:
    """Takes connections for the gateways in turn, those that are down left out."""

    def __init__(self, ports: Sequence[int]) -> None:
        self.ports = list(ports)
        self.port = 0
        self.down = False
        self.delay_s = 0.0
        self.byte_by_byte = False
        self.twice = False
        """Whole messages of stations arrive twice, as from a proxy that repeats what it thinks was lost."""
        self._pairs: set[Pair] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._turn = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server:
            self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """All connections, on both sides."""
        for pair in list(self._pairs):
            pair.abort()

    def half_open(self) -> list[Pair]:
        """Lose all stations without the gateways being told; `abort` the given ones some day."""
        lost = [pair for pair in self._pairs if not pair.silent]
        for pair in lost:
            pair.half_open()
        return lost

    def calm(self) -> None:
        """As a network should be."""
        self.down, self.delay_s, self.byte_by_byte, self.twice = False, 0.0, False, False

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            await self._carry(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found = None if self.down else await self._dial()
        if found is None:
            return
        answers, gateway = found
        for each in (writer, gateway):
            each.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = Pair(writer, gateway)
        self._pairs.add(pair)
        try:
            there = asyncio.create_task(self._pump(reader, pair, gateway, Messages()))
            back = asyncio.create_task(self._pump(answers, pair, writer, None))
            await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
            if pair.silent:  # what the gateway says goes nowhere, until somebody aborts it
                await asyncio.wait([there, back])
            for each in (there, back):
                each.cancel()
        finally:
            self._pairs.discard(pair)
            pair.abort()

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in self.ports:
            self._turn += 1
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", self.ports[self._turn % len(self.ports)])
        return None

    async def _pump(
        self, reader: asyncio.StreamReader, pair: Pair, writer: asyncio.StreamWriter, messages: Messages | None
    ) -> None:
        with suppress(*BROKEN):
            while data := await reader.read(65536):
                whole = messages.take(data) if messages else []
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if pair.silent:
                    continue
                if self.byte_by_byte:
                    for n in range(len(data)):
                        writer.write(data[n:n + 1])
                        await asyncio.sleep(0)
                else:
                    writer.write(data)
                    if self.twice and messages and messages.between:
                        for message in whole:
                            writer.write(message)
                await writer.drain()


class Messages:
    """Finds the whole text frames in what a client sends after its handshake."""

    def __init__(self) -> None:
        self._rest = b""
        self._upgraded = False

    @property
    def between(self) -> bool:
        """Whether the last message is complete: only then another may follow."""
        return self._upgraded and not self._rest

    def take(self, data: bytes) -> list[bytes]:
        self._rest += data
        if not self._upgraded:
            _, found, rest = self._rest.partition(b"\r\n\r\n")
            if not found:
                return []
            self._upgraded, self._rest = True, rest
        found = []
        while (size := _frame_size(self._rest)) and len(self._rest) >= size:
            frame, self._rest = self._rest[:size], self._rest[size:]
            if frame[0] == 0x81:
                found.append(frame)
        return found


def _frame_size(data: bytes) -> int | None:
    """Of the masked frame that begins here, header and all; None while that cannot be seen."""
    if len(data) < 2:
        return None
    size, header = data[1] & 0x7F, 6
    if size == 126:
        size, header = int.from_bytes(data[2:4], "big"), 8
    elif size == 127:
        size, header = int.from_bytes(data[2:10], "big"), 14
    return header + size if len(data) >= header else None
