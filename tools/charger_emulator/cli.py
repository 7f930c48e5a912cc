"""The command `emulate`: one station or many, alone, with drivers, or through a scenario."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import ssl
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from . import scenario as stories
from .fleet import Fleet, names
from .quirks import QUIRKS
from .view import View

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
PROTOCOLS = ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")


@click.command(epilog="\b\nQuirks:\n" + "\n".join(f"  {name:24} {what}" for name, what in QUIRKS.items()))
@click.option("--url", default="ws://127.0.0.1:9000/ocpp", show_default=True, help="Endpoint without the station's id.")
@click.option("--id", "name", default="CS-1", show_default=True, help="Station id; the beginning of it with --count.")
@click.option(
    "--protocol", type=click.Choice((*PROTOCOLS, "mixed")), default="ocpp1.6", show_default=True,
    help="mixed: dealt out in turn.",
)
@click.option("--count", type=click.IntRange(1), default=1, show_default=True, help="Number of stations.")
@click.option("--connectors", default="60", show_default=True, help="Rated powers in kW, with commas.")
@click.option("--password", default=None, help="For Basic authentication.")
@click.option("--ca", type=FILE, default=None, help="Whose certificates are believed (PEM), for wss.")
@click.option("--cert", type=FILE, default=None, help="The station's own certificate chain (PEM): security profile 3.")
@click.option("--key", type=FILE, default=None, help="Its key (PEM).")
@click.option("--quirk", "quirks", multiple=True, type=click.Choice(sorted(QUIRKS)), metavar="NAME", help="Repeatable.")
@click.option("--time-scale", type=float, default=1.0, show_default=True, help="Seconds that pass in one of ours.")
@click.option("--session", is_flag=True, help="Drivers come and go.")
@click.option("--stagger", type=float, default=0.05, show_default=True, help="Seconds between two stations' dials.")
@click.option("--for", "seconds", type=float, default=None, help="Stop after so many of our seconds.")
@click.option("--live/--no-live", default=None, help="Draw the fleet; by itself in a terminal, for more than one.")
@click.option(
    "--ledger", "ledger_limit", type=click.IntRange(1), default=None,
    help="Messages each station remembers; all for one station, 50 for each of many.",
)
@click.option(
    "--scenario", type=FILE,
    help="Play this YAML file; --id, --protocol, --connectors, --quirk and --time-scale go before what it says.",
)
@click.pass_context
def emulate(
    context: click.Context, /, url: str, scenario: Path | None, ca: Path | None, cert: Path | None, key: Path | None,
    **options: Any,
) -> None:
    """Emulate charging stations against a central system."""
    console = Console(highlight=False)
    options["connectors"] = _powers(options["connectors"])
    secured: dict[str, Any] = {"ssl": _secured(ca, cert, key)} if url.startswith("wss:") else {}
    if scenario is not None:
        asyncio.run(_play(console, url, scenario, _said(context, options) | secured))
    else:
        asyncio.run(_run(console, url, **options, **secured))


def _powers(text: str) -> list[float]:
    try:
        return [float(power) for power in text.split(",")]
    except ValueError as error:
        raise click.BadParameter("powers in kW with commas, as 22,150", param_hint="--connectors") from error


def _secured(ca: Path | None, cert: Path | None, key: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca)
        if cert is not None:
            context.load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        raise click.ClickException(f"{ca or cert}: {error}") from error
    return context


def _said(context: click.Context, options: dict[str, Any]) -> dict[str, Any]:
    """What was asked for in so many words of a station, not what an option is by default."""
    words = {"name": "id", "protocol": "protocol", "connectors": "connectors", "quirks": "quirks",
             "time_scale": "time_scale", "password": "password"}
    default = click.core.ParameterSource.DEFAULT
    said = {word: options[name] for name, word in words.items() if context.get_parameter_source(name) != default}
    if said.get("protocol") == "mixed":
        raise click.BadParameter("a scenario is of one station", param_hint="--protocol")
    return said


async def _play(console: Console, url: str, path: Path, overrides: dict[str, Any]) -> None:
    try:
        story = stories.load(path)
        console.print(f"[bold]{story.name}[/bold]")
        await stories.play(story, url, tell=console.print, **overrides)
    except (stories.ScenarioError, stories.Unmet, TimeoutError) as error:
        raise click.ClickException(str(error)) from error
    console.print("[green]every step held[/green]")


async def _run(
    console: Console,
    url: str,
    *,
    name: str,
    count: int,
    connectors: list[float],
    quirks: tuple[str, ...],
    session: bool,
    stagger: float,
    seconds: float | None,
    protocol: str,
    live: bool | None,
    ledger_limit: int | None,
    **options: Any,
) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    ids = names(name, count)
    limit = ledger_limit or (50 if count > 1 else None)
    fleet = Fleet(
        url, ids, stagger_s=stagger, sessions=session, connectors=connectors, quirks=quirks, ledger_limit=limit,
        protocols=PROTOCOLS if protocol == "mixed" else (protocol,), **options,
    )
    drawn = console.is_terminal and count > 1 if live is None else live
    console.print(f"{count} station(s) at {url}; Ctrl-C ends")
    view = View(fleet)
    async with asyncio.TaskGroup() as group:
        drawing = group.create_task(view.show(console, ended), name="view") if drawn else None
        rise = group.create_task(fleet.start(), name="rise")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await ended.wait()
        ended.set()
        rise.cancel()
        if drawing:
            await drawing
    console.print(view.draw())
    await fleet.stop()
