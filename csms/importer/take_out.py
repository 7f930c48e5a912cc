"""Taking a journal out, in the format that is taken in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from csms import stations
from csms.kit.db import Db

EXPORT = """
    select station, received_at, kind, action, frame, by, complaint from frames
    where station = $1 and ($2::timestamptz is null or received_at >= $2)
      and ($3::timestamptz is null or received_at < $3)
    order by seq
"""


async def export_lines(
    db: Db, station: str, since: datetime | None = None, until: datetime | None = None
) -> AsyncIterator[bytes]:
    """A station's journal in the format that import reads, oldest first. Raises NotFound."""
    async with db.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        await stations.find(conn, station)
        async for row in conn.cursor(EXPORT, station, since, until):
            yield orjson.dumps(_line(row)) + b"\n"


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    line: dict[str, Any] = {"station": row["station"], "at": _exact(row["received_at"]), "kind": row["kind"]}
    match row["kind"]:
        case "connected":
            line |= {"protocol": row["action"]} if row["action"] else {}
        case "disconnected":
            line |= {"code": int(row["frame"])} if row["frame"] else {}
        case _:
            line["frame"] = _as_array(row["frame"] or "")
            line |= {name: row[name] for name in ("by", "complaint") if row[name]}
    return line


def _exact(at: datetime) -> str:
    """To the microsecond: a line brought in again must be known again."""
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _as_array(text: str) -> Any:
    """The array where it can be written back to the very same text, otherwise the text itself."""
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return frame if isinstance(frame, list) and orjson.dumps(frame).decode() == text else text
