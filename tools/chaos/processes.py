"""Processes that can be killed and started again where they were: ours, PostgreSQL, NATS."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import re
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from csms.kit.postgres import EmbeddedPostgres

STARTS_WITHIN_S = 240
"""Two seconds of work; a machine that does twenty things at once may need longer."""


class Ours:
    """`ohmbudsman serve`, `gateway` or `desk`, always on the ports it got first.

    A process of its own, forked from one that has loaded the modules: it starts in a fraction of the time.
    """

    def __init__(self, role: str, log: Path, *options: str, environment: Mapping[str, str] | None = None) -> None:
        self.role, self.log, self.options, self.environment = role, log, options, dict(environment or {})
        self.port = self.http_port = 0
        self._process: Any = None

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ocpp"

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.is_alive()

    async def start(self) -> None:
        said = self.log.with_suffix(".out")
        said.write_text("")
        arguments = (
            self.role, "--http-port", str(self.http_port), "--ocpp-port", str(self.port),
            "--unknown-stations", "accept", "--unknown-tokens", "accept", *self.options,
        )
        given = (arguments, self.environment, said, self.log)
        self._process = FORKS.Process(target=_serve, args=given, name=self.log.stem)
        await asyncio.to_thread(self._process.start)
        async with asyncio.timeout(STARTS_WITHIN_S):
            while not said.read_text().startswith("ready "):
                if not self._process.is_alive():
                    raise RuntimeError(f"{arguments} did not start: {self.log.read_text()[-4000:]}")
                await asyncio.sleep(0.02)
        found = dict(re.findall(r"(http|ocpp)=\w+://[\d.]+:(\d+)", said.read_text()))
        self.port, self.http_port = int(found.get("ocpp", 0)), int(found.get("http", 0))

    def send(self, what: signal.Signals) -> None:
        os.kill(self.pid, what)

    async def kill(self) -> None:
        """SIGKILL: nothing is put in order."""
        self._process.kill()
        await asyncio.to_thread(self._process.join)

    async def end(self) -> None:
        """In order, if it takes less than 20 s."""
        if self.running:
            self.send(signal.SIGCONT)
            self._process.terminate()
            await asyncio.to_thread(self._process.join, 20)
            if self.running:
                await self.kill()


FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["complaints.app", "complaints.__main__", "uvloop"])


def _serve(arguments: Sequence[str], environment: Mapping[str, str], said: Path, log: Path) -> None:
    """The command line in this process."""
    os.environ.update(environment)
    for path, number in ((said, 1), (log, 2)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, number)
    sys.argv = ["ohmbudsman", *arguments]
    from complaints.__main__ import main

    main()


class Serving(Ours):
    """`ohmbudsman serve` with its embedded database."""

    def __init__(self, data: Path) -> None:
        super().__init__("serve", data.parent / "serve.log", "--data", str(data))
        self.data = data

    async def end(self) -> None:
        """Stop it, and whatever a killed one has left behind."""
        await super().end()
        stop_postgres(self.data / "pg")


class NatsServer:
    """A NATS server, always on the port it got first."""

    def __init__(self, folder: Path) -> None:
        self.log, self.port = folder / "nats.log", -1
        self._process: asyncio.subprocess.Process | None = None

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

    def send(self, what: signal.Signals) -> None:
        assert self._process
        self._process.send_signal(what)

    async def kill(self) -> None:
        assert self._process
        self._process.kill()
        await self._process.wait()

    async def end(self) -> None:
        if self._process and self._process.returncode is None:
            await self.kill()


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
