"""`ohmbudsman serve` with certificates, and the authority from the command line."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from websockets.asyncio.client import connect

from complaints.settings import Settings
from csms.errors import BadInput

PATIENCE_S = 90
ROOT = Path(__file__).parents[2]


def run(*args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "complaints", *args], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


async def served(port: int, trust: ssl.SSLContext) -> int:
    """The serial number of the certificate that is served."""
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust)
    der = writer.get_extra_info("ssl_object").getpeercert(True)
    writer.close()
    return x509.load_der_x509_certificate(der).serial_number


@pytest.mark.slow
async def test_serving_over_tls_with_an_authority_of_our_own_and_a_new_certificate_on_sighup(
    dsn: str, tmp_path: Path
) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    where = ["--data", str(data), "--database", dsn]
    ca = await asyncio.to_thread(run, "ca", "init", "--data", str(data))
    await asyncio.to_thread(run, "ca", "issue", "127.0.0.1", "--server", "--out", str(out), *where)
    own = Path(await asyncio.to_thread(run, "ca", "issue", "CS-1", "--out", str(out), *where))
    with (tmp_path / "serve.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "complaints", "serve", *where, "--http-port", "0", "--ocpp-port", "0",
            "--ocpps-port", "0", "--unknown-stations", "accept", cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=log,
            env=os.environ | {
                "OHMBUDSMAN_TLS_CERT": str(out / "127.0.0.1.crt"), "OHMBUDSMAN_TLS_KEY": str(out / "127.0.0.1.key")
            },
        )
        assert process.stdout
        line = (await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)).decode()
        assert line.startswith("ready http=http://"), (tmp_path / "serve.log").read_text()
        url = line.split("ocpps=")[1].strip()
        port = int(url.split(":")[2].partition("/")[0])
        trust = ssl.create_default_context(cafile=ca)
        trust.load_cert_chain(own, own.with_suffix(".key"))
        async with connect(f"{url}/CS-1", ssl=trust) as socket:
            before = await served(port, trust)
            again = tmp_path / "again"
            await asyncio.to_thread(run, "ca", "issue", "127.0.0.1", "--server", "--out", str(again), *where)
            for name in ("127.0.0.1.key", "127.0.0.1.crt"):
                (again / name).replace(out / name)
            process.send_signal(signal.SIGHUP)
            async with asyncio.timeout(40):
                while await served(port, trust) == before:
                    pass
            await socket.send('[2,"1","Heartbeat",{}]')
            assert "currentTime" in str(await asyncio.wait_for(socket.recv(), 40))
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 40) == 0


def test_certificate_and_key_go_together() -> None:
    for given in ({"tls_cert": "a"}, {"tls_key": "a"}, {"tls_client_ca": "a"}):
        with pytest.raises(BadInput):
            Settings.load({}, **given)
    assert "hidden" not in repr(Settings.load({"OHMBUDSMAN_SECRET_KEY": "hidden"}))
