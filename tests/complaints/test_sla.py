"""The clocks of a case, from its entries: policy rows, pauses, rounds, working days, zones, another policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from complaints import policy as policies, sla
from complaints.calendars import Calendar
from complaints.policy import DEFAULT, Limit, Policy
from complaints.sla import Clock, Event, clocks, due

ZONE = "Asia/Shanghai"
CHINA = Calendar(ZONE)


def beijing(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


FRIDAY_EVENING = beijing("2026-11-20T18:30")


def story(*happened: tuple[float, str, dict[str, Any]], at: datetime = FRIDAY_EVENING, **facts: Any) -> list[Event]:
    """Entries of a case: (hours after filing, type, body); a body's `by` and `audience` are the entry's own."""
    body = {"channel": "web", "level": 2, "category": "payment", "zone": ZONE, "calendar": "CN"} | facts
    made = [Event(1, at, "filed", "customer", "customer", body)]
    for hours, type, said in happened:
        rest = {k: v for k, v in said.items() if k not in ("by", "audience")}
        by, audience = said.get("by", "wang"), said.get("audience", "staff")
        made.append(Event(len(made) + 1, at + timedelta(hours=hours), type, by, audience, rest))
    return made


def found(events: Sequence[Event], *with_policies: Policy, round: int = 1) -> dict[str, Clock]:
    return {c.kind: c for c in clocks(events, with_policies) if c.round == round}


def local(at: datetime) -> str:
    return at.astimezone(ZoneInfo(ZONE)).strftime("%a %H:%M")


# --- the rows ---------------------------------------------------------------------------------


def test_danger_runs_around_the_clock() -> None:
    made = found(story(level=1, category="equipment"))
    assert made["arrive"].due_at == FRIDAY_EVENING + timedelta(minutes=30)
    assert made["acknowledge"].due_at == FRIDAY_EVENING + timedelta(hours=2)
    assert made["resolve"].due_at == FRIDAY_EVENING + timedelta(hours=24)


def test_lost_money_is_settled_within_a_day_equipment_within_two_a_suggestion_in_working_days() -> None:
    assert found(story())["resolve"].due_at == FRIDAY_EVENING + timedelta(hours=24)
    assert found(story(category="equipment"))["resolve"].due_at == FRIDAY_EVENING + timedelta(hours=48)
    assert local(found(story(level=3))["resolve"].due_at) == "Wed 18:30"
    assert local(found(story(level=3, at=FRIDAY_EVENING + timedelta(hours=20)))["resolve"].due_at) == "Thu 09:00"


def test_an_online_complaint_is_acknowledged_within_one_working_hour_a_caller_has_been_heard() -> None:
    assert local(found(story(level=3))["acknowledge"].due_at) == "Mon 10:00"
    assert "acknowledge" not in found(story(channel="hotline"))
    assert "acknowledge" in found(story(channel="hotline", level=1))


def test_a_chat_is_answered_by_a_person_within_ten_minutes() -> None:
    late = found(story((0.1, "message", {"by": "ohmbudsman", "audience": "customer"}),
                       (0.5, "message", {"audience": "customer"}), channel="wechat"))["first_reply"]
    assert late.due_at == FRIDAY_EVENING + timedelta(minutes=10)
    assert late.met_at == FRIDAY_EVENING + timedelta(minutes=30)
    assert late.kept is False
    assert "first_reply" not in found(story(channel="email"))


def test_what_was_handed_in_on_paper_is_registered_within_a_day_of_that() -> None:
    handed_in = (FRIDAY_EVENING - timedelta(hours=30)).isoformat()
    register = found(story(submitted_at=handed_in))["register"]
    assert register.kept is False
    assert found(story())["register"].kept is True


@pytest.mark.parametrize(("fault_level", "limit"), [(1, "30 minutes"), (2, "2 hours"), (3, "24 hours")])
def test_arrival_follows_the_fault_level_not_the_level_of_the_complaint(fault_level: int, limit: str) -> None:
    arrive = found(story(category="equipment", fault_level=fault_level))["arrive"]
    assert arrive.policy == limit
    gone = found(story((0.4, "arrival", {}), category="equipment", fault_level=fault_level))["arrive"]
    assert gone.how == "met"
    solved = found(story((3, "resolution", {"to": "informed"}), category="equipment"))["arrive"]
    assert solved.how == "not_needed"


def test_the_solution_is_carried_out_within_five_working_days_of_the_decision() -> None:
    made = found(story((2, "decision", {"to": "decided"})))
    assert made["investigate"].how == "met"
    assert made["execute"].due_at == FRIDAY_EVENING + timedelta(days=7, hours=2)  # five of those are worked
    assert "execute" not in found(story())


def test_follow_ups_are_planned_and_begin_with_the_answer() -> None:
    planned = found(story())
    assert planned["follow_up"].started_at is None
    answered = story((5, "resolution", {"to": "informed", "audience": "customer"}))
    at = FRIDAY_EVENING + timedelta(hours=5)
    running = found(answered)
    assert [running[k].due_at - at for k in policies.FOLLOW_UPS] == [timedelta(days=d) for d in (1, 7, 30)]
    closed = found([*answered, *story((6, "closing", {"to": "closed"}))[1:]])
    assert closed["follow_up"].met_at
    assert closed["follow_up_30d"].met_at is None
    called = story((5, "resolution", {"to": "informed"}), (170, "follow_up", {"which": "follow_up_7d"}))
    assert found(called)["follow_up_7d"].kept is True
    assert "follow_up_30d" not in found(story(level=3))


def test_a_promise_is_kept_by_word_in_time() -> None:
    given_date = (FRIDAY_EVENING + timedelta(hours=30)).isoformat()
    promised = (1, "promise", {"due_at": given_date, "audience": "customer"})
    assert found(story(promised))["promise_1"].kept is None
    assert found(story(promised, (29, "message", {"audience": "customer"})))["promise_1"].kept is True
    assert found(story(promised, (31, "call", {})))["promise_1"].kept is False


def test_level_1_is_acknowledged_by_a_person_not_by_a_machine() -> None:
    automatic = (0, "message", {"by": "ohmbudsman", "audience": "customer", "cause": "acknowledged"})
    assert found(story(automatic))["acknowledge"].met_at
    assert found(story(automatic, level=1))["acknowledge"].met_at is None
    assert found(story(automatic, (0.5, "assignment", {"by": "ohmbudsman"}), level=1))["acknowledge"].met_at is None
    assert found(story(automatic, (0.5, "acknowledgement", {}), level=1))["acknowledge"].met_at


# --- changes ----------------------------------------------------------------------------------


def test_a_raised_level_brings_its_clocks_and_never_one_that_is_over_already() -> None:
    late = found(story((20, "escalation", {"level": 1})))
    assert late["acknowledge"].due_at == FRIDAY_EVENING + timedelta(hours=22)
    assert late["resolve"].due_at == FRIDAY_EVENING + timedelta(hours=24)
    corrected = found(story((1, "correction", {"after": {"category": "equipment"}})))
    assert corrected["resolve"].due_at == FRIDAY_EVENING + timedelta(hours=48)
    assert "arrive" in corrected


def test_a_clock_that_was_met_stays_as_it_was_judged() -> None:
    events = story((1, "resolution", {"to": "informed"}), (2, "correction", {"after": {"level": 3}}))
    assert found(events)["resolve"].due_at == FRIDAY_EVENING + timedelta(hours=24)


def test_a_round_lives_under_the_policy_it_began_with() -> None:
    strict = replace(DEFAULT, valid_from=FRIDAY_EVENING + timedelta(hours=1), clocks=tuple(
        replace(rule, limit=Limit(1, "hours")) if rule.clock == "resolve" else rule for rule in DEFAULT.clocks
    ))
    events = story((5, "resolution", {"to": "informed"}), (6, "rejection", {"to": "second_review"}))
    assert found(events, DEFAULT, strict)["resolve"].due_at == FRIDAY_EVENING + timedelta(hours=24)
    assert found(events, DEFAULT, strict, round=2)["resolve"].due_at == FRIDAY_EVENING + timedelta(hours=7)


def test_a_policy_survives_json() -> None:
    assert policies.read(policies.as_json(DEFAULT)) == DEFAULT
    with pytest.raises(policies.BadInput) as wrong:
        policies.read({"clocks": [{"clock": "resolve", "limit": {"amount": 0, "unit": "hours"}}]})
    assert wrong.value.field == "clocks"


# --- pauses -----------------------------------------------------------------------------------


def asked(at: float, until: float | None = None) -> list[tuple[float, str, dict[str, Any]]]:
    made: list[tuple[float, str, dict[str, Any]]] = [(at, "question", {"to": "need_info", "audience": "customer"})]
    return made + ([(until, "message", {"by": "customer", "to": "investigating"})] if until else [])


def test_only_a_wait_for_the_customer_stops_the_clocks_that_pause() -> None:
    made = found(story(*asked(2, 10)))
    assert made["resolve"].due_at == FRIDAY_EVENING + timedelta(hours=32)
    assert not made["resolve"].paused
    assert made["acknowledge"].due_at == found(story())["acknowledge"].due_at
    waiting = found(story(*asked(2)))["resolve"]
    assert waiting.paused
    assert waiting.due_at == FRIDAY_EVENING + timedelta(hours=24) + DEFAULT.pause_cap


def test_a_pause_beyond_its_cap_counts_no_more() -> None:
    assert found(story(*asked(2, 400)))["resolve"].due_at == FRIDAY_EVENING + timedelta(hours=24 + 72)
    many = [part for n in range(20) for part in asked(1 + n * 80, 79 + n * 80)]
    most = DEFAULT.pause_cap_round + timedelta(hours=24)
    assert found(story(*many))["resolve"].due_at <= FRIDAY_EVENING + most


def test_paused_nights_are_not_given_back_to_working_days() -> None:
    thursday = beijing("2026-11-19T10:00")
    plain = found(story(level=3, at=thursday))["resolve"].due_at
    night = found(story(*asked(9, 22), level=3, at=thursday))["resolve"].due_at
    day = found(story(*asked(1, 3), level=3, at=thursday))["resolve"].due_at
    assert night == plain
    assert day == plain + timedelta(hours=2)


def test_a_case_that_is_elsewhere_runs_out_nowhere_and_goes_on_where_it_stood() -> None:
    away = found(story((2, "referral", {"to": "external"})))
    assert away["resolve"].stopped
    back = found(story((2, "referral", {"to": "external"}), (500, "return", {"to": "investigating"})))["resolve"]
    assert not back.stopped
    assert back.due_at == FRIDAY_EVENING + timedelta(hours=24 + 498)


@given(st.lists(st.tuples(st.floats(0.1, 50), st.floats(0.1, 50)), max_size=6), st.sampled_from([1, 2, 3]))
def test_pauses_only_lengthen_and_never_by_more_than_they_last(lengths: list[tuple[float, float]], level: int) -> None:
    happened, at = [], 0.0
    for gap, length in lengths:
        happened += asked(at + gap, at + gap + length)
        at += gap + length
    plain, with_pauses = found(story(level=level))["resolve"], found(story(*happened, level=level))["resolve"]
    assert with_pauses.due_at >= plain.due_at
    if level < 3:
        paused = sum(length for _, length in lengths)
        assert with_pauses.due_at - plain.due_at <= timedelta(hours=paused, seconds=1)


# --- rounds -----------------------------------------------------------------------------------


@given(st.floats(1, 2000), st.sampled_from([1, 2, 3]), st.sampled_from(["rejection", "reopening"]))
def test_a_new_round_has_clocks_of_its_own_and_leaves_the_old_ones_alone(hours: float, level: int, how: str) -> None:
    before = story((0.5, "resolution", {"to": "informed"}), level=level)
    after = [*before, Event(9, before[0].at + timedelta(hours=hours), how, "customer", "customer",
                            {"to": "second_review"})]
    assert found(after) == found(before)
    second = found(after, round=2)
    again = after[-1].at
    assert all(c.due_at > again for c in second.values())
    assert second["resolve"].met_at is None
    assert "register" not in second


# --- calendars --------------------------------------------------------------------------------


def test_china_works_on_make_up_days_and_rests_on_holidays() -> None:
    assert CHINA.works(date(2026, 2, 14))  # a Saturday before the Spring Festival
    assert not CHINA.works(date(2026, 2, 17))
    assert local(CHINA.add_days(beijing("2026-02-13T15:00"), 1)) == "Sat 15:00"
    eve = beijing("2026-02-14T17:30")
    assert CHINA.add_time(eve, timedelta(hours=1)).astimezone(ZoneInfo(ZONE)).date() == date(2026, 2, 24)
    assert not Calendar("Asia/Hong_Kong", "HK").works(date(2026, 7, 1))


def test_past_the_published_calendar_a_deadline_is_computed_and_provisional() -> None:
    made = found(story(at=beijing("2026-12-30T16:00"), level=3))
    assert made["resolve"].provisional
    assert made["resolve"].due_at > beijing("2027-01-04T00:00")
    assert not found(story(level=3))["resolve"].provisional


def test_a_clock_that_ends_at_midnight_ends_then() -> None:
    midnight = beijing("2026-11-21T00:00")
    assert due(midnight - timedelta(hours=24), Limit(24, "hours"), CHINA) == midnight
    assert CHINA.add_time(midnight, timedelta(hours=1)) == beijing("2026-11-23T10:00")
    late = Calendar(ZONE, "CN")
    assert late.add_days(beijing("2026-11-18T00:00"), 1) == beijing("2026-11-19T00:00")


moments = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
calendars = st.sampled_from([
    CHINA, Calendar("Europe/London", "GB"), Calendar("America/New_York", "US"), Calendar("Asia/Hong_Kong", "HK"),
    Calendar("Europe/Berlin", ""),
])


@given(moments, st.integers(1, 15), calendars)
def test_working_days_end_on_a_working_day_and_grow_with_their_number(
    at: datetime, days: int, calendar: Calendar
) -> None:
    end = calendar.add_days(at, days)
    assert end > at
    assert calendar.works(calendar.local(end).date())
    assert calendar.add_days(at, days + 1) > end


@given(moments, st.integers(1, 40), calendars)
def test_working_hours_end_while_the_desk_is_open_and_are_what_lies_between(
    at: datetime, hours: int, calendar: Calendar
) -> None:
    end = calendar.add_time(at, timedelta(hours=hours))
    assert calendar.between(at, end) == timedelta(hours=hours)
    if not calendar.always:
        assert calendar.opens <= calendar.local(end).time() <= calendar.closes
        assert calendar.works(calendar.local(end).date())


@given(moments, moments, moments, calendars)
def test_working_time_adds_up(one: datetime, two: datetime, three: datetime, calendar: Calendar) -> None:
    first, second, third = sorted((one, two, three))
    if third - first < timedelta(days=60):
        assert calendar.between(first, third) == calendar.between(first, second) + calendar.between(second, third)


def test_an_hour_that_the_zone_leaves_out_or_repeats_is_no_one_s_loss() -> None:
    london = Calendar("Europe/London", "GB")
    friday = datetime(2026, 3, 27, 17, 30, tzinfo=UTC)  # the clocks go forward on Sunday
    assert london.add_time(friday, timedelta(hours=1)) == datetime(2026, 3, 30, 8, 30, tzinfo=UTC)
    assert due(friday, Limit(48, "hours"), london) == friday + timedelta(hours=48)
    thursday = datetime(2026, 10, 22, 12, tzinfo=UTC)  # and back: 13:00 summer time is 13:00 winter time
    assert london.add_days(thursday, 2) == datetime(2026, 10, 26, 13, tzinfo=UTC)


@given(moments, st.sampled_from([1, 2, 3]), st.sampled_from(["equipment", "payment", "service", "other"]),
       st.sampled_from(["qr", "wechat", "hotline", "platform"]))
def test_all_clocks_lie_ahead_and_nothing_outlasts_the_answer(
    at: datetime, level: int, category: str, channel: str
) -> None:
    made = found(story(at=at, level=level, category=category, channel=channel))
    assert all(c.due_at > at for c in made.values())
    for kind in ("acknowledge", "investigate"):
        assert kind not in made or made[kind].due_at <= made["resolve"].due_at
    assert sla.clocks([]) == ()
