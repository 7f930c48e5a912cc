"""The central system, put together: the only place in csms where parts meet."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from csms import commands, events, partitions, passwords, reservations
from csms.api import Csms
from csms.authority import Authority
from csms.errors import NameTaken
from csms.gateway.nodes import Nats
from csms.gateway.parts import Parts
from csms.gateway.relay import InProcess, Relay
from csms.gateway.roster import BEAT_EVERY_S, Roster
from csms.gateway.server import Gateway
from csms.gateway.tls import Tls, TlsFiles
from csms.gateway.vault import Vault
from csms.inbox import Inbox, Policy
from csms.issuer import Issuer
from csms.kit.clock import Clock, system_clock
from csms.kit.crypto import SealingKey
from csms.kit.db import AWAY, Db
from csms.kit.supervise import Owner, every
from csms.vocabulary.heard import Notes

TIDY_EVERY_S = 2.0
TIDY_LOCK = "select pg_try_advisory_xact_lock(4713)"
"""One process at a time: the others find nothing left to do anyway."""
SWEEP_EVERY_S = 5.0
PARTITIONS_EVERY_S = 6 * 3600.0
CERTIFICATES_EVERY_S = 2.0
SIGNING_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class CentreOptions:
    """How the OCPP side of one process runs."""

    node: str = "main"
    """Names this process among others; the same after a restart, so that it finds what a crash left behind."""
    nats: str | None = None
    """URLs of NATS servers, with commas, where several processes hold sockets."""
    unknown_stations: str = "reject"
    """reject, quarantine or accept."""
    accept_unknown_tokens: bool = False
    heartbeat_s: int = 300
    answer_within_s: float = 20.0
    """How long a station may take to answer a command, in seconds."""
    drain_s: float = 0.0
    """Over how long stations are sent away when this process ends, in seconds."""
    proxy_protocol: bool = False
    """Stations come through a balancer that says their addresses before anything else, and through no other way."""
    tls: TlsFiles | None = None
    """Certificates for security profiles 2 and 3."""
    sealing_key: SealingKey | None = None
    """Opens secrets of commands that wait; the same in all processes. One that lasts as long as this one without."""
    authority: Authority | None = None
    """Signs what stations ask for."""


class Centre:
    """The OCPP side of one process: sockets, inbox, and the face the rest of the product uses."""

    def __init__(
        self, db: Db, options: CentreOptions, *, clock: Clock = system_clock, relay: Relay | None = None
    ) -> None:
        policy = Policy(
            accept_unknown_tokens=options.accept_unknown_tokens, heartbeat_s=options.heartbeat_s,
            authority=options.authority,
        )
        self.db, self.options, self.clock = db, options, clock
        self.relay = relay or _relay(options)
        self.policy = policy
        self.inbox = Inbox(db, policy, clock)
        vault = Vault(options.sealing_key)
        self.tls = Tls(options.tls) if options.tls else None
        self.csms = Csms(db, self.relay, clock, vault)
        self.issuer = Issuer(self.csms, options.authority)
        self.gateway = Gateway(
            Parts(db, self.inbox, clock, options.node, options.answer_within_s, vault=vault), self.relay,
            unknown_stations=options.unknown_stations, drain_s=options.drain_s, proxy_protocol=options.proxy_protocol,
        )
        self.roster = Roster(db, self.inbox, clock, options.node)
        self.owner: Owner | None = None

    async def start(self, host: str, port: int) -> int:
        """Accept stations; the port."""
        await self.begin()
        assert self.owner
        self.owner.start(every(SWEEP_EVERY_S, self.gateway.sweep, name="sweep"), "sweep")
        return await self.gateway.listen(host, port)

    async def begin(self) -> None:
        """All that goes on without sockets of our own, as at a desk: each part is safe to run in many processes."""
        async with self.db.acquire() as conn:
            await partitions.cover_ahead(conn, self.clock())
        self.owner = Owner()
        self.owner.start(self.inbox.run(), "inbox")
        await self.roster.join()
        self.owner.start(every(BEAT_EVERY_S, self.roster.round, name="roster", fatal=(NameTaken,)), "roster")
        if isinstance(self.relay, Nats):
            self.owner.start(self.relay.run(), "nats")
        self.owner.start(every(TIDY_EVERY_S, self._tidy, name="tidy commands"), "tidy commands")
        if self.options.authority:
            self.owner.start(every(SIGNING_EVERY_S, self.issuer.round, name="sign requests"), "sign requests")
        self.owner.start(every(PARTITIONS_EVERY_S, self._partitions, name="partitions"), "partitions")

    async def start_secure(self, host: str, port: int) -> int:
        """Accept stations over TLS too; the port."""
        assert self.tls
        assert self.owner
        self.owner.start(every(CERTIFICATES_EVERY_S, self.tls.reload_if_changed, name="certificates"), "certificates")
        return await self.gateway.listen(host, port, self.tls)

    async def _tidy(self) -> None:
        async with self.db.acquire() as conn, conn.transaction():
            if not await conn.fetchval(TIDY_LOCK):
                return
            notes = Notes()
            await commands.tidy(conn, self.clock(), notes, answer_within_s=self.options.answer_within_s + 10)
            await passwords.tidy(conn, self.clock())
            await reservations.run_out(conn, self.clock())
            await events.write(conn, notes, self.clock())

    async def _partitions(self) -> None:
        async with self.db.acquire() as conn:
            await partitions.cover_ahead(conn, self.clock())

    async def stop(self) -> None:
        """Sockets first, so that their going is on record; then what writes it."""
        with suppress(TimeoutError):
            await self.gateway.close()
        await self.csms.close()
        if isinstance(self.relay, Nats):
            await self.relay.close()
        if self.owner:
            with suppress(*AWAY):
                await self.roster.leave()
            await self.owner.stop()
        await asyncio.sleep(0)


def _relay(options: CentreOptions) -> Relay:
    if options.nats is None:
        return InProcess()
    return Nats(options.nats.split(","), options.node, patience_s=options.answer_within_s + 10)
