"""The outbox as rows: queued in the transaction of what they tell of, claimed before anything leaves, then ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from csms.kit.clock import iso
from csms.kit.db import Conn, Row

COLUMNS = """id, key, complaint, entry, whom, recipient, channel, address, zone, language, situation, subject, body,
    payload, urgent, state, batch, attempts, created_at, not_before, claimed_at, ended_at, error"""

# A customer is reached where he wrote from, else by mail, else by text message. Who left no address reads his page.
TO_CUSTOMER = """
    insert into outbox (key, complaint, entry, whom, channel, address, zone, language, situation, body, urgent,
        created_at, not_before)
    select 'entry:' || number || ':' || $2::int, number, $2, 'customer',
        case when account is not null and channel in ('wechat', 'app', 'platform', 'social') then 'hook:' || channel
            when customer_email is not null then 'email' else 'sms' end,
        case when account is not null and channel in ('wechat', 'app', 'platform', 'social') then account
            else coalesce(customer_email, customer_phone) end,
        zone, language, $3, $4, level = 1, $5, $5::timestamptz + $6::interval
    from complaints
    where number = $1 and not pseudonymous
        and (customer_email is not null or customer_phone is not null
            or (account is not null and channel in ('wechat', 'app', 'platform', 'social')))
    on conflict (key) do nothing
"""
TO_STAFF = """
    insert into outbox (key, complaint, whom, recipient, channel, address, zone, situation, subject, body, urgent,
        created_at, not_before)
    select $1, $2, 'staff', u.name, 'staff', p.notify, p.zone, $4, $5, $6, $7, $8, $8
    from users u left join people p using (name) where u.name = $3 and u.active
    on conflict (key) do nothing returning id
"""
TO_HOOK = """
    insert into outbox (key, complaint, whom, channel, situation, body, payload, urgent, created_at, not_before)
    values ($1, $2, 'hook', 'hook:' || $3::text, $4, '', $5, true, $6, $6)
    on conflict (key) do nothing returning id
"""
NEXT = f"""
    select {COLUMNS} from outbox where state = 'queued' and not_before <= $1
    order by urgent desc, not_before, id limit 1 for update skip locked
"""
# All that waits for the same person about the same case goes out as one message; a retry repeats exactly that.
CLAIM = f"""
    update outbox set state = 'sending', claimed_at = $2, attempts = attempts + 1, batch = coalesce(batch, $3)
    where state = 'queued' and (id = $1 or batch = $3
        or (batch is null and $6::text is null and whom = 'customer' and complaint = $4 and address = $5
            and created_at <= $2))
    returning {COLUMNS}
"""
WAIT = "update outbox set not_before = $2 where id = $1 and state = 'queued'"
END = """
    update outbox set state = $2, ended_at = $3, error = $4 where batch = $1 and state = 'sending' returning id
"""
RETRY = """
    update outbox set state = 'queued', not_before = $2, error = $3 where batch = $1 and state = 'sending'
"""
LEFT_SENDING = f"select {COLUMNS} from outbox where state = 'sending' and claimed_at < $1 order by id limit 100"
OF_CASE = f"select {COLUMNS} from outbox where complaint = $1 order by id"
FOR_STAFF = f"select {COLUMNS} from outbox where whom = 'staff' and recipient = $1 order by id desc limit $2"
AGAIN = """
    update outbox set state = 'queued', not_before = $2, attempts = 0, error = null
    where batch = (select batch from outbox where id = $1) and state in ('unclear', 'failed', 'no_channel')
    returning id
"""
CANCEL = "update outbox set state = 'cancelled', ended_at = $2 where complaint = $1 and state = 'queued'"


@dataclass(frozen=True, slots=True)
class Queued:
    """A row of the outbox."""

    id: int
    key: str
    complaint: str | None
    entry: int | None
    whom: str
    recipient: str | None
    channel: str
    address: str | None
    zone: str | None
    language: str
    situation: str
    subject: str
    body: str
    payload: Mapping[str, Any] | None
    urgent: bool
    state: str
    batch: str | None
    attempts: int
    created_at: datetime
    not_before: datetime
    claimed_at: datetime | None
    ended_at: datetime | None
    error: str | None


def _row(row: Row) -> Queued:
    return Queued(**dict(row))


async def to_customer(
    conn: Conn, number: str, entry: int, situation: str, text: str, now: datetime, settle_for: timedelta
) -> None:
    """What an entry says to the customer, to go out where he can be reached."""
    await conn.execute(TO_CUSTOMER, number, entry, situation, text, now, settle_for)


async def to_staff(
    conn: Conn, key: str, name: str, *, complaint: str | None, situation: str, subject: str, body: str,
    urgent: bool, now: datetime,
) -> bool:
    """True when it is new: the same key is told once only."""
    return bool(await conn.fetchval(TO_STAFF, key, complaint, name, situation, subject, body, urgent, now))


async def to_hook(
    conn: Conn, key: str, hook: str, *, complaint: str | None, situation: str, payload: Mapping[str, Any],
    now: datetime,
) -> bool:
    return bool(await conn.fetchval(TO_HOOK, key, complaint, hook, situation, dict(payload), now))


async def next_due(conn: Conn, now: datetime) -> Queued | None:
    row = await conn.fetchrow(NEXT, now)
    return _row(row) if row else None


async def claim(conn: Conn, leader: Queued, now: datetime) -> list[Queued]:
    """Mark what goes out together as on its way; committed before anything leaves."""
    name = leader.batch or leader.key
    rows = await conn.fetch(CLAIM, leader.id, now, name, leader.complaint, leader.address, leader.batch)
    return sorted((_row(row) for row in rows), key=lambda one: one.id)


async def wait(conn: Conn, id: int, until: datetime) -> None:
    await conn.execute(WAIT, id, until)


async def end(conn: Conn, batch: str, state: str, now: datetime, error: str | None = None) -> None:
    await conn.fetch(END, batch, state, now, error)


async def retry(conn: Conn, batch: str, at: datetime, error: str) -> None:
    await conn.execute(RETRY, batch, at, error)


async def left_sending(conn: Conn, before: datetime) -> list[Queued]:
    """What somebody claimed and never ended: he died in between."""
    return [_row(row) for row in await conn.fetch(LEFT_SENDING, before)]


async def of_case(conn: Conn, number: str) -> list[Queued]:
    return [_row(row) for row in await conn.fetch(OF_CASE, number)]


async def for_staff(conn: Conn, name: str, limit: int = 50) -> list[Queued]:
    """A person's notices, newest first."""
    return [_row(row) for row in await conn.fetch(FOR_STAFF, name, limit)]


async def again(conn: Conn, id: int, now: datetime) -> bool:
    """Send once more what may not have gone out: a person's decision. False when it is not in doubt."""
    return bool(await conn.fetch(AGAIN, id, now))


def queued_json(row: Queued) -> dict[str, Any]:
    return {
        "id": row.id, "complaint": row.complaint, "whom": row.whom, "recipient": row.recipient,
        "channel": row.channel, "situation": row.situation, "subject": row.subject, "text": row.body,
        "state": row.state, "attempts": row.attempts, "created_at": iso(row.created_at),
        "not_before": iso(row.not_before), "ended_at": iso(row.ended_at) if row.ended_at else None,
        "error": row.error,
    }


def together(rows: Sequence[Queued]) -> str:
    """The words of one outgoing message."""
    return "\n\n".join(dict.fromkeys(row.body for row in rows))
