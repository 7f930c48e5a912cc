"""Behind a TCP balancer that sends the PROXY protocol, each station is known by its own address."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path
from typing import cast

import pytest
import uvloop
from hypothesis import given, strategies as st
from proxyprotocol import ProxyProtocol
from proxyprotocol.result import ProxyResultIPv4, ProxyResultLocal
from proxyprotocol.v1 import ProxyProtocolV1
from proxyprotocol.v2 import ProxyProtocolV2
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from csms.gateway import proxied
from csms.gateway.backoff import FREE_OF_ADDRESS
from csms.gateway.proxied import Header, ProxiedSocket
from csms.gateway.tls import Tls, TlsFiles
from tests.security.conftest import Make, Site
from tests.security.papers import Papers

PASSWORD = "a password of the station"
STATION, GATEWAY = (IPv4Address("203.0.113.9"), 50123), (IPv4Address("10.0.0.1"), 9000)
VERSIONS = [ProxyProtocolV1(), ProxyProtocolV2()]
HEADERS = [version.pack(ProxyResultIPv4(STATION, GATEWAY)) for version in VERSIONS]


class Balancer:
    """Passes on what comes to `port`, after the sender's address. `slow`: that comes byte by byte."""

    def __init__(self, port: int, version: ProxyProtocol, *, slow: bool) -> None:
        self.port, self.version, self.slow = port, version, slow
        self.busy: set[asyncio.Task[None]] = set()

    async def take(self, station: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            self.busy.add(task)
        host, number = answers.get_extra_info("peername")[:2]
        gateway, words = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            header = self.version.pack(ProxyResultIPv4((IPv4Address(host), number), GATEWAY))
            await self.introduce(words, header, station)
            with suppress(asyncio.CancelledError):
                await asyncio.gather(pipe(station, words), pipe(gateway, answers))
        finally:
            for writer in (words, answers):
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()

    async def introduce(self, gateway: asyncio.StreamWriter, header: bytes, station: asyncio.StreamReader) -> None:
        if not self.slow:  # in one segment with the station's first words, as balancers do
            gateway.write(header + await station.read(65536))
            return
        for n in range(len(header)):
            gateway.write(header[n:n + 1])
            await asyncio.sleep(0.001)


async def pipe(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    target.close()


@asynccontextmanager
async def balanced(site: Site, version: ProxyProtocol, *, slow: bool = False) -> AsyncIterator[None]:
    """Both ports of the site are reached through balancers."""
    async with AsyncExitStack() as stack:
        for name in ("plain", "secure"):
            scheme, _, rest = getattr(site, name).rpartition(":")
            made = Balancer(int(rest.partition("/")[0]), version, slow=slow)
            server = await asyncio.start_server(made.take, "127.0.0.1", 0)
            stack.push_async_callback(ended, made, server)
            setattr(site, name, f"{scheme}:{server.sockets[0].getsockname()[1]}/ocpp")
        yield
        for socket in site.sockets:
            await socket.close()


async def ended(balancer: Balancer, server: asyncio.Server) -> None:
    server.close()
    for task in balancer.busy:
        task.cancel()
    await asyncio.gather(*balancer.busy, return_exceptions=True)


@pytest.mark.parametrize("version", VERSIONS, ids=["v1", "v2"])
@pytest.mark.parametrize("slow", [False, True], ids=["at once", "byte by byte"])
async def test_a_station_comes_in_with_its_own_address(sites: Make, version: ProxyProtocol, slow: bool) -> None:
    site = await sites(proxy_protocol=True)
    async with balanced(site, version, slow=slow):
        for tls in (None, site.papers.trust()):
            id = f"CS-{tls is not None:d}"
            await site.put(id, profile=2 if tls else 1, password=PASSWORD)
            assert await site.knock(id, password="wrong", tls=tls, source="127.0.0.2") == 401
            socket = await site.comes_in(id, password=PASSWORD, tls=tls, source="127.0.0.3")
            await socket.send('[2,"1","Heartbeat",{}]')
            assert (await asyncio.wait_for(socket.recv(), 5)).startswith('[3,"1",{"currentTime":')
            events = await site.centre.csms.security_events(station=id)
            assert [e["address"] for e in events if e["type"] == "wrong_password"] == ["127.0.0.2"]


async def test_a_certificate_is_seen_behind_a_balancer(sites: Make) -> None:
    site = await sites(proxy_protocol=True)
    await site.put("CS-1", profile=3)
    async with balanced(site, ProxyProtocolV2()):
        assert await site.knock("CS-1", tls=site.papers.trust()) == 403
        await site.comes_in("CS-1", tls=site.papers.trust(site.papers.pair("own", "CS-1")))


async def test_who_guesses_behind_a_balancer_makes_nobody_else_wait(sites: Make) -> None:
    site = await sites(proxy_protocol=True)
    async with balanced(site, ProxyProtocolV2()):
        await site.put("CS-1", profile=1, password=PASSWORD)
        for n in range(FREE_OF_ADDRESS + 1):
            await site.put(f"OTHER-{n}", profile=1)
            assert await site.knock(f"OTHER-{n}", password="a guess", source="127.0.0.2") == 401
        assert await site.knock("CS-1", password=PASSWORD, source="127.0.0.2") == 429
        await site.comes_in("CS-1", password=PASSWORD, source="127.0.0.3")


def test_the_servers_own_event_loop_does_it_too(tmp_path: Path) -> None:
    papers = Papers(tmp_path)
    certificate = papers.server()

    async def main(tls: Tls | None, trust: ssl.SSLContext | None) -> str:
        async def tell(socket: ServerConnection) -> None:
            await socket.send(f"{socket.remote_address[0]} said {await socket.recv()!s}")

        made = cast("type[ServerConnection]", partial(ProxiedSocket, tls=tls))
        async with serve(tell, "127.0.0.1", 0, create_connection=made) as gateway:
            balancer = Balancer(gateway.sockets[0].getsockname()[1], ProxyProtocolV2(), slow=False)
            server = await asyncio.start_server(balancer.take, "127.0.0.1", 0)
            url = f"{'wss' if trust else 'ws'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            async with connect(url, ssl=trust, local_addr=("127.0.0.7", 0)) as socket:
                await socket.send("hello")
                answer = str(await socket.recv())
            await ended(balancer, server)
            return answer

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for tls, trust in ((None, None), (Tls(TlsFiles(certificate, certificate.with_suffix(".key"))), papers.trust())):
            assert runner.run(main(tls, trust)) == "127.0.0.7 said hello"


@pytest.mark.parametrize("words", [
    b"GET /ocpp/CS-1 HTTP/1.1\r\n\r\n", b"PROXY TCP4 nonsense\r\n", b"PROXY " + b"x" * 900,
    HEADERS[1][:14] + b"\x00\x02ab", b"",
])
async def test_without_a_header_nobody_gets_in(sites: Make, monkeypatch: pytest.MonkeyPatch, words: bytes) -> None:
    monkeypatch.setattr(proxied, "PATIENCE_S", 0.3)
    site = await sites(proxy_protocol=True)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(site.plain.split(":")[2].split("/")[0]))
    writer.write(words)
    with suppress(ConnectionResetError):
        assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def test_a_balancer_may_speak_for_itself() -> None:
    assert Header().feed(ProxyProtocolV2().pack(ProxyResultLocal()) + b"GET") == (None, b"GET")
    assert Header().feed(b"PROXY UNKNOWN\r\nGET") == (None, b"GET")


@pytest.mark.parametrize("header", HEADERS, ids=["v1", "v2"])
def test_a_header_may_come_in_any_pieces(header: bytes) -> None:
    whole = (("203.0.113.9", 50123), b"GET")
    for cut in range(1, len(header)):
        reading = Header()
        assert reading.feed(header[:cut]) is None
        assert reading.feed(header[cut:] + b"GET") == whole


@given(st.one_of(st.binary(max_size=700), st.builds(
    lambda header, at, other: header[:at] + other + header[at:], st.sampled_from(HEADERS), st.integers(0, 40),
    st.binary(max_size=40),
)))
def test_whatever_comes_is_a_header_or_refused(data: bytes) -> None:
    reading = Header()
    try:
        for n in range(len(data)):
            if found := reading.feed(data[n:n + 1]):
                assert found[1] == b""
                break
    except ValueError:
        pass
