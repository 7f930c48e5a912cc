"""A process started with few descriptors takes as many as it is allowed to have."""

from __future__ import annotations

import subprocess
import sys

import pytest

ASK = "from csms.kit.open_files import allow_most; print(allow_most())"


@pytest.mark.parametrize(("soft", "hard", "taken"), [(256, 900, 900), (900, 900, 900)])
def test_what_the_system_allows_is_taken(soft: int, hard: int, taken: int) -> None:
    limited = f"ulimit -Sn {soft} && ulimit -Hn {hard} && exec {sys.executable} -c '{ASK}'"
    found = subprocess.run(["sh", "-c", limited], capture_output=True, text=True, check=True)
    assert int(found.stdout) == taken
