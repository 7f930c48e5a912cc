"""What a claim asks of the records: its topic, and what the records show it must be about.

A topic is read from few and angry words. Where the records make another question plain (he says the
station was down, and his session was cut off), findings answer that too.
"""

from __future__ import annotations

from collections.abc import Callable

from complaints.rules.case import Case

_DEAD = frozenset({"station_down", "status_wrong", "cannot_start", "screen_or_reader"})
_AMOUNTS = frozenset({"overcharged", "energy_too_high", "wrong_tariff", "idle_fee", "double_charged"})
_NEVER_BEGAN = frozenset({"start_failed_charged", "charged_no_energy"})
_CUT = frozenset({"stopped_early", "station_down", "status_wrong"})
FLOWING_W = 1000.0


def asks(case: Case) -> frozenset[str]:
    """Topics whose questions the claim raises; what is said of danger or of people stays what it is."""
    topic = case.claim.topic
    return frozenset({topic}) | {other for topics, other, holds in ALSO if topic in topics and holds(case)}


def _ran(case: Case) -> bool:
    return case.transaction is not None and (case.energy_wh or 0.0) >= 500


def _only_tried(case: Case) -> bool:
    t = case.transaction
    timeout = t is not None and (t.stop_reason == "Timeout" or t.stop_trigger == "EVConnectTimeout")
    return timeout or (t is None and bool(case.tries))


def _gave_nothing(case: Case) -> bool:
    """A register that fell, or hardly rose while power was seen to flow, says nothing of the kind."""
    flowed = sum((r.power_w or 0.0) >= FLOWING_W for r in case.readings) >= 3
    return case.energy_wh is not None and -10 <= case.energy_wh < 50 and not flowed


def _began_elsewhere(case: Case) -> bool:
    t, command = case.transaction, case.start_command
    return t is not None and command is not None and command.evse not in (None, 0, t.evse)


def _unpaid(case: Case) -> bool:
    return not any(p.kind in ("capture", "hold") for p in case.payments)


ALSO: tuple[tuple[frozenset[str], str, Callable[[Case], bool]], ...] = (
    (_DEAD, "stopped_early", _ran),
    (_CUT, "cannot_start", _only_tried),
    (_AMOUNTS, "charged_no_energy", _gave_nothing),
    (_AMOUNTS, "not_my_session", _began_elsewhere),
    (_NEVER_BEGAN, "cannot_start", _unpaid),
)
"""If the claim is about one of these, it also asks this, where that holds."""
