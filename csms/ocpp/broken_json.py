"""Text that is not JSON, and what it was meant to be. Like `repairs`, small functions whose names are kept."""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import Any

_ODD_PLACES = re.compile(
    r"""(?P<string>"(?:[^"\\]++|\\.)*+"?+)        # skipped: commas in strings are theirs (ends with the text if cut)
      | (?P<comma>(?<=[\[{,])\s*+,|,(?=\s*+[\]}]))  # [, {, ,, ,] ,}
      | (?P<hole>:(?=\s*+[,}\]]))                   # "transactionId":,
    """,
    re.VERBOSE | re.DOTALL,
)


def mend_text(text: str) -> tuple[Any, tuple[str, ...]] | None:
    """The JSON that `text` was meant to be, with the repairs it took; None if it stays unreadable."""
    repairs: list[str] = []
    for mend in (None, byte_order_mark, stray_commas, missing_values):
        if mend:
            mended = mend(text)
            if mended == text:
                continue
            text = mended
            repairs.append(mend.__name__)
        try:
            frame = json.loads(text, strict=False, parse_constant=_not_a_number, parse_float=_float, parse_int=_int)
            clean = _scrub(frame)
        except (ValueError, RecursionError):
            continue
        # orjson refused it, and json with `strict=False` did not: NaN, control characters, half a surrogate.
        return clean, tuple(repairs) or ("loose_json",)
    return None


def byte_order_mark(text: str) -> str:
    """A byte order mark before the frame, or NUL bytes after it (C strings sent with their end)."""
    return text.lstrip("\ufeff").strip("\0 \t\r\n")


def stray_commas(text: str) -> str:
    """Commas with nothing between them, `"sampledValue":[,{...` (ZJ Beny: quirk 4)."""
    mended = text
    for _ in range(8):  # `[,,,` takes one round a comma
        before, mended = mended, _ODD_PLACES.sub(lambda odd: "" if odd["comma"] else odd[0], mended)
        if mended == before:
            break
    return mended


def missing_values(text: str) -> str:
    """A name without its value, `"transactionId":,` (AEFA Home: quirk 3): null, which is then left out."""
    return _ODD_PLACES.sub(lambda odd: ":null" if odd["hole"] else odd[0], text)


def without_nul(frame: Any, repairs: tuple[str, ...]) -> tuple[Any, tuple[str, ...]]:
    """`\\u0000` in text is JSON, but no database keeps it."""
    clean = _scrub(frame)
    return (frame, repairs) if clean == frame else (clean, (*repairs, "nul_character"))


def _scrub(value: Any) -> Any:
    """Text without NUL and half surrogates, numbers without infinity."""
    match value:
        case str():
            return value.replace("\0", "").encode("utf-8", "replace").decode()
        case float() if not isfinite(value):
            return None
        case list():
            return [_scrub(one) for one in value]
        case dict():
            return {_scrub(key): _scrub(one) for key, one in value.items()}
    return value


def _not_a_number(_: str) -> None:
    return None


def _float(text: str) -> float | None:
    number = float(text)
    return number if isfinite(number) else None


def _int(text: str) -> int | float | None:
    return int(text) if len(text) < 19 else _float(text)  # as orjson does it
