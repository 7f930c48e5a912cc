"""Device times: read in whatever spelling stations use, written in one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

UNSET = datetime(1970, 1, 1, tzinfo=UTC)
"""What a reading without a time gets: a clock that was never set. Above, times before 2020 give way to the receipt."""

_LOOSE = re.compile(
    r"""\s*\+?(\d{4})-(\d{1,2})-(\d{1,2})          # a leading '+' is ISO 8601's for long years
        [T\s]\s*(\d{1,2}):(\d{1,2})
        (?::(\d{1,2})(?:[.,](\d*))?)?\s*
        (?:Z|UTC|GMT|([+-])(\d{1,2}):?(\d{2})?)?\s*""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


def moment(text: object) -> datetime | None:
    """The time `text` says, in UTC; a time without a zone is taken as UTC. None if it says none.

    An unlikely year is kept: whether to believe it is decided where the receipt time is known.
    """
    try:
        at = datetime.fromisoformat(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return _loose(text)
    if at.tzinfo is UTC:
        return at
    return _utc(at)


def stamp(at: datetime) -> str:
    """RFC 3339 with milliseconds and Z: the one spelling every station reads."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _utc(at: datetime) -> datetime | None:
    if at.tzinfo is None:
        return at.replace(tzinfo=UTC)
    try:
        return at.astimezone(UTC)
    except OverflowError:  # year 1 or 9999, moved over the edge by its zone
        return None


def _loose(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    if text.isascii() and text.isdigit() and len(text) in (10, 13):
        return datetime.fromtimestamp(int(text[:10]), UTC)  # seconds or milliseconds since 1970
    said = _LOOSE.fullmatch(text)
    if said is None:
        return None
    *calendar, second, fraction, sign, hours, minutes = said.groups()
    year, month, day, hour, minute = map(int, calendar)
    leap = int(second or 0) == 60
    try:
        zone = timezone(timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1))
        micro = int((fraction or "")[:6].ljust(6, "0"))
        at = datetime(year, month, day, hour, minute, 59 if leap else int(second or 0), micro, zone)
        return _utc(at + timedelta(seconds=1) if leap else at)
    except (ValueError, OverflowError):
        return None
