"""HTTP for integrators: everything of the contract under /api/v1 that is not about complaints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from fastapi import APIRouter

from csms.api import Csms
from csms.files import Files
from csms.gateway.server import Gateway
from csms.inbox import Inbox
from csms.issuer import Issuer
from csms.rest import (
    commands,
    controls,
    episodes,
    health,
    journal,
    money,
    security,
    stations,
    tokens,
    transactions,
    uploads as files,
)
from csms.rest.health import Meter


class Parts(Protocol):
    """What is needed of `csms.app.Centre`."""

    csms: Csms
    inbox: Inbox
    gateway: Gateway
    issuer: Issuer


def routers(
    centre: Parts, *, uploads: Path, public_url: str | None = None, ftp_url: str | None = None,
    meters: Sequence[Meter] = (),
) -> list[APIRouter]:
    """All routers, to be included as they are.

    `uploads` is the folder for logs that stations bring, `public_url` where they reach this process over
    HTTP (derived from each request without), `ftp_url` over FTP if it is served; `meters` are shown at
    /metrics beside our own. The app that includes them carries `state.authenticate` and answers with
    problems (csms.rest.http).
    """
    csms = centre.csms
    brought = Files(csms, uploads)
    return [
        stations.router(csms),
        security.router(csms, centre.issuer),
        controls.router(csms),
        transactions.router(csms),
        commands.router(csms, public_url, ftp_url),
        money.router(csms),
        tokens.router(csms),
        journal.router(csms),
        episodes.router(csms),
        files.router(csms, brought),
        files.public_router(brought),
        health.router(csms, [*meters_of(centre), *meters]),
    ]


def meters_of(centre: Parts) -> list[Meter]:
    """What this process can tell of itself at any time."""
    inbox, gateway = centre.inbox, centre.gateway
    return [
        Meter("ohmbudsman_stations_connected", "Stations connected to this process.", lambda: len(gateway.sessions)),
        Meter("ohmbudsman_handshakes_slowed", "Handshakes turned away for earlier failures.",
              lambda: gateway.door.backoff.slowed, kind="counter"),
        Meter("ohmbudsman_inbox_waiting", "Messages that wait to be committed.", lambda: len(inbox.waiting)),
        Meter("ohmbudsman_inbox_last_batch", "Messages in the last committed batch.", lambda: inbox.last_batch),
        Meter("ohmbudsman_acknowledged", "Messages committed.", lambda: inbox.committed, kind="counter"),
        Meter("ohmbudsman_database_away", "1 while the database cannot be written.", lambda: bool(inbox.away_since)),
    ]
