"""Simplified Chinese as it is read in Hong Kong, Macao and Taiwan."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

AS_PRINTED = str.maketrans({"啓": "啟", "户": "戶", "説": "說", "鈎": "鉤", "裏": "裡"})
"""Forms that the converter takes from the school list of Hong Kong, and that nobody prints."""


@lru_cache(maxsize=1)
def _converter() -> Any:
    import opencc

    return opencc.OpenCC("s2hk")


@lru_cache(maxsize=4096)
def traditional(simplified: str) -> str:
    return str(_converter().convert(simplified)).translate(AS_PRINTED)
