"""What the product tells of itself: figures, health, logs; and that dashboard and alerts ask for figures there are."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from complaints.app import Product, running
from complaints.settings import Settings
from csms.kit import figures, logs
from csms.kit.supervise import Owner
from tools.dashboard import dashboard

ROOT = Path(__file__).parents[2]
OURS = re.compile(r"\bohmbudsman_\w+")


@pytest.fixture
async def product(dsn: str, tmp_path: Path) -> AsyncIterator[Product]:
    settings = Settings.load({}, database=dsn, http_port=0, ocpp_port=0, unknown_stations="accept", data=tmp_path)
    async with running(settings) as made:
        yield made


async def told(address: str) -> dict[str, float]:
    """Sample (with its labels) -> value."""
    async with httpx.AsyncClient(base_url=address) as client:
        text = (await client.get("/metrics")).text
    return {
        "/".join([sample.name, *(f"{k}={v}" for k, v in sorted(sample.labels.items()))]): sample.value
        for family in text_string_to_metric_families(text) for sample in family.samples
    }


async def test_what_a_station_says_shows_in_the_figures(product: Product, charger: object) -> None:
    await charger(product.ocpp, "CS-1")  # type: ignore[operator]
    async with asyncio.timeout(30):
        while not (await told(product.http))["ohmbudsman_stations_connected"]:
            pass
    found = await told(product.http)
    assert found["ohmbudsman_acknowledged_total"] >= 2
    assert found["ohmbudsman_batch_messages_sum"] == found["ohmbudsman_acknowledged_total"]
    assert 1 <= found["ohmbudsman_ack_seconds_count"] <= found["ohmbudsman_acknowledged_total"]
    assert found["ohmbudsman_ack_seconds_bucket/le=30.0"] == found["ohmbudsman_ack_seconds_bucket/le=+Inf"]
    assert found["ohmbudsman_journal_lag_seconds"] < 30
    assert found["ohmbudsman_pool_most"] == product.settings.database_connections
    assert found["ohmbudsman_partitions_left_seconds"] > timedelta(days=50).total_seconds()
    assert found["ohmbudsman_database_bytes"] > 1_000_000


async def test_dashboard_and_alerts_ask_for_figures_there_are(product: Product) -> None:
    async with httpx.AsyncClient(base_url=product.http) as client:
        text = (await client.get("/metrics")).text
    families = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    names = families | {f"{name}{end}" for name in families for end in ("_bucket", "_sum", "_count")}
    rules = yaml.safe_load((ROOT / "docs/operations/alerts.yaml").read_text())["groups"][0]["rules"]
    assert all({"alert", "expr", "annotations"} <= rule.keys() and rule["annotations"]["action"] for rule in rules)
    asked = OURS.findall(" ".join(rule["expr"] for rule in rules)) + OURS.findall(json.dumps(dashboard()))
    assert set(asked) <= names
    assert len(set(asked)) > 15


def test_the_dashboard_file_is_as_drawn() -> None:
    assert json.loads((ROOT / "docs/operations/dashboard.json").read_text()) == dashboard()


async def test_a_gateway_alone_tells_its_figures_but_shows_no_pages(dsn: str, tmp_path: Path) -> None:
    settings = Settings.load({}, database=dsn, http_port=0, ocpp_port=0, data=tmp_path)
    async with running(settings, desk=False) as gateway, httpx.AsyncClient(base_url=gateway.http) as client:
        assert (await told(gateway.http))["ohmbudsman_inbox_room"] == gateway.centre.inbox.room
        assert (await client.get("/health/ready")).status_code == 200
        assert (await client.get("/desk")).status_code == (await client.get("/api/v1/stations")).status_code == 404


async def test_health_tells_when_a_part_has_died_and_when_the_database_is_away(product: Product) -> None:
    async with httpx.AsyncClient(base_url=product.http) as client:
        assert (await client.get("/health/live")).json() == {"status": "live"}
        assert (await client.get("/health/ready")).status_code == 200
        assert isinstance(product.owner, Owner)
        with pytest.raises(ZeroDivisionError):
            await product.owner.start(_dies(), "a part")
        broken = await client.get("/health/live")
        assert (broken.status_code, broken.json()["why"]) == (503, "a part has died")
        await product.db.close()
        away = await client.get("/health/ready")
        assert away.status_code == 503
        assert "database" in away.json()["why"]
        figures_left = await client.get("/metrics")
        assert "ohmbudsman_stations_connected 0.0" in figures_left.text


async def _dies() -> None:
    raise ZeroDivisionError


def test_a_distribution_counts_up_to_and_with_its_bounds() -> None:
    seen = figures.Distribution((1.0, 2.0))
    for value, times in ((0.5, 1), (1.0, 2), (1.5, 1), (9.0, 1)):
        seen.note(value, times)
    assert seen.counts == [3, 1, 1]
    assert seen.total == pytest.approx(13.0)


SECRETS = {
    "postgresql://app:S3cretS3cret@db/x": "postgresql://app:***@db/x",
    "PUT ftp://u:S3cretS3cret@1.2.3.4/": "PUT ftp://u:***@1.2.3.4/",
    "Authorization: Bearer S3cretS3cret": "Authorization: Bearer ***",
    "GET /uploads/S3cretS3cretS3cret/log.txt": "GET /uploads/***/log.txt",
    '{"AuthorizationKey": "S3cretS3cret"}': '{"AuthorizationKey": "***"}',
    "password=S3cretS3cret&x=1": "password=***&x=1",
}


@pytest.mark.parametrize("text", SECRETS)
def test_secrets_are_masked_wherever_they_stand(text: str) -> None:
    assert logs.mask(text) == SECRETS[text]
    told = logs.mask_secrets(None, "", {"event": text, "new_password": "S3cretS3cret", "token": "S3cretS3cret"})
    assert "S3cret" not in str(told)
