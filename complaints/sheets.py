"""Tables as CSV that a spreadsheet opens as they are meant: in UTF-8, and never as a formula. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from csms.kit.clock import iso

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a spreadsheet compute a cell (OWASP, CSV injection); full-width forms too."""


def cell(value: Any) -> str:
    """Text that begins like a formula gets an apostrophe; our own numbers stay numbers."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int() | float() | Decimal():
            return str(value)
        case datetime():
            return iso(value)
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def sheet(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """With a byte order mark, by which a spreadsheet knows UTF-8."""
    out = io.StringIO()
    written = csv.writer(out, lineterminator="\r\n")
    written.writerow([cell(name) for name in header])
    written.writerows([cell(value) for value in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()
