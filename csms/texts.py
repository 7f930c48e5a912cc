"""The words in a log: from text, zip and gzip, within limits, whatever the file may be up to. Nothing is unpacked."""

from __future__ import annotations

import gzip
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

LARGEST_TEXT = 4 * 1024 * 1024
"""Bytes of text taken from one file, however much is packed into it."""
MOST_MEMBERS = 200
LARGEST_DIRECTORY = 1024 * 1024
"""Of a zip's list of members: it is read as a whole, and made by somebody else."""

ZIP, GZIP, ZIP_END = b"PK\x03\x04", b"\x1f\x8b", b"PK\x05\x06"
PLAIN = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
BROKEN = (
    OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError, struct.error,
)
UNFIT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def read(path: Path, *, largest: int = LARGEST_TEXT) -> tuple[str, bool]:
    """(text, whether that is all of it); empty where there is none to be read."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
            file.seek(0)
            parts = _unpacked(file, start, path.stat().st_size)
            return _joined(parts, largest)
    except BROKEN:
        return "", False


def _unpacked(file: IO[bytes], start: bytes, size: int) -> Iterator[tuple[str, IO[bytes]]]:
    """(name of the member, what it holds): opened one after another, never extracted to a path."""
    if start == ZIP:
        if _directory_size(file, size) > LARGEST_DIRECTORY:
            return
        with zipfile.ZipFile(file) as packed:
            for member in packed.infolist()[:MOST_MEMBERS]:
                if member.is_dir() or member.compress_type not in PLAIN or member.flag_bits & 1:
                    continue
                with packed.open(member) as opened:
                    yield member.filename, opened
    elif start[:2] == GZIP:
        with gzip.GzipFile(fileobj=file) as opened:
            yield "", opened  # type: ignore[misc]
    else:
        yield "", file


def _directory_size(file: IO[bytes], size: int) -> int:
    file.seek(max(size - 66_000, 0))
    tail = file.read()
    file.seek(0)
    at = tail.rfind(ZIP_END)
    return int(struct.unpack_from("<I", tail, at + 12)[0]) if at >= 0 else 0


def _joined(parts: Iterator[tuple[str, IO[bytes]]], largest: int) -> tuple[str, bool]:
    texts: list[str] = []
    left, whole = largest, True
    try:
        for name, opened in parts:
            if left <= 0:
                return "\n".join(texts), False
            content = opened.read(left + 1)
            whole = whole and len(content) <= left
            text = as_text(content[:left])
            if text:
                texts.append(f"== {UNFIT.sub('', name)[:200]} ==\n{text}" if name else text)
            left -= len(content)
    except BROKEN:
        whole = False
    return "\n".join(texts), whole


def as_text(content: bytes) -> str:
    """Empty when it is no text. Old stations in China write GB18030."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return UNFIT.sub("", content.decode("utf-16", "replace"))
    sample = content[:65536]
    odd = sum(byte < 9 or 13 < byte < 32 for byte in sample)
    if odd > len(sample) // 20:
        return ""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        cut = error.start >= len(content) - 4  # the limit has cut a character in two
        text = content[: error.start].decode("utf-8") if cut else content.decode("gb18030", "replace")
    return UNFIT.sub("", text)
