"""How payments at stations' own terminals ended, as the stations tell it (2.1 C20).

They are no payments of ours: no currency is told, and the payment service provider tells the same with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from csms.kit.db import Conn, Row
from csms.vocabulary import PaymentSettled
from csms.vocabulary.heard import Heard, device_time

KEEP = """
    insert into settlements (station, reference, status, amount, at, said, receipt, receipt_url, info, vat_number,
        received_at, seq)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict do nothing
"""

LIST = """
    select * from settlements
    where ($1::text is null or station = $1) and ($2::text is null or reference = $2)
      and ($3::timestamptz is null or (at, station, seq) < ($3, $4::text, $5::bigint))
    order by at desc, station desc, seq desc limit $6
"""


async def note(conn: Conn, heards: Sequence[Heard[PaymentSettled]]) -> None:
    for heard in heards:
        said = heard.said
        await conn.execute(
            KEEP, heard.station, said.reference, said.status, Decimal(str(said.amount)),
            device_time(said.at, heard.received_at), said.transaction, said.receipt, said.receipt_url, said.info,
            said.vat_number, heard.received_at, heard.seq,
        )


async def listing(
    conn: Conn, *, station: str | None = None, reference: str | None = None,
    after: tuple[datetime, str, int] | None = None, limit: int = 100,
) -> list[Row]:
    """Newest first; `after` is (at, station, seq)."""
    return list(await conn.fetch(LIST, station, reference, *(after or (None, None, None)), limit))
