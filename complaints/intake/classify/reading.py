"""A complaint's words as we read them: language, and plain text of the same length as the original."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal, Protocol

Language = Literal["zh-Hans", "zh-Hant", "en"]

HAN = re.compile(r"[㐀-鿿]")
LATIN_WORD = re.compile(r"[A-Za-z]{2,}")

# Spoken Cantonese has characters of its own; one for one, so that places in the text stay the same.
CANTONESE = str.maketrans(
    "唔冇咗嘅喺俾畀佢睇嚟嗰啲哋咩搵揾攞返嘢碌痺甩瞓嗌",
    "不没了的在给给他看来那些们么找找拿回物刷麻掉睡叫",
)
PUNCTUATION = str.maketrans("。、“”‘’「」『』【】《》—…·", '.,""\'\'""""[]<>-. ')


class Converter(Protocol):
    def convert(self, text: str) -> str: ...


@cache
def converter(kind: str) -> Converter:
    from opencc import OpenCC

    made: Converter = OpenCC(kind)
    return made


def language_of(text: str) -> Language:
    """Traditional where converting to simplified changes more characters than the reverse; English without Han."""
    han = HAN.findall(text)
    if not han or len(han) < len(LATIN_WORD.findall(text)):
        return "en"
    own = "".join(han)
    if any(c in "唔冇咗嘅喺佢嚟嗰啲哋嘢" for c in own):
        return "zh-Hant"
    to_simple = sum(a != b for a, b in zip(own, converter("t2s").convert(own), strict=False))
    to_traditional = sum(a != b for a, b in zip(own, converter("s2t").convert(own), strict=False))
    return "zh-Hant" if to_simple > to_traditional else "zh-Hans"


def one_for_one(before: str, after: str) -> str:
    """`after`, unless a conversion changed the length: then nobody could point at the original words any more."""
    return after if len(after) == len(before) else before


def plain(text: str) -> str:
    """Simplified characters, lower case, half-width: every character stands where it stood in `text`."""
    if HAN.search(text):
        simple = one_for_one(text, converter("t2s").convert(text))
        text = one_for_one(simple, converter("tw2sp").convert(text)).translate(CANTONESE)
    return "".join(narrow(c) for c in text.translate(PUNCTUATION))


def narrow(char: str) -> str:
    code = ord(char)
    if 0xFF01 <= code <= 0xFF5E:
        char = chr(code - 0xFEE0)
    lower = char.lower()
    return lower if len(lower) == 1 else char
