"""Rows for `unnest`, column by column."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Column = tuple[Any, ...]


def columns(rows: Iterable[Column]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
