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
from csms.kit.figures import Meter, Survey
from csms.rest import (
    commands,
    controls,
    episodes,
    grid,
    health,
    journal,
    money,
    security,
    stations,
    tokens,
    transactions,
    uploads as files,
)


class Parts(Protocol):
    """What is needed of `csms.app.Centre`."""

    csms: Csms
    inbox: Inbox
    gateway: Gateway
    issuer: Issuer


def routers(
    centre: Parts, *, uploads: Path, public_url: str | None = None, ftp_url: str | None = None,
    meters: Sequence[Meter] = (), surveys: Sequence[Survey] = (),
) -> list[APIRouter]:
    """All routers, to be included as they are.

    `uploads` is the folder for logs that stations bring, `public_url` where they reach this process over
    HTTP (derived from each request without), `ftp_url` over FTP if it is served; `meters` and `surveys` are
    shown at /metrics beside our own. The app that includes them carries `state.authenticate` and answers with
    problems (csms.rest.http).
    """
    csms = centre.csms
    brought = Files(csms, uploads)
    return [
        stations.router(csms),
        security.router(csms, centre.issuer),
        controls.router(csms),
        grid.router(csms),
        transactions.router(csms),
        commands.router(csms, public_url, ftp_url),
        money.router(csms),
        tokens.router(csms),
        journal.router(csms),
        episodes.router(csms),
        files.router(csms, brought),
        files.public_router(brought),
        health.router(csms, [*meters_of(centre), *meters], [csms.archive.figures, *surveys]),
    ]


def health_router(centre: Parts, meters: Sequence[Meter] = ()) -> APIRouter:
    """Only /health and /metrics: for a process that has no pages."""
    return health.router(centre.csms, [*meters_of(centre), *meters])


def meters_of(centre: Parts) -> list[Meter]:
    """What this process can tell of itself at any time."""
    csms, inbox, gateway = centre.csms, centre.inbox, centre.gateway
    pool, figures = inbox.db, inbox.figures
    return [
        Meter("ohmbudsman_stations_connected", "Stations connected to this process.", lambda: len(gateway.sessions)),
        Meter("ohmbudsman_handshakes_slowed", "Handshakes turned away for earlier failures.",
              lambda: gateway.door.backoff.slowed, kind="counter"),
        Meter("ohmbudsman_inbox_waiting", "Messages that wait to be committed.", lambda: len(inbox.waiting)),
        Meter("ohmbudsman_inbox_room", "Messages that may wait; beyond, stations are told to come later.",
              lambda: inbox.room),
        Meter("ohmbudsman_journal_lag_seconds", "How long the oldest message that is not committed has waited.",
              inbox.lag_s),
        Meter("ohmbudsman_batch_messages", "Messages committed in one transaction.", lambda: figures.batches),
        Meter("ohmbudsman_ack_seconds", "From receipt to commit; all of a batch count as long as its oldest.",
              lambda: figures.acks),
        Meter("ohmbudsman_acknowledged", "Messages committed.", lambda: inbox.committed, kind="counter"),
        Meter("ohmbudsman_quarantined", "Messages that could not be projected.", lambda: figures.quarantined,
              kind="counter"),
        Meter("ohmbudsman_database_away", "1 while the database cannot be written.", lambda: bool(inbox.away_since)),
        Meter("ohmbudsman_other_nodes_away", "1 while stations of other nodes cannot be commanded from here.",
              lambda: not gateway.relay.in_reach),
        Meter("ohmbudsman_commands", "Commands asked for here, by how they ended.", lambda: csms.delivered,
              kind="counter", labels=("outcome",)),
        Meter("ohmbudsman_pool_connections", "Connections to the database, by what they do.",
              lambda: {("idle",): pool.get_idle_size(), ("busy",): pool.get_size() - pool.get_idle_size()},
              labels=("state",)),
        Meter("ohmbudsman_pool_most", "Most connections to the database.", pool.get_max_size),
    ]
