"""Word lists as data: text files of sections, one regular expression a line."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

DATA = Path(__file__).parents[1] / "data"

HEADING = "== "
NAME = re.compile(r"<(\w+)>")


def sections(path: Path) -> dict[str, list[str]]:
    """The lines under each "== heading"; lines before the first one and lines with "# " are for the reader."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith(HEADING):
            name = line.removeprefix(HEADING).strip()
            found[name] = []
        elif name and line.strip() and not line.startswith("# "):
            found[name].append(line.strip())
    return found


@cache
def patterns(path: Path) -> dict[str, re.Pattern[str]]:
    """One pattern a section; "<name>" in a line stands for the section "let name"."""
    read = sections(path)
    lists = {name.removeprefix("let "): any_of(lines) for name, lines in read.items() if name.startswith("let ")}

    def filled(line: str) -> str:
        return NAME.sub(lambda found: lists[found[1]], line)

    return {
        name: re.compile("|".join(map(filled, lines))) for name, lines in read.items() if not name.startswith("let ")
    }


def any_of(lines: list[str]) -> str:
    """A list of words as one group; Latin words only as whole words."""
    bound = r"\b" if all(line.isascii() for line in lines) else ""
    return f"{bound}(?:{'|'.join(lines)}){bound}"
