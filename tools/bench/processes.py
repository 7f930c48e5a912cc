"""Processes of a run: started, measured, and always ended."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[2]


def cpu_s(pid: int, *, family: bool = False) -> float:
    """Processor time a process has used, user and system; with its children, those that have ended too."""
    process = psutil.Process(pid)
    times = process.cpu_times()
    used = float(times.user + times.system)
    if family:
        used += float(times.children_user + times.children_system)
        for child in process.children(recursive=True):
            try:
                used += sum(child.cpu_times()[:2])
            except psutil.NoSuchProcess:
                continue
    return used


def memory_kib(pid: int) -> float:
    """What would be free if the process were not: its unique set size."""
    return float(psutil.Process(pid).memory_full_info().uss) / 1024


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python module as a process, ended with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        if process.stdin:
            process.stdin.close()
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def server(name: str, dsn: str = "") -> Iterator[tuple[int, str]]:
    """(process id, URL) of one server under test."""
    with started("tools.bench.servers", name, "--database", dsn) as process:
        assert process.stdout
        word, _, port = process.stdout.readline().partition(" ")
        if word != "ready":
            raise RuntimeError(f"{name} did not start")
        yield process.pid, f"ws://127.0.0.1:{int(port)}/ocpp"


def load(url: str, *, patience_s: float = 120, **options: Any) -> dict[str, Any]:
    """Run the load generator to its end."""
    with started("tools.bench.load", "--url", url, *_arguments(options)) as process:
        out, _ = process.communicate(timeout=patience_s)
        if process.returncode:
            raise RuntimeError("the load generator failed")
        return dict(json.loads(out))


@contextmanager
def crowd(url: str, **options: Any) -> Iterator[float]:
    """Stations that are connected and say nothing; the seconds it took to let them in."""
    with started("tools.bench.load", "--url", url, "--idle", *_arguments(options)) as process:
        assert process.stdout
        word, _, seconds = process.stdout.readline().partition(" ")
        if word != "connected":
            raise RuntimeError("the crowd did not get in")
        yield float(seconds)


@contextmanager
def storm(url: str, **options: Any) -> Iterator[dict[str, Any]]:
    """Stations that were cut off and are all back; what was measured. They stay for the block."""
    with started("tools.bench.storm", "--url", url, *_arguments(options)) as process:
        assert process.stdout
        yield dict(json.loads(process.stdout.readline()))


def _arguments(options: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            found.append(flag)
        elif value not in (None, False):
            found += [flag, str(value)]
    return found
