"""Station and fleet pages through their doors: settings, logs, frames, history; guards, danger known from cases."""

from __future__ import annotations

import json
from contextlib import aclosing
from datetime import timedelta

import httpx
import pytest

from complaints.web.fleet import grouped
from csms.api import Csms
from csms.kit.clock import iso
from csms.vocabulary.fleet import Seen
from tests.web.stage import Stage, until
from tests.web.test_doors import logged_in, token

pytestmark = pytest.mark.timeout(600)


async def post(client: httpx.AsyncClient, id: str, action: str, **data: str) -> httpx.Response:
    sealed = token((await client.get("/desk/stations/" + id)).text)
    return await client.post(f"/desk/stations/{id}/do/{action}", data={"token": sealed, "reason": "to see"} | data)


async def settled(csms: Csms, id: str, kind: str) -> bool:
    found = next((c for c in await csms.commands(station=id) if c.kind == kind or c.action == kind), None)
    return found is not None and found.state == "accepted" and found.effect != "pending"


async def test_a_station_tells_its_settings_and_brings_its_log(staged: Stage) -> None:
    """Read and fetched from its page; both can be searched; the journal is saved as a file."""
    await staged.station("DC60-01", "ocpp1.6", [60.0, 60.0])
    csms = staged.product.csms
    async with aclosing(await logged_in(staged, "tan")) as technician:
        assert (await post(technician, "DC60-01", "read")).status_code == 303

        async def told() -> bool:
            return bool(await csms.controls.variables("DC60-01"))

        await until(told, "its settings")
        page = (await technician.get("/desk/stations/DC60-01/settings?q=MeterValueSample")).text
        assert "MeterValueSampleInterval" in page
        assert "HeartbeatInterval" not in page
        assert (await post(technician, "DC60-01", "get_log")).status_code == 303

        async def brought() -> bool:
            return any(u.received_at for u in await csms.uploads(station="DC60-01"))

        await until(brought, "its log")
        upload = (await csms.uploads(station="DC60-01"))[0]
        assert upload.name in (await technician.get("/desk/stations/DC60-01/logs")).text
        shown = await technician.get(f"/desk/stations/DC60-01/logs/{upload.id}")
        assert shown.status_code == 200
        assert (await technician.get(f"/desk/stations/OTHER/logs/{upload.id}")).status_code == 404
        frames = (await technician.get("/desk/stations/DC60-01/frames?action=GetConfiguration")).text
        assert "We ask for its settings." in frames
        assert "It answers" in frames
        found = (await technician.get("/desk/stations/DC60-01/frames", params={"q": "Hualian"})).text
        assert "BootNotification" in found
        saved = await technician.get("/desk/stations/DC60-01/frames.ndjson?hours=24")
        assert saved.text.count("\n") > 5
        assert (await technician.get("/desk/stations/DC60-01/frames?before=nonsense")).status_code == 422


async def test_danger_in_a_case_forbids_switching_on_from_the_stations_page(staged: Stage) -> None:
    """G1 by words, whoever asks; harmless things stay possible; once cleared on site it opens again."""
    await staged.station("DC60-01", "ocpp1.6", [60.0, 60.0])
    case = await staged.complain("DC60-01", 1, "枪头冒烟了，有烧焦味！", payment_reference=None)
    async with aclosing(await logged_in(staged, "zhao")) as supervisor:
        assert case.number in (await supervisor.get("/desk/stations/DC60-01/offers")).text
        answer = await post(supervisor, "DC60-01", "reset", override="1")
        assert answer.status_code == 409
        assert "There may be danger" in answer.text
        assert await staged.product.csms.commands(station="DC60-01") == []
        assert (await post(supervisor, "DC60-01", "trigger", evse="1")).status_code == 303
        cleared = {"token": token((await supervisor.get("/desk")).text), "text": "Looked at it: a fuse, replaced."}
        answer = await supervisor.post(f"/desk/cases/{case.number}/do/safety_cleared", data=cleared)
        assert answer.status_code == 303, answer.text
        assert (await post(supervisor, "DC60-01", "reset")).status_code == 303

        async def back() -> bool:
            return await settled(staged.product.csms, "DC60-01", "reset")

        await until(back, "the reset")
        assert "seen to work" in (await supervisor.get("/desk/stations/DC60-01/history")).text
        assert (await post(supervisor, "DC60-01", "unlock")).status_code == 422
        assert (await post(supervisor, "DC60-01", "stop")).status_code == 422
        assert (await post(supervisor, "DC60-01", "nonsense")).status_code == 404
    async with aclosing(await logged_in(staged, "qian")) as finance:
        assert (await post(finance, "DC60-01", "trigger")).status_code == 403


async def test_the_fleet_shows_the_worst_that_is_true_of_each(staged: Stage) -> None:
    await staged.station("DC60-01", "ocpp1.6", [60.0, 60.0])
    await staged.station("DC60-02", "ocpp1.6", [60.0])
    await staged.stations["DC60-01"].fault(2, "ConnectorLockFailure", "lock jammed")
    csms = staged.product.csms
    await csms.put_station("NEVER-1", {"site": "West"}, [])

    async def states() -> bool:
        found = {s.id: s.state for s in await csms.archive.fleet()}
        return found == {"DC60-01": "faulted", "DC60-02": "free", "NEVER-1": "never"}

    await until(states, "the states")
    async with aclosing(await logged_in(staged, "li")) as agent:
        page = (await agent.get("/desk/stations?show=grid&state=faulted")).text
        assert 'aria-label="DC60-01: Faulted · Hubin Road"' in page
        assert "DC60-02" not in page
        assert "NEVER-1" in (await agent.get("/desk/stations?site=West")).text
        assert "DC60-01" not in (await agent.get("/desk/stations?q=west")).text
    health = await csms.archive.health("DC60-02", timedelta(days=7))
    assert health.connections == health.boots == 1
    assert health.online is not None
    assert health.online > 0.5
    assert (await csms.archive.health("NEVER-1", timedelta(days=7))).online is None


async def test_a_socket_whose_end_nobody_told_counts_until_the_station_was_last_heard(told: Stage) -> None:
    """An import that stops in the middle of the week: the station is away since, not reachable all the while."""
    now = told.clock.now()
    lines = [
        {"station": "CS-1", "at": iso(now - timedelta(days=4)), "kind": "connected", "protocol": "ocpp1.6"},
        {"station": "CS-1", "at": iso(now - timedelta(days=1)), "kind": "received", "frame": [2, "1", "Heartbeat", {}]},
    ]
    archive = told.product.csms.archive
    await archive.import_lines([json.dumps(line) for line in lines])
    health = await archive.health("CS-1", timedelta(days=7))
    assert (health.connected_at, health.online) == (None, pytest.approx(0.75, abs=0.01))


def test_groups_with_most_broken_come_first() -> None:
    def seen(site: str | None, state: str) -> Seen:
        return Seen("x", None, site, None, None, None, None, False, state)

    stations = [seen("A", "free")] * 5 + [seen("B", "faulted"), seen("B", "free"), seen(None, "offline")]
    found, n = grouped(stations, "site")
    assert [(g.name, g.total) for g in found] == [("B", 2), ("", 1), ("A", 5)]
    assert n == 3
    assert sum(width for _, _, _, width in found[0].parts) == pytest.approx(160)
