"""Reading a table of fault codes: CSV with a header, every mistake named by row and column. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, fields

SEVERITIES = ("S1", "S2", "S3", "S4")
PARTIES = ("CH", "EV", "US", "NW", "BO", "PY", "GR", "SI", "VN")
"""Station, vehicle, user, network, back office, payment, grid, site, third party."""
REQUIRED = ("family", "code", "source")
LONGEST = 2_000
MOST_ROWS = 20_000
MOST_TOLD = 50


@dataclass(frozen=True, slots=True)
class FaultCode:
    """One code of one vendor or protocol, its `family`. `who` is usually liable, the likeliest first."""

    family: str
    code: str
    name: str
    meaning_en: str
    meaning_zh: str
    severity: str | None
    who: tuple[str, ...]
    source: str
    basis: str
    note: str | None


COLUMNS = tuple(f.name for f in fields(FaultCode))


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong, and where: rows count from 1, the header being row 1."""

    row: int
    column: str
    message: str

    @property
    def field(self) -> str:
        return f"row {self.row}, {self.column}"


def read(text: str) -> tuple[list[FaultCode], list[Wrong]]:
    """(codes, mistakes). With any mistake nothing should be stored."""
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        lines = [(rows.line_num, line) for line in rows if any(cell.strip() for cell in line)]
    except csv.Error as error:
        return [], [Wrong(rows.line_num, "", f"is not CSV: {error}")]
    if not lines:
        return [], [Wrong(1, "", "is empty; the first row names the columns")]
    header = [name.strip().lower() for name in lines[0][1]]
    if wrong := _header(header):
        return [], wrong
    return _rows(header, lines[1:])


def _header(header: list[str]) -> list[Wrong]:
    wrong = [Wrong(1, name, f"is no column; there are {', '.join(COLUMNS)}") for name in header if name not in COLUMNS]
    wrong += [Wrong(1, name, "this column is missing") for name in REQUIRED if name not in header]
    wrong += [Wrong(1, name, "stands there twice") for name in sorted({n for n in header if header.count(n) > 1})]
    if not {"meaning_en", "meaning_zh"} & set(header):
        wrong.append(Wrong(1, "meaning_zh", "one of meaning_en and meaning_zh is needed"))
    return wrong


def _rows(header: list[str], lines: list[tuple[int, list[str]]]) -> tuple[list[FaultCode], list[Wrong]]:
    found: dict[tuple[str, str], FaultCode] = {}
    wrong: list[Wrong] = []
    if len(lines) > MOST_ROWS:
        return [], [Wrong(MOST_ROWS + 2, "", f"at most {MOST_ROWS:,} rows are taken at once")]
    for number, cells in lines:
        if len(cells) != len(header):
            wrong.append(Wrong(number, "", f"has {len(cells)} cells, the header {len(header)}"))
            continue
        row = dict(zip(header, (cell.strip().replace("\x00", "") for cell in cells), strict=True))
        mistakes = _mistakes(number, row)
        wrong += mistakes
        if not mistakes:
            one = _code(row)
            if (one.family, one.code) in found:
                wrong.append(Wrong(number, "code", f"{one.code} of {one.family} stands there already"))
            found[one.family, one.code] = one
    return list(found.values()), wrong[:MOST_TOLD]


def _mistakes(number: int, row: Mapping[str, str]) -> list[Wrong]:
    wrong = [Wrong(number, name, "must not be empty") for name in REQUIRED if not row[name]]
    wrong += [Wrong(number, name, f"has more than {LONGEST:,} characters") for name, cell in row.items()
              if len(cell) > LONGEST]
    if not row.get("meaning_en") and not row.get("meaning_zh"):
        wrong.append(Wrong(number, "meaning_zh", "a meaning is needed, in Chinese or English"))
    if row.get("severity") and row["severity"] not in SEVERITIES:
        wrong.append(Wrong(number, "severity", f"must be one of {', '.join(SEVERITIES)}, or empty"))
    if odd := [who for who in _parties(row) if who not in PARTIES]:
        wrong.append(Wrong(number, "who", f"{odd[0]} is none of {', '.join(PARTIES)}"))
    return wrong


def _parties(row: Mapping[str, str]) -> list[str]:
    return row.get("who", "").replace(",", " ").replace("/", " ").split()


def _code(row: Mapping[str, str]) -> FaultCode:
    en, zh = row.get("meaning_en", ""), row.get("meaning_zh", "")
    return FaultCode(
        row["family"], row["code"], row.get("name") or row["code"], en or zh, zh or en, row.get("severity") or None,
        tuple(dict.fromkeys(_parties(row))), row["source"], row.get("basis") or "seen", row.get("note") or None,
    )
