"""Properties of the parts that know no time and no network: physics, frames, the queue, profiles."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings, strategies as st

from charger_emulator import link, physics
from charger_emulator.link import Answer, Link, Nonsense, Question, Refusal, SecondQuestion
from charger_emulator.outbox import Message, Outbox, Reply
from charger_emulator.physics import Outlet, Vehicle
from charger_emulator.profiles import Profile, composite, limit_w

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
vehicles = st.builds(
    Vehicle,
    battery_kwh=st.floats(5, 200),
    soc=st.floats(0, 100),
    max_kw=st.floats(1, 500),
    target_soc=st.floats(50, 100),
    ready=st.booleans(),
)
outlets = st.builds(
    Outlet,
    rated_w=st.floats(3_000, 400_000),
    meter_wh=st.floats(0, 1e8),
    temperature_c=st.floats(-30, 120),
    ambient_c=st.floats(-30, 60),
    derating=st.floats(0, 1),
    contactor_stuck_open=st.booleans(),
)
limits = st.none() | st.floats(0, 500_000)


@given(outlets, vehicles, limits, st.lists(st.floats(0, 60), max_size=20))
def test_the_meter_never_goes_back_and_never_outruns_the_rating(outlet, vehicle, limit, times):
    for seconds in times:
        before = outlet.meter_wh
        physics.charge(outlet, vehicle, seconds, limit)
        most = min(outlet.rated_w, limit if limit is not None else outlet.rated_w) * seconds / 3600
        assert before <= outlet.meter_wh <= before + most * 1.000001 + 1e-6


@given(outlets, vehicles, st.lists(st.floats(0, 3600), max_size=20))
def test_the_battery_fills_and_stops_at_its_target(outlet, vehicle, times):
    aim = max(vehicle.soc, vehicle.target_soc)
    for seconds in times:
        before = vehicle.soc
        physics.charge(outlet, vehicle, seconds)
        assert before <= vehicle.soc <= aim + 1e-9


@given(st.floats(80.1, 99.9), st.floats(0.05, 19))
def test_the_taper_takes_less_the_fuller_the_battery(soc, more):
    fuller = min(99.95, soc + more)
    assert Vehicle(soc=fuller).wants_w() <= Vehicle(soc=soc).wants_w() < Vehicle(soc=80).wants_w()


@given(outlets, vehicles)
def test_nothing_flows_through_an_open_contactor(outlet, vehicle):
    outlet.contactor_stuck_open = True
    assert physics.charge(outlet, vehicle, 60) == 0


@given(st.floats(-30, 60), st.floats(0, 60_000), st.integers(1, 500))
def test_temperature_stays_between_its_surroundings_and_its_bound(ambient, power, steps):
    outlet = Outlet(60_000, ambient_c=ambient, temperature_c=ambient)
    for _ in range(steps):
        physics.warm(outlet, power, 60)
    assert ambient - 1e-6 <= outlet.temperature_c <= ambient + physics.HEAT_RISE_K + 1e-6


payloads = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3)


@given(st.text(min_size=1, max_size=36), st.text(max_size=20), payloads)
def test_every_frame_is_read_as_it_was_written(id, action, payload):
    asked = Link().ask(id, action, payload)
    assert Link().hear(asked) == Question(id, action, payload)
    waiting = Link()
    waiting.ask(id, action, payload)
    assert waiting.hear(link.result(id, payload)) == Answer(id, True, payload)
    assert waiting.open is None


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_no_text_breaks_the_reader(text):
    assert isinstance(Link().hear(text), Question | Answer | Nonsense)


@given(st.recursive(st.none() | st.integers() | st.text(max_size=3), lambda x: st.lists(x, max_size=6), max_leaves=8))
def test_no_json_breaks_the_reader(frame):
    assert isinstance(Link().hear(json.dumps(frame)), Question | Answer | Nonsense)


def test_a_second_question_is_refused_until_the_first_is_closed():
    one = Link()
    one.ask("1", "Heartbeat", {})
    with pytest.raises(SecondQuestion):
        one.ask("2", "Heartbeat", {})
    assert one.hear(link.result("other", {})) == Answer("other", False, {})
    with pytest.raises(SecondQuestion):
        one.ask("2", "Heartbeat", {})
    one.hear(link.error("1", Refusal("InternalError")))
    one.ask("2", "Heartbeat", {})


steps = st.lists(st.sampled_from(["kept", "passing", "send", "fail", "outage", "wait"]), max_size=60)


@given(steps)
@settings(max_examples=60)
def test_the_queue_keeps_transaction_messages_in_order_and_loses_none(story):
    asyncio.run(_queue_story(story))


async def _queue_story(story: list[str]) -> None:
    box, now, pushed, sent = Outbox(), NOON, [], []
    for step in story:
        if step in ("kept", "passing"):
            message = Message("X", dict, kept=step == "kept")
            box.push(message)
            pushed += [message] if message.kept else []
        elif step == "outage":
            box.forget_passing()
            assert all(m.kept for m in box)
        elif step == "wait":
            now += timedelta(seconds=1000)
        elif (message := box.next(now, accepted=True)) is not None:
            if step == "send":
                box.close(message, Reply())
                sent += [message] if message.kept else []
            elif message.kept:
                box.retry(message, now, 10, 1000)
    assert sent + box.kept == pushed


def test_nothing_but_the_boot_goes_before_it_is_accepted():
    async def story() -> None:
        box = Outbox()
        status, boot = Message("StatusNotification", dict), Message("BootNotification", dict, early=True)
        box.push(status)
        box.push(boot)
        assert box.next(NOON, accepted=False) is boot
        assert box.next(NOON, accepted=True) is status

    asyncio.run(story())


def profile(purpose: str, limit: float, stack: int = 0, **more) -> Profile:
    return Profile(1, 1, stack, purpose, "Relative", "W", [(0, limit, 3)], **more)


def test_the_highest_stack_rules_its_purpose_and_the_least_purpose_rules_all():
    low, high = profile("TxDefaultProfile", 9000, 1), profile("TxDefaultProfile", 20_000, 5)
    assert limit_w([low, high], 1, NOON, NOON) == 20_000
    assert limit_w([low, high, profile("TxProfile", 7000)], 1, NOON, NOON) == 7000
    assert limit_w([low, high, profile("ChargePointMaxProfile", 5000)], 1, NOON, NOON) == 5000
    assert limit_w([low], 2, NOON, NOON) is None


def test_a_schedule_begins_changes_and_ends():
    night = Profile(
        1, 0, 0, "TxDefaultProfile", "Recurring", "A", [(0, 10, 3), (3600, 32, 1)], 7200, NOON, recurrency="Daily"
    )
    tomorrow = NOON + timedelta(days=1)
    assert limit_w([night], 1, tomorrow, None) == pytest.approx(6900)
    assert limit_w([night], 1, tomorrow + timedelta(hours=1), None) == pytest.approx(7360)
    assert limit_w([night], 1, tomorrow + timedelta(hours=2), None) is None
    assert composite([night], 1, NOON, 10_800, 60_000, None) == [(0, 6900), (3600, 7360), (7200, 60_000)]
