"""The whole product in one process: the only place where its parts are put together."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import structlog
import uvicorn
from fastapi import FastAPI

from complaints import fault_codes, figures, rest, rest_evidence, rest_fault_codes
from complaints.desk import Desk, DeskOptions
from complaints.intake.classify import classify
from complaints.judge import allowed_remotely, judge, recorded
from complaints.office import Office, OfficeOptions
from complaints.outbound import targets
from complaints.settings import Settings
from complaints.staff import Staff
from complaints.web import routes as pages
from complaints.web.faces import Faces
from complaints.web.frame import Site
from complaints.worker import Worker
from csms.app import Authority, Centre, CentreOptions, TlsFiles
from csms.errors import WeErred
from csms.files import Files
from csms.ftp import FtpServer
from csms.kit import traces
from csms.kit.clock import Clock, system_clock
from csms.kit.crypto import SealingKey
from csms.kit.db import Db, connect
from csms.kit.migrate import migrate
from csms.kit.open_files import allow_most
from csms.kit.postgres import EmbeddedPostgres
from csms.kit.supervise import Owner
from csms.rest import health_router, routers
from csms.rest.http import BodyLimit, answer_with_problems
from csms.rest.traffic import Limits, RequestContext, Throttle

log = structlog.get_logger()

API = "/api/v1"
LOOKED_AFTER_EVERY_S = 1.0


class PartDied(WeErred):
    """A part of this process has died; the process has ended in order, to be started anew."""

LARGEST_UPLOAD = 257 * 1024 * 1024
"""A little above what `csms.uploads` takes, so that its own words tell what is too large."""


class Product:
    """Stations, desk and worker over one database. `http` and `ocpp` are where they listen."""

    def __init__(self, db: Db, settings: Settings, *, node: str = "main", clock: Clock = system_clock) -> None:
        self.db, self.settings, self.clock = db, settings, clock
        self.centre = Centre(
            db,
            CentreOptions(
                node=node, nats=settings.nats, unknown_stations=settings.unknown_stations,
                accept_unknown_tokens=settings.unknown_tokens == "accept",
                drain_s=settings.drain_s, proxy_protocol=settings.proxy_protocol, tls=_tls_files(settings),
                sealing_key=_sealing_key(settings), authority=_authority(settings),
            ),
            clock=clock,
        )
        self.csms = self.centre.csms
        self.desk = Desk(
            db, self.csms, clock, classify=classify, judge=judge,
            remote=allowed_remotely, recorded=recorded,
            options=DeskOptions(
                zone=settings.zone, four_eyes_above=settings.four_eyes_above,
                largest_attachment=settings.max_attachment_bytes,
            ),
            log_address=lambda station: self.csms.log_address(station, self.public_url),
        )
        self.staff = Staff(db, clock, session_lasts=timedelta(hours=settings.session_hours))
        self.office = Office(db, self.csms, self.desk, clock, OfficeOptions(
            settings.notify_email, settings.notify_sms, settings.data / "heads" if settings.data else None,
            targets.networks(settings.hook_networks),
        ))
        self.worker = Worker(
            db, self.csms, self.desk, clock, interval_s=settings.worker_interval_s, also=self.office.parts
        )
        self.http = self.ocpp = self.ocpps = self.ftp = ""
        self.owner: Owner | None = None
        self.site: Site | None = None

    def failed(self) -> str | None:
        """Which of our parts has died; None while all run."""
        return next((f"{o.died} has died" for o in (self.owner, self.centre.owner) if o and o.died), None)

    def bare(self) -> FastAPI:
        """Only /health and /metrics: what a process without pages answers."""
        app = FastAPI(title="Ohmbudsman", openapi_url=None, docs_url=None, redoc_url=None)
        app.state.failed = self.failed
        app.include_router(health_router(self.centre))
        return app

    def web(self) -> FastAPI:
        """Pages and REST as one application."""
        app = FastAPI(
            title="Ohmbudsman", version="1", openapi_url=f"{API}/openapi.json", docs_url=f"{API}/docs", redoc_url=None,
            telemetry={"tracing": False},  # it would tell addresses with the secrets in them
        )
        app.state.authenticate = self.staff.authenticate
        app.state.failed = self.failed
        site = self.site = Site(
            self.desk, self.csms, self.staff, self.settings, self.clock, ocpp=self.ocpp, office=self.office
        )
        app.add_middleware(Throttle, limits=Limits(
            self.settings.rate_address, self.settings.rate_token, self.settings.rate_public
        ))
        answer_with_problems(app)
        app.add_middleware(
            BodyLimit, limit=self.settings.max_body_bytes,
            larger={
                f"{API}/journal": self.settings.max_journal_bytes, "/uploads/": LARGEST_UPLOAD,
                f"{API}/complaints": self.settings.max_filing_bytes, "/r/": self.settings.max_filing_bytes,
                "/c/": self.settings.max_filing_bytes, "/desk/": self.settings.max_filing_bytes,
            },
        )
        app.add_middleware(Faces, site=site)
        app.add_middleware(RequestContext)  # outermost: what fails further in has the request's id
        for each in routers(
            self.centre, uploads=self.uploads_folder, public_url=self.public_url, ftp_url=self.ftp or None,
            surveys=[figures.survey(self.db, self.clock)],
        ):
            app.include_router(each)
        app.include_router(rest.router(self.desk, public_url=self.settings.public_url), prefix=API)
        for part in rest.office_routers(self.office):
            app.include_router(part, prefix=API)
        app.include_router(rest_evidence.router(self.desk), prefix=API)
        app.include_router(rest_fault_codes.router(self.desk), prefix=API)
        app.include_router(pages.build(site))
        return app

    @property
    def public_url(self) -> str:
        """Where stations and customers reach us."""
        return self.settings.public_url or self.http

    @property
    def uploads_folder(self) -> Path:
        return (self.settings.data or Path("data")) / "uploads"


@asynccontextmanager
async def running(
    settings: Settings, *, stations: bool = True, desk: bool = True, clock: Clock = system_clock
) -> AsyncIterator[Product]:
    """A product that accepts stations and requests until the block is left; then nothing is lost."""
    async with AsyncExitStack() as stack:
        if settings.otlp:
            end_traces = traces.begin(settings.otlp, _node(settings, stations=stations))
            stack.push_async_callback(asyncio.to_thread, end_traces)
        dsn = settings.database or await _embedded(settings, stack)
        await migrate(dsn)
        db = await connect(dsn, most=settings.database_connections)
        stack.push_async_callback(db.close)
        async with db.acquire() as conn, conn.transaction():
            await fault_codes.seed(conn, clock())
        product = Product(db, settings, node=_node(settings, stations=stations), clock=clock)
        owner = product.owner = Owner()
        stack.push_async_callback(owner.stop)
        stack.push_async_callback(product.centre.stop)
        if not stations:
            await product.centre.begin()
        else:
            port = await product.centre.start(settings.host, settings.ocpp_port)
            product.ocpp = f"ws://{settings.host}:{port}/ocpp"
            if product.centre.tls:
                secure = await product.centre.start_secure(settings.host, settings.ocpps_port)
                product.ocpps = f"wss://{settings.host}:{secure}/ocpp"
        if not desk:
            await _listen(product, product.bare(), owner, stack)
        else:
            owner.start(product.worker.run(), "complaints worker")
            await _serve_ftp(product, stack)
            await _listen(product, product.web(), owner, stack)
            await _take_mail(product, stack)
        yield product


async def _take_mail(product: Product, stack: AsyncExitStack) -> None:
    """The mail slot, where one is wanted."""
    settings = product.settings
    if settings.smtp_port is None:
        return
    from complaints.intake import smtp

    domains = tuple(filter(None, (part.strip().lower() for part in settings.mail_domains.split(","))))
    server = await smtp.listen(product.office.doors, settings.host, settings.smtp_port, domains)
    stack.callback(server.close)


async def _serve_ftp(product: Product, stack: AsyncExitStack) -> None:
    settings = product.settings
    if settings.ftp_port is None:
        return
    reached, passive = settings.ftp_host, settings.ftp_passive_ports
    first, _, last = (passive or "").partition("-")
    server = FtpServer(
        Files(product.csms, product.uploads_folder),
        passive_ports=(int(first), int(last)) if passive else None,
        address=await asyncio.to_thread(socket.gethostbyname, reached) if reached else None,
    )
    port = server.start(settings.host, settings.ftp_port)
    stack.push_async_callback(server.stop)
    product.ftp = f"ftp://{reached or settings.host}:{port}"


def _node(settings: Settings, *, stations: bool) -> str:
    """A desk holds no sockets: it may share a gateway's name, and is still another process."""
    name = settings.node or (f"{socket.gethostname()}-{os.getpid()}" if settings.nats else "main")
    return name if stations else f"desk of {name}"


def _tls_files(settings: Settings) -> TlsFiles | None:
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    own = settings.authority_folder
    ca = settings.tls_client_ca or (own / "ca.crt" if own else None)
    return TlsFiles(settings.tls_cert, settings.tls_key, ca)


def _authority(settings: Settings) -> Authority | None:
    return Authority.load(settings.authority_folder) if settings.authority_folder else None


def _sealing_key(settings: Settings) -> SealingKey | None:
    if settings.secret_key:
        return SealingKey(settings.secret_key.get_secret_value().encode())
    return SealingKey.kept_in(settings.data / "secret.key") if settings.data else None


async def _embedded(settings: Settings, stack: AsyncExitStack) -> str:
    assert settings.data is not None
    postgres = EmbeddedPostgres(settings.data)
    stack.push_async_callback(postgres.stop)
    return await postgres.start()


async def _listen(product: Product, app: FastAPI, owner: Owner, stack: AsyncExitStack) -> None:
    """Serve HTTP beside the sockets."""
    settings = product.settings
    listening = socket.create_server((settings.host, settings.http_port))
    product.http = f"http://{settings.host}:{listening.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", server_header=False,
        timeout_graceful_shutdown=3, forwarded_allow_ips=settings.trusted_proxies,
    ))
    # `_serve`, not `serve`: that one would take over the signals.
    task = owner.start(server._serve([listening]), "http")

    async def stop() -> None:
        app.state.stopping = True  # pages that stay open for news let go by themselves
        server.should_exit = True
        with suppress(Exception):
            await asyncio.wait_for(task, 6)

    stack.push_async_callback(stop)
    while not server.started:
        if task.done():
            await task
        await asyncio.sleep(0.01)


async def announced(product: Product, *, desk: bool) -> list[str]:
    """`ready` with its addresses; and, as long as nobody can log in, where the first user is made."""
    more = {"ocpps": product.ocpps, "ftp": product.ftp}
    also = "".join(f" {name}={address}" for name, address in more.items() if address)
    lines = [f"ready http={product.http or '-'} ocpp={product.ocpp or '-'}{also}"]
    if desk and product.http and await product.staff.nobody_yet():
        lines.append(f"set-up {product.public_url}/setup?code={product.staff.setup_code}")
    return lines


async def serve_until_told(settings: Settings, *, stations: bool, desk: bool) -> None:
    """Run until SIGTERM or SIGINT; says on stdout once it accepts."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, told.set)
    allow_most()
    async with running(settings, stations=stations, desk=desk) as product:
        if tls := product.centre.tls:
            renewing: set[asyncio.Task[bool]] = set()
            loop.add_signal_handler(signal.SIGHUP, lambda: renewing.add(loop.create_task(tls.reload())))
        if product.owner and product.site:
            product.owner.start(asyncio.to_thread(product.site.warm), "pages warming up")
        print("\n".join(await announced(product, desk=desk)), flush=True)
        while not told.is_set() and not product.failed():
            with suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), LOOKED_AFTER_EVERY_S)
        why = product.failed()
        log.info("stopping", why=why or "told to")
    if why:
        raise PartDied(why)
