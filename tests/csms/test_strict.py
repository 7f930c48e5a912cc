"""A station of which it is said that it is to be taken at its word: what breaks the specification is refused."""

from __future__ import annotations

import pytest

from csms.importer import rebuild
from tests.csms.rough import World, metered

VALUE = '{"timestamp":"2026-11-22T01:00:00Z","sampledValue":[{"value":"5"}]}'
MENDABLE = [
    (f'[2,"a","MeterValues",{{"connectorId":1,"meterValue":[,{VALUE}]}}]', "stray_commas"),
    ('["2","a","Heartbeat",{}]', "message_type_as_text"),
    ('[2,"a","Heartbeat"]', "payload_missing"),
    ('[2,"a","Heartbeat",{},"more"]', "frame_too_long"),
    ('[2,"a","StatusNotification",{"connectorId":1,"status":"available","errorCode":"NoError"}]', "word_spelling"),
    ('[2,"a","StatusNotification",{"connectorId":1,"status":"Available","errorCode":"NoError","mood":1}]',
     "unknown_field"),
]


@pytest.mark.parametrize(("text", "repair"), MENDABLE)
async def test_what_is_repaired_for_others_is_refused(world: World, text: str, repair: str) -> None:
    made = await world.ask("PUT", "/stations/CS-1", {"strict": True})
    assert made["strict"] is True
    taken = await (await world.dial("CS-2")).send(text, "a")
    refused = await (await world.dial()).send(text, "a")
    assert (taken[0], refused[0]) == (3, 4), refused
    assert await world.repairs() == {repair: 1}
    kept = [f for f in (await world.ask("GET", "/stations/CS-1/frames"))["items"] if f["kind"] == "received"]
    assert len(kept) == 1, "what was refused stays on record"
    await rebuild(world.centre.db)
    assert await world.repairs() == {repair: 1}


async def test_what_is_right_is_taken_and_strictness_can_be_taken_back(world: World) -> None:
    await world.ask("PUT", "/stations/CS-1", {"strict": True})
    station = await world.dial()
    await station.boot()
    number = await station.start()
    await station.say("MeterValues", metered({"value": "1500"}, minutes=1, transactionId=number))
    assert [r["energy_wh"] for r in await world.readings()] == [1500]
    assert (await world.ask("PUT", "/stations/CS-1", {"name": "North"}))["strict"] is True
    assert (await world.ask("PUT", "/stations/CS-1", {"strict": False}))["strict"] is False
    again = await world.dial()
    await again.say("MeterValues", metered({"value": 1600}, minutes=2, transactionId=number))
    assert await world.repairs() == {"number_as_text": 1}
