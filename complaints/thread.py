"""A case's thread: typed entries, each chained to the one before by SHA-256. `state` is written only here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import orjson

from complaints import deadlines
from complaints.outbound import outbox, words
from complaints.states import MOVES, NotAllowedIn, after
from csms.errors import NotFound
from csms.kit.db import Conn, Row

Audience = Literal["customer", "staff", "internal"]
"""Who may read it: the customer too, all staff, or only supervisors, auditors and admins."""

TIMELESS = ("note", "evidence", "assessment", "command_settled", "command_refused", "effect", "deadline", "reminder")
"""Entries that no clock waits for, unless they move the state."""

CUSTOMER = "customer"
SYSTEM = "ohmbudsman"
"""The author of what nobody wrote by hand."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry to be added. `move` is what it does to the state; `key` makes it be written once only."""

    type: str
    author: str
    text: str = ""
    audience: Audience = "staff"
    body: Mapping[str, Any] = field(default_factory=dict)
    move: str | None = None
    key: str | None = None
    silent: bool = False
    """The customer hears of it by what comes at once after."""


@dataclass(frozen=True, slots=True)
class Entry:
    complaint: str
    seq: int
    at: datetime
    type: str
    author: str
    audience: str
    text: str
    body: Mapping[str, Any]
    key: str | None
    prev_hash: bytes
    hash: bytes


def sealed(entry: Entry) -> bytes:
    """Everything the entry says, as the bytes that are hashed."""
    said = {
        "complaint": entry.complaint, "seq": entry.seq, "at": entry.at, "type": entry.type, "author": entry.author,
        "audience": entry.audience, "text": entry.text, "body": entry.body, "key": entry.key,
    }
    return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)


def chain_hash(entry: Entry) -> bytes:
    """SHA-256 over the hash before and everything the entry says."""
    return hashlib.sha256(entry.prev_hash + sealed(entry)).digest()


def remains(entry: Entry) -> str:
    """Hash of what is left of an entry once a person's words were taken out of it."""
    return hashlib.sha256(entry.hash + sealed(entry)).hexdigest()


def redacted(entries: list[Entry]) -> dict[int, str]:
    """Entries that words were taken out of, as the chained entry that did so names them: seq -> what remains."""
    named = [dict(e.body["redacted"]) for e in entries if e.type == "pseudonymised" and chain_hash(e) == e.hash]
    return {int(seq): str(left) for one in named for seq, left in one.items()}


def first_broken(entries: list[Entry], head: bytes) -> int | None:
    """The seq of the first entry that was altered, removed or inserted; None when the chain is whole."""
    previous, taken = bytes(32), redacted(entries)
    for seq, entry in enumerate(entries, 1):
        fits = chain_hash(entry) == entry.hash or taken.get(seq) == remains(entry)
        if entry.seq != seq or entry.prev_hash != previous or not fits:
            return seq
        previous = entry.hash
    return None if previous == head else len(entries) + 1


# --- rows -------------------------------------------------------------------------------------

HEAD = "select state, seq, hash from complaints where number = $1 for update"
FOR_WORDS = """
    select c.language, c.zone, d.due_at from complaints c
    left join deadlines d on d.complaint = c.number and d.round = c.round and d.kind = 'resolve'
    where c.number = $1
"""
WRITTEN = "select 1 from entries where complaint = $1 and key = $2"
ADD = """
    insert into entries (complaint, seq, at, type, author, audience, text, body, key, prev_hash, hash)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
ADVANCE = """
    update complaints set seq = $2, hash = $3, updated_at = $4, state = $5, round = round + $6,
        word_at = case when $8::boolean then $4 else word_at end, priority_at = null
    where number = $1 and seq = $2 - 1 and state = any($7::text[]) returning number
"""


async def add(conn: Conn, number: str, draft: Draft, now: datetime) -> Entry | None:
    """Append to the thread, moving the state where the draft says so.

    None when an entry with this key is there already. Raises NotFound, NotAllowedIn.
    """
    head = await conn.fetchrow(HEAD, number)
    if head is None:
        raise NotFound(f"there is no complaint {number}")
    if draft.key and await conn.fetchval(WRITTEN, number, draft.key):
        return None
    state = after(draft.move, head["state"]) if draft.move else head["state"]
    entry = _entry(number, draft, head, state, now)
    await conn.execute(ADD, *(getattr(entry, name) for name in Entry.__slots__))
    allowed = MOVES[draft.move].sources if draft.move else (head["state"],)
    rounds = MOVES[draft.move].rounds if draft.move else 0
    moved = (number, entry.seq, entry.hash, now, state, rounds, list(allowed), _is_word(entry))
    if not await conn.fetchval(ADVANCE, *moved):
        raise NotAllowedIn(draft.move or draft.type, head["state"])
    if draft.move or draft.type not in TIMELESS:
        await deadlines.settle(conn, number, now)
    await _tell(conn, number, draft, entry, now)
    return entry


def _is_word(entry: Entry) -> bool:
    """Something of ours that the customer hears. His own filing counts: from then on he waits."""
    return entry.audience == "customer" and (entry.author != CUSTOMER or entry.type == "filed")


async def _tell(conn: Conn, number: str, draft: Draft, entry: Entry, now: datetime) -> None:
    """The customer hears at every change: what is meant for him goes out, a move is told in words of ours."""
    if _is_word(entry) and entry.type not in ("filed", "confirmation"):
        policy = await deadlines.policy_now(conn, now)
        situation = str(entry.body.get("cause") or entry.type)
        await outbox.to_customer(conn, number, entry.seq, situation, entry.text, now, policy.settle_for)
    elif draft.move is not None and draft.move in words.AFTER_MOVE and not draft.silent:
        row = await conn.fetchrow(FOR_WORDS, number)
        said = words.after_move(
            draft.move, number=number, language=row["language"], due_at=_ahead(row["due_at"], now), zone=row["zone"],
            policy=await deadlines.policy_now(conn, now),
        )
        if said:
            await add(conn, number, Draft("message", SYSTEM, said[1], "customer", {"cause": said[0]}), now)


def _ahead(at: datetime | None, now: datetime) -> datetime | None:
    return at if at and at > now else None


def _entry(number: str, draft: Draft, head: Row, state: str, now: datetime) -> Entry:
    body: dict[str, Any] = dict(draft.body)
    if state != head["state"]:
        body |= {"from": head["state"], "to": state}
    # Through JSON and back, so that what is hashed is what the database will give back.
    body = orjson.loads(orjson.dumps(body, default=str))
    unsealed = Entry(
        number, head["seq"] + 1, now, draft.type, draft.author, draft.audience, draft.text, body, draft.key,
        bytes(head["hash"]), b"",
    )
    values = {name: getattr(unsealed, name) for name in Entry.__slots__}
    return Entry(**values | {"hash": chain_hash(unsealed)})


THREAD = """
    select complaint, seq, at, type, author, audience, text, body, key, prev_hash, hash
    from entries where complaint = $1 order by seq
"""
CHAIN_HEAD = "select hash from complaints where number = $1"


async def read(conn: Conn, number: str) -> list[Entry]:
    """The whole thread, oldest first."""
    return [Entry(**dict(row)) for row in await conn.fetch(THREAD, number)]


async def verify(conn: Conn, number: str) -> int | None:
    """Walk the chain: the seq of the first broken entry, or None."""
    head = await conn.fetchval(CHAIN_HEAD, number)
    if head is None:
        raise NotFound(f"there is no complaint {number}")
    return first_broken(await read(conn, number), head)
