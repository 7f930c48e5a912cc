"""Who fails again and again waits, longer and longer; who did nothing wrong does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from csms.gateway.backoff import FREE_OF_ADDRESS, FREE_OF_STATION, LONGEST_S, Backoff
from csms.kit.clock import SetClock
from tests.security.conftest import Make, Site

PASSWORD = "a password of the station"


async def fails(site: Site, station: str, times: int, source: str = "127.0.0.1") -> None:
    for _ in range(times):
        assert await site.knock(station, password="wrong", source=source) == 401


async def test_a_guesser_waits_and_the_station_itself_comes_in(sites: Make, clock: SetClock) -> None:
    site = await sites()
    site.centre.gateway.door.parts = replace(site.centre.gateway.door.parts, clock=clock)
    await site.put("CS-1", profile=1, password=PASSWORD)
    await site.comes_in("CS-1", password=PASSWORD)
    elsewhere = "127.0.0.2"
    await fails(site, "CS-1", FREE_OF_STATION + 1, elsewhere)
    assert await site.knock("CS-1", password=PASSWORD, source=elsewhere) == 429  # even a right guess: it has to wait
    await site.comes_in("CS-1", password=PASSWORD)
    clock.now += timedelta(seconds=1.1)
    await fails(site, "CS-1", 1, elsewhere)
    clock.now += timedelta(seconds=1.1)
    assert await site.knock("CS-1", password="wrong", source=elsewhere) == 429
    clock.now += timedelta(seconds=1)
    await site.comes_in("CS-1", password=PASSWORD, source=elsewhere)
    assert site.centre.gateway.door.backoff.slowed == 2
    [event] = [e for e in await site.centre.csms.security_events() if e["type"] == "wrong_password"]
    assert event["times"] == FREE_OF_STATION + 2


def test_waits_double_up_to_a_limit_and_are_forgotten(clock: SetClock) -> None:
    backoff, waits = Backoff(), []
    for _ in range(16):
        backoff.failed("S", "a", clock())
        waits.append(backoff.wait_s("S", "b", clock()))
    assert waits[:7] == [0, 0, 0, 0, 1, 2, 4]
    assert waits[-1] == LONGEST_S
    later = clock() + timedelta(minutes=16)
    assert backoff.wait_s("S", "b", later) == 0
    backoff.failed("S", "a", later)
    assert backoff.wait_s("S", "b", later) == 0


def test_an_address_that_tries_many_stations_waits_too(clock: SetClock) -> None:
    backoff = Backoff()
    backoff.succeeded("neighbour", "a")
    for n in range(FREE_OF_ADDRESS + 1):
        backoff.failed(f"S-{n}", "a", clock())
    assert backoff.wait_s("another", "a", clock()) == 1
    assert backoff.wait_s("neighbour", "a", clock()) == 0
    assert backoff.wait_s("another", "b", clock()) == 0


def test_the_memory_has_a_size(clock: SetClock) -> None:
    backoff = Backoff(room=100)
    for n in range(1000):
        backoff.failed(f"S-{n}", f"a-{n}", clock())
        backoff.succeeded(f"S-{n}", f"a-{n}")
    assert len(backoff) <= 100
