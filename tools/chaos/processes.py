"""Processes that can be killed and started again where they were: ours, PostgreSQL, NATS."""

from __future__ import annotations

import asyncio
import re
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from csms.kit.postgres import EmbeddedPostgres

ROOT = Path(__file__).parents[2]
STARTS_WITHIN_S = 90


class Process:
    """One process, its log beside its data."""

    def __init__(self, log: Path, *arguments: str) -> None:
        self.log, self.arguments = log, arguments
        self._process: asyncio.subprocess.Process | None = None

    async def run(self, said: str) -> str:
        """Start it; the line of its output that begins with `said`."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=log
            )
        assert self._process.stdout
        async with asyncio.timeout(STARTS_WITHIN_S):
            line = (await self._process.stdout.readline()).decode()
        if not line.startswith(said):
            raise RuntimeError(f"{self.arguments} did not start: {self.log.read_text()[-4000:]}")
        return line

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def send(self, what: signal.Signals) -> None:
        assert self._process
        self._process.send_signal(what)

    async def kill(self) -> None:
        """SIGKILL: nothing is put in order."""
        assert self._process
        self._process.kill()
        await self._process.wait()

    async def end(self) -> None:
        """In order, if it takes less than 20 s."""
        if not self.running:
            return
        assert self._process
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(20):
                await self._process.wait()
        if self.running:
            await self.kill()


class Ours(Process):
    """`ohmbudsman serve`, `gateway` or `desk`, always on the ports it got first."""

    def __init__(self, role: str, log: Path, *options: str) -> None:
        super().__init__(log)
        self.role, self.options = role, options
        self.port = self.http_port = 0

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ocpp"

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    async def start(self) -> None:
        self.arguments = (
            sys.executable, "-m", "complaints", self.role, "--http-port", str(self.http_port),
            "--ocpp-port", str(self.port), "--unknown-stations", "accept", "--unknown-tokens", "accept", *self.options,
        )
        line = await self.run("ready ")
        found = dict(re.findall(r"(http|ocpp)=\w+://[\d.]+:(\d+)", line))
        self.port, self.http_port = int(found.get("ocpp", 0)), int(found.get("http", 0))


class Serving(Ours):
    """`ohmbudsman serve` with its embedded database."""

    def __init__(self, data: Path) -> None:
        super().__init__("serve", data.parent / "serve.log", "--data", str(data))
        self.data = data

    async def end(self) -> None:
        """Stop it, and whatever a killed one has left behind."""
        await super().end()
        stop_postgres(self.data / "pg")


class NatsServer(Process):
    """A NATS server, always on the port it got first."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "nats.log")
        self.port = -1

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    async def start(self) -> None:
        program = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or "nats-server"
        before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                program, "-a", "127.0.0.1", "-p", str(self.port), stdout=log, stderr=log
            )
        async with asyncio.timeout(STARTS_WITHIN_S):
            while "Server is ready" not in (said := self.log.read_text()[before:]):  # noqa: ASYNC110 - a log rings no bell
                await asyncio.sleep(0.05)
        if found := re.search(r"Listening for client connections on [\d.]+:(\d+)", said):
            self.port = int(found[1])


class Postgres:
    """An embedded PostgreSQL of one's own, to be stopped the way power cuts and operators do it."""

    def __init__(self, folder: Path) -> None:
        self.cluster = folder / "pg"
        self._embedded = EmbeddedPostgres(folder)

    async def start(self) -> str:
        return await self._embedded.start()

    async def stop(self, how: signal.Signals) -> None:
        """SIGINT: fast, transactions are aborted. SIGQUIT: immediate, recovery follows. As `pg_ctl stop -m` does it."""
        await asyncio.to_thread(stop_postgres, self.cluster, how)

    async def kill(self) -> None:
        """SIGKILL to the postmaster and all its children, as a machine that loses its power."""
        await asyncio.to_thread(kill_postgres, self.cluster)

    async def end(self) -> None:
        await self._embedded.stop()
        await self.stop(signal.SIGINT)


def postmaster(cluster: Path) -> psutil.Process | None:
    with suppress(FileNotFoundError, psutil.NoSuchProcess):
        process = psutil.Process(int((cluster / "postmaster.pid").read_text().split()[0]))
        if process.name().startswith("postgres"):
            return process
    return None


def stop_postgres(cluster: Path, how: signal.Signals = signal.SIGINT) -> None:
    """End the PostgreSQL of a cluster folder, if one still runs."""
    if process := postmaster(cluster):
        with suppress(psutil.NoSuchProcess):
            process.send_signal(how)
            process.wait(20)


def kill_postgres(cluster: Path) -> None:
    if process := postmaster(cluster):
        family = [process, *process.children(recursive=True)]
        for each in family:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(family, 20)
