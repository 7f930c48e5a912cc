"""Money and who may charge for it: payments, tariffs, tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from csms import events, payments, records, tariffs, tokens
from csms.api.behind import Behind
from csms.kit.db import Row
from csms.vocabulary import Payment, Tariff
from csms.vocabulary.heard import Notes


class Trade(Behind):
    """Part of the public face: payments, tariffs and tokens."""

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


def tariff_of(id: str, body: Mapping[str, Any]) -> Tariff:
    """The tariff a body would make, without keeping it. Raises BadInput naming the field that is wrong."""
    return tariffs.read(id, body)
