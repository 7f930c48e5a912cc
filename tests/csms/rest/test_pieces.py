"""Logs that come piece by piece, over FTP, and are found again by their words."""

from __future__ import annotations

import asyncio
import ftplib
import gzip
import hashlib
import io
import socket
import struct
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from charger_emulator.pytest_plugin import charger  # noqa: F401
from csms import ftp as csms_ftp
from csms.files import Files
from csms.ftp import FtpServer
from csms.rest import shapes
from csms.rest.uploads import read_range
from tests.csms.rest.conftest import Http
from tests.csms.rest.test_uploads import LOG, asked_for
from tests.reliability.sockets import until


async def put(http: Http, path: str, start: int, piece: bytes, total: int | str) -> Any:
    said = f"bytes {start}-{start + len(piece) - 1}/{total}"
    return await http.client.put(path, content=piece, headers={"Content-Range": said})


async def test_a_log_comes_in_pieces_and_goes_on_after_a_break(http: Http) -> None:
    path = await asked_for(http)
    assert (await http.client.head(path)).headers["upload-offset"] == "0"
    first = await put(http, path, 0, LOG[:100_000], len(LOG))
    assert (first.status_code, first.headers["upload-offset"]) == (202, "100000")
    assert (await put(http, path, 0, LOG[:10], len(LOG))).status_code == 416
    ahead = await put(http, path, 150_000, LOG[150_000:], len(LOG))
    assert (ahead.status_code, ahead.headers["upload-offset"]) == (416, "100000")

    async def breaks_off() -> AsyncIterator[bytes]:
        yield LOG[100_000:130_000]
        raise ConnectionResetError

    await http.client.put(
        path, content=breaks_off(), headers={"Content-Range": f"bytes 100000-{len(LOG) - 1}/{len(LOG)}"}
    )
    here = int((await http.client.head(f"{path}/a.log")).headers["upload-offset"])
    assert here == 130_000
    last = await put(http, f"{path}/a.log", here, LOG[here:], len(LOG))
    assert (last.status_code, last.json()["sha256"]) == (201, hashlib.sha256(LOG).hexdigest())
    assert (await http.client.head(path)).status_code == 404
    assert [p.suffix for p in http.uploads.iterdir()] == [".upload"]


async def test_pieces_of_unknown_length_and_pieces_that_lie(http: Http) -> None:
    path = await asked_for(http)
    assert (await put(http, path, 0, b"12345", "*")).status_code == 202
    lie = await http.client.put(path, content=b"678901234", headers={"Content-Range": "bytes 5-6/10"})
    assert lie.status_code == 422
    here = int((await http.client.head(path)).headers["upload-offset"])
    done = await put(http, path, here, b"67890"[here - 5 :], 10)
    assert (done.status_code, done.json()["bytes"]) == (201, 10)


async def test_nonsense_about_pieces_is_refused(http: Http) -> None:
    path = await asked_for(http)
    for said in ("bytes 0-", "bytes 5-1/10", "bytes 0-10/10", "0-1/2", "bytes 0-1/" + "9" * 15, "bytes 0-1/x"):
        answer = await http.client.put(path, content=b"12", headers={"Content-Range": said})
        assert answer.status_code == 422, said
    assert read_range(" bytes 0-1/2 ") == (0, 1, 2)


async def test_logs_are_found_by_their_words(http: Http) -> None:
    path = await asked_for(http)
    log = "\n".join(f"line {n}" for n in range(5000)) + "\n12:07 Contactor 100% stuck, 接触器粘连\n" + "tail " * 100
    assert (await http.client.put(f"{path}/a.gz", content=gzip.compress(log.encode()))).status_code == 201
    for words in ("contactor 100% STUCK", "接触器", "12:07"):
        _, page = await http("GET", "/uploads", params={"q": words})
        shapes.Listing[shapes.UploadShape].model_validate(page)
        [found] = page["items"]
        assert "Contactor 100% stuck" in found["excerpt"]
    for query in ({"q": "contactor_100"}, {"q": "stuck", "station": "CS-2"}):
        assert (await http("GET", "/uploads", params=query))[1]["items"] == []
    assert (await http("GET", "/uploads?q=a"))[0] == 422
    assert (await http("GET", "/uploads?q=%00%00"))[0] == 422


@pytest.fixture
async def server(http: Http) -> AsyncIterator[FtpServer]:
    made = FtpServer(Files(http.centre.csms, http.uploads))
    made.port = made.start("127.0.0.1", 0)  # type: ignore[attr-defined]
    yield made
    await made.stop()


async def address(http: Http, server: FtpServer, station: str = "CS-1") -> tuple[str, str]:
    """(user, password)"""
    url = urlsplit(await http.centre.csms.log_address(station, f"ftp://127.0.0.1:{server.port}"))  # type: ignore[attr-defined]
    return url.username or "", url.password or ""


def session(server: FtpServer, user: str, password: str) -> ftplib.FTP:
    ftp = ftplib.FTP()
    ftp.connect("127.0.0.1", server.port, timeout=20)  # type: ignore[attr-defined]
    try:
        ftp.login(user, password)
    except (ftplib.Error, EOFError):
        ftp.close()
        raise
    return ftp


@pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1"])
async def test_an_emulated_station_brings_its_log_over_ftp(
    http: Http, server: FtpServer, charger: Any, protocol: str  # noqa: F811
) -> None:
    await http("PUT", "/stations/CS-1", {})
    station = await charger(http.ocpp, "CS-1", protocol)
    csms = http.centre.csms
    asked = await csms.fetch_log(
        "CS-1", base_url=f"ftp://127.0.0.1:{server.port}", by="test", complaint="C-1", wait_s=10,  # type: ignore[attr-defined]
    )
    assert asked.state == "accepted"
    await until(lambda: csms.upload_of(asked.id))
    brought = await csms.upload_of(asked.id)
    assert brought
    assert brought.station == "CS-1"
    assert (http.uploads / str(brought.path)).read_text() in "\n".join(station.log) + "\n"
    async def found_by_its_words() -> list[str]:
        _, page = await http("GET", "/uploads?q=power up")
        return [u["complaint"] for u in page["items"]]

    await until(found_by_its_words)  # a log is read through once it is stored
    assert await found_by_its_words() == ["C-1"]


async def test_ftp_is_good_for_one_file_and_nothing_else(http: Http, server: FtpServer) -> None:
    await http("PUT", "/stations/CS-1", {})
    user, password = await address(http, server)

    def misbehaves() -> list[str]:
        said = []
        ftp = session(server, user, password)
        for line in ("LIST", "NLST", "MKD x", "DELE x", "RNFR x", "RMD /", "SIZE x", "SITE CHMOD 777 /", "MLSD",
                     "RETR ../../../etc/passwd"):
            try:
                said.append(ftp.sendcmd(line)[:1] if not line.startswith(("LIST", "NLST", "MLSD", "RETR"))
                            else (ftp.retrlines(line, lambda _: None) or "2")[:1])
            except ftplib.Error as error:
                said.append(str(error)[:1])
        ftp.storbinary("STOR ../../../../tmp/../evil name.log", io.BytesIO(LOG))
        try:
            ftp.storbinary("STOR second.log", io.BytesIO(LOG))
        except ftplib.Error as error:
            said.append(str(error)[:3])
        ftp.close()
        return said

    said = await asyncio.to_thread(misbehaves)
    assert said == ["5"] * 10 + ["553"], said
    rows = await http.centre.db.fetch("select name, sha256 from uploads where received_at is not null")
    assert [tuple(r) for r in rows] == [("evil name.log", hashlib.sha256(LOG).hexdigest())]
    with pytest.raises(ftplib.error_perm):
        await asyncio.to_thread(session, server, user, password)
    assert [p.suffix for p in http.uploads.iterdir() if p.is_file()] == [".upload"]


async def test_only_who_was_told_comes_in_over_ftp(http: Http, server: FtpServer) -> None:
    await http("PUT", "/stations/CS-1", {})
    user, password = await address(http, server)
    assert password not in str(await http.centre.db.fetch("select * from uploads"))
    for wrong in ((user, "guess"), ("anonymous", "me@"), (user[:-1], password), ("%", password)):
        with pytest.raises((ftplib.Error, EOFError)):
            await asyncio.to_thread(session, server, *wrong)
    now = http.centre.csms.clock()
    http.centre.csms.clock = lambda: now + timedelta(hours=2)
    with pytest.raises(ftplib.Error):
        await asyncio.to_thread(session, server, user, password)


async def test_a_file_that_is_too_large_is_stopped_over_ftp(
    http: Http, server: FtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csms_ftp, "LARGEST", 100_000)
    await http("PUT", "/stations/CS-1", {})
    user, password = await address(http, server)

    def brings(size: int) -> str:
        ftp = session(server, user, password)
        try:
            return ftp.storbinary("STOR big.log", io.BytesIO(b"x" * size))[:3]
        except (ftplib.Error, OSError, EOFError) as error:
            return type(error).__name__
        finally:
            ftp.close()

    assert await asyncio.to_thread(brings, 5_000_000) != "226"
    assert await http.centre.db.fetchval("select count(*) from uploads where received_at is not null") == 0
    assert await asyncio.to_thread(brings, 50_000) == "226"


async def test_a_broken_off_ftp_upload_goes_on(http: Http, server: FtpServer) -> None:
    await http("PUT", "/stations/CS-1", {})
    user, password = await address(http, server)

    def breaks_off() -> None:
        ftp = session(server, user, password)
        data = ftp.transfercmd("STOR a.log")
        data.sendall(LOG[:70_000])
        while not any(part.stat().st_size for part in http.uploads.rglob("a.log")):
            pass
        data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, no orderly end
        data.close()
        ftp.close()

    def goes_on() -> None:
        ftp = session(server, user, password)
        ftp.voidcmd("TYPE I")
        here = ftp.size("a.log") or 0
        assert 0 < here <= 70_000
        ftp.storbinary("STOR a.log", io.BytesIO(LOG[here:]), rest=here)
        ftp.quit()

    await asyncio.to_thread(breaks_off)
    await asyncio.to_thread(goes_on)
    assert await http.centre.db.fetchval("select sha256 from uploads where received_at is not null") == (
        hashlib.sha256(LOG).hexdigest()
    )


async def test_without_ftp_it_cannot_be_asked_for(http: Http) -> None:
    await http("PUT", "/stations/CS-1", {})
    assert await http.refused("POST", "/stations/CS-1/log", {"via": "ftp"}) == (422, ["via"])
