"""One run: a site, a fleet, a desk at work, fault after fault, and in the end the comparison."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tools.chaos.faults import FAULTS, KILLS
from tools.chaos.fleet import Fleet
from tools.chaos.site import Site
from tools.chaos.verdict import Marks, Verdict, judge

NEEDS_DISK = "full_disk"
ASK = {
    "ocpp1.6": {"action": "GetConfiguration", "payload": {"key": ["HeartbeatInterval"]}},
    "ocpp2.0.1": {"action": "GetVariables", "payload": {"getVariableData": [
        {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
    ]}},
}


class DeskWork:
    """An agent at the desk who asks stations and takes complaints all day, and notes what was confirmed to him."""

    def __init__(self, site: Site, fleet: Fleet, dice: random.Random) -> None:
        self._site, self._fleet, self._dice = site, fleet, dice
        self.asked: list[str] = []
        self.filed: list[str] = []
        self.ends: Counter[str] = Counter()

    async def run(self) -> None:
        headers = {"Authorization": f"Bearer {self._site.token}"}
        async with httpx.AsyncClient(headers=headers, timeout=20) as client:
            for number in range(10**9):
                with suppress(httpx.HTTPError, KeyError, ValueError):
                    await (self._file(client, number) if number % 5 == 4 else self._ask(client))
                await asyncio.sleep(0.3)

    async def _ask(self, client: httpx.AsyncClient) -> None:
        station = self._dice.choice(self._fleet.stations)
        body = ASK[station.speech.version] | {"wait_s": self._dice.choice((0, 5))}
        answer = await client.post(f"{self._site.desk.http}/api/v1/stations/{station.id}/commands", json=body)
        if answer.status_code in (200, 202):
            self.asked.append(answer.json()["id"])
            self.ends[answer.json()["state"]] += 1

    async def _file(self, client: httpx.AsyncClient, number: int) -> None:
        body = {"channel": "web", "text": f"Charger stopped after two minutes, case {number}",
                "station": self._dice.choice(self._fleet.stations).id}
        answer = await client.post(f"{self._site.desk.http}/api/v1/complaints", json=body)
        if answer.status_code == 201:
            self.filed.append(answer.json()["number"])


@dataclass
class Result:
    verdict: Verdict
    recoveries: dict[str, list[float]] = field(default_factory=dict)
    """Fault -> seconds until every station was acknowledged again, a round each: from the kill, the new start of what
    was killed in it; of all else from the end of the fault.
    """
    memory: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    work: DeskWork | None = None
    seconds: float = 0.0
    skipped: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        return sum(KILLS.get(fault, 0) * len(times) for fault, times in self.recoveries.items())


async def run(
    folder: Path, faults: Sequence[str], *, rounds: int, seed: int, stations: int = 20, gateways: int = 2,
    within_s: float | None = None, time_scale: float = 10.0, say: bool = True,
) -> Result:
    """Every fault `rounds` times, in an order that only the seed decides; no new ones after `within_s`."""
    dice = random.Random(seed)
    site = Site(folder, gateways=gateways, small_disk=NEEDS_DISK in faults)
    began = time.monotonic()
    try:
        await site.start()
        possible = [fault for fault in faults if fault != NEEDS_DISK or site.disk]
        plan = [fault for _ in range(rounds) for fault in dice.sample(possible, len(possible))]
        fleet = Fleet(site.url, stations, seed, message_timeout_s=8, time_scale=time_scale)
        result = Result(Verdict(), skipped=[fault for fault in faults if fault not in possible])
        try:
            await fleet.start()
            await fleet.heard_again(1)
            await _rounds(site, fleet, plan, dice, result, within_s and began + within_s, say)
        finally:
            await fleet.end()
        result.seconds = time.monotonic() - began
        return result
    finally:
        await site.stop()


async def _rounds(
    site: Site, fleet: Fleet, plan: Sequence[str], dice: random.Random, result: Result, until: float | None, say: bool
) -> None:
    marks, work = Marks(), DeskWork(site, fleet, dice)
    result.work = work
    working = asyncio.create_task(work.run(), name="desk work")
    try:
        for number, fault in enumerate(plan, 1):
            if until and time.monotonic() > until:
                break
            await asyncio.sleep(dice.uniform(0, 1))
            marks.begin(fault, fleet)
            struck = time.monotonic()
            await FAULTS[fault](site, fleet, dice)
            lifted = time.monotonic()
            await fleet.heard_again(1)
            since = struck if fault in KILLS else lifted
            result.recoveries.setdefault(fault, []).append(time.monotonic() - since)
            for process, mib in site.memory_mib().items():
                result.memory.setdefault(process, []).append(mib)
            if say:
                took = result.recoveries[fault][-1]
                print(f"{number}/{len(plan)} {fault}: back after {took:.1f} s", flush=True)
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    await fleet.rest()
    result.verdict = await judge(site.db, fleet, marks, work.asked, work.filed)
