"""The server as a process that can be killed, and a PostgreSQL of its own that can be stopped."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from csms.kit.postgres import EmbeddedPostgres

ROOT = Path(__file__).parents[2]


class Serving:
    """`ohmbudsman serve` with its embedded database, killed and started again on the same port."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = 0
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ocpp"

    async def start(self) -> None:
        with (self.data.parent / "serve.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "complaints", "serve", "--data", str(self.data), "--http-port", "0",
                "--ocpp-port", str(self.port), "--unknown-stations", "accept", "--unknown-tokens", "accept",
                cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=log,
            )
        assert self._process.stdout
        async with asyncio.timeout(60):
            line = (await self._process.stdout.readline()).decode()
        assert line.startswith("ready "), (self.data.parent / "serve.log").read_text()[-4000:]
        self.port = int(line.split("ocpp=")[1].split("/ocpp")[0].rpartition(":")[2])

    async def kill(self) -> None:
        """SIGKILL: nothing is put in order."""
        assert self._process
        self._process.kill()
        await self._process.wait()

    async def end(self) -> None:
        """Stop it, and whatever a killed one has left behind."""
        if self._process and self._process.returncode is None:
            self._process.terminate()
            with suppress(TimeoutError):
                async with asyncio.timeout(20):
                    await self._process.wait()
            if self._process.returncode is None:
                await self.kill()
        stop_postgres(self.data / "pg")


class Postgres:
    """An embedded PostgreSQL of the test's own, to be stopped the way power cuts and operators do it."""

    def __init__(self, folder: Path) -> None:
        self.cluster = folder / "pg"
        self._embedded = EmbeddedPostgres(folder)

    async def start(self) -> str:
        return await self._embedded.start()

    async def stop(self, how: signal.Signals) -> None:
        """SIGINT: fast, transactions are aborted. SIGQUIT: immediate, recovery follows. As `pg_ctl stop -m` does it."""
        await asyncio.to_thread(stop_postgres, self.cluster, how)

    async def end(self) -> None:
        await self._embedded.stop()
        await self.stop(signal.SIGINT)


def stop_postgres(cluster: Path, how: signal.Signals = signal.SIGINT) -> None:
    """End the PostgreSQL of a cluster folder, if one still runs."""
    with suppress(FileNotFoundError, psutil.NoSuchProcess):
        process = psutil.Process(int((cluster / "postmaster.pid").read_text().split()[0]))
        if process.name().startswith("postgres"):
            process.send_signal(how)
            process.wait(20)
