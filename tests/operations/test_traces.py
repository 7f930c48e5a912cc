"""Traces: a command is one of them across nodes, the collector gets them, and no secret goes along."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from csms.gateway.nodes import Nats
from csms.kit import traces
from csms.vocabulary import CommandState
from tests.reliability.sockets import until
from tests.web.stage import stage
from tests.web.test_doors import visitor
from tools.chaos.processes import NatsServer

Spans = InMemorySpanExporter


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Spans]:
    made, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(made))
    monkeypatch.setattr(traces, "TRACER", provider.get_tracer("test"))
    yield made
    provider.shutdown()


@pytest.fixture
async def relays(tmp_path: Path) -> AsyncIterator[tuple[Nats, Nats]]:
    """Of a gateway and of a desk."""
    server = NatsServer(tmp_path)
    await server.start()
    made = Nats([server.url], "gateway", patience_s=5), Nats([server.url], "desk", patience_s=5)
    running = [asyncio.create_task(relay.run()) for relay in made]
    yield made
    for relay in made:
        await relay.close()
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await server.end()


class Session:
    async def perform(self, command: str) -> CommandState:
        with traces.span("station answers", command=command):
            return CommandState.ACCEPTED

    def superseded(self, session: int) -> None:
        raise AssertionError("nobody else came in")


def named(spans: Spans, name: str) -> ReadableSpan:
    return next(each for each in spans.get_finished_spans() if each.name == name)


async def test_a_command_is_one_trace_across_nodes(relays: tuple[Nats, Nats], spans: Spans) -> None:
    gateway, desk = relays
    await gateway.attach("CS-1", Session(), 1)

    async def delivered() -> bool:
        spans.clear()
        with traces.span("command", station="CS-1"):
            return await desk.deliver("CS-1", "look") is CommandState.ACCEPTED

    await until(delivered)
    command, there, answer = (named(spans, n) for n in ("command", "asked by another node", "station answers"))
    assert len({each.context.trace_id for each in (command, there, answer) if each.context}) == 1
    assert [each.parent.span_id for each in (there, answer) if each.parent] == [
        each.context.span_id for each in (command, there) if each.context
    ]
    assert answer.attributes == {"ohmbudsman.command": "look"}


async def test_requests_and_commits_are_told_by_their_route_without_secrets(dsn: str, spans: Spans) -> None:
    async with stage(dsn, past=timedelta(0), pace=1) as told:
        await told.station("CS-7", "ocpp1.6", [60.0])
        tracking = (await told.complain("CS-7", 1)).tracking
        async with aclosing(visitor(told)) as driver:
            assert (await driver.get(f"/c/{tracking}?phone=13800138000")).status_code == 200
    page = named(spans, "GET /c/{tracking}")
    assert set(page.attributes or ()) == {"ohmbudsman.request"}
    assert named(spans, "commit messages").attributes == {"ohmbudsman.messages": 1}
    assert named(spans, "gather and judge").attributes
    assert not any(tracking in each.to_json() or "13800138000" in each.to_json() for each in spans.get_finished_spans())


async def test_the_collector_gets_them() -> None:
    got: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert head.startswith("post /v1/traces ")
        size = int(next(line for line in head.splitlines() if line.startswith("content-length")).split(":")[1])
        got.append(await reader.readexactly(size))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    collector = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    said = (f"from csms.kit import traces; end = traces.begin({collector!r}, 'n1')\n"
            "with traces.span('work', station='CS-1'): pass\nend()")
    async with server:
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", said], capture_output=True, text=True, timeout=60, check=False,
            env={"OTEL_EXPORTER_OTLP_COMPRESSION": "none"},
        )
    assert done.returncode == 0, done.stderr
    [resource] = ExportTraceServiceRequest.FromString(got[0]).resource_spans
    about = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert (about["service.name"], about["service.instance.id"]) == ("ohmbudsman", "n1")
    assert [each.name for each in resource.scope_spans[0].spans] == ["work"]
