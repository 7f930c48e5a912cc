"""Whether this process lives, can serve, and how it fares: for balancers and for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from csms.api import Csms
from csms.rest import shapes


@dataclass(frozen=True, slots=True)
class Meter:
    """One figure that a part of the process can tell at any time."""

    name: str
    """Like `ohmbudsman_stations_connected`; a counter's ends in `_total` when it is shown."""
    help: str
    read: Callable[[], float]
    kind: Literal["gauge", "counter"] = "gauge"


class _Meters(Collector):
    def __init__(self, meters: Sequence[Meter]) -> None:
        self.meters = meters

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        for meter in self.meters:
            family = GaugeMetricFamily if meter.kind == "gauge" else CounterMetricFamily
            yield family(meter.name, meter.help, value=meter.read())


def router(csms: Csms, meters: Sequence[Meter] = ()) -> APIRouter:
    routes = APIRouter(tags=["health"])
    registry = CollectorRegistry()
    registry.register(_Meters(meters))
    ProcessCollector(registry=registry)

    @routes.get("/health/live")
    async def live() -> Response:
        return shapes.json({"status": "live"})

    @routes.get("/health/ready")
    async def ready() -> Response:
        """200 once the database can be reached and has all migrations, else 503 and why."""
        why = await csms.archive.unready()
        return shapes.json({"status": "ready"} if why is None else {"status": "not ready", "why": why},
                           200 if why is None else 503)

    @routes.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return routes
