"""A chain over the heads of all threads: once a day, signed, also in a file that somebody else keeps.

An entry that is altered breaks its case's chain; a case whose whole chain was written anew, or that was deleted,
no longer fits the head that vouched for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from complaints import thread
from csms.kit.clock import iso
from csms.kit.db import Conn, Row

LAST = "select n, hash, at from desk_heads order by n desc limit 1"
LOCK = "select pg_advisory_xact_lock(842101)"
GROWN = """
    select c.number, c.seq, c.hash from complaints c
    where c.seq > coalesce(
        (select m.seq from desk_head_members m where m.complaint = c.number order by m.head desc limit 1), 0)
    order by c.number
"""
ADD = """
    insert into desk_heads (n, at, cases, digest, prev_hash, hash, signature, public_key)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
VOUCH = """
    insert into desk_head_members (head, complaint, seq, hash)
    select $1, * from unnest($2::text[], $3::int[], $4::bytea[])
"""
HEADS = "select n, at, cases, digest, prev_hash, hash, signature, public_key from desk_heads order by n"
MEMBERS = "select complaint as number, seq, hash from desk_head_members where head = $1 order by complaint"
ENTRY = "select hash from entries where complaint = $1 and seq = $2"
NUMBERS = "select number from complaints order by number"

NEWEST = "select n, at, cases, hash, signature is not null as signed from desk_heads order by n desc limit $1"


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that no longer fits."""

    what: str
    why: str


def digest_of(rows: Sequence[Row]) -> bytes:
    """Over every case that grew, its length and its newest hash."""
    said = b"".join(f"{r['number']}:{r['seq']}:".encode() + bytes(r["hash"]) + b"\n" for r in rows)
    return hashlib.sha256(said).digest()


def head_hash(n: int, at: datetime, digest: bytes, previous: bytes) -> bytes:
    return hashlib.sha256(previous + f"{n}:{iso(at)}:".encode() + digest).digest()


def key_in(path: Path) -> Ed25519PrivateKey:
    """The key that signs heads, made at first use. Who holds its public half can check without us."""
    if path.exists():
        return Ed25519PrivateKey.from_private_bytes(path.read_bytes())
    made = Ed25519PrivateKey.generate()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(made.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))
    return made


async def make_head(conn: Conn, now: datetime, key: Ed25519PrivateKey | None, folder: Path | None = None) -> int:
    """A new head, also as a file in `folder`. Runs in its caller's transaction."""
    await conn.execute(LOCK)
    last = await conn.fetchrow(LAST)
    n, previous = (last["n"] + 1, bytes(last["hash"])) if last else (1, bytes(32))
    rows = await conn.fetch(GROWN)
    digest = digest_of(rows)
    hashed = head_hash(n, now, digest, previous)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw) if key else None
    signature = key.sign(hashed) if key else None
    await conn.execute(ADD, n, now, len(rows), digest, previous, hashed, signature, public)
    await conn.execute(VOUCH, n, [r["number"] for r in rows], [r["seq"] for r in rows], [r["hash"] for r in rows])
    if folder is not None:
        _write(folder, {
            "n": n, "at": iso(now), "cases": len(rows), "digest": digest.hex(), "prev_hash": previous.hex(),
            "hash": hashed.hex(), "signature": signature.hex() if signature else None,
            "public_key": public.hex() if public else None,
        })
    return n


def _write(folder: Path, head: dict[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"head-{head['n']:06d}.json").write_bytes(orjson.dumps(head, option=orjson.OPT_INDENT_2) + b"\n")


async def due(conn: Conn, now: datetime) -> bool:
    """Once a day."""
    last = await conn.fetchrow(LAST)
    return last is None or last["at"].date() < now.date()


async def listed(conn: Conn, limit: int) -> list[dict[str, object]]:
    """The newest heads, for a page."""
    return [dict(row) | {"hash": bytes(row["hash"]).hex()} for row in await conn.fetch(NEWEST, limit)]


async def verify_all(conn: Conn, folder: Path | None = None) -> tuple[int, list[Broken]]:
    """(threads checked, what no longer fits): every thread, every head, and the files kept elsewhere."""
    broken: list[Broken] = []
    numbers = [row["number"] for row in await conn.fetch(NUMBERS)]
    for number in numbers:
        if (seq := await thread.verify(conn, number)) is not None:
            broken.append(Broken(number, f"entry {seq} was altered, removed or inserted"))
    broken += await _heads(conn, folder)
    return len(numbers), broken


async def _heads(conn: Conn, folder: Path | None) -> list[Broken]:
    broken: list[Broken] = []
    previous = bytes(32)
    for expected, head in enumerate(await conn.fetch(HEADS), 1):
        name = f"head {head['n']}"
        rows = await conn.fetch(MEMBERS, head["n"])
        hashed = head_hash(head["n"], head["at"], digest_of(rows), previous)
        if head["n"] != expected or bytes(head["prev_hash"]) != previous or bytes(head["hash"]) != hashed:
            broken.append(Broken(name, "was altered, or one before it is missing"))
        if not _signed(head):
            broken.append(Broken(name, "its signature does not fit"))
        broken += [b for b in [_filed(head, folder)] if b]
        for row in rows:
            found = await conn.fetchval(ENTRY, row["number"], row["seq"])
            if found is None or bytes(found) != bytes(row["hash"]):
                broken.append(Broken(row["number"], f"entry {row['seq']} is not the one that {name} vouches for"))
        previous = bytes(head["hash"])
    return broken


def _signed(head: Row) -> bool:
    if head["signature"] is None:
        return True
    try:
        Ed25519PublicKey.from_public_bytes(bytes(head["public_key"])).verify(
            bytes(head["signature"]), bytes(head["hash"])
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def _filed(head: Row, folder: Path | None) -> Broken | None:
    """The file says the same; one that is missing is not our doing."""
    path = folder / f"head-{head['n']:06d}.json" if folder else None
    if path is None or not path.exists():
        return None
    same = orjson.loads(path.read_bytes())["hash"] == bytes(head["hash"]).hex()
    return None if same else Broken(f"head {head['n']}", f"differs from {path.name}")
