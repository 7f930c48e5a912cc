"""Asking stations: guarded, on record, delivered wherever their socket is."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from csms import commands, events, faults, stations, transactions, uploads
from csms.api.behind import Behind
from csms.controls import Controls
from csms.errors import BadInput, Conflict, NotFound, OhmbudsmanError, Refused
from csms.gateway import wire
from csms.gateway.relay import Relay
from csms.gateway.vault import Vault
from csms.kit.clock import Clock
from csms.kit.db import AWAY, Db
from csms.kit.traces import span
from csms.variables import SECRETS
from csms.vocabulary import (
    Command,
    CommandFact,
    CommandState,
    FetchLog,
    ReadVariables,
    Reset,
    Start,
    Station,
    Stop,
    WriteVariables,
)
from csms.vocabulary.heard import Notes

T = TypeVar("T")

GUARD_WORDS: Mapping[str, str] = {
    "G1": "a fault is open that may be dangerous: somebody on site has to clear it first",
    "G2": "another transaction is live on the station",
    "G3": "the station was offline minutes ago: queued messages may be lost",
    "G4": "a firmware update is running",
    "G5": "the transaction on this connector has not ended",
    "G7": "too many resets already (2 an hour, 1 hard a day)",
}


class Asking(Behind):
    """Part of the public face: commands, from asking to their end."""

    def __init__(self, db: Db, relay: Relay, clock: Clock, vault: Vault | None = None) -> None:
        super().__init__(db, relay, clock, vault)
        self.controls = Controls(db, clock)
        self.delivered: Counter[tuple[str, ...]] = Counter()
        """How the commands that were asked for here ended."""
        self._deliveries: set[asyncio.Task[Any]] = set()

    async def guards(self, station: str, command: Command, *, cleared: datetime | None = None) -> list[str]:
        """Which of G1 (by open faults), G2, G3, G4, G5, G7 forbid it now; words of danger are a case's to weigh.

        `cleared`: somebody on site found it safe then (UTC), so only faults that opened later count for G1.
        """
        async with self.db.acquire() as conn:
            running = await transactions.open_at(conn, station)
            open_now = [f for f in await faults.open_of(conn, station) if cleared is None or f.opened_at > cleared]
            around = await commands.circumstances(conn, station, running, self.clock(), open_now)
        return commands.guards(command, around, self.clock())

    async def send(
        self, station: str, command: Command, *, by: str, reason: str | None = None, complaint: str | None = None,
        override: bool = False, wait_s: float = 0, queue_until: datetime | None = None,
        cleared: datetime | None = None,
    ) -> CommandFact:
        """Ask a station. Waits up to `wait_s` for the answer. `cleared` as in `guards`.

        Raises Refused (guards forbid it and nobody overrode them, or G1, which nobody can), NotFound, BadInput (the
        station's version has no such command, or an override without a reason).
        """
        protocol = (await self._known(station)).protocol
        if isinstance(command, Start) and command.remote_start_id is None:
            # 2.x stations tell by this id which request a transaction answers (F01).
            command = replace(command, remote_start_id=secrets.randbelow(2**31))
        action, payload = wire.write(protocol, command)
        return await self._send(
            station, command, action, payload, by, reason, complaint, override, wait_s, queue_until, cleared
        )

    async def send_message(
        self, station: str, action: str, payload: Mapping[str, Any], *, by: str, reason: str | None = None,
        override: bool = False, wait_s: float = 0, queue_until: datetime | None = None,
    ) -> CommandFact:
        """Ask a station in the words of its own OCPP version. Raises as `send`."""
        protocol = (await self._known(station)).protocol
        command = wire.read(protocol, action, payload)
        return await self._send(station, command, action, payload, by, reason, None, override, wait_s, queue_until)

    async def change_password(
        self, station: str, password: str | None, *, by: str, reason: str | None = None, wait_s: float = 0,
        queue_until: datetime | None = None,
    ) -> CommandFact:
        """Have the station take another password, of its own (None) or this one. Raises as `send`.

        The present one stays good until the station has come in with the new one.
        """
        asked = await self._known(station)
        order = wire.password_order(asked.protocol, password)
        return await self.send(station, order, by=by, reason=reason, wait_s=wait_s, queue_until=queue_until)

    async def log_address(self, station: str, base_url: str) -> str:
        """A URL of ours that this station may bring one file to, within the hour; below ftp:// for those of old."""
        async with self.db.acquire() as conn, conn.transaction():
            if base_url.startswith("ftp://"):
                return uploads.ftp_url(base_url, *await uploads.create_ftp(conn, station, self.clock()))
            token = await uploads.create(conn, station, self.clock())
        return f"{base_url.rstrip('/')}/uploads/{token}"

    async def fetch_log(
        self, station: str, *, base_url: str, by: str, reason: str | None = None, complaint: str | None = None,
        type: str = "DiagnosticsLog", wait_s: float = 0, queue_until: datetime | None = None,
    ) -> CommandFact:
        """Ask a station to bring its log here. Raises as `send`.

        The file is `upload_of(command)` once it has come, which is news: `upload.received`.
        """
        await self._known(station)
        url = await self.log_address(station, base_url)
        asked = FetchLog(url, secrets.randbelow(2**31), type)
        return await self.send(
            station, asked, by=by, reason=reason, complaint=complaint, wait_s=wait_s, queue_until=queue_until
        )

    async def _send(
        self, station: str, command: Command, action: str, payload: Mapping[str, Any], by: str, reason: str | None,
        complaint: str | None, override: bool, wait_s: float, queue_until: datetime | None,
        cleared: datetime | None = None,
    ) -> CommandFact:
        await self._possible(station, command)
        forbidding = await self._may(station, command, override, reason, cleared)
        veiled = await self.vault.veil(command, payload)
        async with self.db.acquire() as conn, conn.transaction():
            id = await commands.submit(
                conn, station, veiled.command, action, veiled.payload, by=by, reason=reason, complaint=complaint,
                override=override, guards=forbidding, now=self.clock(), queue_until=queue_until,
            )
            await self.vault.keep(conn, id, station, veiled, self.clock())
            if isinstance(command, FetchLog):
                await uploads.assign(conn, command.url, id, self.clock())
        delivery = self._start(self._deliver(station, id, queue_until), f"command {id}")
        if isinstance(command, WriteVariables):
            self._start(self._read_back(station, command, delivery, by), f"read back {id}")
        if wait_s > 0:
            await asyncio.wait({delivery}, timeout=wait_s)
        return await self._command(id)

    def _start(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        task = asyncio.create_task(work, name=name)
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)
        return task

    async def _read_back(
        self, station: str, written: WriteVariables, delivery: asyncio.Task[CommandState], by: str
    ) -> None:
        """Accepted is not done: what was written is read once more. What waits for a reboot shows by that."""
        with suppress(asyncio.CancelledError, OhmbudsmanError, *AWAY):
            if await asyncio.shield(delivery) is not CommandState.ACCEPTED:
                return
            names = tuple(
                f"{value.component}.{value.variable}".lstrip(".") for value in written.values
                if value.variable not in SECRETS and value.evse is None and value.instance is None
            )
            if names:
                await self.send(station, ReadVariables(names), by=by, reason="to see whether the value was taken")

    async def _possible(self, station: str, command: Command) -> None:
        """A station of 2.x that says it cannot reset one EVSE alone is not asked to, and one that is not admitted
        yet neither to start nor to stop (1.6: 4.2, 2.0.1: B02.FR.07).
        """
        if isinstance(command, Start | Stop):
            async with self.db.acquire() as conn:
                if (await stations.admissions(conn, [station]))[station] != "known":
                    raise Conflict("this station is not admitted yet: OCPP forbids remote starts and stops until it is")
        if isinstance(command, Reset) and command.evse is not None:
            asked = await self._known(station)
            allowed = await self.controls.may_reset_alone(asked, command.evse)
            if allowed is False and asked.protocol not in (None, "ocpp1.6"):  # 1.6 resets the whole, and always did
                raise BadInput("evse", f"this station does not reset EVSE {command.evse} alone (EVSE.AllowReset)")

    async def _may(
        self, station: str, command: Command, override: bool, reason: str | None, cleared: datetime | None
    ) -> list[str]:
        forbidding = await self.guards(station, command, cleared=cleared)
        if (forbidding and not override) or "G1" in forbidding:
            raise Refused(forbidding, "; ".join(GUARD_WORDS[g] for g in forbidding))
        if override and not (reason or "").strip():
            raise BadInput("reason", "an override needs a reason: it goes on record")
        return forbidding

    async def _deliver(self, station: str, id: str, queue_until: datetime | None) -> CommandState:
        try:
            with span("command", station=station, command=id) as made:
                state = await self.relay.deliver(station, id)
                made.set_attribute("ohmbudsman.state", state.value)
        except AWAY:  # its row tells: `commands.tidy` finds it queued or sent for too long
            return CommandState.QUEUED
        self.delivered[state.value,] += 1
        if state is CommandState.OFFLINE and queue_until is None:
            try:
                async with self.db.acquire() as conn, conn.transaction():
                    notes = Notes()
                    await commands.settle(conn, id, "other", CommandState.OFFLINE, self.clock(), notes)
                    await events.write(conn, notes, self.clock())
            except AWAY:  # `commands.tidy` finds it queued for too long
                return CommandState.QUEUED
        return state

    async def command(self, id: str) -> CommandFact | None:
        try:
            return await self._command(id)
        except NotFound:
            return None

    async def commands(
        self, *, station: str | None = None, after: tuple[datetime, str] | None = None, limit: int = 100
    ) -> list[CommandFact]:
        """Newest first; `after` is (requested_at, id)."""
        async with self.db.acquire() as conn:
            return await commands.listing(conn, station=station, after=after, limit=limit)

    async def _command(self, id: str) -> CommandFact:
        async with self.db.acquire() as conn:
            return await commands.find(conn, id)

    async def _known(self, station: str) -> Station:
        found = await self.station(station)
        if found is None:
            raise NotFound(f"no station {station}")
        return found

    async def close(self) -> None:
        for task in list(self._deliveries):
            task.cancel()
        await asyncio.gather(*self._deliveries, return_exceptions=True)
