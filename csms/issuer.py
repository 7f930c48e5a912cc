"""Signing what stations ask for: the request is checked, the certificate made, recorded and delivered."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from csms import authority, doors
from csms.api import Csms
from csms.authority import Authority
from csms.errors import BadInput, Conflict, OhmbudsmanError
from csms.kit.db import Row
from csms.vocabulary import CommandFact, DeliverCertificate

log = structlog.get_logger()

STALE = timedelta(hours=1)
"""A station that got no certificate asks again; what it asked long ago it may have forgotten the key of."""


class Issuer:
    def __init__(self, csms: Csms, authority: Authority | None) -> None:
        self.csms, self.authority = csms, authority

    async def round(self) -> None:
        """Sign for every station that had to prove who it is (profile 1 or more) and has asked lately."""
        async with self.csms.db.acquire() as conn:
            asked = await authority.waiting(conn, self.csms.clock() - STALE)
        for row in asked:
            try:
                await self._sign(row, "the authority")
            except OhmbudsmanError as error:
                log.warning("request_not_signed", station=row["station"], error=str(error))

    async def sign(self, request: str, by: str) -> CommandFact:
        """Sign one request although it would not be signed by itself. Raises NotFound, BadInput, Conflict."""
        async with self.csms.db.acquire() as conn:
            row = await authority.request(conn, request)
        return await self._sign(row, by)

    async def _sign(self, row: Row, by: str) -> CommandFact:
        if self.authority is None:
            raise Conflict("there is no authority here: see `ohmbudsman ca init`")
        station, now = row["station"], self.csms.clock()
        trouble: BadInput | None = None
        async with self.csms.db.acquire() as conn, conn.transaction():
            if not await authority.take_up(conn, row["id"], now):
                raise Conflict("this request has been dealt with")
            try:
                issued = self.authority.sign(row["csr"], station, now, serial=row["serial"])
            except BadInput as error:
                trouble = error
                await authority.settle(conn, row["id"], None, str(error), now)
                await doors.note(conn, station, "wrong_request", now, info=str(error))
            else:
                await authority.record(conn, issued, station, row["type"], now, by)
                await authority.settle(conn, row["id"], issued.serial, None, now)
        if trouble:
            raise trouble
        return await self.csms.send(
            station, DeliverCertificate(issued.chain, row["type"]), by=by, reason="it has asked for its certificate",
            queue_until=now + STALE,
        )

    async def revoke(self, serial: str, by: str) -> Row:
        now = self.csms.clock()
        async with self.csms.db.acquire() as conn, conn.transaction():
            row = await authority.revoke(conn, serial, now, by)
            await doors.note(conn, row["station"], "certificate_revoked", now, info=f"{row['serial']} by {by}")
            return row

    async def issued(
        self, *, station: str | None = None, after: tuple[datetime, str] | None = None, limit: int = 100
    ) -> list[Row]:
        async with self.csms.db.acquire() as conn:
            return await authority.listing(conn, station, after, limit)
