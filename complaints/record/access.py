"""Who looked at a customer's data, when, and forgetting customers while their cases and proofs stay."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from complaints import cases, thread
from complaints.cases import Case
from complaints.states import ENDED
from complaints.thread import Draft, Entry
from csms.errors import Conflict
from csms.kit.clock import iso
from csms.kit.db import Conn

LOG = "insert into access_log (at, who, role, complaint, what, masked) values ($1, $2, $3, $4, $5, $6)"
LOOKED = """
    select at, who, role, complaint, what, masked from access_log
    where ($1::text is null or complaint = $1) and ($2::text is null or who = $2) order by id desc limit $3
"""


@dataclass(frozen=True, slots=True)
class Class:
    """How long a kind of data is kept after a case has ended."""

    name: str
    what: str
    keep: timedelta


RETENTION: tuple[Class, ...] = (
    Class("personal", "name, phone, mail, account, card, plate, and the words and files of the customer",
          timedelta(days=3 * 365)),
    Class("record", "the case, its thread and its proofs, without whom it was about", timedelta(days=10 * 365)),
    Class("frames", "raw frames that are no case's evidence; kept by csms's own partitions", timedelta(days=365)),
)


async def note(conn: Conn, who: str, role: str, number: str, what: str, now: datetime, *, masked: bool) -> None:
    await conn.execute(LOG, now, who, role, number, what, masked)


async def looked(
    conn: Conn, *, number: str | None = None, who: str | None = None, limit: int = 200
) -> list[dict[str, Any]]:
    return [dict(row) | {"at": iso(row["at"])} for row in await conn.fetch(LOOKED, number, who, limit)]


# --- forgetting -------------------------------------------------------------------------------

FORGET = """
    update complaints set customer_name = null, customer_phone = null, customer_email = null, customer_token = null,
        customer_plate = null, account = null, text = $2, expectation = null, pseudonymous = true,
        tracking = tracking || '-ended'
    where number = $1 and not pseudonymous returning number
"""
REDACT = "update entries set text = '', body = $3 where complaint = $1 and seq = $2"
SPOKEN = ("filed", "message", "rejection", "confirmation", "correction", "survey", "question", "call", "note")
"""Entries that may hold a person's words or names."""
DROP_FILES = "delete from attachments where complaint = $1"
SAME_PERSON = """
    select number from complaints
    where not pseudonymous and (customer_phone = $1 or customer_email = $2 or customer_token = $3 or account = $4)
    order by number
"""
OLD = """
    select number from complaints
    where not pseudonymous and state = any($1::text[]) and updated_at < $2 order by number limit 100
"""
GONE = "(removed: personal data)"


async def cases_of(conn: Conn, case: Case) -> list[str]:
    """All cases of the same person."""
    rows = await conn.fetch(SAME_PERSON, case.customer_phone, case.customer_email, case.customer_token, case.account)
    return [row["number"] for row in rows] or [case.number]


async def forget(conn: Conn, number: str, by: str, reason: str, now: datetime) -> None:
    """Take the person out of an ended case. Numbers, times, proofs, money and verdict stay. Raises Conflict."""
    case = await cases.locked(conn, number)
    if case.state not in ENDED:
        raise Conflict(f"{number} is {case.state}: its customer is still needed")
    if not await conn.fetchval(FORGET, number, GONE):
        return
    taken = {}
    for entry in await thread.read(conn, number):
        if entry.type in SPOKEN or entry.author == thread.CUSTOMER:
            left = replace(entry, text="", body=_without_names(entry))
            await conn.execute(REDACT, number, entry.seq, dict(left.body))
            taken[str(entry.seq)] = thread.remains(left)
    await conn.execute(DROP_FILES, number)
    # Chained itself, it answers for what no longer fits its own hash.
    await thread.add(conn, number, Draft("pseudonymised", by, reason, body={"redacted": taken}), now)


def _without_names(entry: Entry) -> dict[str, Any]:
    """What an entry did to the case stays; whom it names goes."""
    kept = {k: v for k, v in entry.body.items() if k not in ("attachments", "demand")}
    for part in ("before", "after"):
        if isinstance(kept.get(part), dict):
            kept[part] = {k: v for k, v in kept[part].items() if not k.startswith("customer_")}
    return kept


async def forget_person(conn: Conn, number: str, by: str, reason: str, now: datetime) -> list[str]:
    """All cases of the person behind this one. Raises Conflict while one of them is open."""
    numbers = await cases_of(conn, await cases.get(conn, number))
    for one in numbers:
        await forget(conn, one, by, reason, now)
    return numbers


async def forget_old(conn: Conn, now: datetime) -> Sequence[str]:
    """What the retention class of personal data has outlived."""
    rows = await conn.fetch(OLD, list(ENDED), now - RETENTION[0].keep)
    for row in rows:
        await forget(conn, row["number"], thread.SYSTEM, f"retention: {RETENTION[0].keep.days} days", now)
    return [row["number"] for row in rows]


SECRETS = re.compile(
    r"(?i)(pass(word|wd)?|pwd|secret|token|api[_-]?key|密码|口令|密鑰|密钥)\s*(is|为|是|[:=:])\s*\S{4,}"
    r"|\bohm_[A-Za-z0-9_-]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\beyJ[\w-]{10,}\.[\w-]{10,}\."
)


def secrets_in(text: str) -> list[str]:
    """Passages that look like a password or key: they have no place in an article. Pure."""
    return [found.group()[:12] + "..." for found in SECRETS.finditer(text)]
