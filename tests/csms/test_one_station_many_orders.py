"""The same orders in every version, to an emulated station: the same becomes of them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from charger_emulator import Station
from charger_emulator.pytest_plugin import QUICK
from csms.app import Centre, CentreOptions
from csms.kit.clock import system_clock
from csms.kit.db import Db
from csms.vocabulary import (
    AskComposite,
    AskListVersion,
    CancelReservation,
    ClearCache,
    ClearProfiles,
    Command,
    CommandFact,
    LimitPeriod,
    ListEntry,
    Profile,
    Reserve,
    Schedule,
    SendList,
    SetProfile,
    UpdateFirmware,
    VariableValue,
    WriteVariables,
)

VERSIONS = ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"]


@pytest.fixture
async def centre(db: Db) -> AsyncIterator[tuple[Centre, str]]:
    made = Centre(db, CentreOptions(unknown_stations="accept", accept_unknown_tokens=True))
    port = await made.start("127.0.0.1", 0)
    yield made, f"ws://127.0.0.1:{port}/ocpp"
    await made.stop()


@pytest.fixture(params=VERSIONS)
async def station(request: pytest.FixtureRequest, centre: tuple[Centre, str]) -> AsyncIterator[Station]:
    made = Station(centre[1], "CS-1", request.param, time_scale=60.0, boot_time_s=3.0, backoff=QUICK)
    await made.start(wait=True)
    yield made
    await made.shutdown()


async def ask(centre: tuple[Centre, str], command: Command) -> CommandFact:
    return await centre[0].csms.send("CS-1", command, by="agent:wang", wait_s=10)


async def seen(centre: tuple[Centre, str], command: CommandFact, effect: str = "observed") -> None:
    async with asyncio.timeout(60):
        while (await centre[0].csms.command(command.id)).effect != effect:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_profiles_lists_reservations_settings_and_firmware(
    centre: tuple[Centre, str], station: Station
) -> None:
    controls = centre[0].csms.controls
    limit = Profile(1, "tx_default", 0, "relative", (Schedule("W", (LimitPeriod(0, 7000.0),)),))
    assert (await ask(centre, SetProfile(1, limit))).state == "accepted"
    (installed,) = await controls.profiles("CS-1", active=True)
    assert (installed["profile_id"], installed["purpose"], installed["evse"]) == (1, "tx_default", 1)
    composite = await ask(centre, AskComposite(1, 3600, "W"))
    assert composite.state == "accepted"
    (told,) = await controls.composites("CS-1")
    assert told["schedule"]["unit"] == "W"

    await ask(centre, ClearProfiles(id=1))
    assert await controls.profiles("CS-1", active=True) == []

    entries = (ListEntry("A", "Accepted"), ListEntry("B", "Blocked"))
    assert (await ask(centre, SendList(3, True, entries))).state == "accepted"
    await ask(centre, AskListVersion())
    held: Any = await controls.local_list("CS-1")
    assert (held["version"], held["said"]) == (3, 3)
    assert [e["token"] for e in await controls.local_list_entries("CS-1")] == ["A", "B"]

    ends = system_clock() + timedelta(hours=2)
    reserved = await ask(centre, Reserve(5, "TAG", ends, 1, "Central"))
    assert reserved.state == "accepted"
    await seen(centre, reserved)
    cancelled = await ask(centre, CancelReservation(5))
    assert cancelled.state == "accepted"
    (row,) = await controls.reservations(station="CS-1")
    assert row["state"] == "cancelled"

    assert (await ask(centre, ClearCache())).state == "accepted"

    known = await centre[0].csms.station("CS-1")
    old = known is not None and known.protocol == "ocpp1.6"
    name = ("", "HeartbeatInterval") if old else ("OCPPCommCtrlr", "HeartbeatInterval")
    written = await ask(centre, WriteVariables((VariableValue(*name, "120"),)))
    assert written.state == "accepted"
    await seen(centre, written)
    (variable,) = [v for v in await controls.variables("CS-1") if v["variable"] == "HeartbeatInterval"]
    assert (variable["value"], variable["wanted"], variable["drift"]) == ("120", "120", False)

    update = await ask(centre, UpdateFirmware(
        "https://h/fw", system_clock(), None if old else secrets.randbelow(1000)))
    assert update.state == "accepted"
    await seen(centre, update)
    async with asyncio.timeout(60):
        while (await controls.firmware("CS-1"))[0]["outcome"] is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert (await controls.firmware("CS-1"))[0]["outcome"] == "installed"
