"""Attachments: what a customer sends with his complaint. Sniffed, bounded, stripped of metadata, hashed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import uuid
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

import puremagic
from PIL import Image, ImageOps, UnidentifiedImageError

from complaints.intake.form import AttachmentIn
from csms.errors import BadInput, NotFound
from csms.kit.db import Conn

LARGEST = 10 * 1024 * 1024
MOST_PIXELS = 60_000_000

IMAGES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
OTHERS = {
    "application/pdf": "application/pdf",
    "audio/mpeg": "audio/mpeg", "audio/mp4": "audio/mp4", "audio/wave": "audio/wav", "audio/x-wav": "audio/wav",
    "audio/ogg": "audio/ogg", "audio/amr": "audio/amr", "audio/aac": "audio/aac",
    "video/mp4": "video/mp4", "video/quicktime": "video/quicktime", "video/webm": "video/webm",
    "video/3gpp": "video/3gpp",
}
AMR = b"#!AMR"
ALLOWED = "a picture (JPEG, PNG, WebP, GIF), a sound, a video or a PDF"


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as it arrived."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """A file as it is kept. `sent_sha256` is of the bytes as they arrived, metadata included."""

    id: str
    name: str
    mime: str
    content: bytes
    sha256: str
    sent_sha256: str


def from_json(given: Sequence[AttachmentIn]) -> list[Sent]:
    """Files from base64. Raises BadInput naming `attachments[n].content`."""
    return [Sent(one.name or f"attachment-{n + 1}", _decoded(one.content, n)) for n, one in enumerate(given)]


def _decoded(content: str, n: int) -> bytes:
    text = content.partition(",")[2] if content.startswith("data:") else content
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        raise BadInput(f"attachments[{n}].content", "must be the file in base64") from None


def inspect(files: Sequence[Sent], *, largest: int = LARGEST) -> list[Kept]:
    """Sniff, bound and strip each. Decodes pictures: run it off the event loop. Raises BadInput `attachments[n]`."""
    return [_inspect(file, f"attachments[{n}]", largest) for n, file in enumerate(files)]


def _inspect(file: Sent, field: str, largest: int) -> Kept:
    if not file.content:
        raise BadInput(field, "is empty")
    if len(file.content) > largest:
        raise BadInput(field, f"has {len(file.content):,} bytes, at most {largest:,} are taken")
    mime, content = _picture(file.content, field) or (_sniffed(file.content), file.content)
    if mime is None:
        raise BadInput(field, f"must be {ALLOWED}")
    name = _storable_name(file.name)
    return Kept(str(uuid.uuid4()), name, mime, content, _sha256(content), _sha256(file.content))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _storable_name(name: str) -> str:
    """Only the last part of a path, without control characters."""
    last = PurePath(name.replace("\\", "/")).name
    return "".join(char for char in last if char.isprintable())[:150] or "attachment"


def _picture(content: bytes, field: str) -> tuple[str, bytes] | None:
    """(mime, picture without metadata), or None when it is no picture at all.

    Encoding anew drops EXIF (where the phone was), comments, and whatever hides behind the picture.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # bounded by MOST_PIXELS below
            picture = Image.open(io.BytesIO(content), formats=list(IMAGES))
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return None
    with picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise BadInput(field, f"has more than {MOST_PIXELS:,} pixels")
        try:
            return _encoded(picture)
        except (OSError, ValueError, SyntaxError):
            raise BadInput(field, "is a damaged picture") from None


def _encoded(picture: Image.Image) -> tuple[str, bytes]:
    kind = picture.format or "PNG"
    upright = ImageOps.exif_transpose(picture)
    clean = Image.new(upright.mode, upright.size)
    clean.paste(upright)
    if upright.mode == "P" and (palette := upright.getpalette()):
        clean.putpalette(palette)
    out = io.BytesIO()
    kind = "PNG" if kind == "GIF" else kind
    clean.save(out, kind, **({"quality": 90} if kind in ("JPEG", "WEBP") else {}))
    return IMAGES[kind], out.getvalue()


def _sniffed(content: bytes) -> str | None:
    """The type by its first bytes; the name and what the sender claims count for nothing."""
    if content.startswith(AMR):
        return "audio/amr"
    try:
        matches = puremagic.magic_string(content)
    except (puremagic.PureError, ValueError):
        return None
    return next((OTHERS[m.mime_type] for m in matches if m.mime_type in OTHERS), None)


# --- rows -------------------------------------------------------------------------------------

KEEP = """
    insert into attachments (id, complaint, entry, name, mime, bytes, sha256, sent_sha256, content)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
ONE = """
    select id::text, name, mime, content, sha256, sent_sha256 from attachments where complaint = $1 and id = $2
"""

KEEP_FOR_ORDER = """
    insert into work_order_files (id, work_order, name, mime, bytes, sha256, sent_sha256, content)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
OF_ORDER = """
    select id::text, name, mime, content, sha256, sent_sha256 from work_order_files where work_order = $1 and id = $2
"""


async def keep(conn: Conn, number: str, entry: int, files: Sequence[Kept]) -> None:
    """Store the files of one entry, which names them with their hashes."""
    await conn.executemany(
        KEEP,
        [(f.id, number, entry, f.name, f.mime, len(f.content), f.sha256, f.sent_sha256, f.content) for f in files],
    )


async def keep_for_order(conn: Conn, order: int, files: Sequence[Kept]) -> None:
    """Photos of a work order that belongs to no case."""
    await conn.executemany(KEEP_FOR_ORDER, [
        (f.id, order, f.name, f.mime, len(f.content), f.sha256, f.sent_sha256, f.content) for f in files
    ])


async def one(conn: Conn, number: str, id: str) -> Kept:
    """Raises NotFound."""
    return await _kept(conn, ONE, number, id)


async def of_order(conn: Conn, order: int, id: str) -> Kept:
    """Raises NotFound."""
    return await _kept(conn, OF_ORDER, order, id)


async def _kept(conn: Conn, statement: str, belongs: str | int, id: str) -> Kept:
    try:
        row = await conn.fetchrow(statement, belongs, uuid.UUID(id))
    except ValueError:
        row = None
    if row is None:
        raise NotFound("there is no such attachment")
    return Kept(**dict(row))


def named(files: Sequence[Kept]) -> list[dict[str, object]]:
    """How an entry names its files."""
    return [{"id": f.id, "name": f.name, "mime": f.mime, "bytes": len(f.content), "sha256": f.sha256} for f in files]
