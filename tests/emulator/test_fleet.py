"""Many stations, scenarios and the command line."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

import charger_emulator
from charger_emulator import Fleet
from charger_emulator.cli import emulate
from charger_emulator.fleet import names
from charger_emulator.scenario import ScenarioError, Unmet, play, read
from charger_emulator.view import View
from tests.emulator.conftest import QUICK
from tests.emulator.test_sessions import NEW

STORY = """
name: The contactor stays open
station: {connectors: [60]}
time_scale: 600
steps:
  - {do: set_contactor, evse: 1, stuck_open: true}
  - {do: plug_in, evse: 1, vehicle: {soc: 30}}
  - {do: present_token, evse: 1, token: CARD, expect: Accepted}
  - {wait: SuspendedEVSE, evse: 1, within: 5}
  - {after: 60, do: stop, evse: 1}
  - {do: say, action: DataTransfer, payload: {vendorId: Ohmbudsman}, expect: Accepted}
  - expect: {status: {1: Finishing}, energy_below_wh: 1, stop_reason: Local, not_sent: Nonsense}
"""


async def test_a_fleet_comes_up_and_its_drivers_charge(central):
    ids = names("F-", 5)
    async with Fleet(central.url, ids, sessions=True, stagger_s=0.01, time_scale=3000, backoff=QUICK) as fleet:
        await asyncio.gather(*(s.wait_for(lambda one: bool(one.transactions), timeout=20) for s in fleet.stations))
    assert len(central.handshakes) == 5


async def test_a_scenario_is_played(central, version):
    central.script["DataTransfer"] = lambda _: {"status": "Accepted"}
    told: list[str] = []
    station = await play(read(STORY), central.url, tell=told.append, protocol=version)
    assert station.transactions[0].stop_reason == "Local"
    assert told[0] == "1. do set_contactor {'evse': 1, 'stuck_open': True}"
    assert central.said("TransactionEvent" if version in NEW else "StopTransaction")


async def test_a_scenario_that_does_not_hold_says_where(central):
    story = read("steps: [{expect: {sent: StopTransaction}}]")
    with pytest.raises(Unmet, match="step 1: sent StopTransaction"):
        await play(story, central.url)


@pytest.mark.parametrize("text", ["- 1", "steps: 3", "steps: [{}]", "steps: [{do: explode}]", "steps: ["])
def test_a_scenario_that_makes_no_sense_is_refused(text):
    with pytest.raises(ScenarioError):
        read(text)


async def test_the_command_line_plays_and_runs(central, tmp_path):
    central.script["DataTransfer"] = lambda _: {"status": "Accepted"}
    (tmp_path / "story.yaml").write_text(STORY)
    run = CliRunner().invoke
    url = ["--url", central.url]
    story = await asyncio.to_thread(run, emulate, [*url, "--scenario", str(tmp_path / "story.yaml")])
    assert (story.exit_code, "every step held" in story.output) == (0, True), story.output


async def test_the_command_line_runs_a_fleet_for_a_while(central):
    command = ["--url", central.url, "--count", "2", "--for", "0.6", "--protocol", "ocpp2.0.1", "--quirk", "kwh_as_wh"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "charger_emulator", *command),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"PYTHONPATH": str(Path(charger_emulator.__file__).parent.parent)},
    )
    output, _ = await asyncio.wait_for(process.communicate(), 40)
    assert process.returncode == 0, output
    assert b"CS-10002" in output
    assert len(central.handshakes) == 2


async def test_the_fixture_makes_stations_and_ends_them(central, charger, version):
    cs = await charger(central.url, "CS-7", version)
    assert cs.speaking


async def test_a_station_that_cannot_dial_says_why(central, charger):
    lost = await charger("ws://127.0.0.1:9", wait=False)
    with pytest.raises(TimeoutError, match=r"offline \(ConnectionRefused"):
        await lost.wait_for("Charging", timeout=0.3)


async def test_a_fleet_of_all_versions_forgets_its_past_and_is_drawn(central):
    ids = names("F-", 6)
    versions = ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"]
    settings = {"HeartbeatInterval": "60"}
    central.script["BootNotification"] = lambda _: {
        "currentTime": "2026-03-01T00:00:00Z", "interval": 60, "status": "Accepted"}
    async with Fleet(
        central.url, ids, stagger_s=0, time_scale=3000, protocols=versions, backoff=QUICK, ledger_limit=4,
        settings=settings,
    ) as fleet:
        await asyncio.gather(*(s.wait_for(lambda one: one.voice.said > 40, timeout=20) for s in fleet.stations))
        totals = fleet.totals()
        assert max(len(s.ledger) for s in fleet.stations) < 12
        assert {s.speech.version for s in fleet.stations} == set(versions)
        assert (totals.stations, totals.speaking, totals.statuses["Available"]) == (6, 6, 6)
        assert totals.said >= totals.acknowledged > 6 * 39
        console = Console(width=100, record=True, file=io.StringIO())
        console.print(View(fleet).draw())
        drawn = console.export_text()
    assert "6 stations" in drawn
    assert "F-0003" in drawn


def test_a_fleet_that_cannot_dial_says_why_at_the_end():
    nobody = "ws://127.0.0.1:1/ocpp"
    ran = CliRunner().invoke(emulate, ["--url", nobody, "--count", "3", "--stagger", "0", "--for", "1", "--no-live"])
    assert ran.exit_code == 0, ran.output
    assert "cannot dial: ConnectionRefusedError (3)" in ran.output


async def test_the_view_goes_until_it_is_told_to_end(central):
    async with Fleet(central.url, names("F-", 2), backoff=QUICK, stagger_s=0) as fleet:
        ended, console = asyncio.Event(), Console(width=100, file=io.StringIO(), force_terminal=True)
        asyncio.get_running_loop().call_later(0.2, ended.set)
        async with asyncio.timeout(30):
            await View(fleet).show(console, ended)


@pytest.mark.parametrize(
    ("story", "why"),
    [
        ("station: {quirks: [x]}", "nothing"),
        ("station: {speed: 3}", "unexpected keyword argument 'speed'"),
        ("steps: [{do: fault, evsee: 1, code: CX019}]", "step 1: missing a required argument: 'evse'"),
        ("steps: [{do: plug_in, evse: 1, vehicle: {socks: 3}}]", "step 1: .*'socks'"),
        ("steps: [{do: plug_in, evse: 2}]", "step 1: there is no EVSE 2"),
        ("steps: [{do: go_offline}, {wait: Chargin}]", "step 2: cannot wait for 'Chargin'"),
        ("steps: [{wait: Charging, withn: 2}]", "step 1: cannot take 'withn'"),
        ("steps: [{expect: {energy: 2}}]", "step 1: cannot expect 'energy'"),
        ("steps: [{do: say, action: Heartbeat}]", "step 1: say needs an action and a payload"),
    ],
)
async def test_a_slip_in_a_scenario_is_named_before_it_is_played(central, story, why):
    if "steps" not in story:
        story += "\nsteps: []"
    if why == "nothing":
        with pytest.raises(ScenarioError, match="no such quirk: x"):
            await play(read(story), central.url)
    else:
        with pytest.raises(ScenarioError, match=why):
            read(story)
    assert not central.handshakes


async def test_the_command_line_goes_before_the_scenario(central, tmp_path):
    (tmp_path / "story.yaml").write_text("steps: [{expect: {transactions: 0, not_sent: StartTransaction}}]")
    options = ["--id", "CS-8", "--protocol", "ocpp2.1", "--quirk", "long_serial", "--connectors", "22,150"]
    command = ["--url", central.url, "--scenario", str(tmp_path / "story.yaml"), *options]
    story = await asyncio.to_thread(CliRunner().invoke, emulate, command)
    assert story.exit_code == 0, story.output
    (boot,) = central.said("BootNotification")
    assert boot["chargingStation"]["model"] == "Emulator"
    assert {s["evseId"] for s in central.said("StatusNotification")} == {1, 2}
    central.invalid.clear()  # the serial number is too long, as it was asked to be
