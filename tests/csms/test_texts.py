"""Words in logs, and files that are up to no good."""

from __future__ import annotations

import gzip
import io
import struct
import time
import zipfile
from pathlib import Path

import pytest

from csms import texts


def packed(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in members.items():
            out.writestr(name, content)
    return file.getvalue()


def read(folder: Path, content: bytes, **how: int) -> tuple[str, bool]:
    path = folder / "file"
    path.write_bytes(content)
    return texts.read(path, **how)


@pytest.mark.parametrize(
    "content",
    [
        b"12:00 contactor stuck\n", "12:00 接触器 contactor stuck\n".encode("gb18030"),
        "contactor stuck".encode("utf-16"), gzip.compress(b"contactor stuck"), packed(**{"a.log": b"contactor stuck"}),
        packed(**{"bin": bytes(range(256)), "deep/b.log": b"contactor stuck"}),
        b"contactor stuck\x00\x1b[0m" + b" " * 99,
    ],
    ids=["plain", "gb18030", "utf-16", "gzip", "zip", "zip-of-many", "control"],
)
def test_the_words_are_found(tmp_path: Path, content: bytes) -> None:
    text, whole = read(tmp_path, content)
    assert "contactor stuck" in text
    assert whole
    assert "\x00" not in text


def test_chinese_of_either_encoding_is_read(tmp_path: Path) -> None:
    for encoding in ("utf-8", "gb18030"):
        assert "充电桩故障" in read(tmp_path, "充电桩故障".encode(encoding))[0]
    assert read(tmp_path, "桩".encode() * 10, largest=7) == ("桩桩", False)


def test_what_is_no_text_has_no_words(tmp_path: Path) -> None:
    for content in (bytes(range(256)) * 10, b"", b"PK\x03\x04 no zip", b"\x1f\x8b no gzip", packed()):
        assert read(tmp_path, content)[0] == ""


def test_a_bomb_costs_no_more_than_the_limit(tmp_path: Path) -> None:
    began = time.process_time()
    zeros = b"a" * (200 << 20)
    for content in (gzip.compress(zeros, 1), packed(a=zeros, b=zeros)):
        text, whole = read(tmp_path, content)
        assert len(text) <= texts.LARGEST_TEXT + 100
        assert not whole
    assert time.process_time() - began < 20
    many = packed(**{f"{n}": b"line" for n in range(1000)})
    assert read(tmp_path, many)[0].count("line") == texts.MOST_MEMBERS


def test_a_list_of_members_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    content = bytearray(packed(**{"a.log": b"words"}))
    at = content.rindex(b"PK\x05\x06")
    struct.pack_into("<I", content, at + 12, 200 << 20)
    assert read(tmp_path, bytes(content)) == ("", True)


def test_paths_in_a_zip_are_words_and_nothing_else(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    text, _ = read(inside, packed(**{"../../evil\n.log": b"words", "/etc/passwd": b"more"}))
    assert "words" in text
    assert [p.name for p in inside.iterdir()] == ["file"]
    assert [p.name for p in tmp_path.iterdir()] == ["inside"]


def test_what_could_be_read_of_a_broken_file_is_kept(tmp_path: Path) -> None:
    whole = gzip.compress(b"the first words\n" + bytes(range(32, 127)) * 5000)
    text, complete = read(tmp_path, whole[: len(whole) - 8] + b"\x00" * 8)
    assert not complete
    assert text == "" or "the first words" in text
