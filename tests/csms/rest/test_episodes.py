"""Fault episodes: from the first report to the all-clear, whom it hit, what is at risk, how often it comes back."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from csms.kit.clock import SetClock
from csms.kit.db import Db
from csms.rest import episodes
from csms.rest.http import Principal, answer_with_problems
from tests.complaints.desk import Bench


@pytest.fixture
def bench(db: Db, clock: SetClock) -> Bench:
    return Bench(db, clock)


async def get(bench: Bench, path: str) -> Any:
    app = FastAPI()
    answer_with_problems(app)

    async def authenticate(_: str) -> Principal:
        return Principal("t", "technician")

    app.state.authenticate = authenticate
    app.include_router(episodes.router(bench.csms))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://c.test") as http:
        answer = await http.get("/api/v1" + path, headers={"Authorization": "Bearer x"})
    return answer.json() if answer.status_code == 200 else answer.status_code


def fault(bench: Bench, at: float, code: str, evse: int = 1, status: str = "Faulted") -> tuple[Any, ...]:
    body = {"connectorId": evse, "errorCode": code, "status": status, "timestamp": bench.at(at)}
    return (at, "received", [2, f"f{at}", "StatusNotification", body])


def clear(bench: Bench, at: float, evse: int = 1) -> tuple[Any, ...]:
    return fault(bench, at, "NoError", evse, "Available")


async def test_a_flapping_fault_is_one_episode_with_its_sessions_and_their_money(bench: Bench) -> None:
    await bench.add_station("CS-1")
    await bench.tell("CS-1", [
        (-400, "connected"),
        *bench.session(-200, -120.5, number=1, meter=0, wh=9000, token="A"),
        fault(bench, -120, "HighTemperature"), clear(bench, -118), fault(bench, -115, "HighTemperature"),
        clear(bench, -100),
        *bench.session(-90, -60, number=2, meter=9000, wh=9000, token="B"),
        *bench.session(-130, -60, number=3, meter=0, wh=100, token="C", evse=2),
    ])
    await bench.pay("P-1", "30.00", -119, station="CS-1", transaction="1")
    await bench.pay("P-1-back", "10.00", -90, kind="refund", of="P-1")
    await bench.pay("H-1", "50.00", -200, kind="hold", station="CS-1", transaction="1")
    await bench.pay("P-2", "30.00", -59, station="CS-1", transaction="2")
    found = (await get(bench, "/stations/CS-1/episodes"))["items"]
    assert len(found) == 1
    one = found[0]
    assert (one["code"], one["kind"], one["reports"], one["duration_s"]) == ("HighTemperature", "temperature", 2, 1200)
    assert len(one["sessions"]) == 1
    assert one["cut_short"] == 1
    assert one["at_risk"] == {"CNY": {"captured": "20.00", "held": "50.00"}}
    assert one["recurrence"] == {"episodes": 1, "since_last_s": None}


async def test_it_comes_back_and_an_open_one_is_told_apart(bench: Bench) -> None:
    await bench.add_station("CS-1")
    await bench.tell("CS-1", [
        (-900, "connected"), fault(bench, -800, "ReaderFailure"), clear(bench, -790),
        fault(bench, -500, "ReaderFailure"), clear(bench, -480), fault(bench, -30, "ReaderFailure"),
    ])
    found = (await get(bench, "/episodes?station=CS-1"))["items"]
    assert [(e["recurrence"]["episodes"], e["recurrence"]["since_last_s"]) for e in found] == [
        (3, 470 * 60), (3, 300 * 60), (3, None)]
    assert found[0]["cleared_at"] is None
    assert len((await get(bench, "/episodes?open=true"))["items"]) == 1
    assert len((await get(bench, "/episodes?open=false"))["items"]) == 2
    page = await get(bench, "/episodes?limit=2")
    rest = await get(bench, f"/episodes?limit=2&cursor={page['next_cursor']}")
    assert [e["id"] for e in [*page["items"], *rest["items"]]] == [e["id"] for e in found]
    assert (await get(bench, f"/episodes?to={bench.at(-600)}"))["items"][0]["id"] == found[2]["id"]


async def test_a_fault_of_the_station_touches_every_plug(bench: Bench) -> None:
    await bench.add_station("CS-1")
    await bench.tell("CS-1", [
        (-400, "connected"), *bench.session(-200, -100, number=1, meter=0, wh=9000),
        *bench.session(-190, -90, number=2, meter=0, wh=9000, evse=2, token="B"),
        fault(bench, -150, "UnderVoltage", evse=0), clear(bench, -140, evse=0),
    ])
    assert len((await get(bench, "/episodes"))["items"][0]["sessions"]) == 2
    assert await get(bench, "/stations/NOWHERE/episodes") == 404
