"""Fuzzing, bounded: the frame reader with mangled frames, the whole OpenAPI with what fits it and what does not."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from complaints.app import running
from complaints.settings import Settings
from complaints.staff import create_token
from csms.errors import StationMistake
from csms.kit.clock import system_clock
from csms.ocpp import TRANSLATORS, Asked, Link, decode
from csms.ocpp.veil import may_hold_secret, veil_text

FRAMES = [
    orjson.dumps(orjson.loads(line)).decode() if not line.startswith("{") else json.dumps(json.loads(line))
    for line in (Path(__file__).parents[1] / "csms" / "ocpp" / "recorded.ndjson").read_text("utf-8").splitlines()[:200]
]
SPLINTERS = ['"', "[", "]", "{", "}", ",", ":", "\\", "\x00", "\ud800", "null", "1e999", "NaN", "\\u0000", "\r\n", "﻿"]
MORE = int(os.environ.get("FUZZ", "1"))
"""`FUZZ=100 pytest tests/security/test_fuzz.py` takes long, by hand."""


@st.composite
def mangled(draw: Callable[..., object]) -> str:
    """A frame with pieces cut out, doubled and put in."""
    text = draw(st.sampled_from(FRAMES))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(text)))
        to = draw(st.integers(at, min(at + 20, len(text))))
        text = text[:at] + draw(st.sampled_from([*SPLINTERS, text[at:to] * 2, ""])) + text[to:]
    return text


@pytest.mark.parametrize("protocol", TRANSLATORS)
def test_no_frame_breaks_its_reader(protocol: str) -> None:
    @settings(max_examples=100 * MORE, deadline=None, suppress_health_check=list(HealthCheck))
    @given(mangled() | st.text(max_size=200))
    def read(text: str) -> None:
        veiled = veil_text(text) if may_hold_secret(text) else text
        received = Link(protocol).receive(veiled)
        if isinstance(received, Asked):
            with suppress(StationMistake):
                decode(protocol, received.action, received.payload, strict=False)

    read()


def test_no_input_that_reaches_new_lines_breaks_the_reader(tmp_path: Path) -> None:
    """Ten seconds of it; `python -m tools.fuzz --seconds 3600` by hand."""
    pytest.importorskip("atheris", reason="no atheris here: pip install -r requirements-fuzz.lock")
    command = [sys.executable, "-m", "tools.fuzz", "--seconds", "10", "--keep", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stderr.split("stat::number_of_executed_units:")[1].split()[0]) > 1000
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_nothing_that_the_openapi_allows_or_forbids_is_our_fault(dsn: str, tmp_path: Path) -> None:
    options = Settings.load({}, database=dsn, data=tmp_path, http_port=0, ocpp_port=0, rate_address=0, rate_token=0,
                            rate_public=0)
    async with running(options) as product:
        async with product.db.acquire() as conn:
            token = await create_token(conn, "fuzz", "admin", system_clock())
        await product.csms.put_station("CS-1", {})
        asked, faults = await asyncio.to_thread(_fuzz, product.http, token)
    assert asked > 80
    assert not faults, "\n".join(faults)


def _fuzz(address: str, token: str) -> tuple[int, list[str]]:
    """(operations asked, what was answered as our fault)."""
    import schemathesis

    headers = {"Authorization": f"Bearer {token}"}
    schema = schemathesis.openapi.from_dict(httpx.get(f"{address}/api/v1/openapi.json", timeout=90).json())
    asked, faults = 0, []
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=2 * MORE, deadline=None, database=None, derandomize=MORE == 1,
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy() | operation.as_strategy(
            generation_mode=schemathesis.GenerationMode.NEGATIVE
        ))
        def ask(case: schemathesis.Case) -> None:
            answer = case.call(base_url=address, headers=headers, timeout=90)
            if answer.status_code >= 500:
                sent = str(answer.request.body)[:300]
                faults.append(f"{case.method} {answer.request.url} {sent}: {answer.text[:99]}")

        with suppress(schemathesis.errors.SerializationNotPossible):  # journals and tables: tests of their own
            ask()
            asked += 1
    return asked, faults
