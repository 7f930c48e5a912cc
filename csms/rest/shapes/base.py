"""What all answers have in common: JSON, pages, times, problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import orjson
from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from csms.kit.clock import iso

T = TypeVar("T")


def json(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


def paged(items: Sequence[Any], next_cursor: str | None) -> Response:
    return json({"items": items, "next_cursor": next_cursor})


def when(at: datetime | None) -> str | None:
    return iso(at) if at else None


def exact(at: datetime) -> str:
    """To the microsecond where it has any: the hash chain and a later import need the very same time."""
    return iso(at) if at.microsecond % 1000 == 0 else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Listing(Shape, Generic[T]):
    items: list[T]
    next_cursor: str | None


class FieldError(Shape):
    field: str
    message: str


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError]
    guards: list[str] | None = Field(None, description="Which guards forbid a command (409).")


def some(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}
