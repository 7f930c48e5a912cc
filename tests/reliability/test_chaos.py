"""The short form of `python -m tools.chaos`: gateways, desk, NATS and PostgreSQL as processes, some of what can happen.

The long form, and what it found, is in docs/reliability.md.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tools.chaos.run import run

FAULTS = ("kill_gateway", "kill_nats", "cut_database_connections", "half_open")


@pytest.mark.slow
@pytest.mark.timeout(900)  # it takes some 30 s; a machine that does ten things at once may need longer
async def test_nothing_is_lost_doubled_or_stuck_when_things_break() -> None:
    # Not under pytest's own folder: PostgreSQL is another user when we are root.
    with tempfile.TemporaryDirectory(prefix="ohmbudsman-chaos-", ignore_cleanup_errors=True) as folder:
        result = await run(Path(folder), FAULTS, rounds=1, seed=7, stations=8, say=False)
    assert result.verdict.holds, result.verdict
    assert set(result.recoveries) == set(FAULTS)
    assert result.verdict.acknowledged > 100
    assert result.work
    assert result.work.asked
    assert result.work.filed
