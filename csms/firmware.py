"""Firmware updates, followed from the question to the end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from csms.kit.db import Conn, Row
from csms.vocabulary import Booted, ProgressNoted, PublishFirmware, UpdateFirmware
from csms.vocabulary.heard import Heard, record_id

DONE = frozenset({"Installed", "Published"})
FAILED = frozenset({
    "DownloadFailed", "InstallationFailed", "InvalidSignature", "InstallVerificationFailed", "RevokedCertificate",
    "InvalidCertificate", "InvalidChecksum", "PublishFailed",
})

SUPERSEDE = """
    update firmware_updates set ended_at = $2, outcome = 'superseded'
    where station = $1 and ended_at is null and published = $3
"""

ASK = """
    insert into firmware_updates (id, station, request_id, location, signed, published, asked_at, from_version, status,
        status_at, seq)
    select $1, $2, $3, $4, $5, $6, $7, (select firmware from stations where id = $2), 'Accepted', $7, $8
    on conflict do nothing
"""

FOLLOW = """
    update firmware_updates f set status = p.status, status_at = p.at, outcome = p.outcome,
        ended_at = case when p.outcome is not null then p.at end
    from unnest($1::text[], $2::int[], $3::text[], $4::timestamptz[], $5::text[], $6::boolean[])
        as p (station, request_id, status, at, outcome, published)
    where f.station = p.station and f.ended_at is null and f.published = p.published
      and (p.request_id is null or f.request_id is null or f.request_id = p.request_id)
"""

# A boot with another version than before is the proof, whatever was said on the way.
BOOTED = """
    update firmware_updates f set ended_at = b.at, outcome = 'installed'
    from unnest($1::text[], $2::text[], $3::timestamptz[]) as b (station, firmware, at)
    where f.station = b.station and f.ended_at is null and not f.published and b.firmware is not null
      and f.from_version is not null and f.from_version <> b.firmware
"""

LIST = """
    select * from firmware_updates
    where station = $1 and ($2::timestamptz is null or (asked_at, id) < ($2, $3::uuid))
    order by asked_at desc, id desc limit $4
"""

HISTORY = """
    select * from progress where station = $1 and what in ('firmware', 'publish') and received_at >= $2
    order by received_at, seq limit 1000
"""


def outcome_of(status: str) -> str | None:
    return "installed" if status in DONE else "failed" if status in FAILED else None


async def ask(
    conn: Conn, station: str, asked: UpdateFirmware | PublishFirmware, at: datetime, seq: int
) -> None:
    """The station has agreed to fetch it; an older update is given up for it (2.0.1 L01.FR.24)."""
    published = isinstance(asked, PublishFirmware)
    signed = isinstance(asked, UpdateFirmware) and asked.signature is not None
    await conn.execute(SUPERSEDE, station, at, published)
    await conn.execute(
        ASK, record_id("firmware", station, seq), station, asked.request_id, asked.url, signed, published, at, seq
    )


async def follow(conn: Conn, heards: Sequence[Heard[ProgressNoted]]) -> None:
    rows = [
        (h.station, h.said.request_id, h.said.status, h.received_at, outcome_of(h.said.status),
         h.said.what == "publish")
        for h in heards if h.said.what in ("firmware", "publish") and h.said.status != "Idle"
    ]
    if rows:
        await conn.execute(FOLLOW, *(list(column) for column in zip(*rows, strict=True)))


async def note_boots(conn: Conn, heards: Sequence[Heard[Booted]]) -> None:
    rows = [(h.station, h.said.firmware, h.received_at) for h in heards]
    await conn.execute(BOOTED, *(list(column) for column in zip(*rows, strict=True)))


async def listing(
    conn: Conn, station: str, *, after: tuple[datetime, str] | None = None, limit: int = 100
) -> list[Row]:
    return list(await conn.fetch(LIST, station, *(after or (None, None)), limit))


async def history(conn: Conn, station: str, since: datetime) -> list[Row]:
    """Every status of firmware told since a time."""
    return list(await conn.fetch(HISTORY, station, since))
