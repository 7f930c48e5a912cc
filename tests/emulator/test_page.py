"""docs/emulator.md lists what there is, and its examples work."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import charger_emulator
from charger_emulator.scenario import play, read
from tools.emulator_page import PAGE, page

TEXT = PAGE.read_text("utf-8")


def example(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    assert found, language
    return found[1]


def test_the_page_is_current() -> None:
    assert page(TEXT) == TEXT, "run python -m tools.emulator_page"


async def test_the_scenario_of_the_page_holds(central, version) -> None:
    story = example("yaml")
    if version != "ocpp1.6":
        story = story.replace("sent: StopTransaction", "sent: TransactionEvent")
    await play(read(story), central.url, protocol=version, time_scale=600)


async def test_the_test_of_the_page_passes(central, tmp_path: Path) -> None:
    """As an integrator runs it: in a folder of his own, with nothing but the package."""
    (tmp_path / "conftest.py").write_text("from charger_emulator.pytest_plugin import charger\n")
    (tmp_path / "test_mine.py").write_text(example("python").replace("ws://127.0.0.1:9000/ocpp", central.url))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"), cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"PYTHONPATH": str(Path(charger_emulator.__file__).parent.parent)},
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, output.decode()
    assert len(central.handshakes) == 1
