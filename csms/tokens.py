"""Tokens: cards and app identities, and what we answer when one is presented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from csms.kit.db import Conn, Row
from csms.vocabulary import Authorization
from csms.vocabulary.heard import Heard

OUR_START_COUNTS = timedelta(minutes=30)
"""A start asked for by our own command authorises its token for this long: the car may come late."""

STATUSES = "select token, status, parent, expires_at from tokens where token = any($1::text[])"

ASKED_BY_US = """
    select distinct station, token from commands
    where station = any($1::text[]) and kind = 'start' and token = any($2::text[]) and requested_at > $3
"""

KEEP = """
    insert into authorizations (station, at, token, status, seq)
    select * from unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::bigint[]) on conflict do nothing
"""

BETWEEN = "select * from authorizations where station = $1 and at >= $2 and at < $3 order by at, seq"

PUT = """
    insert into tokens (token, status, type, parent, expires_at, customer) values ($1, $2, $3, $4, $5, $6)
    on conflict (token) do update set status = excluded.status, type = excluded.type, parent = excluded.parent,
        expires_at = excluded.expires_at, customer = excluded.customer, updated_at = now()
    returning (xmax = 0) as created
"""

OF_CUSTOMERS = "select token from tokens where customer = any($1::text[]) order by token limit 50"

LIST = "select * from tokens where token > $1 order by token limit $2"


@dataclass(frozen=True, slots=True)
class Standing:
    """What is said of a token, in 2.0.1's words."""

    status: str
    parent: str | None = None
    expires_at: datetime | None = None


NOWHERE = Standing("Invalid")
"""At a station that nobody has admitted no token is good, and none is told to be one."""


def judge(row: Mapping[str, Any] | None, *, asked_by_us: bool, accept_unknown: bool, now: datetime) -> Standing:
    """A block stands whoever asked; an unknown token is as good as the policy or our own command makes it."""
    if row is None:
        return Standing("Accepted" if asked_by_us or accept_unknown else "Invalid")
    expired = row["expires_at"] is not None and row["expires_at"] <= now
    status = "Expired" if expired and row["status"] == "Accepted" else row["status"]
    return Standing(status, row["parent"], row["expires_at"])


async def standings(
    conn: Conn, presented: Sequence[tuple[str, str]], *, accept_unknown: bool, now: datetime
) -> dict[tuple[str, str], Standing]:
    """(station, token) -> its standing."""
    if not presented:
        return {}
    stations, tokens = [s for s, _ in presented], [t for _, t in presented]
    rows = {row["token"]: row for row in await conn.fetch(STATUSES, tokens)}
    ours = {(r["station"], r["token"]) for r in await conn.fetch(ASKED_BY_US, stations, tokens, now - OUR_START_COUNTS)}
    return {
        (station, token): judge(
            rows.get(token), asked_by_us=(station, token) in ours, accept_unknown=accept_unknown, now=now
        )
        for station, token in presented
    }


async def keep(conn: Conn, presented: Sequence[tuple[Heard[Any], str, str]]) -> None:
    """(message, token, status answered)."""
    if presented:
        rows = [(h.station, h.received_at, token, status, h.seq) for h, token, status in presented]
        await conn.execute(KEEP, *zip(*rows, strict=True))


async def authorizations_between(conn: Conn, station: str, since: datetime, until: datetime) -> list[Authorization]:
    return [
        Authorization(row["at"], row["token"], row["status"], f"{station}:{row['seq']}")
        for row in await conn.fetch(BETWEEN, station, since, until)
    ]


async def put(conn: Conn, token: str, fields: Mapping[str, Any]) -> bool:
    """True when new."""
    created: bool = await conn.fetchval(
        PUT, token, fields["status"], fields.get("type"), fields.get("parent"), fields.get("expires_at"),
        fields.get("customer"),
    )
    return created


async def listing(conn: Conn, *, after: str = "", limit: int = 100) -> list[Row]:
    return list(await conn.fetch(LIST, after, limit))


async def of_customers(conn: Conn, customers: Sequence[str]) -> list[str]:
    """Tokens that were entered for these customers."""
    return [row["token"] for row in await conn.fetch(OF_CUSTOMERS, list(customers))]
