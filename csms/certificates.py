"""Certificates at stations: what they hold, what they took, what they want signed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from csms.kit.db import Conn, Row
from csms.vocabulary import CertificateName, CertificatesTold, SigningAsked
from csms.vocabulary.heard import Heard, record_id

HOLD = """
    insert into certificates (station, type, serial, issuer_name_hash, issuer_key_hash, algorithm, parent_serial,
        received_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict (station, algorithm, issuer_name_hash, issuer_key_hash, serial)
    do update set type = excluded.type, parent_serial = excluded.parent_serial, received_at = excluded.received_at,
        deleted_at = null
"""

# A listing of these types is complete: what it leaves out is gone.
GONE = """
    update certificates set deleted_at = $2
    where station = $1 and deleted_at is null and received_at < $2
      and (cardinality($3::text[]) = 0 or type = any($3))
"""

DELETE = """
    update certificates set deleted_at = $6
    where station = $1 and algorithm = $2 and issuer_name_hash = $3 and issuer_key_hash = $4 and serial = $5
"""

REQUEST = """
    insert into certificate_requests (id, station, type, csr, requested_at, seq) values ($1, $2, $3, $4, $5, $6)
    on conflict do nothing
"""

SIGNED = """
    update certificate_requests set state = $3, settled_at = $4
    where id = (
        select id from certificate_requests where station = $1 and type = $2 and state = 'open'
        order by requested_at desc limit 1)
"""

INSTALLED = """
    insert into installed_certificates (station, type, pem, installed_at, seq) values ($1, $2, $3, $4, $5)
    on conflict do nothing
"""

LIST = "select * from certificates where station = $1 and deleted_at is null order by type, serial limit 1000"

REQUESTS = """
    select * from certificate_requests
    where ($1::text is null or station = $1) and ($2::text is null or state = $2)
    order by requested_at desc, id desc limit 1000
"""


async def note_asked(conn: Conn, heards: Sequence[Heard[SigningAsked]]) -> None:
    for h in heards:
        await conn.execute(
            REQUEST, record_id("signing", h.station, h.seq), h.station, h.said.type, h.said.csr, h.received_at, h.seq
        )


async def note_held(
    conn: Conn, station: str, told: CertificatesTold, types: Sequence[str], at: datetime
) -> None:
    """The station has listed what it holds of these types (none named: of all)."""
    for one in told.certificates:
        name = one.name
        await conn.execute(
            HOLD, station, one.type, name.serial, name.issuer_name_hash, name.issuer_key_hash, name.algorithm,
            one.parent_serial, at,
        )
    await conn.execute(GONE, station, at, list(types))


async def delete(conn: Conn, station: str, name: CertificateName, at: datetime) -> None:
    await conn.execute(
        DELETE, station, name.algorithm, name.issuer_name_hash, name.issuer_key_hash, name.serial, at
    )


async def install(conn: Conn, station: str, type: str, pem: str, at: datetime, seq: int) -> None:
    await conn.execute(INSTALLED, station, type, pem, at, seq)


async def deliver(conn: Conn, station: str, type: str, taken: bool, at: datetime) -> None:
    """The station's own request was answered with a certificate, which it took or refused."""
    await conn.execute(SIGNED, station, type, "signed" if taken else "refused", at)


async def held(conn: Conn, station: str) -> list[Row]:
    return list(await conn.fetch(LIST, station))


async def requests(conn: Conn, *, station: str | None = None, state: str | None = None) -> list[Row]:
    """What stations want signed, newest first."""
    return list(await conn.fetch(REQUESTS, station, state))
