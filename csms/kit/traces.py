"""Traces for those who collect them (OpenTelemetry): what waited for what, across processes.

A command is one trace from the desk's request over NATS to the station's answer and the commit of its frames. Without
`begin` every span is the empty one, which costs about a microsecond. Addresses that may hold secrets (tracking links,
uploads, set-up) are told by their route only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TypeAlias

from opentelemetry import propagate, trace
from opentelemetry.trace import Span

from csms.errors import BadInput

TRACER = trace.get_tracer("ohmbudsman")
Told: TypeAlias = str | int


def begin(collector: str, node: str) -> Callable[[], None]:
    """From now on send spans to `collector` by OTLP over HTTP; how many is up to OTEL_TRACES_SAMPLER.

    Gives what ends it, after the last have been sent. Raises BadInput where the packages for it are not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise BadInput("otlp", "needs packages that are not installed: pip install 'ohmbudsman[traces]'") from None
    provider = TracerProvider(resource=Resource.create({"service.name": "ohmbudsman", "service.instance.id": node}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(collector.rstrip("/") + "/v1/traces")))
    trace.set_tracer_provider(provider)
    return provider.shutdown


def span(name: str, **told: Told) -> AbstractContextManager[Span]:
    """One piece of work, within the one that is going on."""
    return TRACER.start_as_current_span(name, attributes=_attributes(told))


def continued(name: str, headers: Mapping[str, str] | None, **told: Told) -> AbstractContextManager[Span]:
    """One piece of work, asked for by another process: `headers` are what `carried` gave there."""
    return TRACER.start_as_current_span(name, propagate.extract(headers or {}), attributes=_attributes(told))


def _attributes(told: Mapping[str, Told]) -> dict[str, Told]:
    return {f"ohmbudsman.{key}": value for key, value in told.items()}


def carried() -> dict[str, str]:
    """What another process needs to go on with this trace; empty where there is none."""
    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers
