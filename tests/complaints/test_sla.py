"""Deadlines from level, category and channel; working days in the site's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from complaints import sla
from complaints.sla import Deadline, deadlines

ZONE = "Asia/Shanghai"
FRIDAY_EVENING = datetime(2026, 11, 20, 18, 30, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


def due(**given: object) -> dict[str, Deadline]:
    facts = {"level": 2, "category": "payment", "channel": "web", "start": FRIDAY_EVENING, "zone": ZONE}
    return {d.kind: d for d in deadlines(**facts | given)}  # type: ignore[arg-type]


def local(at: datetime) -> str:
    return at.astimezone(ZoneInfo(ZONE)).strftime("%a %H:%M")


def test_danger_runs_around_the_clock() -> None:
    found = due(level=1, category="equipment")
    assert found["arrive"].due_at == FRIDAY_EVENING + timedelta(minutes=30)
    assert found["acknowledge"].due_at == FRIDAY_EVENING + timedelta(hours=2)
    assert found["resolve"].due_at == FRIDAY_EVENING + timedelta(hours=24)


def test_lost_money_is_settled_within_a_day_equipment_within_two() -> None:
    assert due()["resolve"].due_at == FRIDAY_EVENING + timedelta(hours=24)
    assert due(category="equipment")["resolve"].due_at == FRIDAY_EVENING + timedelta(hours=48)
    assert "arrive" not in due()


def test_a_suggestion_waits_for_working_days() -> None:
    assert local(due(level=3)["resolve"].due_at) == "Wed 18:30"
    saturday = FRIDAY_EVENING + timedelta(hours=20)
    assert local(due(level=3, start=saturday)["resolve"].due_at) == "Thu 09:00"


def test_an_online_complaint_is_acknowledged_within_one_working_hour() -> None:
    assert local(due(level=3)["acknowledge"].due_at) == "Mon 10:00"
    thursday = datetime(2026, 11, 19, 17, 40, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
    assert local(due(start=thursday)["acknowledge"].due_at) == "Fri 09:40"


def test_a_caller_has_been_heard_already() -> None:
    assert "acknowledge" not in due(channel="hotline")
    assert "acknowledge" in due(channel="hotline", level=1)


def test_nothing_is_investigated_longer_than_it_takes_to_resolve() -> None:
    assert due()["investigate"].due_at == due()["acknowledge"].due_at == due()["resolve"].due_at


@pytest.mark.parametrize("fault_level", [1, 2, 3])
def test_arrival_follows_the_fault_level(fault_level: int) -> None:
    found = due(category="equipment", fault_level=fault_level)["arrive"]
    assert found.policy == str(sla.ARRIVE[fault_level])


moments = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
zones = st.sampled_from(["Asia/Shanghai", "Europe/London", "America/New_York", "Asia/Hong_Kong"])


@given(moments, st.integers(1, 15), zones)
def test_working_days_end_on_a_working_day_and_grow_with_their_number(at: datetime, days: int, zone: str) -> None:
    end = sla.add_working_days(at, days, zone)
    assert end > at
    assert end.astimezone(ZoneInfo(zone)).weekday() < 5
    assert sla.add_working_days(at, days + 1, zone) > end


@given(moments, st.integers(1, 40), zones)
def test_working_hours_end_while_the_desk_is_open(at: datetime, hours: int, zone: str) -> None:
    end = sla.add_working_time(at, timedelta(hours=hours), zone)
    assert end >= at + timedelta(hours=hours) - timedelta(hours=1)
    assert sla.OPENS <= end.astimezone(ZoneInfo(zone)).time() <= sla.CLOSES
    assert end.astimezone(ZoneInfo(zone)).weekday() < 5


@given(moments, st.sampled_from([1, 2, 3]), st.sampled_from(["equipment", "payment", "service", "other"]), zones)
def test_all_clocks_lie_ahead_and_follow_up_comes_last(at: datetime, level: int, category: str, zone: str) -> None:
    found = deadlines(level=level, category=category, channel="qr", start=at, zone=zone)
    assert all(d.due_at > at for d in found)
    assert max(found, key=lambda d: d.due_at).kind == "follow_up"
