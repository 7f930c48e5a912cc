"""What comes in over HTTP: times, names, bodies and page keys, each refused with its field's name."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from csms.errors import BadInput, NotFound
from csms.kit.clock import parse_time
from csms.rest.http import Page

DEEPEST = 40
LARGEST_INTEGER = 2**63 - 1
UNPLUSSED = re.compile(r"(T\d\d:\d\d(:\d\d(\.\d+)?)?) (\d\d:?\d\d)$")

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
END = datetime(9999, 1, 1, tzinfo=UTC)


def moment(value: object) -> datetime:
    """RFC 3339. In a query string an unescaped `+` has become a space: it is meant all the same."""
    try:
        if isinstance(value, str) and "T" in value.upper():
            at = parse_time(UNPLUSSED.sub(r"\1+\4", value))
            if BEGINNING <= at < END:
                return at
    except (ValueError, OverflowError):
        pass
    raise ValueError("must be a time such as 2026-11-22T01:00:00Z")


def _moment_text(value: object) -> object:
    moment(value)
    return value


def _name(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must be printable text")
    return value


def _existing(value: str) -> str:
    """Our ids are UUIDs; anything else is simply not there."""
    try:
        return str(UUID(value))
    except ValueError:
        raise NotFound(f"nothing here has the id {value[:100]}") from None


Moment = Annotated[datetime, BeforeValidator(moment)]
MomentText = Annotated[str, BeforeValidator(_moment_text), WithJsonSchema({"type": "string", "format": "date-time"})]
"""A time that a feature reads itself."""
Name = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_name)]
Text = Annotated[str, Field(max_length=255)]
Named = Annotated[Name, Path()]
"""An id in the path that its owner has chosen: of a station, a token, a tariff."""
Given = Annotated[str, Path(), AfterValidator(_existing), WithJsonSchema({"type": "string", "format": "uuid"})]
"""An id in the path that we have given."""
Since = Annotated[Moment | None, Query(alias="from", description="From this time on.")]
Until = Annotated[Moment | None, Query(alias="to", description="Before this time.")]
Wanted = Annotated[Name | None, Query()]
Place = Annotated[int, Field(ge=1, le=9999)]
"""The number of an EVSE or a connector."""


class Body(BaseModel):
    """A JSON body: exact types, and no field that is not known, for a misspelt one would be lost in silence."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, data: Any) -> Any:
        storable(data)
        return data


def storable(data: Any) -> None:
    """JSON can say what no database holds: NUL, half a character, NaN, endless numbers. Raises BadInput."""
    waiting: list[tuple[str, Any, int]] = [("", data, 0)]
    while waiting:
        path, value, depth = waiting.pop()
        if depth > DEEPEST:
            raise BadInput(path.partition(".")[0] or "body", f"nests deeper than {DEEPEST} levels")
        match value:
            case dict():
                for key, inner in value.items():
                    _text(path or "body", key)
                    waiting.append((f"{path}.{key}".lstrip("."), inner, depth + 1))
            case list():
                waiting += [(f"{path}[{i}]", inner, depth + 1) for i, inner in enumerate(value)]
            case str():
                _text(path or "body", value)
            case int() if abs(value) > LARGEST_INTEGER:
                raise BadInput(path or "body", "is too large a number")
            case float() if not math.isfinite(value):
                raise BadInput(path or "body", "must be a finite number")


def _text(path: str, text: str) -> None:
    if not _keepable(text):
        raise BadInput(path if _keepable(path) else "body", "has characters that cannot be kept (NUL, surrogates)")


def _keepable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def given(body: BaseModel) -> dict[str, Any]:
    """The fields that the body names, null counting as not named."""
    return body.model_dump(exclude_none=True, by_alias=True)


def after(page: Page, *readers: Callable[[Any], Any]) -> tuple[Any, ...] | None:
    """What the page starts after, read back from its cursor. Raises BadInput for one that is not ours."""
    if page.after is None:
        return None
    try:
        if len(page.after) == len(readers):
            return tuple(read(value) for read, value in zip(readers, page.after, strict=True))
    except (ValueError, TypeError, AttributeError):
        pass
    raise BadInput("cursor", "must be the next_cursor of an earlier page")


def text(value: Any) -> str:
    """Reads a part of a cursor."""
    if not isinstance(value, str) or not _keepable(value):
        raise ValueError(value)
    return value


def uuid(value: Any) -> str:
    return str(UUID(value))


def number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**31:
        raise ValueError(value)
    return value


def place_in_journal(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
        raise ValueError(value)
    return value


def columns(row: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    """The key of a row, for a cursor."""
    return [row[name] for name in names]
