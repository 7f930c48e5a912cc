"""The paper box, and what was written down while we were down: a CSV of slips, with the time of each. Pure."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from complaints.intake.form import ComplaintIn, read
from csms.errors import BadInput

MOST_ROWS = 5_000
FIELDS: Mapping[str, tuple[str, ...]] = {
    "slip": ("slip", "no", "编号", "編號"), "text": ("text", "complaint", "content", "内容", "內容", "投诉内容"),
    "submitted_at": ("submitted_at", "date", "handed_in", "日期", "时间", "時間"),
    "channel": ("channel", "渠道"), "station": ("station", "充电桩", "充電樁", "桩号"), "evse": ("evse", "枪号"),
    "occurred_at": ("occurred_at", "发生时间", "發生時間"), "name": ("name", "姓名"),
    "phone": ("phone", "电话", "電話", "手机"), "email": ("email", "邮箱", "電郵"), "plate": ("plate", "车牌", "車牌"),
    "order": ("order", "订单", "訂單"), "amount_disputed": ("amount", "金额", "金額"),
    "currency": ("currency", "币种"), "expectation": ("expectation", "demand", "诉求", "訴求"),
    "language": ("language", "语言"),
}
CUSTOMER = ("name", "phone", "email", "plate")
TIMES = ("submitted_at", "occurred_at")


@dataclass(frozen=True, slots=True)
class Slip:
    """One row: its own name, and the complaint, or what is wrong with it."""

    line: int
    id: str
    given: ComplaintIn | None
    field: str = ""
    wrong: str = ""


def slips(text: str, *, zone: str, box: str) -> Iterator[Slip]:
    """Rows of a file. Raises BadInput where the file itself is no such list."""
    rows = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    columns = _columns(rows.fieldnames or ())
    if "text" not in columns:
        raise BadInput("file", "needs a column `text` (内容) with the complaint's words")
    for n, row in enumerate(rows, 2):
        if n > MOST_ROWS + 1:
            raise BadInput("file", f"has more than {MOST_ROWS:,} rows; split it")
        values = {field: (row.get(name) or "").strip() for field, name in columns.items()}
        if any(values.values()):
            yield _slip(n, values, zone, box)


def _columns(names: Any) -> dict[str, str]:
    known = {alias: field for field, aliases in FIELDS.items() for alias in aliases}
    return {known[name.strip().lower()]: name for name in names if name and name.strip().lower() in known}


def _slip(line: int, values: Mapping[str, str], zone: str, box: str) -> Slip:
    # The same slip in another export is the same slip: by its number, else by its words and time.
    words = "|".join(values.get(f, "") for f in ("text", "submitted_at", "phone", "station"))
    id = f"{box}:{values.get('slip') or hashlib.sha256(words.encode()).hexdigest()[:24]}"
    given: dict[str, Any] = {"channel": values.get("channel") or "onsite"}
    given |= {f: v for f, v in values.items() if v and f not in (*CUSTOMER, *TIMES, "slip", "channel")}
    given["customer"] = {f: values[f] for f in CUSTOMER if values.get(f)}
    try:
        for field in TIMES:
            if values.get(field):
                given[field] = _time(field, values[field], zone)
        return Slip(line, id, read(given))
    except BadInput as error:
        return Slip(line, id, None, error.field, str(error))


def _time(field: str, text: str, zone: str) -> datetime:
    """As written at the site, in its own time. No guessing between day and month: ISO order only."""
    try:
        at = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        raise BadInput(field, "must be year-month-day, with a time if known: 2026-11-22 09:30") from None
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))
