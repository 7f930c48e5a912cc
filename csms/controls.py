"""What is set in stations and what became of it: profiles, reservations, lists, variables, firmware, resets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from csms import (
    certificates,
    commands,
    displays,
    firmware,
    grid,
    local_lists,
    monitoring,
    notices,
    posted_tariffs,
    profiles,
    registers,
    reservations,
    settlements,
    streams,
    swaps,
    transactions,
    variables,
)
from csms.errors import BadInput, NotFound
from csms.kit.clock import Clock
from csms.kit.db import Db, Row
from csms.vocabulary import Limit, Reset, Semantics, Station

FAR = timedelta(days=31)


class Controls:
    """Part of the public face, `Csms.controls`."""

    def __init__(self, db: Db, clock: Clock) -> None:
        self.db, self.clock = db, clock

    # --- charging limits ------------------------------------------------------------------------------

    async def profiles(
        self, station: str, *, active: bool | None = None, after: tuple[datetime, str] | None = None, limit: int = 100
    ) -> list[Row]:
        """Newest first; `active` True: those installed now."""
        async with self.db.acquire() as conn:
            return await profiles.listing(conn, station, active=active, after=after, limit=limit)

    async def composites(self, station: str) -> list[Row]:
        async with self.db.acquire() as conn:
            return await profiles.composites(conn, station)

    async def limits(self, station: str, since: datetime, until: datetime) -> list[Limit]:
        """Every limit that was in force between two times."""
        if until - since > FAR:
            raise BadInput("to", "at most 31 days after `from`")
        async with self.db.acquire() as conn:
            sessions = await transactions.at_station(conn, station, since, until)
            return await profiles.between(conn, station, sessions, since, until)

    async def limit_at(self, station: str, evse: int, at: datetime) -> list[Limit]:
        """The limits in force on an EVSE at a time, its station's among them; the lowest is what could be felt."""
        async with self.db.acquire() as conn:
            sessions = [t for t in await transactions.at_station(conn, station, at, at + timedelta(microseconds=1))
                        if t.evse == evse]
            running = [t for t in await transactions.open_at(conn, station) if t.evse == evse and t.started_at <= at]
            return await profiles.limit_at(conn, station, evse, at, [*sessions, *running])

    # --- reservations, lists --------------------------------------------------------------------------

    async def reservations(
        self, *, station: str | None = None, state: str | None = None, after: tuple[Any, ...] | None = None,
        limit: int = 100,
    ) -> list[Row]:
        async with self.db.acquire() as conn:
            return await reservations.listing(conn, station=station, state=state, after=after, limit=limit)

    async def local_list(self, station: str) -> Row | None:
        async with self.db.acquire() as conn:
            return await local_lists.find(conn, station)

    async def local_list_entries(self, station: str, *, after: str = "", limit: int = 100) -> list[Row]:
        async with self.db.acquire() as conn:
            return await local_lists.entries(conn, station, after=after, limit=limit)

    # --- variables, monitors, displays ----------------------------------------------------------------

    async def variables(
        self, station: str, *, after: tuple[str, str, str, str, int, int, str] = ("", "", "", "", -1, -1, ""),
        limit: int = 1000, drift: bool | None = None,
    ) -> list[Row]:
        """What the station told of each, what it should be, and whether it is."""
        async with self.db.acquire() as conn:
            return await variables.listing(conn, station, after, limit, drift)

    async def monitors(self, station: str, *, after: int = -(2**31), limit: int = 100) -> list[Row]:
        async with self.db.acquire() as conn:
            return await monitoring.listing(conn, station, after=after, limit=limit)

    async def displays(self, station: str, *, after: int = -(2**31), limit: int = 100) -> list[Row]:
        async with self.db.acquire() as conn:
            return await displays.listing(conn, station, after=after, limit=limit)

    # --- certificates, firmware -----------------------------------------------------------------------

    async def certificates(self, station: str) -> list[Row]:
        async with self.db.acquire() as conn:
            return await certificates.held(conn, station)

    async def certificate_requests(self, *, station: str | None = None, state: str | None = None) -> list[Row]:
        async with self.db.acquire() as conn:
            return await certificates.requests(conn, station=station, state=state)

    async def firmware(
        self, station: str, *, after: tuple[datetime, str] | None = None, limit: int = 100
    ) -> list[Row]:
        """The updates asked for, newest first."""
        async with self.db.acquire() as conn:
            return await firmware.listing(conn, station, after=after, limit=limit)

    async def firmware_history(self, station: str, since: datetime) -> list[Row]:
        """Every status of firmware the station told since then."""
        async with self.db.acquire() as conn:
            return await firmware.history(conn, station, since)

    # --- the rest -------------------------------------------------------------------------------------

    async def notices(
        self, station: str, *, kind: str | None = None, said: str | None = None,
        after: tuple[datetime, int] | None = None, limit: int = 100,
    ) -> list[Row]:
        async with self.db.acquire() as conn:
            return await notices.listing(conn, station, kind=kind, said=said, after=after, limit=limit)

    async def customer_information(self, station: str, request_id: int) -> list[Row]:
        async with self.db.acquire() as conn:
            return await notices.customer(conn, station, request_id)

    async def told_costs(self, station: str, said: str) -> list[Row]:
        async with self.db.acquire() as conn:
            return await notices.costs(conn, station, said)

    async def network_profiles(self, station: str) -> list[Row]:
        async with self.db.acquire() as conn:
            return await notices.networks(conn, station)

    # --- grid and trade (2.1) ---------------------------------------------------------------------------

    async def grid_controls(
        self, station: str, *, active: bool | None = None, after: tuple[datetime, int, int] | None = None,
        limit: int = 100,
    ) -> list[Row]:
        async with self.db.acquire() as conn:
            return await grid.listing(conn, station, active=active, after=after, limit=limit)

    async def streams(self, station: str) -> list[Row]:
        """Open ones first, each with the variable that it tells of."""
        async with self.db.acquire() as conn:
            return await streams.listing(conn, station)

    async def stream_values(
        self, station: str, stream: int, since: datetime, until: datetime, *,
        after: tuple[datetime, int, int] | None = None, limit: int = 1000,
    ) -> list[Row]:
        async with self.db.acquire() as conn:
            return await streams.values(conn, station, stream, since, until, after=after, limit=limit)

    async def battery_swaps(
        self, station: str, *, request_id: int | None = None, after: tuple[datetime, int] | None = None,
        limit: int = 100,
    ) -> list[Row]:
        async with self.db.acquire() as conn:
            return await swaps.listing(conn, station, request_id=request_id, after=after, limit=limit)

    async def posted_tariffs(
        self, station: str, *, active: bool | None = None, at: datetime | None = None,
        after: tuple[datetime, int, int] | None = None, limit: int = 100,
    ) -> list[Row]:
        """What the station shows and reckons by; `at`: what it did at a time."""
        async with self.db.acquire() as conn:
            return await posted_tariffs.listing(conn, station, active=active, at=at, after=after, limit=limit)

    async def settlements(
        self, *, station: str | None = None, reference: str | None = None,
        after: tuple[datetime, str, int] | None = None, limit: int = 100,
    ) -> list[Row]:
        """How payments at stations' own terminals ended, as the stations tell it."""
        async with self.db.acquire() as conn:
            return await settlements.listing(
                conn, station=station, reference=reference, after=after, limit=limit
            )

    # --- resets ---------------------------------------------------------------------------------------

    async def resets_of(self, station: str, limit: int = 20) -> list[Row]:
        """How this station's resets went, newest first."""
        async with self.db.acquire() as conn:
            return await commands.resets_of(conn, station, limit)

    async def resets_of_models(self, *, vendor: str | None = None, model: str | None = None) -> list[Row]:
        """How resets of a model went: taken, time to boot, came back or not."""
        async with self.db.acquire() as conn:
            return await commands.models_resets(conn, vendor=vendor, model=model)

    async def may_reset_alone(self, station: Station, evse: int) -> bool | None:
        """Whether one EVSE may be reset by itself (2.0.1 EVSE.AllowReset); None where the station never told."""
        if station.protocol in (None, "ocpp1.6"):
            return False
        async with self.db.acquire() as conn:
            told = await variables.value_of(conn, station.id, "EVSE", "AllowReset", evse)
        return None if told is None else told.strip().lower() == "true"

    async def reset_for(self, station: Station, evse: int | None, *, hard: bool = False) -> Reset:
        """The least reset that helps an EVSE: of it alone where the station says it can."""
        alone = evse is not None and await self.may_reset_alone(station, evse)
        return Reset(hard, evse if alone else None)

    # --- registers ------------------------------------------------------------------------------------

    async def put_register_semantics(
        self, vendor: str, model: str, firmware: str, fields: Mapping[str, Any]
    ) -> bool:
        """What the registers of a model mean; empty model or firmware: any. True when new."""
        means = Semantics(**{name: value for name, value in fields.items() if name != "note"})
        async with self.db.acquire() as conn:
            return await registers.put(conn, vendor, model, firmware, means, fields.get("note"))

    async def forget_register_semantics(self, vendor: str, model: str, firmware: str) -> None:
        async with self.db.acquire() as conn:
            if not await registers.forget(conn, vendor, model, firmware):
                raise NotFound("nothing is known of these registers")

    async def register_semantics(
        self, *, after: tuple[str, str, str] = ("", "", ""), limit: int = 100
    ) -> Sequence[Row]:
        async with self.db.acquire() as conn:
            return await registers.listing(conn, after=after, limit=limit)
