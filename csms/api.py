"""The public face of csms: everything another package may do with it."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from csms import (
    commands,
    doors,
    events,
    faults,
    journal,
    passwords,
    payments,
    records,
    stations,
    story,
    tariffs,
    tokens,
    transactions,
    uploads,
    usage,
)
from csms.archive import Archive
from csms.controls import Controls
from csms.errors import BadInput, NotFound, OhmbudsmanError, Refused
from csms.gateway import wire
from csms.gateway.relay import Relay
from csms.gateway.vault import Vault
from csms.kit.clock import Clock
from csms.kit.db import AWAY, Db, Row
from csms.uploads import Kept, Upload
from csms.variables import SECRETS
from csms.vocabulary import (
    Command,
    CommandFact,
    CommandState,
    Fault,
    FetchLog,
    MeterReading,
    Payment,
    ReadVariables,
    Reset,
    Start,
    Station,
    Story,
    Tariff,
    Transaction,
    Usage,
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


@dataclass(frozen=True, slots=True)
class Event:
    """News, written in the same database transaction as what it tells of; `id` only grows."""

    id: int
    at: datetime
    kind: str
    """transaction.started, transaction.ended, fault.opened, fault.cleared, command.settled,
    command.effect, station.booted, station.connected, station.disconnected, payment.recorded,
    upload.received"""
    station: str | None
    subject: str
    """The id of the transaction, fault, command, payment or upload."""
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FrameRow:
    """One row of the journal, as the contract shows it. `id` is `station:seq`."""

    id: str
    station: str
    seq: int
    at: datetime | None
    received_at: datetime
    kind: str
    message_id: str | None
    action: str | None
    frame: str | None
    hash: str
    prev_hash: str
    repairs: tuple[str, ...]
    by: str | None = None
    """On whose behalf we sent it; part of what is hashed."""


class Csms:
    """Everything behind one database pool and the relay that reaches the sockets."""

    def __init__(self, db: Db, relay: Relay, clock: Clock, vault: Vault | None = None) -> None:
        self.db, self.relay, self.clock, self.vault = db, relay, clock, vault or Vault()
        self.archive = Archive(db, clock)
        self.controls = Controls(db, clock)
        self.delivered: Counter[tuple[str, ...]] = Counter()
        """How the commands that were asked for here ended."""
        self._deliveries: set[asyncio.Task[Any]] = set()

    # --- facts ----------------------------------------------------------------------------------------

    async def station(self, id: str) -> Station | None:
        """The station with its connectors, or None."""
        async with self.db.acquire() as conn:
            found = await stations.find_many(conn, [id])
        return found[0] if found else None

    async def stations(self, *, site: str | None = None, after: str = "", limit: int = 1000) -> list[Station]:
        async with self.db.acquire() as conn:
            return await stations.listing(conn, site=site, after=after, limit=limit)

    async def dropped(self, since: datetime) -> list[str]:
        """Stations that lost their connection since then and are not back."""
        async with self.db.acquire() as conn:
            return await stations.dropped(conn, since)

    async def put_station(
        self, id: str, fields: Mapping[str, Any], connectors: Sequence[Mapping[str, Any]] = (),
        password: str | None = None, by: str = "unknown",
    ) -> bool:
        """Create a station or complete what is known of it; True when it is new.

        `password` is what the station has already; `change_password` gives it another.
        """
        hashed = await self.vault.hash(password) if password else None
        async with self.db.acquire() as conn, conn.transaction():
            await doors.note_profile(conn, id, fields.get("security_profile"), self.clock(), by)
            if hashed:
                await passwords.drop_all(conn, id)
                await doors.note(conn, id, "password_set", self.clock(), info=f"by {by}")
            return await stations.put(conn, id, fields, connectors, hashed)

    async def admission(self, station: str) -> Row | None:
        """How it is let in: admission, security_profile, password_hash, strict."""
        async with self.db.acquire() as conn:
            return await stations.admission(conn, station)

    async def security_events(
        self, *, station: str | None = None, after: tuple[datetime, str, str] | None = None, limit: int = 100
    ) -> list[Row]:
        """What stations reported and what the door refused, newest first; `after` is (at, station, id)."""
        async with self.db.acquire() as conn:
            return await doors.listing(conn, station, after, limit)

    async def open_faults(self, station_ids: Sequence[str]) -> dict[str, list[Fault]]:
        """Station -> its faults that are not cleared."""
        async with self.db.acquire() as conn:
            known = await faults.load(conn, station_ids)
        return {station: [fault_of(fault) for fault in open] for station, open in known.open.items()}

    async def faults(
        self, *, station: str | None = None, only_open: bool | None = None,
        after: tuple[datetime, str] | None = None, limit: int = 100,
    ) -> list[Fault]:
        """Newest first; `only_open` True, False (cleared ones) or None (all)."""
        async with self.db.acquire() as conn:
            return await faults.listing(conn, station=station, only_open=only_open, after=after, limit=limit)

    async def fault(self, id: str) -> Fault | None:
        async with self.db.acquire() as conn:
            return await faults.by_id(conn, id)

    async def story(
        self, station: str, since: datetime, until: datetime, *,
        tokens: Sequence[str] = (), payment_references: Sequence[str] = (), orders: Sequence[str] = (),
    ) -> Story:
        """Everything recorded about a station between two times, and what belongs to it elsewhere.

        Payments: those of this station and these tokens in the window, those with these references or
        orders, and all that share an order or transaction with them. Raises NotFound.
        """
        async with self.db.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
            return await story.gather(
                conn, station, since, until, asked_tokens=tokens, references=payment_references, orders=orders
            )

    async def transaction(self, id: str) -> Transaction | None:
        async with self.db.acquire() as conn:
            found = await story.with_energy(conn, await transactions.by_ids(conn, [id]))
        return found[0] if found else None

    async def transactions(
        self, *, station: str | None = None, since: datetime | None = None, until: datetime | None = None,
        token: str | None = None, state: str | None = None, after: tuple[datetime, str] | None = None,
        limit: int = 100,
    ) -> list[Transaction]:
        """Those that began between two times, newest first; `after` is (started_at, id)."""
        async with self.db.acquire() as conn:
            return await story.with_energy(conn, await transactions.search(
                conn, station=station, since=since, until=until, token=token, state=state, after=after, limit=limit
            ))

    async def readings(self, transaction: Transaction) -> list[MeterReading]:
        async with self.db.acquire() as conn:
            return await story.readings_of(conn, transaction)

    async def transactions_of(self, tokens: Sequence[str], since: datetime, until: datetime) -> list[Transaction]:
        """Transactions of these tokens at any station."""
        async with self.db.acquire() as conn:
            return await story.with_energy(conn, await transactions.of_tokens(conn, tokens, since, until))

    async def payments_of(
        self, *, references: Sequence[str] = (), orders: Sequence[str] = (), tokens: Sequence[str] = (),
        transactions: Sequence[str] = (), payers: Sequence[str] = (), station: str | None = None,
        since: datetime | None = None, until: datetime | None = None,
    ) -> list[Payment]:
        """Payments by any of these keys (no station needed: how a complaint without one finds its station).

        The times bound what token, payer or station alone would find.
        """
        async with self.db.acquire() as conn:
            return await payments.find(
                conn, references=references, orders=orders, tokens=tokens, transactions=transactions, payers=payers,
                station=station, since=since, until=until,
            )

    async def record_payment(self, payment: Payment) -> bool:
        """True when new, False when the same was known. Raises Conflict on another body."""
        async with self.db.acquire() as conn, conn.transaction():
            new = await payments.record(conn, payment)
            if new:
                notes = Notes()
                notes.event("payment.recorded", payment.station or "", payment.reference, kind=payment.kind)
                await events.write(conn, notes, self.clock())
            return new

    async def tariff_versions(self, id: str) -> list[Tariff]:
        async with self.db.acquire() as conn:
            return await tariffs.versions(conn, id)

    async def put_tariff(self, id: str, body: Mapping[str, Any]) -> tuple[Tariff, bool]:
        """(the version, whether it is new). Raises BadInput, Conflict."""
        async with self.db.acquire() as conn, conn.transaction():
            return await tariffs.put(conn, id, body)

    async def tariffs(self, *, after: str = "", limit: int = 100) -> list[Tariff]:
        """The newest version of each."""
        async with self.db.acquire() as conn:
            return await tariffs.newest(conn, after=after, limit=limit)

    async def put_token(self, token: str, fields: Mapping[str, Any]) -> bool:
        """True when new."""
        async with self.db.acquire() as conn, conn.transaction():
            return await tokens.put(conn, token, fields)

    async def token(self, token: str) -> Row | None:
        async with self.db.acquire() as conn:
            return await records.token(conn, token)

    async def tokens_of(self, customers: Sequence[str]) -> list[str]:
        """Tokens that were entered for these customers, whatever names them: an account, a phone, a plate."""
        async with self.db.acquire() as conn:
            return await tokens.of_customers(conn, customers)

    async def tokens(self, *, after: str = "", limit: int = 100) -> list[Row]:
        async with self.db.acquire() as conn:
            return await tokens.listing(conn, after=after, limit=limit)

    async def frames(
        self, station: str, since: datetime, until: datetime, *, limit: int = 10_000
    ) -> list[FrameRow]:
        """The journal between two receipt times, oldest first."""
        async with self.db.acquire() as conn:
            return [frame_row(row) for row in await journal.frames(conn, station, since, until, limit=limit)]

    async def frames_by_id(self, ids: Sequence[str]) -> list[FrameRow]:
        async with self.db.acquire() as conn:
            return [frame_row(row) for row in await journal.frames_by_id(conn, ids)]

    async def events_after(self, id: int, *, limit: int = 500) -> list[Event]:
        """News in order of id; the reader remembers the last id it has acted on."""
        async with self.db.acquire() as conn:
            return [
                Event(row["id"], row["at"], row["kind"], row["station"], row["subject"], row["detail"])
                for row in await events.after(conn, id, limit)
            ]

    # --- commands -------------------------------------------------------------------------------------

    async def guards(self, station: str, command: Command) -> list[str]:
        """Which of G1 (by open faults), G2, G3, G4, G5, G7 forbid it now; words of danger are a case's to weigh."""
        async with self.db.acquire() as conn:
            running = await transactions.open_at(conn, station)
            open_now = await faults.open_of(conn, station)
            around = await commands.circumstances(conn, station, running, self.clock(), open_now)
        return commands.guards(command, around, self.clock())

    async def send(
        self, station: str, command: Command, *, by: str, reason: str | None = None, complaint: str | None = None,
        override: bool = False, wait_s: float = 0, queue_until: datetime | None = None,
    ) -> CommandFact:
        """Ask a station. Waits up to `wait_s` for the answer.

        Raises Refused (guards forbid it and nobody overrode them), NotFound, BadInput (the station's
        version has no such command, or an override without a reason).
        """
        protocol = (await self._known(station)).protocol
        if isinstance(command, Start) and command.remote_start_id is None:
            # 2.x stations tell by this id which request a transaction answers (F01).
            command = replace(command, remote_start_id=secrets.randbelow(2**31))
        action, payload = wire.write(protocol, command)
        return await self._send(
            station, command, action, payload, by, reason, complaint, override, wait_s, queue_until
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
    ) -> CommandFact:
        await self._possible(station, command)
        forbidding = await self._may(station, command, override, reason)
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
        """A station of 2.x that says it cannot reset one EVSE alone is not asked to."""
        if isinstance(command, Reset) and command.evse is not None:
            asked = await self._known(station)
            allowed = await self.controls.may_reset_alone(asked, command.evse)
            if allowed is False and asked.protocol not in (None, "ocpp1.6"):  # 1.6 resets the whole, and always did
                raise BadInput("evse", f"this station does not reset EVSE {command.evse} alone (EVSE.AllowReset)")

    async def _may(self, station: str, command: Command, override: bool, reason: str | None) -> list[str]:
        forbidding = await self.guards(station, command)
        if forbidding and not override:
            raise Refused(forbidding, "; ".join(GUARD_WORDS[g] for g in forbidding))
        if override and not (reason or "").strip():
            raise BadInput("reason", "an override needs a reason: it goes on record")
        return forbidding

    async def _deliver(self, station: str, id: str, queue_until: datetime | None) -> CommandState:
        try:
            state = await self.relay.deliver(station, id)
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

    # --- uploads --------------------------------------------------------------------------------------

    async def upload_expected(self, token: str) -> Upload | None:
        """What the secret of an upload URL is good for now."""
        async with self.db.acquire() as conn:
            return await uploads.expected(conn, token, self.clock())

    async def receive_upload(self, id: str, kept: Kept, name: str) -> Upload | None:
        """Put a file that has come on record; it is the effect its command waits for. None: another came first."""
        async with self.db.acquire() as conn, conn.transaction():
            received = await uploads.receive(conn, id, kept, uploads.clean_name(name), self.clock())
            if received is not None:
                notes = Notes()
                notes.event("upload.received", received.station, id, command=received.command, sha256=kept.sha256)
                seen = commands.Happening(received.station, "upload", self.clock(), detail="Uploaded")
                await commands.observe(conn, [seen], notes)
                await events.write(conn, notes, self.clock())
            return received

    async def upload(self, id: str) -> Upload | None:
        async with self.db.acquire() as conn:
            return await uploads.find(conn, id)

    async def upload_of(self, command: str) -> Upload | None:
        """The file that a log command brought."""
        async with self.db.acquire() as conn:
            return await uploads.of_command(conn, command)

    async def uploads(
        self, *, station: str | None = None, after: tuple[datetime, str] | None = None, limit: int = 100
    ) -> list[Upload]:
        async with self.db.acquire() as conn:
            return await uploads.listing(conn, station, after, limit)

    async def usage(
        self, since: datetime, until: datetime, stations: Sequence[str] | None = None
    ) -> list[Usage]:
        """Sessions, energy and faults of each station over a time."""
        async with self.db.acquire() as conn:
            return await usage.between(conn, since, until, list(stations) if stations is not None else None)

    async def close(self) -> None:
        for task in list(self._deliveries):
            task.cancel()
        await asyncio.gather(*self._deliveries, return_exceptions=True)


def fault_of(fault: faults.Open) -> Fault:
    return Fault(
        id=fault.id, station=fault.station, evse=fault.evse, connector=fault.connector, code=fault.code,
        vendor_code=fault.vendor_code, kind=fault.kind, level=fault.level, opened_at=fault.opened_at, cleared_at=None,
        source=fault.source, description=fault.description, frame=f"{fault.station}:{fault.seq}",
        received_at=fault.received_at, warning=fault.warning,
    )


def frame_row(row: Row) -> FrameRow:
    return FrameRow(
        id=f"{row['station']}:{row['seq']}", station=row["station"], seq=row["seq"], at=row["at"],
        received_at=row["received_at"], kind=row["kind"], message_id=row["message_id"], action=row["action"],
        frame=row["frame"], hash=row["hash"].hex(), prev_hash=row["prev_hash"].hex(),
        repairs=tuple(row["repairs"] or ()), by=row["by"],
    )


def tariff_of(id: str, body: Mapping[str, Any]) -> Tariff:
    """The tariff a body would make, without keeping it. Raises BadInput naming the field that is wrong."""
    return tariffs.read(id, body)
