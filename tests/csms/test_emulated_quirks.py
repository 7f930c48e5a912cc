"""Every oddity of the emulator against the product: a session is on record, its energy is right, nothing is refused."""

from __future__ import annotations

import asyncio

import pytest

from charger_emulator import QUIRKS, Backoff, Clock, Station
from tests.csms.rough import World

QUICK = Backoff(minimum=0.02, maximum=0.2, jitter=0.02)
NO_SESSION = {"odd_subprotocol"}
"""OCPP-J has the connection closed."""
DOUBTED = {"kwh_as_wh", "no_start", "no_stop", "repeat_stop_forever"}
"""Energy cannot be right, or nothing ever stands still."""
AT_ONCE = 12


async def visit(world: World, quirk: str, protocol: str, clock: Clock) -> tuple[list[str], float]:
    """A driver's visit at a station with this oddity; the actions that were refused, and the Wh delivered."""
    url = f"ws://127.0.0.1:{world.port}/ocpp"
    id = f"CS-{quirk}"
    async with Station(
        url, id, protocol, quirks=[quirk], clock=clock, boot_time_s=1, backoff=QUICK,
        settings={"MeterValueSampleInterval": "300"},
    ) as station:
        await station.plug_in(1)
        assert await station.present_token(1, "CARD") == "Accepted"
        before = station.now()
        await station.wait_for(lambda s: (s.now() - before).total_seconds() > 900, timeout=30)
        ended = await station.stop(1, "Local", "CARD")
        assert ended is not None
        assert ended.meter_stop_wh is not None
        await station.unplug(1)
        await station.drained(30)
        return [e.action for e in station.ledger if e.refusal], float(ended.meter_stop_wh - ended.meter_start_wh)


@pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
async def test_sessions_with_every_oddity_are_on_record(world: World, protocol: str) -> None:
    clock, few = Clock(600), asyncio.Semaphore(AT_ONCE)
    wrong: dict[str, str] = {}

    async def one(quirk: str) -> None:
        async with few:
            refused, delivered = await visit(world, quirk, protocol, clock)
        id = f"cs-{quirk.upper()}" if quirk == "id_in_other_case" else f"CS-{quirk}"
        found = await world.transactions(id)
        states = [(t["state"], round(t["energy_wh"] or 0)) for t in found]
        if refused or len(found) != 1:
            wrong[quirk] = f"refused {refused}, {len(found)} transactions"
        elif quirk not in DOUBTED and (states[0][0] != "closed" or abs(states[0][1] - delivered) > 5):
            wrong[quirk] = f"{states[0]}, delivered {delivered}"

    async with asyncio.TaskGroup() as group:
        for quirk in sorted(QUIRKS.keys() - NO_SESSION):
            group.create_task(one(quirk))
    assert wrong == {}
