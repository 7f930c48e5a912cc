"""Reaching the socket of a station. Being attached is being connected."""

from __future__ import annotations

from typing import Protocol

from csms.vocabulary import CommandState


class Holder(Protocol):
    """Who holds a station's socket."""

    async def perform(self, command: str) -> CommandState | None:
        """Send the command of that id and tell how it ended; safe to be asked twice.

        None: its socket speaks for the station no longer.
        """

    def superseded(self, session: int) -> None:
        """The station has come in with that session, here or on another node."""


class Relay(Protocol):
    @property
    def in_reach(self) -> bool:
        """Whether every socket there is can be reached, those of other nodes too."""

    async def attach(self, station: str, holder: Holder, session: int) -> None:
        """From now on commands for `station` go to `holder`; who held it before, here or elsewhere, is told."""

    async def detach(self, station: str, holder: Holder) -> None:
        """No longer; unless a newer one has replaced it already."""

    async def deliver(self, station: str, command: str) -> CommandState:
        """How the command ended; OFFLINE when nobody in reach holds the station's socket.

        QUEUED: not known from here, its row will tell.
        """


class InProcess:
    """All sockets are here."""

    in_reach = True

    def __init__(self) -> None:
        self._held: dict[str, Holder] = {}

    async def attach(self, station: str, holder: Holder, session: int) -> None:
        older, self._held[station] = self._held.get(station), holder
        if older is not None and older is not holder:
            older.superseded(session)

    async def detach(self, station: str, holder: Holder) -> None:
        if self._held.get(station) is holder:
            del self._held[station]

    async def deliver(self, station: str, command: str) -> CommandState:
        holder = self._held.get(station)
        state = await holder.perform(command) if holder else None
        return CommandState.OFFLINE if state is None else state
