"""Fault codes as rows: those that come with the product, those that people add, and those nobody has explained yet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from importlib import resources
from typing import Any

from complaints.fault_codes.read import FaultCode, read
from csms.api import Csms
from csms.kit.db import Conn, Row

NAME = "fault_codes"

PUT = """
    insert into fault_codes (family, code, name, meaning_en, meaning_zh, severity, who, source, basis, note, origin,
        updated_at, updated_by)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    on conflict (family, code) do update set name = excluded.name, meaning_en = excluded.meaning_en,
        meaning_zh = excluded.meaning_zh, severity = excluded.severity, who = excluded.who, source = excluded.source,
        basis = excluded.basis, note = excluded.note, origin = excluded.origin, updated_at = excluded.updated_at,
        updated_by = excluded.updated_by
    where fault_codes.origin = 'product' or excluded.origin = 'import'
"""
EDITION = "select checksum from knowledge where name = $1"
LOADED = """
    insert into knowledge (name, checksum, loaded_at) values ($1, $2, $3)
    on conflict (name) do update set checksum = excluded.checksum, loaded_at = excluded.loaded_at
"""
LOCK = "select pg_advisory_xact_lock(4712)"
DROP = """
    delete from fault_codes f where origin = 'product'
        and not exists (select from unnest($1::text[], $2::text[]) as n (family, code)
            where n.family = f.family and n.code = f.code)
"""
LIST = """
    select * from fault_codes
    where ($1::text is null or family = $1) and ($2::text is null or lower(code) = lower($2))
        and ($3::text is null or code ilike $3 or name ilike $3 or meaning_en ilike $3 or meaning_zh ilike $3)
        and ($4::text is null or (family, code) > ($4, $5))
    order by family, code limit $6
"""
BY_CODES = "select * from fault_codes where lower(code) = any($1::text[]) order by origin, family, code"


async def seed(conn: Conn, now: datetime) -> int:
    """Bring in the edition that comes with this release, once; how many codes. What people added stays theirs."""
    text = resources.files("complaints.fault_codes").joinpath("codes.csv").read_text("utf-8")
    checksum = hashlib.sha256(text.encode()).hexdigest()
    await conn.execute(LOCK)
    if await conn.fetchval(EDITION, NAME) == checksum:
        return 0
    codes, wrong = read(text)
    assert not wrong, wrong
    await conn.execute(DROP, [c.family for c in codes], [c.code for c in codes])
    await put(conn, codes, by="product", now=now, origin="product")
    await conn.execute(LOADED, NAME, checksum, now)
    return len(codes)


async def put(conn: Conn, codes: Iterable[FaultCode], *, by: str, now: datetime, origin: str = "import") -> None:
    """Add or replace codes. Shipped ones never replace what people brought in."""
    await conn.executemany(PUT, [(
        c.family, c.code, c.name, c.meaning_en, c.meaning_zh, c.severity, list(c.who), c.source, c.basis, c.note,
        origin, now, by,
    ) for c in codes])


async def listing(
    conn: Conn, *, family: str | None = None, code: str | None = None, q: str | None = None,
    after: tuple[str, str] | None = None, limit: int = 100,
) -> list[Row]:
    pattern = "%" + q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%" if q else None
    return list(await conn.fetch(LIST, family, code, pattern, *(after or (None, None)), limit))


async def meanings(conn: Conn, codes: Sequence[str]) -> dict[str, list[Row]]:
    """Code in lower case -> what it means, people's own tables first."""
    found: dict[str, list[Row]] = {}
    for row in await conn.fetch(BY_CODES, [code.lower() for code in dict.fromkeys(codes)]):
        found.setdefault(row["code"].lower(), []).append(row)
    return found


async def known(conn: Conn, codes: Sequence[str]) -> frozenset[str]:
    return frozenset(await meanings(conn, codes))


async def unknown(conn: Conn, csms: Csms, since: datetime) -> list[Mapping[str, Any]]:
    """Codes that stations have sent and no table explains, the commonest first."""
    spoken = await csms.archive.fault_vocabulary(since)
    asked = [row["vendor_code"] or row["code"] for row in spoken]
    explained = await known(conn, asked)
    return [row for row in spoken if (row["vendor_code"] or row["code"]).lower() not in explained]
