"""Reaching the socket of a station. Being attached is being connected."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from csms.vocabulary import CommandState

Perform = Callable[[str], Awaitable[CommandState]]
"""Sends the command of that id on the station's socket and tells how it ended; safe to be asked twice."""


class Relay(Protocol):
    async def attach(self, station: str, perform: Perform) -> None:
        """From now on commands for `station` go to `perform`; a newer one replaces it."""

    async def detach(self, station: str, perform: Perform) -> None:
        """No longer; unless a newer one has replaced it already."""

    async def deliver(self, station: str, command: str) -> CommandState:
        """How the command ended; OFFLINE when nobody holds the station's socket."""


class InProcess:
    """All sockets are here."""

    def __init__(self) -> None:
        self._attached: dict[str, Perform] = {}

    async def attach(self, station: str, perform: Perform) -> None:
        self._attached[station] = perform

    async def detach(self, station: str, perform: Perform) -> None:
        if self._attached.get(station) == perform:
            del self._attached[station]

    async def deliver(self, station: str, command: str) -> CommandState:
        perform = self._attached.get(station)
        return await perform(command) if perform else CommandState.OFFLINE
