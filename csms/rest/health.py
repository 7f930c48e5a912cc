"""Whether this process lives, can serve, and how it fares: for balancers and for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import accumulate

import asyncpg
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from csms.api import Csms
from csms.kit.db import AWAY
from csms.kit.figures import Distribution, Meter, Survey
from csms.rest import shapes

SURVEY_EVERY_S = 10.0
"""However often somebody asks for /metrics, the database is asked once in this time."""
SURVEY_WITHIN_S = 3.0


class Surveys:
    """What the database tells, remembered for a little while. Away, it tells nothing; it never keeps one waiting."""

    def __init__(self, surveys: Sequence[Survey]) -> None:
        self._surveys, self._found = surveys, list[Meter]()
        self._next, self._turn = 0.0, asyncio.Lock()

    async def meters(self) -> list[Meter]:
        async with self._turn:
            now = asyncio.get_running_loop().time()
            if now >= self._next:
                self._found = [meter for survey in self._surveys for meter in await self._ask(survey)]
                self._next = now + SURVEY_EVERY_S
            return self._found

    async def _ask(self, survey: Survey) -> Sequence[Meter]:
        try:
            async with asyncio.timeout(SURVEY_WITHIN_S):
                return await survey()
        except (*AWAY, asyncpg.PostgresError):
            return ()


class _Meters(Collector):
    def __init__(self, meters: Sequence[Meter]) -> None:
        self.meters = meters

    def collect(self) -> Iterator[Metric]:
        return map(_shown, self.meters)


def _shown(meter: Meter) -> Metric:
    """As Prometheus reads it."""
    value = meter.read()
    if isinstance(value, Distribution):
        bounds = [*map(str, value.bounds), "+Inf"]
        return HistogramMetricFamily(
            meter.name, meter.help, sum_value=value.total,
            buckets=list(zip(bounds, map(float, accumulate(value.counts)), strict=True)),
        )
    family = (GaugeMetricFamily if meter.kind == "gauge" else CounterMetricFamily)(
        meter.name, meter.help, labels=meter.labels or None
    )
    for labels, figure in (value if not isinstance(value, float | int) else {(): value}).items():
        family.add_metric(labels, figure)
    return family


def router(csms: Csms, meters: Sequence[Meter] = (), surveys: Sequence[Survey] = ()) -> APIRouter:
    """`app.state.failed` says why this process is no longer whole, `app.state.stopping` that it is on its way out."""
    routes = APIRouter(tags=["health"])
    own = CollectorRegistry()
    own.register(_Meters(meters))
    ProcessCollector(registry=own)
    asked = Surveys(surveys)

    @routes.get("/health/live")
    async def live(request: Request) -> Response:
        """200 as long as all parts of this process run; 503 once one has died: start it anew."""
        why = getattr(request.app.state, "failed", lambda: None)()
        return shapes.json({"status": "live"} if why is None else {"status": "broken", "why": why},
                           200 if why is None else 503)

    @routes.get("/health/ready")
    async def ready(request: Request) -> Response:
        """200 while the database can be reached, has all migrations, and we are not stopping; else 503 and why."""
        if getattr(request.app.state, "stopping", False):
            return shapes.json({"status": "not ready", "why": "stopping"}, 503)
        why = await csms.archive.unready()
        return shapes.json({"status": "ready"} if why is None else {"status": "not ready", "why": why},
                           200 if why is None else 503)

    @routes.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        stored = CollectorRegistry()
        stored.register(_Meters(await asked.meters()))
        return Response(generate_latest(own) + generate_latest(stored), media_type=CONTENT_TYPE_LATEST)

    return routes
