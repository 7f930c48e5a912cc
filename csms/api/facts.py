"""What is on record: stations, faults, transactions, the journal, news."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from csms import doors, events, faults, journal, passwords, stations, story, transactions, usage
from csms.api.behind import Behind
from csms.api.news import Event, FrameRow, frame_row
from csms.kit.db import Row
from csms.vocabulary import Fault, MakeUse, MeterReading, Station, Story, Transaction, Usage


class Facts(Behind):
    """Part of the public face: what is on record."""

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

    async def usage(
        self, since: datetime, until: datetime, stations: Sequence[str] | None = None
    ) -> list[Usage]:
        """Sessions, energy and faults of each station over a time."""
        async with self.db.acquire() as conn:
            return await usage.between(conn, since, until, list(stations) if stations is not None else None)

    async def usage_by_make(self, since: datetime, until: datetime) -> list[MakeUse]:
        """The same of all stations together, by vendor, model and firmware."""
        async with self.db.acquire() as conn:
            return await usage.by_make(conn, since, until)


def fault_of(fault: faults.Open) -> Fault:
    return Fault(
        id=fault.id, station=fault.station, evse=fault.evse, connector=fault.connector, code=fault.code,
        vendor_code=fault.vendor_code, kind=fault.kind, level=fault.level, opened_at=fault.opened_at, cleared_at=None,
        source=fault.source, description=fault.description, frame=f"{fault.station}:{fault.seq}",
        received_at=fault.received_at, warning=fault.warning,
    )
