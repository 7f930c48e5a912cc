"""Our power limits as the stations took them: what was in force decides, not what was sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from complaints.findings import Finding
from complaints.judge import judge
from csms.vocabulary import Limit
from tests.complaints.rules.test_both_ways import limited, offered
from tests.complaints.stories import Tale, at


def limit(since: float, until: float | None, watts: float | None = 20_000, **more: Any) -> Limit:
    facts: dict[str, Any] = {
        "id": "l", "station": "S", "evse": 1, "purpose": "tx", "source": "csms", "limit_a": None, "phases": None,
        "profile": 7, "stack": 0, "frame": "S:9",
    } | more
    return Limit(since=at(since), until=at(until) if until is not None else None, limit_w=watts, **facts)


def found(tale: Tale, *limits: Limit) -> Finding | None:
    story = replace(tale.story(), limits=limits)
    return next((f for f in judge(tale.claim("slow"), story).findings if f.code == "power.limited_by_profile"), None)


def test_a_limit_in_force_during_the_session_is_proof_by_its_frame() -> None:
    held = found(offered(20_000, 19_500), limit(-300, None))
    assert held is not None
    assert held.stance == "supports"
    assert [(ref.kind, ref.id) for ref in held.refs] == [("frame", "S:9")]
    assert "20" in held.summary.en


def test_one_of_the_whole_station_counts_for_every_plug_another_plugs_does_not() -> None:
    assert found(offered(20_000, 19_500), limit(-300, None, evse=0))
    assert found(offered(20_000, 19_500), limit(-300, None, evse=2)) is None


def test_what_was_over_before_began_after_left_room_or_was_not_ours_is_none() -> None:
    tale = offered(20_000, 19_500)
    for other in (limit(-300, -200), limit(-10, None), limit(-300, None, watts=60_000),
                  limit(-300, None, source="EMS")):
        assert found(tale, other) is None


def test_amperes_of_each_phase_are_turned_into_watts() -> None:
    ac = Tale(watts=22_000, kind="Type2")
    ac.plugged(-91).start(-90).charges(-85, -65).stop(-60, wh=3000)
    assert found(ac, limit(-300, None, watts=None, limit_a=10.0, phases=3))
    assert found(ac, limit(-300, None, watts=None, limit_a=32.0, phases=3)) is None


def test_without_records_of_profiles_what_was_sent_decides_as_before() -> None:
    assert found(limited()) is not None
    assert found(limited(state="rejected")) is None
