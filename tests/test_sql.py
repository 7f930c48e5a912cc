"""Every SQL constant fits the migrated schema."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest

import complaints
import csms
from csms.kit.db import Conn

VERBS = ("select", "insert", "update", "delete", "with", "merge")


def constants() -> Iterator[tuple[str, str]]:
    """(where, statement) for each UPPER_CASE constant that starts like SQL; a dict's or tuple's values too."""
    for package in (csms, complaints):
        for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if info.name.endswith("__main__"):
                continue
            module = importlib.import_module(info.name)
            for name, value in inspect.getmembers(module):
                if name.isupper() and isinstance(value, str) and value.strip().lower().startswith(VERBS):
                    yield f"{info.name}.{name}", value


STATEMENTS = dict(constants())


@pytest.mark.parametrize("where", sorted(STATEMENTS))
async def test_statement_prepares_against_the_schema(conn: Conn, where: str) -> None:
    await conn.prepare(STATEMENTS[where])
