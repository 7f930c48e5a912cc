"""Faults the station reported. That it reported none proves little: 1.6 does not queue statuses."""

from __future__ import annotations

from complaints.findings import Stance
from complaints.rules.asks import asks
from complaints.rules.case import Case
from complaints.rules.register import Held, rule
from complaints.rules.topics import CUT_SHORT, DANGER, DOWN, IDLE, NO_ENERGY, NOT_STARTED, SLOW, STUCK, TOO_MUCH
from complaints.rules.words import FAULT_KINDS, clock, fault_en, fault_refs, fault_zh
from csms.vocabulary import Fault

BREAKS = NOT_STARTED | CUT_SHORT | DOWN | {"damaged"}
"""Complaints any fault that makes the plug unusable explains."""

BEARS_ON = {
    "lock": STUCK | IDLE | {"cannot_start"},
    "ground": BREAKS | DANGER,
    "temperature": SLOW | BREAKS | DANGER,
    "meter": TOO_MUCH | BREAKS | NO_ENERGY,
    "reader": NOT_STARTED,
    "vehicle_communication": BREAKS,
    "emergency": BREAKS | DANGER,
    "overcurrent": BREAKS | DANGER | SLOW,
    "voltage": BREAKS | DANGER | SLOW,
    "internal": BREAKS | SLOW | {"screen_or_reader"},
    "other": BREAKS,
}
"""Which complaints a fault of each kind speaks for."""


_NONE: frozenset[str] = frozenset()
_SAID_OF = {"reader": frozenset({"screen_or_reader"})}
"""Kinds whose mere warning is the very thing complained of: a plug goes on being available by app."""


def means(case: Case, faults: tuple[Fault, ...]) -> Stance:
    """Supports where one of them explains this complaint; a mere warning only what it is about."""
    questions = asks(case)
    bearing = [f for f in faults if questions & BEARS_ON.get(f.kind, frozenset())]
    real = [f for f in bearing if not f.warning or questions & (SLOW | STUCK | DANGER | _SAID_OF.get(f.kind, _NONE))]
    return "supports" if real else "inconclusive"


@rule("fault.around", grade="B")
def around(case: Case) -> Held | None:
    """Any fault of the plug, its EVSE or the station open within 30 min before to 30 min after. Contract."""
    return _told(case, case.faults_around, "around that time", "前后")


@rule("fault.during", grade="B")
def during(case: Case) -> Held | None:
    """Any fault open between start and stop, +-60 s. Contract."""
    return _told(case, case.faults_during, "during the session", "充电期间")


def _kind(kind: str) -> None:
    def check(case: Case) -> Held | None:
        found = tuple(f for f in case.faults_around if f.kind == kind)
        return _told(case, found, "around that time", "前后")

    check.__doc__ = f"A fault of kind {kind} ({FAULT_KINDS[kind][0]}) open around. Contract; fault-knowledge 3.1."
    rule(f"fault.{kind}", grade="B")(check)


for _name in FAULT_KINDS:
    _kind(_name)


@rule("fault.none_reported", grade="D")
def none_reported(case: Case) -> Held | None:
    """Connected all through the window and no fault reported. Contract: never alone a contradiction;
    evidence-rules: "no Faulted, so the charger is healthy" is a forbidden inference."""
    start, end = case.around
    end = min(end, case.now)
    if not case.plug_known or case.faults_around or not case.story.connections or start < case.story.since:
        return None
    if case.offline_in((start, end)):
        return None
    return Held(
        "inconclusive",
        "The station was connected all the time and reported no fault; that alone proves nothing.",
        "充电桩当时一直在线，没有上报故障，但仅凭这一点不能下结论。", (), 0.5,
    )


def _told(case: Case, faults: tuple[Fault, ...], when_en: str, when_zh: str) -> Held | None:
    if not faults or not case.plug_known:
        return None
    first = faults[0]
    warned = all(f.warning for f in faults)
    word_en, word_zh = ("a warning", "告警") if warned else ("a fault", "故障")
    return Held(
        means(case, faults),
        f"The station reported {word_en} {when_en}: {', '.join(fault_en(f) for f in faults)}, "
        f"first at {clock(case, first.opened_at)}.",
        f"充电桩在{when_zh}上报过{word_zh}：{'、'.join(fault_zh(f) for f in faults)}，"
        f"最早为 {clock(case, first.opened_at)}。",
        fault_refs(faults), 0.6 if warned else 0.93,
    )
