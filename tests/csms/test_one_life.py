"""One life, lived by the same station in 1.6, 2.0.1 and 2.1 at the same time, leaves the same behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from charger_emulator import Clock, Station, Vehicle
from charger_emulator.pytest_plugin import QUICK
from csms.app import Centre, CentreOptions
from csms.kit.db import Db

VERSIONS = {"L-16": "ocpp1.6", "L-201": "ocpp2.0.1", "L-21": "ocpp2.1"}
PATIENCE_S = 60.0
ENDED_BY_FAULT = {"L-16": "Other", "L-201": "GroundFault", "L-21": "GroundFault"}
"""The one word that cannot be the same: 1.6 has none for a ground fault among its reasons (7.36), so a station says
`Other`, and what the fault was stands in its status. Nothing that was not said is filled in.
"""


@pytest.fixture
async def ocpp(db: Db) -> AsyncIterator[str]:
    made = Centre(db, CentreOptions(unknown_stations="accept", accept_unknown_tokens=True))
    port = await made.start("127.0.0.1", 0)
    yield f"ws://127.0.0.1:{port}/ocpp"
    await made.stop()


async def live(station: Station, clock: Clock) -> None:
    """A good session, then one that a ground fault ends; the clock goes only where it is sent."""
    await station.start(wait=True)
    await station.plug_in(1, Vehicle(max_kw=11, soc=20))
    await station.start_locally(1, "DRIVER")
    for _ in range(4):
        clock.advance(60)
        await station.drained(PATIENCE_S)
    await station.stop(1)
    await station.unplug(1)
    await station.plug_in(2, Vehicle(max_kw=11, soc=20))
    await station.start_locally(2, "OTHER")
    clock.advance(60)
    await station.drained(PATIENCE_S)
    await station.fault(2, "GroundFailure", "leak")
    clock.advance(30)
    await station.clear_fault(2)
    await station.unplug(2)
    await station.drained(PATIENCE_S)


async def left_by(db: Db, station: str) -> dict[str, Any]:
    sessions = await db.fetch("select * from transactions where station = $1 order by started_at, evse", station)
    faults = await db.fetch("select * from faults where station = $1 order by opened_at", station)
    readings = await db.fetch(
        "select evse, round(energy_wh) as wh from readings where station = $1 and energy_wh is not null order by at",
        station,
    )
    by_evse = {evse: sorted({r["wh"] for r in readings if r["evse"] == evse}) for evse in (1, 2)}
    return {
        "sessions": [
            (s["evse"], s["token"], round(s["meter_stop_wh"] - s["meter_start_wh"]), s["state"], list(s["suspect"]))
            for s in sessions
        ],
        "reasons": [s["stop_reason"] for s in sessions],
        "lasted": [round((s["stopped_at"] - s["started_at"]).total_seconds()) for s in sessions],
        "registers": by_evse,
        "faults": [
            (f["evse"], f["kind"], f["level"], f["warning"], f["description"],
             round((f["opened_at"] - sessions[1]["started_at"]).total_seconds()),
             round((f["cleared_at"] - f["opened_at"]).total_seconds()))
            for f in faults
        ],
    }


async def test_one_life_in_three_versions_leaves_the_same_sessions_readings_and_faults(db: Db, ocpp: str) -> None:
    left = {}
    for id, version in VERSIONS.items():
        clock = Clock(time_scale=0, start=datetime.now(UTC) - timedelta(minutes=8))
        station = Station(
            ocpp, id, version, connectors=(22.0, 22.0), clock=clock, boot_time_s=0, backoff=QUICK,
            settings={"MeterValueSampleInterval": "60"},
        )
        try:
            await live(station, clock)
        finally:
            await station.shutdown()
        left[id] = await left_by(db, id)
    assert {id: one.pop("reasons") for id, one in left.items()} == {
        id: ["Local", word] for id, word in ENDED_BY_FAULT.items()
    }
    first = left["L-16"]
    assert [s[:2] for s in first["sessions"]] == [(1, "DRIVER"), (2, "OTHER")]
    assert first["sessions"][0][2] > 500
    assert [fault[:2] for fault in first["faults"]] == [(2, "ground")]
    assert left["L-201"] == first
    assert left["L-21"] == first
