"""`python -m tools.emulator_page`: the lists in docs/emulator.md, from the emulator's own tables and docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import click

from charger_emulator import QUIRKS, Station
from charger_emulator.chargex import KINDS
from charger_emulator.cli import emulate
from charger_emulator.quirks import ALIASES
from charger_emulator.scenario import DOINGS

PAGE = Path(__file__).parents[1] / "docs" / "emulator.md"


def options() -> str:
    """The command's options, as its help has them."""
    context = click.Context(emulate)
    rows = []
    for option in emulate.params:
        assert isinstance(option, click.Option), option
        record = option.get_help_record(context)
        assert record is not None, option.name
        names, told = record
        rows.append(f"| `{_cell(names)}` | {_cell(told)} |")
    return "\n".join(["| option | |", "|---|---|", *rows])


def deeds() -> str:
    """What a step of a scenario may do: methods of Station."""
    rows = [f"| `{name}` | {_given(getattr(Station, name))} | {_first(getattr(Station, name))} |"
            for name in sorted(DOINGS)]
    return "\n".join(["| do | with | |", "|---|---|---|", *rows])


def quirks() -> str:
    rows = [f"| `{name}` | {_cell(told)} |" for name, told in QUIRKS.items()]
    also = ", ".join(f"`{other}` for `{name}`" for other, name in ALIASES.items())
    return "\n".join(["| quirk | |", "|---|---|", *rows, "", f"Also known: {also}."])


def faults() -> str:
    rows = [
        f"| `{code}` | {kind.name} | {_cell(kind.info)} | {kind.error} | {kind.component} "
        f"| {'ends charging' if kind.blocking else 'is told, charging goes on'} |"
        for code, kind in KINDS.items()
    ]
    return "\n".join(["| code | name | | 1.6 errorCode | 2.x component | |", "|---|---|---|---|---|---|", *rows])


PARTS: dict[str, Callable[[], str]] = {"options": options, "deeds": deeds, "quirks": quirks, "faults": faults}


def page(text: str) -> str:
    """The page with today's lists in it."""
    for name, part in PARTS.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        assert begin in text, f"{PAGE.name} has no place for {name}"
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n{part()}\n{end}{rest.partition(end)[2]}"
    return text


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _first(method: object) -> str:
    """The first sentence of its docstring."""
    told = " ".join((inspect.getdoc(method) or "").split())
    return _cell(re.split(r"(?<=\.) (?=[A-Z`])", told, maxsplit=1)[0])


def _given(method: Callable[..., object]) -> str:
    names = list(inspect.signature(method).parameters.values())[1:]
    return ", ".join(f"`{p.name}`" + ("" if p.default is p.empty else "?") for p in names)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
