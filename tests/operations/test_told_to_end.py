"""A command that is told to end (SIGTERM) ends what it has started."""

from __future__ import annotations

import signal
import subprocess
import sys

SAID = """
import asyncio
from complaints.command_line import run_with_loop

async def work():
    try:
        print("begun", flush=True)
        await asyncio.sleep(60)
    finally:
        print("put away", flush=True)

run_with_loop(work())
"""


def test_sigterm_ends_a_command_in_order() -> None:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", SAID], text=True, **pipes) as process:  # type: ignore[call-overload]
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == "put away\n"
        assert process.stderr.read() == ""
        assert process.wait(30) == 128 + signal.SIGTERM
